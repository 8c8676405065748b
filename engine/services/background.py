"""Work that an answer does not wait for, and that is never forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.ports import PortUnavailable

FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 30.0


class Background:
    """Runs jobs to their end, again and again while a port is unavailable; any other error is a bug and surfaces.

    A job has a name and is there once: in an outage all that fails asks for the same few things.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._once_more: set[str] = set()

    def until_done(self, job: Callable[[], Awaitable[None]], name: str) -> None:
        """Have ``job`` run from its start, now or after one of its name that runs already; it has to be idempotent."""
        if name in self._tasks:
            self._once_more.add(name)
            return
        task = asyncio.get_running_loop().create_task(self._persist(job, name), name=name)
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name))

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

    async def _persist(self, job: Callable[[], Awaitable[None]], name: str) -> None:
        delay_s = FIRST_RETRY_S
        while True:
            self._once_more.discard(name)
            try:
                await job()
            except PortUnavailable:
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, LONGEST_RETRY_S)
                continue
            if name not in self._once_more:
                return
