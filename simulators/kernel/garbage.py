"""Garbage collection at points that depend on the simulated world alone.

Collecting a cycle can run code of the world (the finalizer of an asynchronous generator, the report of a task's
exception that nobody took), so its moment must repeat from run to run; CPython's own moments follow allocation counts.
"""

from __future__ import annotations

import gc

from simulators.kernel.shared import WhileAnyRuns

_FULL_EVERY = 16


class Garbage:
    """Collects everything every few chores, and freezes what survived, so that no object is looked at twice.

    A cycle that forms among frozen objects and dies later is only collected after the run: memory against time, and a
    run ends soon.
    """

    def __init__(self) -> None:
        self._chores = 0

    def take_over(self) -> None:
        """Switch CPython's automatic collection off for a run."""
        _automatic_off.enter()

    def hand_back(self) -> None:
        """Switch it on again, if it was on."""
        _automatic_off.leave()

    def chore(self) -> None:
        """Called by the environment every few thousand turns."""
        self._chores += 1
        if self._chores % _FULL_EVERY == 0:
            gc.collect()
            gc.freeze()


_was_enabled = False


def _switch_off() -> None:
    global _was_enabled
    _was_enabled = gc.isenabled()
    gc.disable()
    gc.freeze()


def _switch_on() -> None:
    gc.unfreeze()
    if _was_enabled:
        gc.enable()


_automatic_off = WhileAnyRuns(_switch_off, _switch_on)
