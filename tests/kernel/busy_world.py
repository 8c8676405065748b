"""A small world that uses everything whose order could go astray, and traces it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from typing import Any

import simpy

from simulators.kernel import Column, Kernel, Trace


class BusyWorld:
    """Clients call a service with locks, groups, time limits and background tasks; SimPy resources beside it."""

    def __init__(self, kernel: Kernel):
        self.kernel = kernel
        self.trace = Trace([Column("at_ns", "int64"), Column("who", "str"), Column("what", "str")], chunk_rows=64)
        self.locks = {name: asyncio.Lock() for name in ("red", "green", "blue")}
        self.background: set[asyncio.Task[None]] = set()
        self.desk = simpy.PriorityResource(kernel.env, capacity=2)

    def note(self, who: str, what: str) -> None:
        self.trace.append((self.kernel.now_ns, who, what))

    async def serve(self, client: str, round_: int) -> str:
        stream = self.kernel.stream("service")
        lock = stream.choice(sorted(self.locks))
        try:
            async with asyncio.timeout(stream.lognormal_ns(3_000, 0.8) / 1e9):
                async with self.locks[lock]:
                    await self.kernel.delay_ns(stream.integers(0, 4) * 500)
                    await self.fan_out(client)
        except TimeoutError:
            return f"{round_} timed out on {lock}"
        task = asyncio.create_task(self.tidy_up(client))
        self.background.add(task)
        task.add_done_callback(self.background.discard)
        return f"{round_} served under {lock}"

    async def fan_out(self, client: str) -> None:
        async def part(number: int) -> None:
            try:
                await asyncio.sleep(number * 5e-7)
                if number == 2 and self.kernel.stream(client).bernoulli(0.4):
                    raise LookupError(client)
                await asyncio.sleep(1e-6)
            except asyncio.CancelledError:
                self.note(client, f"part {number} cancelled")
                raise

        try:
            async with asyncio.TaskGroup() as group:
                for number in range(6):
                    group.create_task(part(number))
        except* LookupError:
            self.note(client, "group failed")

    async def tidy_up(self, client: str) -> None:
        async def ticks() -> AsyncIterator[int]:
            for tick in range(3):
                await asyncio.sleep(0)
                yield tick

        async def value(number: int) -> int:
            await asyncio.sleep(0)
            return number

        async for tick in ticks():
            self.note(client, f"tick {tick}")
        for earliest in asyncio.as_completed([value(number) for number in range(5)]):
            self.note(client, f"completed {await earliest}")
        done, pending = await asyncio.wait([asyncio.create_task(value(number)) for number in range(5)])
        for task in done | pending:
            self.note(client, f"{task.get_name()} gave {task.result()}")

    def client(self, name: str) -> Generator[Any, Any, None]:
        stream = self.kernel.stream(name)
        for round_ in range(6):
            yield self.kernel.env.timeout(stream.integers(0, 5) * 500)
            with self.desk.request(priority=stream.integers(0, 3)) as request:
                yield request
                outcome = yield self.kernel.call(self.serve(name, round_), name)
                self.note(name, outcome.unwrap())


def run_busy_world(seed: int, explore: bool = False) -> str:
    """Run it and return the trace's hash."""
    with Kernel(seed, explore=explore) as kernel:
        world = BusyWorld(kernel)
        for number in range(8):
            kernel.process(world.client(f"client{number}"), f"client{number}")
        kernel.run()
        assert len(world.trace) > 300
        return world.trace.close()


def main() -> None:
    """Print the hashes of a plain and an explored run."""
    print(run_busy_world(seed=5), run_busy_world(seed=5, explore=True))
