"""Bugs that are designed and cannot be planted, or not be caught yet."""

from __future__ import annotations

from scenarios.bugs.record import Planned

PLANNED: tuple[Planned, ...] = ()
