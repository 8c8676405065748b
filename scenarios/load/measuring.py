"""What a swipe came to, as its processor sees it. Pure."""

from __future__ import annotations

IN_TIME, TOO_LATE, FAILED = "authorize", "authorize.timeout", "authorize.error"
ENDS_IN_TIME = frozenset({IN_TIME, FAILED})


def ending_of(latency_ns: int, deadline_ns: int, *, failed: bool) -> str:
    """The kind of event that a swipe is to its processor, which waits until the deadline and not a nanosecond longer.

    ``latency_ns`` is from the intended instant of sending to the answer, or to the failure: one that comes after the
    deadline is no news any more.
    """
    if latency_ns > deadline_ns:
        return TOO_LATE
    return FAILED if failed else IN_TIME
