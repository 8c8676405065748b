"""Garbage collection at points that depend on the simulated world alone.

Collecting a cycle can run code of the world (the finalizer of an asynchronous generator, the report of a task's
exception that nobody took), so its moment must repeat from run to run; CPython's own moments follow allocation counts.
"""

from __future__ import annotations

import gc

_YOUNG_EVERY = 4
_FIRST_FULL = 64
_GROWTH = 1.5


class Garbage:
    """Collects the young every few chores, and everything at intervals that grow, as CPython's own rule does."""

    def __init__(self) -> None:
        self._chores = 0
        self._next_full = _FIRST_FULL
        self._was_enabled = False

    def take_over(self) -> None:
        """Switch CPython's automatic collection off for a run."""
        self._was_enabled = gc.isenabled()
        gc.disable()

    def hand_back(self) -> None:
        """Switch it on again, if it was on."""
        if self._was_enabled:
            gc.enable()

    def chore(self) -> None:
        """Called by the environment every few thousand turns."""
        self._chores += 1
        if self._chores >= self._next_full:
            self._next_full = int(self._next_full * _GROWTH)
            gc.collect()
        elif self._chores % _YOUNG_EVERY == 0:
            gc.collect(1)
