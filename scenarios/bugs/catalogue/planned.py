"""Bugs that are designed and cannot be planted yet."""

from __future__ import annotations

from scenarios.bugs.record import Planned

PLANNED: tuple[Planned, ...] = ()
