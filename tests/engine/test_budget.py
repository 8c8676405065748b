"""A shared budget limits each task exactly as ``asyncio.timeout`` of the same length would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.services.budget import Budget
from simulators.kernel import Kernel

LIMIT_S = 0.5


async def nap(seconds: float, stubborn: bool) -> str:
    """Work of a given length; the stubborn kind tidies up for a while when it is interrupted."""
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        if stubborn:
            await asyncio.sleep(0.3)
        raise
    return "done"


def outcomes(limit: Callable[[], Any], jobs: list[tuple[int, int, bool, int | None]]) -> list[tuple[str, int]]:
    """What became of each (start, length, stubborn, cancelled after; all in tenths of a second), and when."""
    with Kernel(1) as kernel:
        ends: list[tuple[str, int]] = []

        async def job(length: int, stubborn: bool) -> str:
            try:
                async with limit():
                    return await nap(length / 10, stubborn)
            except TimeoutError:
                return "timeout"

        async def watched(start: int, length: int, stubborn: bool, cancel_after: int | None) -> None:
            await asyncio.sleep(start / 10)
            task = asyncio.create_task(job(length, stubborn))
            if cancel_after is not None:
                asyncio.get_running_loop().call_later(cancel_after / 10, task.cancel)
            try:
                result = await task
            except asyncio.CancelledError:
                result = "cancelled"
            assert task.cancelling() == int(result == "cancelled")
            ends.append((result, kernel.now_ns))

        for each in jobs:
            kernel.spawn(watched(*each), f"{each}")
        kernel.run()
        return ends


class Asynchronous:
    """``async with`` around a limit, so that both kinds are used alike."""

    def __init__(self, limit: Any) -> None:
        self._limit = limit

    async def __aenter__(self) -> None:
        self._limit.__enter__()

    async def __aexit__(self, *error: Any) -> None:
        self._limit.__exit__(*error)


JOBS = st.lists(
    st.tuples(
        st.integers(0, 30), st.integers(0, 9), st.booleans(), st.none() | st.sampled_from([0, 1, 2, 3, 4, 6, 7])
    ),
    max_size=12,
)  # fmt: skip


@given(JOBS)
def test_everybody_ends_as_under_a_timeout_of_their_own(jobs) -> None:
    budget = Budget(LIMIT_S)
    shared = outcomes(lambda: Asynchronous(budget.limit()), jobs)
    assert sorted(shared) == sorted(outcomes(lambda: asyncio.timeout(LIMIT_S), jobs))


def test_a_budget_goes_on_in_another_loop() -> None:
    budget = Budget(LIMIT_S)
    for _ in range(2):
        ends = outcomes(lambda: Asynchronous(budget.limit()), [(0, 9, False, None), (1, 2, False, None)])
        assert ends == [("done", 300_000_000), ("timeout", 500_000_000)]


def test_a_limit_that_starts_as_the_last_one_runs_out_is_kept_too() -> None:
    budget = Budget(LIMIT_S)
    ends = outcomes(lambda: Asynchronous(budget.limit()), [(0, 9, False, None), (5, 9, False, None)])
    assert ends == [("timeout", 500_000_000), ("timeout", 1_000_000_000)]


def test_an_error_of_the_work_itself_goes_through() -> None:
    async def failing() -> None:
        with Budget(LIMIT_S).limit():
            raise LookupError("of its own")

    with Kernel(1) as kernel, pytest.raises(LookupError, match="of its own"):
        kernel.run(failing())


@pytest.mark.parametrize("late_ns", [1, 100_000_000])
def test_a_limit_is_kept_where_what_should_have_rung_was_cut_off(late_ns) -> None:
    """The timer of the last one went with the power, and the budget did not."""
    budget = Budget(LIMIT_S)

    async def limited(seconds: float) -> None:
        with budget.limit():
            await asyncio.sleep(seconds)

    async def scenario(kernel: Kernel) -> int:
        group = kernel.power_group("the first")
        group.call(limited(9))
        await asyncio.sleep(0.1)
        group.cut()
        await kernel.delay_ns(400_000_000 + late_ns)
        began_ns = kernel.now_ns
        with pytest.raises(TimeoutError):
            await limited(9)
        return kernel.now_ns - began_ns

    with Kernel(1) as kernel:
        assert kernel.run(kernel.spawn(scenario(kernel), "test")) == pytest.approx(LIMIT_S * 10**9, abs=1)
