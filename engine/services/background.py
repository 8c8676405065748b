"""Work that an answer does not wait for, and that is never forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.ports import PortUnavailable

FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 30.0


class Background:
    """Runs jobs to their end, again and again while a port is unavailable; any other error is a bug and surfaces."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def until_done(self, job: Callable[[], Awaitable[None]], name: str) -> None:
        """Start ``job``; it may be run several times, so it has to be idempotent."""
        task = asyncio.get_running_loop().create_task(self._persist(job), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def now_or_later(self, job: Callable[[], Awaitable[None]], name: str) -> None:
        """Run ``job`` at once; where a port is unavailable, keep at it behind the answer. It has to be idempotent."""
        try:
            await job()
        except PortUnavailable:
            self.until_done(job, name)

    @property
    def pending(self) -> int:
        """Jobs not done yet."""
        return len(self._tasks)

    @staticmethod
    async def _persist(job: Callable[[], Awaitable[None]]) -> None:
        delay_s = FIRST_RETRY_S
        while True:
            try:
                return await job()
            except PortUnavailable:
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, LONGEST_RETRY_S)
