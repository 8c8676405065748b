"""A time limit of one length for many tasks: whoever starts first runs out first, so that one timer serves them all.

The same as ``asyncio.timeout`` around each of them, at a fifth of the cost; an authorization is short and seldom late.
"""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType

_NEVER_S = -1.0


class Budget:
    """Makes the limits: ``with budget.limit(): await ...`` raises TimeoutError when ``seconds`` have passed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._running: deque[Limit] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rings_at_s = _NEVER_S

    def limit(self) -> Limit:
        """The limit of the current task, from now on."""
        task = asyncio.current_task()
        loop = task.get_loop()
        now_s = loop.time()
        limit = Limit(task, now_s + self._seconds)
        if loop is not self._loop or now_s > self._rings_at_s:
            # The first one ever, or after a lull; or what should have rung was lost with its loop, or a part of it.
            if loop is not self._loop:
                self._loop = loop
                self._running.clear()
            self._ring_for(limit)
        self._running.append(limit)
        return limit

    def _ring_for(self, limit: Limit) -> None:
        self._rings_at_s = limit.ends_at_s
        self._loop.call_at(limit.ends_at_s, self._ring, limit)

    def _ring(self, limit: Limit) -> None:
        """The time of ``limit`` is over, and perhaps of others that started with it."""
        limit.run_out()
        running, now_s = self._running, self._loop.time()
        while running:
            first = running[0]
            if first.task is not None and not first.ran_out and first.ends_at_s > now_s:
                self._ring_for(first)
                return
            running.popleft().run_out()
        self._rings_at_s = _NEVER_S


class Limit:
    """What one task has left; ``task`` is None once it no longer needs it."""

    __slots__ = ("cancellations", "ends_at_s", "ran_out", "task")

    def __init__(self, task: asyncio.Task, ends_at_s: float) -> None:
        self.task: asyncio.Task | None = task
        self.cancellations = task.cancelling()
        self.ends_at_s = ends_at_s
        self.ran_out = False

    def run_out(self) -> None:
        """Interrupt the task, unless it is through."""
        if self.task is not None and not self.ran_out:
            self.ran_out = True
            self.task.cancel()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        task, self.task = self.task, None
        if self.ran_out and task.uncancel() <= self.cancellations and kind is asyncio.CancelledError:
            raise TimeoutError from error
