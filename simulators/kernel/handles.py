"""Handles of scheduled callbacks: what `call_soon`, `call_later` and `call_at` return.

A handle *is* the call it stands for: a `functools.partial` over `context.run`, so the loop runs it without one
interpreted frame of its own. Cancelling swaps the call for a no-op.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial


def _cancelled_call() -> None:
    """What a cancelled handle calls."""


class SimHandle(partial):
    """A callback in the ready queue. Build with `SimHandle(context.run, callback, *args)`."""

    __slots__ = ("_was",)

    def cancel(self) -> None:
        """Make the callback not run. Harmless when it ran already."""
        if self.func is not _cancelled_call:
            # The call may be running right now: what it borrows must outlive it.
            self._was = (self.func, self.args)
            self.__setstate__((_cancelled_call, (), {}, None))

    def cancelled(self) -> bool:
        """True once `cancel` was called."""
        return self.func is _cancelled_call

    def __repr__(self) -> str:
        state = "cancelled" if self.cancelled() else f"{self.args[0]!r}"
        return f"<{type(self).__name__} {state}>"


class SimTimerHandle(partial):
    """A callback at an instant. `scheduled` is true while it lies in SimPy's heap."""

    __slots__ = ("_was", "note_dead", "scheduled", "when_ns")

    when_ns: int
    scheduled: bool
    note_dead: Callable[[], None]

    def cancel(self) -> None:
        """Make the callback not run. The heap drops it lazily."""
        if self.func is _cancelled_call:
            return
        if self.scheduled:
            self.note_dead()
        else:
            self._was = (self.func, self.args)
        self.__setstate__((_cancelled_call, (), {}, None))

    def cancelled(self) -> bool:
        """True once `cancel` was called."""
        return self.func is _cancelled_call

    def when(self) -> float:
        """The instant, in loop seconds."""
        return self.when_ns / 1e9

    def __repr__(self) -> str:
        state = "cancelled" if self.cancelled() else f"{self.args[0]!r}"
        return f"<{type(self).__name__} at {self.when_ns} ns {state}>"


def is_cancelled(handle: SimHandle | SimTimerHandle | asyncio.Handle) -> bool:
    """Whether a handle of this loop was cancelled."""
    return handle.cancelled()
