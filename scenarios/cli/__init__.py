"""The command line. ``main`` is what `swipelab` runs; it starts quickly, since every command imports what it needs."""

from __future__ import annotations

from scenarios.cli.entry import main

__all__ = ["main"]
