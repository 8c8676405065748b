"""Log lines: JSON on standard error, one for a request that failed, was slow, or was drawn as a sample.

Logging is not free (some 30 µs a line), and a service in trouble must not drown in telling so: beyond
``LINES_PER_S`` a worker drops lines, and the next one that it writes says how many.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from traceback import extract_tb
from typing import Any, TextIO

import structlog

from engine.http.masking import redacted
from engine.settings import LogLevel

LINES_PER_S = 100.0
_LEVELS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}


class Log:
    """Where a worker writes. ``utc_ns`` dates the lines; ``now_s``, which never goes back, paces them."""

    def __init__(
        self, level: LogLevel, utc_ns: Callable[[], int], now_s: Callable[[], float], to: TextIO | None = None
    ) -> None:
        def dated(_logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
            at = datetime.fromtimestamp(utc_ns() / 1e9, UTC).isoformat(timespec="milliseconds")
            return {"at": at, "level": method, **event}

        self._now_s = now_s
        self._left = LINES_PER_S
        self._filled_at_s: float | None = None
        self._dropped = 0
        self._logger = structlog.wrap_logger(
            structlog.WriteLogger(to or sys.stderr),
            processors=[redacted, dated, structlog.processors.JSONRenderer(ensure_ascii=True)],
            wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
            context_class=dict,
            cache_logger_on_first_use=True,
        )

    def request(self, level: str, event: str, **what: Any) -> None:
        """One line, unless there were too many of late."""
        now_s = self._now_s()
        if self._filled_at_s is not None:
            self._left = min(LINES_PER_S, self._left + (now_s - self._filled_at_s) * LINES_PER_S)
        self._filled_at_s = now_s
        if self._left < 1:
            self._dropped += 1
            return
        self._left -= 1
        if self._dropped:
            what["lines_dropped"] = self._dropped
            self._dropped = 0
        getattr(self._logger, level)(event, **what)

    def fault(self, error: BaseException, **what: Any) -> None:
        """An error that nobody expected: its type and where, never its words, which may hold anything."""
        frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)[-8:]]
        self.request("error", "fault", error=type(error).__name__, where=frames, **what)
