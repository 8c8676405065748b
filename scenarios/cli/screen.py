"""Where a person reads: consoles. In a pipe they have no colour."""

from __future__ import annotations

import sys

from rich.console import Console


def out() -> Console:
    """For results. Wide in a pipe, so that no line is broken."""
    return Console(width=None if sys.stdout.isatty() else 200, highlight=False)


def err() -> Console:
    """For everything said on the way."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else 200, highlight=False)
