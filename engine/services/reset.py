"""Reset: at midnight UTC, and so on the 1st, limit windows that are over are forgotten, for every account.

Windows are derived from instants, so no limit depends on it: run never, twice or late, it changes memory alone. That
goes for frozen cards as for all others.
"""

from __future__ import annotations

from engine.domain.windows import day_of
from engine.ports import Ports


class Reset:
    """The job, with what it needs. A crash makes it run once more on the same day, which changes nothing."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._day: int | None = None

    async def __call__(self, now_ns: int) -> None:
        """Run, if the UTC day is another than when it ran last. Raises PortUnavailable: then the next tick tries."""
        day = day_of(now_ns)
        if day == self._day:
            return
        await self._ports.holds.compact(now_ns)
        self._day = day
