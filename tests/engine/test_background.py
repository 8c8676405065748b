"""Work behind an answer is tried again at once, then ever more seldom, and never less often than every 30 seconds."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from engine.ports import PortUnavailable
from engine.services.background import Background
from simulators.kernel import Kernel

PAUSES_S = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]


def tries_of(down: int) -> tuple[list[float], int]:
    """The pauses between the tries of a job that fails so often, and how many jobs are left at the end."""
    with Kernel(1) as kernel:
        background, tried_s = Background(), []

        async def job() -> None:
            tried_s.append(kernel.loop.time())
            if len(tried_s) <= down:
                raise PortUnavailable("down")

        async def begin() -> None:
            background.until_done(job, "the job")

        kernel.spawn(begin(), "test")
        kernel.run()
        pauses = [later - sooner for sooner, later in pairwise(tried_s)]
        return pauses, background.pending


@pytest.mark.parametrize("down", [0, 1, 2, 9, 10, 11])
def test_each_pause_is_twice_the_one_before_up_to_the_longest(down) -> None:
    pauses, pending = tries_of(down)
    assert pauses == pytest.approx(PAUSES_S[:down])
    assert pending == 0


def test_what_is_asked_for_many_times_while_it_cannot_be_done_is_there_once_and_done_once_more_at_the_end() -> None:
    with Kernel(1) as kernel:
        background, runs = Background(), []

        async def job() -> None:
            runs.append(kernel.loop.time())
            if len(runs) <= 2:
                raise PortUnavailable("down")

        async def begin() -> None:
            for _ in range(1_000):
                background.until_done(job, "the job")
            assert background.pending == 1

        kernel.spawn(begin(), "test")
        kernel.run()
        assert background.pending == 0
        assert len(runs) == 3


def test_what_is_asked_for_while_it_runs_runs_again_from_its_start() -> None:
    with Kernel(1) as kernel:
        background, began_s = Background(), []

        async def job() -> None:
            began_s.append(kernel.loop.time())
            await kernel.loop.create_task(asyncio.sleep(1))

        async def begin() -> None:
            background.until_done(job, "the job")
            await asyncio.sleep(0.5)
            background.until_done(job, "the job")

        kernel.spawn(begin(), "test")
        kernel.run()
        assert began_s == pytest.approx([0, 1])
        assert background.pending == 0
