"""A power cut takes a group of tasks out of the world, `finally` and all."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest

from simulators.kernel import Kernel, KernelError, PowerCut
from simulators.kernel.ties import ScriptedTies

Waiting = Callable[["Engine"], Coroutine[Any, Any, Any]]


class Engine:
    """Something with every kind of wait; it writes down what it should never do once its power is cut."""

    def __init__(self, kernel: Kernel):
        self.kernel = kernel
        self.did: list[str] = []
        self.lock = asyncio.Lock()
        self.queue: asyncio.Queue[str] = asyncio.Queue()

    async def guarded(self, waiting: Coroutine[Any, Any, Any]) -> None:
        try:
            await waiting
            self.did.append("went on")
        except BaseException as error:
            self.did.append(type(error).__name__)
            raise
        finally:
            self.did.append("finally")


async def in_a_sleep(engine: Engine) -> None:
    await asyncio.sleep(1)


async def in_a_delay(engine: Engine) -> None:
    await engine.kernel.delay_ns(1_000)


async def in_a_timeout(engine: Engine) -> None:
    async with asyncio.timeout(1):
        await asyncio.Event().wait()


async def in_a_group(engine: Engine) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(engine.guarded(asyncio.sleep(1)))


async def in_a_gather(engine: Engine) -> None:
    await asyncio.gather(engine.guarded(asyncio.sleep(1)), asyncio.shield(engine.guarded(in_a_delay(engine))))


async def in_a_lock(engine: Engine) -> None:
    await engine.lock.acquire()
    await engine.guarded(engine.lock.acquire())


async def in_a_queue(engine: Engine) -> None:
    await engine.queue.get()


async def in_a_simpy_event(engine: Engine) -> None:
    await engine.kernel.wait(engine.kernel.env.timeout(1_000))


async def behind_a_child(engine: Engine) -> None:
    await asyncio.create_task(engine.guarded(in_a_delay(engine)))


async def with_timers(engine: Engine) -> None:
    asyncio.get_running_loop().call_later(1e-6, engine.did.append, "timer")
    asyncio.create_task(engine.guarded(asyncio.sleep(0.5)))  # noqa: RUF006 (the loop keeps it while it sleeps)
    await asyncio.sleep(2)


async def in_a_generator(engine: Engine) -> None:
    async def numbers() -> Any:
        try:
            while True:
                await asyncio.sleep(1)
                yield 1
        finally:
            engine.did.append("generator finally")

    async for _ in numbers():
        pass


WAITS = [
    in_a_sleep, in_a_delay, in_a_timeout, in_a_group, in_a_gather, in_a_lock, in_a_queue, in_a_simpy_event,
    behind_a_child, with_timers, in_a_generator,
]  # fmt: skip


@pytest.mark.parametrize("waiting", WAITS, ids=lambda waiting: waiting.__name__)
def test_nothing_of_the_group_runs_again(waiting: Waiting) -> None:
    with Kernel(1) as kernel:
        group, engine = kernel.power_group("engine"), Engine(kernel)
        group.spawn(engine.guarded(waiting(engine)), "work")
        kernel.run(until=100)
        assert group.cut() >= 1
        engine.queue.put_nowait("item")
        kernel.run()
        assert kernel.tasks() == []
    del engine.kernel
    gc.collect()
    assert engine.did == []


@pytest.mark.parametrize("waiting", WAITS, ids=lambda waiting: waiting.__name__)
def test_time_does_not_go_on_for_what_was_cut(waiting: Waiting) -> None:
    with Kernel(1) as kernel:
        group, engine = kernel.power_group("engine"), Engine(kernel)
        group.spawn(engine.guarded(waiting(engine)), "work")
        kernel.run(until=100)
        group.cut()
        kernel.run()
        assert kernel.now_ns == (1_000 if waiting is in_a_simpy_event else 100)


def test_tasks_about_to_run_are_dropped_too() -> None:
    with Kernel(1) as kernel:
        group, engine = kernel.power_group("engine"), Engine(kernel)
        group.spawn(engine.guarded(in_a_delay(engine)), "woken at the instant of the cut")

        def cutter() -> Generator[Any, Any, None]:
            yield kernel.env.timeout(1_000)
            group.spawn(engine.guarded(in_a_delay(engine)), "not even started")
            assert group.cut() == 2

        kernel.process(cutter(), "cutter")
        kernel.run()
    assert engine.did == []


def test_others_live_on() -> None:
    with Kernel(1) as kernel:
        group, other = kernel.power_group("engine"), kernel.power_group("other")
        doomed, spared = Engine(kernel), Engine(kernel)
        group.spawn(doomed.guarded(in_a_group(doomed)), "doomed")
        other.spawn(spared.guarded(in_a_group(spared)), "spared")
        kernel.spawn(spared.guarded(in_a_timeout(spared)), "in no group").add_done_callback(
            lambda task: task.exception()
        )
        kernel.run(until=100)
        assert group.cut() == 4
        kernel.run()
    assert doomed.did == []
    assert sorted(spared.did) == ["TimeoutError"] + ["finally"] * 5 + ["went on"] * 4


def test_an_item_is_not_lost_to_a_dead_consumer() -> None:
    with Kernel(1) as kernel:
        group, engine = kernel.power_group("engine"), Engine(kernel)
        group.spawn(in_a_queue(engine), "dead consumer")
        kernel.run(until=100)
        group.cut()
        living = kernel.spawn(engine.queue.get(), "living consumer")
        kernel.run(until=200)
        engine.queue.put_nowait("item")
        assert kernel.run(living) == "item"


def test_a_call_into_the_dead_is_answered_by_the_cut() -> None:
    with Kernel(1) as kernel:
        group, engine = kernel.power_group("engine"), Engine(kernel)

        def caller() -> Generator[Any, Any, Any]:
            first = yield group.call(in_a_delay(engine))
            assert first.ok
            second = yield group.call(engine.guarded(in_a_sleep(engine)))
            return second.error, kernel.now_ns

        process = kernel.process(caller(), "caller")
        kernel.run(until=2_000)
        group.cut()
        error, at_ns = kernel.run(process)
        assert isinstance(error, PowerCut)
        assert str(error) == "engine lost its power"
        assert at_ns == 2_000
    assert engine.did == []


def test_the_group_starts_again_after_a_cut() -> None:
    with Kernel(1) as kernel:
        group, engine = kernel.power_group("engine"), Engine(kernel)
        for _ in range(3):
            group.spawn(engine.guarded(in_a_delay(engine)), "work")
            kernel.run(until=kernel.now_ns + 10)
            assert group.cut() == 1
        assert group.cut() == 0
        group.spawn(engine.guarded(in_a_delay(engine)), "work")
        kernel.run()
    assert engine.did == ["went on", "finally"]


def test_a_task_does_not_cut_its_own_power() -> None:
    with Kernel(1) as kernel:
        group = kernel.power_group("engine")

        async def suicidal() -> None:
            group.cut()

        with pytest.raises(KernelError, match="'engine': a power cut comes from outside, not from 'suicidal'"):
            kernel.run(group.spawn(suicidal(), "suicidal"))


def test_a_cut_in_the_middle_of_what_is_ready_leaves_the_others_their_turn() -> None:
    """What the world does at the very instant at which steps of the group are next in line."""
    kernel = Kernel(1)
    group = kernel.power_group("engine")
    done: list[str] = []

    async def step(name: str) -> None:
        done.append(name)

    async def cut() -> None:
        done.append(f"{group.cut()} cut")

    with kernel:
        kernel.spawn(cut(), "cut")
        for _ in range(9):
            group.call(step("dropped"))
        kernel.spawn(step("after"), "after")
        kernel.run(1_000)
    assert done == ["9 cut", "after"]


@pytest.mark.parametrize("before", range(5))
def test_a_cut_chosen_in_the_middle_of_a_tie_drops_the_steps_whose_turn_has_not_come(before: int) -> None:
    """So many steps of the group are chosen before the cut; the others never run, and no caller is answered twice."""
    kernel = Kernel(1, ties=ScriptedTies([1] * before + [0]))
    group = kernel.power_group("engine")
    done: list[str] = []

    async def step() -> None:
        done.append("step")

    async def cut() -> None:
        done.append(f"{group.cut()} cut")

    with kernel:
        kernel.spawn(cut(), "cut")
        calls = [group.call(step()) for _ in range(5)]
        kernel.run(1_000)
    assert done == ["step"] * before + [f"{5 - before} cut"]
    assert [call.value.ok for call in calls] == [True] * before + [False] * (5 - before)
