"""Handles of scheduled callbacks: what `call_soon`, `call_later` and `call_at` return.

A handle *is* the call it stands for: a `functools.partial` over `context.run`, so that the loop runs it without an
interpreted frame of its own. The loop sets `state` to STARTED just before.
"""

from __future__ import annotations

from functools import partial

READY, STARTED, CANCELLED_LATE = 1, 2, 3


def cancelled_call() -> None:
    """What a cancelled handle calls."""


class SimHandle(partial):
    """A callback that is ready to run, built as `SimHandle(context.run, callback, *args)` with its `state` set."""

    __slots__ = ("state",)

    state: int

    def cancel(self) -> None:
        """Keep the callback from running, and let go of it. Harmless when it ran already."""
        if self.state == READY:
            self.__setstate__(_CANCELLED)
        else:
            self.state = CANCELLED_LATE  # perhaps it runs right now: the running call needs what it was made of

    def cancelled(self) -> bool:
        """True once `cancel` was called."""
        return self.func is cancelled_call or self.state == CANCELLED_LATE

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{self._when()} {self._callback()}>"

    def _when(self) -> str:
        return ""

    def _callback(self) -> str:
        if self.cancelled():
            return "cancelled"
        callback = self.args[0] if self.args else self.func
        return getattr(callback, "__qualname__", None) or type(callback).__name__


class SimTimerHandle(SimHandle):
    """A callback at an instant, `when_ns` after the start of the world. Cancelled, it leaves SimPy's heap later."""

    __slots__ = ("when_ns",)

    when_ns: int

    def when(self) -> float:
        """The instant, in loop seconds."""
        return self.when_ns / 1e9

    def _when(self) -> str:
        return f" at {self.when_ns} ns"


class _NoHandle:
    """What `call_soon` gives asyncio's own C code, which throws it away; nobody else gets one in practice."""

    def cancel(self) -> None:
        raise TypeError(
            "this callback cannot be cancelled: call_soon(builtin, one_argument, context=...) is asyncio's own way "
            "to wake a task; wrap the builtin in a function to get a handle"
        )

    cancelled = cancel


NO_HANDLE = _NoHandle()
_CANCELLED = (cancelled_call, (), {}, None)
