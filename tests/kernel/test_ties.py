"""Ties: numbered, chosen one by one, and none shifts another."""

from __future__ import annotations

import asyncio
from itertools import permutations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.kernel import Kernel, ScriptedTies, SeededTies, Ties


def order_of(ties: Ties | None, actors: int = 3, tasks: int = 0) -> list[str]:
    """Who went when: processes whose timeouts, and tasks whose wakeups, fall on one instant."""
    order: list[str] = []
    with Kernel(1, ties=ties) as kernel:

        def actor(name: str) -> Any:
            yield kernel.env.timeout(5)
            order.append(name)

        async def task(name: str) -> None:
            order.append(name)
            await asyncio.sleep(0)
            order.append(name)

        for number in range(actors):
            kernel.process(actor(f"p{number}"), "actor", daemon=True)
        for number in range(tasks):
            kernel.spawn(task(f"t{number}"), "task")
        kernel.run()
    return order


def test_the_first_option_each_time_is_the_order_of_a_plain_world() -> None:
    assert order_of(ScriptedTies(()), actors=4, tasks=3) == order_of(None, actors=4, tasks=3)


def test_every_order_of_processes_can_be_chosen() -> None:
    orders = set()
    for first in range(3):
        for second in range(2):
            ties = ScriptedTies((first, second), from_ns=5)
            orders.add(tuple(order_of(ties)))
            assert ties.options == [3, 2]
    assert orders == set(permutations(("p0", "p1", "p2")))


def test_every_order_of_a_batch_of_tasks_can_be_chosen() -> None:
    orders = set()
    for first in range(3):
        for second in range(2):
            ties = ScriptedTies((first, second))
            orders.add(tuple(order_of(ties, actors=0, tasks=3)[:3]))
            assert ties.options[:2] == [3, 2]
    assert len(orders) == 6


def test_ties_out_of_the_window_are_neither_counted_nor_chosen() -> None:
    for window in ((1, 5), (6, 100)):
        ties = ScriptedTies((2, 1), *window)
        assert order_of(ties) == order_of(None)
        assert ties.options == []
    inside = ScriptedTies((2, 1), 5, 6)
    assert order_of(inside) == ["p2", "p1", "p0"]


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**63 - 1), until=st.integers(0, 30))
def test_ties_past_the_last_one_run_first_in_first_out_and_the_others_keep_their_choice(seed: int, until: int) -> None:
    every, some, only = SeededTies(seed), SeededTies(seed, until=until), SeededTies(seed, only=frozenset({until}))
    for number in range(40):
        chosen = every.choose(7, 0)
        assert some.choose(7, 0) == (chosen if number < until else 0)
        assert only.choose(7, 0) == (chosen if number == until else 0)
    assert every.met == some.met == only.met == 40


def test_no_tie_is_shuffled_up_to_the_first_and_then_the_world_is_the_plain_one() -> None:
    assert order_of(SeededTies(3, until=0), 6, 4) == order_of(None, 6, 4)
    assert order_of(SeededTies(3, only=frozenset()), 6, 4) == order_of(None, 6, 4)
    assert any(order_of(SeededTies(seed), 6, 4) != order_of(None, 6, 4) for seed in range(5))


def test_what_nobody_hears_of_is_no_rival() -> None:
    ties = ScriptedTies((), from_ns=5)
    with Kernel(1, ties=ties) as kernel:

        def ends() -> Any:
            yield kernel.env.timeout(5)

        for _ in range(2):
            kernel.process(ends(), "ends", daemon=True)
        kernel.run()
    assert ties.options == [2]  # the two timeouts; not the ends of the two processes


def test_a_cancelled_delay_is_no_rival() -> None:
    ties = ScriptedTies((), from_ns=5)
    order: list[int] = []
    with Kernel(1, ties=ties) as kernel:

        async def one(name: int) -> None:
            await kernel.delay_ns(5)
            order.append(name)

        tasks = [kernel.spawn(one(name), "one", daemon=True) for name in range(2)]
        kernel.run(3)
        tasks[0].cancel()
        kernel.run()
    assert order == [1]
    assert ties.options == []
