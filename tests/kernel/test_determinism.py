"""One seed, one trace: run after run, process after process, under any PYTHONHASHSEED."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from simulators.kernel import Kernel
from tests.kernel.busy_world import run_busy_world

HERE = Path(__file__).parent


def test_ten_runs_give_one_trace() -> None:
    assert len({run_busy_world(seed=5) for _ in range(10)}) == 1


def test_ten_explored_runs_give_one_trace() -> None:
    assert len({run_busy_world(seed=5, explore=True) for _ in range(10)}) == 1


def test_another_seed_gives_another_trace() -> None:
    assert len({run_busy_world(seed) for seed in range(5)}) == 5
    assert run_busy_world(seed=5) != run_busy_world(seed=5, explore=True)


def test_what_happened_in_the_process_before_does_not_matter() -> None:
    expected = run_busy_world(seed=5)
    litter = [object() for _ in range(10_000)]
    first = run_busy_world(seed=5)
    del litter
    assert first == run_busy_world(seed=5) == expected


def test_kernels_in_other_threads_disturb_nobody() -> None:
    """Several worlds in threads, as a distributed worker runs them, beside a real event loop that lives on."""
    hashes: list[str] = []
    threads = [threading.Thread(target=lambda: hashes.append(run_busy_world(seed=5))) for _ in range(3)]

    async def real_world() -> list[float]:
        times = []
        for thread in threads:
            thread.start()
        while not times or any(thread.is_alive() for thread in threads):
            await asyncio.sleep(0)
            times.append(time.time() + random.random())
        return times

    times = asyncio.run(real_world())
    assert hashes == [run_busy_world(seed=5)] * 3
    assert min(times) > 1_600_000_000


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_the_trace_does_not_depend_on_the_hash_seed(hash_seed: str) -> None:
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", "from tests.kernel.busy_world import main; main()"],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [run_busy_world(seed=5), run_busy_world(seed=5, explore=True)]


def test_garbage_is_finalized_at_the_same_virtual_instants() -> None:
    """An abandoned generator in a reference cycle runs its `finally` when the collector finds it."""

    def instants(litter: int) -> list[int]:
        kept = [[] for _ in range(litter)]
        closed: list[int] = []

        async def generator(kernel: Kernel) -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                closed.append(kernel.now_ns)

        async def main(kernel: Kernel) -> None:
            grows = []
            for turn in range(150_000):
                grows.append([turn])  # CPython's own collector would go by such allocations
                if turn % 5_000 == 0:
                    knot: list[Any] = [generator(kernel)]
                    knot.append(knot)
                    await anext(knot[0])
                    del knot
                await kernel.delay_ns(1)

        with Kernel(1) as kernel:
            kernel.run(main(kernel))
        assert len(kept) == litter
        return closed

    first = instants(litter=0)
    assert len(first) > 20
    assert instants(litter=333) == first
    assert gc.isenabled()
