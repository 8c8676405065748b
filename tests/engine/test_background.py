"""Work behind an answer is tried again at once, then ever more seldom, and never less often than every 30 seconds."""

from __future__ import annotations

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
