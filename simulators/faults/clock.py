"""The clock that the engine reads: it may be off, jump, or go over an edge of the calendar.

*Observed*: the engine read a wrong time; for an edge, it read the time before it and after it.
"""

from __future__ import annotations

from simulators.faults.kinds import FaultKind
from simulators.faults.weather import Weather
from simulators.kernel import Kernel

MOST_OFF_NS = 2_000_000_000
"""The engine's clock is never further off than this."""


class StormyClock:
    """The port ``Clock``. ``edge_ns``: an edge of the calendar (UTC) that the traffic goes over, 0 for none."""

    def __init__(self, kernel: Kernel, weather: Weather, edge_ns: int) -> None:
        self._kernel = kernel
        self._weather = weather
        self._edge_ns = edge_ns
        self._before_edge = False
        self._off: dict[FaultKind, int] = {}

    def now_ns(self) -> int:
        utc_ns = self._kernel.utc_ns
        if self._edge_ns:
            self._at_the_edge(utc_ns)
        return utc_ns + max(-MOST_OFF_NS, min(self._skew() + self._step(), MOST_OFF_NS))

    def _skew(self) -> int:
        """Off by the same for the whole storm, either way."""
        weather, kind = self._weather, FaultKind.CLOCK_SKEW
        for storm in weather.storms(kind):
            if storm.start_ns <= self._kernel.now_ns < storm.end_ns:
                if (blow := weather.strike(kind)) is not None:
                    self._off[kind] = blow.about_ns() * (1 if blow.stream.bernoulli(0.5) else -1)
                    weather.injected(kind, f"{self._off[kind]} ns")
                    weather.observed(kind, "read")
                return self._off.get(kind, 0)
        return 0

    def _step(self) -> int:
        """Jumps at a reading, and is set right when the storm ends."""
        weather, kind = self._weather, FaultKind.CLOCK_STEP
        if (blow := weather.strike(kind)) is not None:
            self._off[kind] = blow.about_ns() * (1 if blow.stream.bernoulli(0.5) else -1)
            weather.injected(kind, f"{self._off[kind]} ns")
            weather.observed(kind, "read")
        if kind in self._off and all(self._kernel.now_ns >= storm.end_ns for storm in weather.storms(kind)):
            del self._off[kind]
        return self._off.get(kind, 0)

    def _at_the_edge(self, utc_ns: int) -> None:
        if utc_ns < self._edge_ns:
            self._before_edge = True
        elif self._before_edge:
            self._weather.observed(FaultKind.CALENDAR_EDGE, "read on both sides")
            self._edge_ns = 0
