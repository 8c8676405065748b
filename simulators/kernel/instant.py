"""Seconds for asyncio, nanoseconds for the kernel, and no drift between them.

A float of seconds tells whole nanoseconds apart up to 2**21 s (24 days). Past that `loop.time()` is an `Instant`,
a float that remembers its nanoseconds, so that `loop.time() + delay` stays exact (as in `asyncio.timeout`).
"""

from __future__ import annotations

from typing import Any

EXACT_BELOW_NS = (1 << 21) * 1_000_000_000
FOREVER_S = 9e9  # some 285 years: past int64 nanoseconds, nothing comes
NEVER_NS = 1 << 200


class Instant(float):
    """A late instant of the loop's time: seconds as a float, and `ns`, exact."""

    __slots__ = ("ns",)

    ns: int

    def __new__(cls, ns: int) -> Instant:
        """The instant `ns` nanoseconds after the start."""
        instant = super().__new__(cls, ns / 1e9)
        instant.ns = ns
        return instant

    def __add__(self, seconds: Any) -> Any:
        """This many seconds later."""
        if isinstance(seconds, Instant) or not isinstance(seconds, int | float):
            return NotImplemented
        ns = whole_ns(seconds)
        return Instant(self.ns + ns) if ns < NEVER_NS else float("inf")

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        """Seconds since another instant, or the instant this many seconds earlier."""
        if isinstance(other, Instant):
            return (self.ns - other.ns) / 1e9
        if not isinstance(other, int | float):
            return NotImplemented
        return Instant(self.ns - whole_ns(other))

    def __lt__(self, other: Any) -> Any:
        """Exact between instants."""
        return self.ns < other.ns if isinstance(other, Instant) else float(self) < other

    def __le__(self, other: Any) -> Any:
        """Exact between instants."""
        return self.ns <= other.ns if isinstance(other, Instant) else float(self) <= other

    def __gt__(self, other: Any) -> Any:
        """Exact between instants."""
        return self.ns > other.ns if isinstance(other, Instant) else float(self) > other

    def __ge__(self, other: Any) -> Any:
        """Exact between instants."""
        return self.ns >= other.ns if isinstance(other, Instant) else float(self) >= other

    def __eq__(self, other: object) -> bool:
        """Exact between instants."""
        return self.ns == other.ns if isinstance(other, Instant) else float(self) == other

    def __hash__(self) -> int:
        """As the float's."""
        return hash(float(self))


def whole_ns(seconds: float) -> int:
    """Seconds as whole nanoseconds, rounded; `NEVER_NS` for what lies beyond reach."""
    kind = type(seconds)
    if kind is Instant:
        return seconds.ns  # type: ignore[attr-defined]
    if seconds >= FOREVER_S:
        return NEVER_NS
    return seconds * 1_000_000_000 if kind is int else round(seconds * 1e9)


def loop_seconds(ns: int) -> float:
    """Nanoseconds as what `loop.time()` says."""
    return ns / 1e9 if ns < EXACT_BELOW_NS else Instant(ns)
