"""What is changed for the whole process while any kernel runs, whichever thread it runs in."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock


class WhileAnyRuns:
    """Calls `begin` when the first of several overlapping users enters, and `end` when the last one leaves."""

    def __init__(self, begin: Callable[[], None], end: Callable[[], None]):
        self._begin = begin
        self._end = end
        self._inside = 0
        self._lock = Lock()

    def enter(self) -> None:
        """One more user."""
        with self._lock:
            if self._inside == 0:
                self._begin()
            self._inside += 1

    def leave(self) -> None:
        """One less."""
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._end()
