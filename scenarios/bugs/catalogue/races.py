"""Races."""

from __future__ import annotations

_HOLDS = "simulators.backends.holds"

BUGS = ()
