"""The result of a coroutine, as a value: SimPy may not carry it as a failed event (it would rebuild the exception)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a bridged call ended: exactly one of a value and an error.

    `error` is the very exception object that the coroutine raised, `asyncio.CancelledError` included.
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
