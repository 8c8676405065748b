"""Latency and capacity of a simulated backend."""

from __future__ import annotations

import asyncio

import pytest

from simulators.backends.served import Served
from simulators.kernel import Kernel
from simulators.settings import Backend, Latency


def served(kernel: Kernel, capacity: int, ns: int = 1_000) -> Served:
    return Served(kernel, "store", Backend(Latency(ns, 0.0), capacity))


@pytest.mark.parametrize(("callers", "capacity", "finished"), [
    (3, 3, [1_000] * 3),
    (4, 3, [1_000] * 3 + [2_000]),
    (7, 3, [1_000] * 3 + [2_000] * 3 + [3_000]),
])  # fmt: skip
def test_callers_beyond_the_capacity_wait_their_turn(callers, capacity, finished) -> None:
    with Kernel(1) as kernel:
        store, done = served(kernel, capacity), []

        async def call(number: int) -> None:
            await store.serve()
            done.append((number, kernel.now_ns))

        for number in range(callers):
            kernel.spawn(call(number), f"call {number}")
        kernel.run()
        assert [at for _, at in done] == finished
        assert [number for number, _ in done] == list(range(callers))


def test_a_caller_that_gives_up_in_the_queue_or_at_the_counter_frees_its_place() -> None:
    with Kernel(1) as kernel:
        store, done = served(kernel, 1), []

        async def call(number: int, patience_s: float) -> None:
            try:
                async with asyncio.timeout(patience_s):
                    await store.serve()
                done.append((number, kernel.now_ns))
            except TimeoutError:
                done.append((-number, kernel.now_ns))

        kernel.spawn(call(1, 0.5e-6), "gives up at the counter")
        kernel.spawn(call(2, 0.7e-6), "gives up right after it was called up")
        kernel.spawn(call(3, 1), "is served at last")
        kernel.run()
        assert done == [(-1, 500), (-2, 700), (3, 1_700)]


def test_a_capacity_below_one_is_refused() -> None:
    with Kernel(1) as kernel, pytest.raises(ValueError, match="backend store: capacity must be at least 1, not 0"):
        served(kernel, 0)
