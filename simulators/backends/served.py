"""How long a backend takes: a limited number of servers, each busy for a drawn time; callers queue in order."""

from __future__ import annotations

import asyncio
from collections import deque

from simulators.kernel import Kernel
from simulators.settings import Backend


class Places:
    """A limited number of places; who finds none free queues, and is let in when a place is given back."""

    def __init__(self, kernel: Kernel, name: str, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"{name}: capacity must be at least 1, not {capacity}")
        self.name = name
        self.longest_queue = 0
        self._kernel = kernel
        self._free = capacity
        self._queue: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Return with a place taken. Whoever is cancelled meanwhile has none."""
        if self._free:
            self._free -= 1
            return
        turn = self._kernel.loop.create_future()
        self._queue.append(turn)
        self.longest_queue = max(self.longest_queue, len(self._queue))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Hand the place to whoever waits longest, or leave it free."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Served(Places):
    """Waits for a free server, then for its service time. Whoever is cancelled meanwhile has had no effect."""

    def __init__(self, kernel: Kernel, name: str, backend: Backend) -> None:
        super().__init__(kernel, f"backend {name}", backend.capacity)
        self.calls = 0
        self.clock = kernel
        """Its ``utc_ns`` is the backend's own clock, which is right."""
        self._delay_ns = kernel.delay_ns
        self._floor_ns = backend.latency.floor_ns
        latency = backend.latency
        self._draw_ns = kernel.stream(f"backend:{name}").lognormal_sampler(max(latency.median_ns, 1), latency.sigma)

    def utc_ns(self) -> int:
        """What that clock shows."""
        return self._kernel.utc_ns

    async def serve(self) -> None:
        """Return when the call has been served; its effect belongs right behind this await."""
        self.calls += 1
        if self._free:
            self._free -= 1
        else:
            await self.enter()
        try:
            await self._delay_ns(self._draw_ns() + self._floor_ns)
        finally:
            if self._queue:
                self.leave()
            else:
                self._free += 1
