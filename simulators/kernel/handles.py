"""Handles of scheduled callbacks: what `call_soon`, `call_later` and `call_at` return.

A handle *is* the call it stands for: a `functools.partial` over `context.run`, so that the loop runs it without an
interpreted frame of its own. The loop sets `state` as the handle moves on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

IN_HEAP, READY, STARTED = 0, 1, 2


def cancelled_call() -> None:
    """What a cancelled handle calls."""


class SimHandle(partial):
    """A callback in the ready queue, built as `SimHandle(context.run, callback, *args)`; `state` follows."""

    __slots__ = ("state",)

    state: int

    def cancel(self) -> None:
        """Keep the callback from running. Harmless when it ran already."""
        if self.state == READY:
            self.__setstate__((cancelled_call, (), {}, None))
        elif self.state == STARTED:
            self.state = -STARTED

    def cancelled(self) -> bool:
        """True once `cancel` was called."""
        return self.func is cancelled_call or self.state < 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {_told(self)}>"


class SimTimerHandle(partial):
    """A callback at an instant, `when_ns` after the start of the world."""

    __slots__ = ("note_dead", "state", "when_ns")

    note_dead: Callable[[], None]
    state: int
    when_ns: int

    def cancel(self) -> None:
        """Keep the callback from running. SimPy's heap drops it later."""
        if self.state == STARTED:
            self.state = -STARTED
        elif self.state >= 0 and self.func is not cancelled_call:
            self.__setstate__((cancelled_call, (), {}, None))
            if self.state == IN_HEAP:
                self.note_dead()

    def cancelled(self) -> bool:
        """True once `cancel` was called."""
        return self.func is cancelled_call or self.state < 0

    def when(self) -> float:
        """The instant, in loop seconds."""
        return self.when_ns / 1e9

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.when_ns} ns {_told(self)}>"


class _NoHandle:
    """What `call_soon` gives asyncio's own C code, which throws it away; nobody else gets one in practice."""

    def cancel(self) -> None:
        raise TypeError(
            "this callback cannot be cancelled: call_soon(builtin, one_argument, context=...) is asyncio's own way "
            "to wake a task; wrap the builtin in a function to get a handle"
        )

    cancelled = cancel


NO_HANDLE = _NoHandle()


def _told(handle: SimHandle | SimTimerHandle) -> str:
    if handle.cancelled():
        return "cancelled"
    callback = handle.args[0] if handle.args else handle.func
    return getattr(callback, "__qualname__", None) or type(callback).__name__
