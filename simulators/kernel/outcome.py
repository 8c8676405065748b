"""The result of a coroutine, as a value: SimPy may not carry it as a failed event (it would rebuild the exception)."""

from __future__ import annotations

from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """How a bridged call ended. When `error` is not None there is no value.

    `error` is the very exception object that the coroutine raised, `asyncio.CancelledError` included.
    (A named tuple and not a frozen dataclass: one is made per swipe, and it costs a third.)
    """

    value: Any = None
    error: BaseException | None = None

    @property
    def ok(self) -> bool:
        """True when the call returned."""
        return self.error is None

    def unwrap(self) -> Any:
        """The value, or the error raised."""
        if self.error is not None:
            raise self.error
        return self.value
