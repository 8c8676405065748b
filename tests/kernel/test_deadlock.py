"""A deadlock names who waits, where, and for what."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest
import simpy

from simulators.kernel import DeadlockError, Kernel

Stuck = Callable[[Kernel], Coroutine[Any, Any, Any]]


async def on_a_lock(kernel: Kernel) -> None:
    lock = asyncio.Lock()
    await lock.acquire()
    async with lock:
        pass


async def on_an_event(kernel: Kernel) -> None:
    await asyncio.Event().wait()


async def on_an_empty_queue(kernel: Kernel) -> None:
    await asyncio.Queue(maxsize=3).get()


async def on_a_full_queue(kernel: Kernel) -> None:
    queue = asyncio.PriorityQueue(maxsize=1)
    await queue.put(1)
    await queue.put(2)


async def on_a_join(kernel: Kernel) -> None:
    queue = asyncio.Queue()
    await queue.put(1)
    await queue.join()


async def on_a_semaphore(kernel: Kernel) -> None:
    await asyncio.BoundedSemaphore(0).acquire()


async def on_a_condition(kernel: Kernel) -> None:
    condition = asyncio.Condition()
    async with condition:
        await condition.wait()


async def on_a_barrier(kernel: Kernel) -> None:
    await asyncio.Barrier(2).wait()


async def on_a_future(kernel: Kernel) -> None:
    await asyncio.get_running_loop().create_future()


async def on_another_task(kernel: Kernel) -> None:
    await kernel.spawn(on_an_event(kernel), "the other")


async def on_a_gather(kernel: Kernel) -> None:
    await asyncio.gather(kernel.spawn(on_an_event(kernel), "one"), kernel.spawn(on_a_future(kernel), "two"))


async def on_a_wait(kernel: Kernel) -> None:
    await asyncio.wait([kernel.spawn(on_an_event(kernel), "one"), kernel.spawn(on_a_future(kernel), "two")])


async def on_a_task_group(kernel: Kernel) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(on_an_event(kernel), name="child")


async def on_a_simpy_event(kernel: Kernel) -> None:
    await kernel.wait(simpy.Store(kernel.env).get())


async def on_endless_sleep(kernel: Kernel) -> None:
    await asyncio.sleep(float("inf"))


CASES: list[tuple[Stuck, str]] = [
    (on_a_lock, "Lock.acquire (1 waiting)"),
    (on_an_event, "Event.wait (1 waiting)"),
    (on_an_empty_queue, "Queue.get (0 of 3 items)"),
    (on_a_full_queue, "PriorityQueue.put (1 of 1 items)"),
    (on_a_join, "Queue.join (1 of unlimited items)"),
    (on_a_semaphore, "BoundedSemaphore.acquire (1 waiting)"),
    (on_a_condition, "Condition.wait (1 waiting)"),
    (on_a_barrier, "Barrier.wait (1 of 2 parties)"),
    (on_a_future, "a Future that nobody has completed"),
    (on_another_task, "task 'the other'"),
    (on_a_gather, "gather of task 'one', task 'two'"),
    (on_a_wait, "any or all of task 'one', task 'two'"),
    (on_a_task_group, "the tasks of its TaskGroup: child"),
    (on_a_simpy_event, "SimPy StoreGet"),
    (on_endless_sleep, "a sleep without end"),
]


@pytest.mark.parametrize("stuck, awaited", CASES, ids=[stuck.__name__ for stuck, _ in CASES])
def test_a_stuck_task_is_named_with_its_place_and_what_it_awaits(stuck: Stuck, awaited: str) -> None:
    with Kernel(1) as kernel:
        kernel.env.timeout(77)
        kernel.spawn(stuck(kernel), "the stuck one")
        with pytest.raises(DeadlockError) as caught:
            kernel.run()
    assert "deadlock at virtual 77 ns" in str(caught.value)
    line = next(line for line in caught.value.waiting if line.startswith("task 'the stuck one'"))
    assert line.endswith(f"waits for {awaited}")
    assert re.search(rf"test_deadlock\.py:\d+ in {stuck.__name__}:", line)


def test_the_place_is_the_innermost_await_outside_the_machinery() -> None:
    async def inner() -> None:
        await asyncio.Event().wait()

    async def outer() -> None:
        async with asyncio.timeout(None):
            await inner()

    with Kernel(1) as kernel, pytest.raises(DeadlockError, match=r"in test_the_place.*inner: waits for Event"):
        kernel.run(outer())


def test_a_stuck_process_is_named() -> None:
    def deeper(kernel: Kernel) -> Generator[Any, Any, None]:
        yield simpy.Container(kernel.env).get(1)

    def actor(kernel: Kernel) -> Generator[Any, Any, None]:
        yield from deeper(kernel)

    with Kernel(1) as kernel:
        first = kernel.process(actor(kernel), "the buyer")

        def joins() -> Generator[Any, Any, None]:
            yield first

        kernel.process(joins(), "joins")
        with pytest.raises(DeadlockError) as caught:
            kernel.run()
    assert len(caught.value.waiting) == 2
    assert re.search(r"process 'the buyer' at .*deeper: waits for SimPy ContainerGet$", caught.value.waiting[0])
    assert caught.value.waiting[1].endswith("waits for SimPy process 'the buyer'")


def test_a_run_until_a_future_or_event_that_never_comes_says_so() -> None:
    with Kernel(1) as kernel:
        with pytest.raises(DeadlockError, match="nobody completed the future"):
            kernel.run(kernel.loop.create_future())
        with pytest.raises(DeadlockError, match="the awaited SimPy event never happened"):
            kernel.run(kernel.env.event())


def test_unfinished_work_can_be_listed_at_any_time() -> None:
    with Kernel(1) as kernel:
        kernel.spawn(on_an_event(kernel), "waiting")
        assert kernel.unfinished()[0].endswith("waits for its turn")
        kernel.run(until=10)
        assert kernel.unfinished()[0].endswith("waits for Event.wait (1 waiting)")


def test_messages_repeat_from_run_to_run() -> None:
    def message() -> str:
        with Kernel(1) as kernel:
            for number in range(20):
                kernel.spawn(on_another_task(kernel), f"t{number}")
            with pytest.raises(DeadlockError) as caught:
                kernel.run()
            return str(caught.value)

    assert len({message() for _ in range(3)}) == 1
    assert "0x" not in message()
