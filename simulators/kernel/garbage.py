"""Garbage collection at points that depend on the simulated world alone.

Collecting a cycle can run code of the world (the finalizer of an asynchronous generator, the report of a task's
exception that nobody took), so its moment must repeat from run to run; CPython's own moments follow allocation counts.
"""

from __future__ import annotations

import gc

_FULL_EVERY = 16


class Garbage:
    """Collects everything every few chores, and freezes what survived, so that no object is looked at twice.

    A cycle that forms among frozen objects and dies later is only collected after the run: memory against time, and a
    run ends soon.
    """

    def __init__(self) -> None:
        self._chores = 0
        self._was_enabled = False

    def take_over(self) -> None:
        """Switch CPython's automatic collection off for a run."""
        self._was_enabled = gc.isenabled()
        gc.disable()
        gc.freeze()

    def hand_back(self) -> None:
        """Switch it on again, if it was on."""
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()

    def chore(self) -> None:
        """Called by the environment every few thousand turns."""
        self._chores += 1
        if self._chores % _FULL_EVERY == 0:
            gc.collect()
            gc.freeze()
