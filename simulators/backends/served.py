"""How long a backend takes: a limited number of servers, each busy for a drawn time; callers queue in order."""

from __future__ import annotations

import asyncio
from collections import deque

from simulators.kernel import Kernel
from simulators.settings import Backend


class Served:
    """Waits for a free server, then for its service time. Whoever is cancelled meanwhile has had no effect."""

    def __init__(self, kernel: Kernel, name: str, backend: Backend) -> None:
        if backend.capacity < 1:
            raise ValueError(f"backend {name}: capacity must be at least 1, not {backend.capacity}")
        self.name = name
        self.calls = 0
        self.longest_queue = 0
        self._kernel = kernel
        self._free = backend.capacity
        self._queue: deque[asyncio.Future[None]] = deque()
        self._floor_ns = backend.latency.floor_ns
        latency = backend.latency
        self._draw_ns = kernel.stream(f"backend:{name}").lognormal_sampler(max(latency.median_ns, 1), latency.sigma)

    async def serve(self) -> None:
        """Return when the call has been served; its effect belongs right behind this await."""
        self.calls += 1
        if self._free:
            self._free -= 1
        else:
            await self._wait()
        try:
            await self._kernel.delay_ns(self._draw_ns() + self._floor_ns)
        finally:
            self._release()

    async def _wait(self) -> None:
        turn = self._kernel.loop.create_future()
        self._queue.append(turn)
        self.longest_queue = max(self.longest_queue, len(self._queue))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release()
            raise

    def _release(self) -> None:
        """Hand the server to whoever waits longest, or leave it free."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
