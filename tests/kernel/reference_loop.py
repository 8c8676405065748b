"""The standard library's own event loop on a clock that jumps: what the kernel is compared with.

It is asyncio's `SelectorEventLoop` with its `_run_once` untouched. Only its surroundings are replaced: the selector
moves the clock instead of waiting, and timers of equal instants are ordered by age (asyncio leaves their order to the
heap, the kernel promises first in, first out).
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
from collections.abc import Coroutine
from itertools import count
from typing import Any


class WaitsForEver(Exception):
    """The program waits for something that will never happen."""


class JumpingSelector(selectors.SelectSelector):
    """A selector that never waits: time jumps instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise WaitsForEver
        if timeout > 0:
            self.now_s += timeout
        return []


class _AgedTimer(asyncio.TimerHandle):
    __slots__ = ("age",)

    def __lt__(self, other: Any) -> bool:
        return (self._when, self.age) < (other._when, other.age)


class ReferenceLoop(asyncio.SelectorEventLoop):
    """asyncio's loop under fake time."""

    def __init__(self) -> None:
        self.jumping = JumpingSelector()
        super().__init__(self.jumping)
        self._clock_resolution = 1e-12
        self._ages = count()

    def time(self) -> float:
        return self.jumping.now_s

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        timer = _AgedTimer(when, callback, args, self, context)
        timer.age = next(self._ages)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer


def run_on_asyncio(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a program on the standard library's loop, without waiting."""
    loop = ReferenceLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.run_until_complete(_cancel_the_rest())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _cancel_the_rest() -> None:
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in sorted(rest, key=lambda task: task.get_name()):
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
