"""The same program in the same order of events, on asyncio's own loop and on the kernel's."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from simulators.kernel import Kernel
from tests.kernel.reference_loop import run_on_asyncio

Log = Callable[..., None]
Program = Callable[[Log], Coroutine[Any, Any, None]]
PROGRAMS: list[Program] = []
S = 1 / 256  # seconds: S and S / 2 are exact as floats and as whole nanoseconds


def program(body: Program) -> Program:
    PROGRAMS.append(body)
    return body


def logged(run: Callable[[Coroutine[Any, Any, None]], Any], body: Program) -> list[tuple[Any, ...]]:
    events: list[tuple[Any, ...]] = []

    def log(*what: Any) -> None:
        events.append((round(asyncio.get_running_loop().time() * 1e9), *what))

    run(body(log))
    return events


def on_asyncio(body: Program) -> list[tuple[Any, ...]]:
    return logged(run_on_asyncio, body)


def on_kernel(body: Program) -> list[tuple[Any, ...]]:
    with Kernel(seed=1) as kernel:
        return logged(kernel.run, body)


@pytest.mark.parametrize("body", PROGRAMS, ids=lambda body: body.__name__)
def test_a_program_runs_in_the_order_of_asyncio(body: Program) -> None:
    expected = on_asyncio(body)
    assert expected
    assert on_kernel(body) == expected


def test_every_program_was_collected() -> None:
    assert len(PROGRAMS) >= 50


async def step(log: Log, name: str, *delays: float) -> str:
    log(name, "starts")
    for delay in delays:
        await asyncio.sleep(delay)
        log(name, "woke")
    return name


# sleeping


@program
async def sleeps_of_equal_and_different_lengths(log: Log) -> None:
    await asyncio.gather(*(step(log, f"t{i}", S * (i % 3), S) for i in range(9)))


@program
async def sleep_returns_its_result(log: Log) -> None:
    log(await asyncio.sleep(S, "result"), await asyncio.sleep(0, "at once"))


@program
async def sleep_zero_gives_way_once(log: Log) -> None:
    async def spin(name: str) -> None:
        for turn in range(3):
            log(name, turn)
            await asyncio.sleep(0)

    await asyncio.gather(spin("a"), spin("b"), step(log, "c", 0, S, 0))


@program
async def negative_sleep_is_sleep_zero(log: Log) -> None:
    await asyncio.gather(step(log, "a", -1, -1), step(log, "b", 0, 0))


@program
async def integer_and_tiny_delays(log: Log) -> None:
    await asyncio.gather(step(log, "a", 2), step(log, "b", 1, 1), step(log, "c", 2**-30 * 2**21))


# callbacks


@program
async def call_soon_keeps_its_order(log: Log) -> None:
    loop = asyncio.get_running_loop()

    def again(name: str, left: int) -> None:
        log(name, left)
        if left:
            loop.call_soon(again, name, left - 1)

    for name in "abc":
        loop.call_soon(again, name, 2)
    await asyncio.sleep(S)


@program
async def timers_due_now_queue_behind_what_is_ready(log: Log) -> None:
    loop = asyncio.get_running_loop()

    def first() -> None:
        log("first")
        loop.call_later(0, log, "timer of first")
        loop.call_soon(second)
        loop.call_at(loop.time() - 1, log, "timer in the past")

    def second() -> None:
        log("second")
        loop.call_soon(log, "soon of second")
        loop.call_later(0, log, "timer of second")

    loop.call_soon(first)
    loop.call_soon(log, "third")
    await asyncio.sleep(S)


@program
async def timers_at_one_instant_fire_first_in_first_out(log: Log) -> None:
    loop = asyncio.get_running_loop()
    for serial in range(20):
        loop.call_later(S * (serial % 4), log, "later", serial)
        loop.call_at(loop.time() + S * (serial % 4), log, "at", serial)
    await asyncio.sleep(5 * S)


@program
async def timers_in_the_past_fire_by_their_instant(log: Log) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(4 * S)
    for back in (1, 3, 2, 3):
        loop.call_at(loop.time() - back * S, log, "past", back)
    await asyncio.sleep(0)
    log("main")
    await asyncio.sleep(S)


@program
async def cancelled_handles_do_not_run(log: Log) -> None:
    loop = asyncio.get_running_loop()
    soon = loop.call_soon(log, "never")
    later = loop.call_later(S, log, "never")
    at = loop.call_at(loop.time() + S, log, "never")
    kept = loop.call_later(S, log, "kept")
    due = loop.call_later(2 * S, log, "never: cancelled while due")
    loop.call_at(2 * S, due.cancel)
    for handle in (soon, later, at):
        handle.cancel()
        handle.cancel()
    await asyncio.sleep(3 * S)
    kept.cancel()
    log([handle.cancelled() for handle in (soon, later, at, kept, due)], later.when(), kept.when())


@program
async def a_timer_cancelled_when_already_due_does_not_run(log: Log) -> None:
    loop = asyncio.get_running_loop()
    handles: list[asyncio.TimerHandle] = []

    def first() -> None:
        log("first")
        handles[1].cancel()

    handles.append(loop.call_later(S, first))
    handles.append(loop.call_later(S, log, "never"))
    handles.append(loop.call_later(S, log, "third"))
    await asyncio.sleep(2 * S)


@program
async def a_handle_may_cancel_itself(log: Log) -> None:
    loop = asyncio.get_running_loop()
    handles: list[asyncio.Handle] = []

    def cancel_self(which: int) -> None:
        handles[which].cancel()
        log("ran", which, handles[which].cancelled())

    handles.append(loop.call_soon(cancel_self, 0))
    handles.append(loop.call_later(S, cancel_self, 1))
    await asyncio.sleep(2 * S)


@program
async def a_failing_callback_goes_to_the_exception_handler(log: Log) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: log("handler", repr(context["exception"])))

    def fail() -> None:
        raise ValueError("callback")

    loop.call_soon(fail)
    loop.call_soon(log, "next")
    loop.call_later(S, fail)
    await asyncio.sleep(2 * S)
    log("main goes on")


@program
async def call_soon_threadsafe_from_the_loop_itself(log: Log) -> None:
    loop = asyncio.get_running_loop()
    loop.call_soon(log, "a")
    loop.call_soon_threadsafe(log, "b")
    loop.call_soon(log, "c")
    await asyncio.sleep(0)


@program
async def builtin_callbacks_run_in_order(log: Log) -> None:
    loop = asyncio.get_running_loop()
    seen: list[int] = []
    loop.call_soon(seen.append, 1)
    loop.call_soon(seen.extend, [2, 3])
    loop.call_soon(seen.reverse)
    loop.call_soon(seen.append, 4).cancel()
    await asyncio.sleep(0)
    log(seen)


# tasks and cancellation


@program
async def tasks_start_in_order_and_name_themselves(log: Log) -> None:
    tasks = [asyncio.create_task(step(log, f"t{i}", S), name=f"t{i}") for i in range(3)]
    log("before")
    await asyncio.sleep(0)
    log("after", [task.get_name() for task in tasks], asyncio.current_task() in asyncio.all_tasks())
    for task in tasks:
        log(await task)


@program
async def done_callbacks_run_in_order_of_adding(log: Log) -> None:
    future = asyncio.get_running_loop().create_future()
    for name in "abc":
        future.add_done_callback(lambda done, name=name: log(name, done.result()))
    future.add_done_callback(log)
    future.remove_done_callback(log)
    future.set_result("value")
    log("set")
    await future
    log("awaited")


@program
async def awaiting_a_failed_task_raises(log: Log) -> None:
    async def fail() -> None:
        await asyncio.sleep(S)
        raise KeyError("why")

    task = asyncio.create_task(fail())
    for _ in range(2):
        try:
            await task
        except KeyError as error:
            log("caught", repr(error))


@program
async def cancelling_a_sleeper(log: Log) -> None:
    async def sleeper() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError as error:
            log("cancelled", error.args)
            raise
        finally:
            log("finally")

    task = asyncio.create_task(sleeper())
    await asyncio.sleep(S)
    log(task.cancel("reason"), task.cancelling())
    try:
        await task
    except asyncio.CancelledError:
        log("propagated", task.cancelled())
    log(task.cancel())


@program
async def cancelling_before_the_first_step(log: Log) -> None:
    task = asyncio.create_task(step(log, "never", S))
    task.cancel()
    log(await asyncio.gather(task, return_exceptions=True) != [])


@program
async def cancellation_may_be_refused_and_awaited_in_finally(log: Log) -> None:
    async def stubborn() -> str:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            log("refused")
        try:
            await asyncio.sleep(S)
        finally:
            await asyncio.sleep(S)
            log("cleaned up")
        return "done anyway"

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(S)
    task.cancel()
    await asyncio.sleep(S / 2)
    log(await task)


@program
async def cancelling_twice_interrupts_the_finally(log: Log) -> None:
    async def cleaner() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            log("cleaning")
            try:
                await asyncio.sleep(10)
            finally:
                log("interrupted")

    task = asyncio.create_task(cleaner())
    await asyncio.sleep(S)
    task.cancel()
    await asyncio.sleep(S)
    task.cancel()
    await asyncio.wait([task])
    log(task.cancelled(), task.cancelling())


@program
async def uncancel_takes_a_request_back(log: Log) -> None:
    async def worker() -> str:
        me = asyncio.current_task()
        assert me is not None
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            log("cancelling", me.cancelling(), "left", me.uncancel())
        await asyncio.sleep(S)
        return "finished"

    task = asyncio.create_task(worker())
    await asyncio.sleep(S)
    task.cancel()
    log(await task)


@program
async def a_task_cancels_itself(log: Log) -> None:
    async def suicidal() -> None:
        me = asyncio.current_task()
        assert me is not None
        me.cancel()
        log("still here")
        await asyncio.sleep(S)
        log("never")

    await asyncio.wait([asyncio.create_task(suicidal())])
    log("gone")


@program
async def cancelling_one_that_awaits_another(log: Log) -> None:
    async def inner() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            log("inner ends")

    async def outer() -> None:
        try:
            await asyncio.create_task(inner())
        finally:
            log("outer ends")

    task = asyncio.create_task(outer())
    await asyncio.sleep(S)
    task.cancel()
    await asyncio.wait([task])


# gather, wait, as_completed, shield


@program
async def gather_keeps_the_order_of_its_arguments(log: Log) -> None:
    log(await asyncio.gather(step(log, "slow", 3 * S), step(log, "fast", S), step(log, "at once")))


async def failing(log: Log, name: str, delay: float) -> None:
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        log(name, "cancelled")
        raise
    log(name, "fails")
    raise ValueError(name)


@program
async def gather_raises_the_first_error_and_leaves_the_rest_running(log: Log) -> None:
    try:
        await asyncio.gather(step(log, "a", 3 * S), failing(log, "b", S), failing(log, "c", S))
    except ValueError as error:
        log("raised", str(error))
    await asyncio.sleep(4 * S)


@program
async def gather_returns_errors_as_values(log: Log) -> None:
    results = await asyncio.gather(failing(log, "a", 2 * S), step(log, "b", S), return_exceptions=True)
    log(list(map(repr, results)))


@program
async def cancelling_a_gather_cancels_its_children(log: Log) -> None:
    gathering = asyncio.gather(failing(log, "a", 10), failing(log, "b", 10))
    await asyncio.sleep(S)
    gathering.cancel()
    try:
        await gathering
    except asyncio.CancelledError:
        log("gather cancelled")


@program
async def wait_for_the_first_completed(log: Log) -> None:
    tasks = [asyncio.create_task(step(log, f"t{i}", S * (i + 1)), name=f"t{i}") for i in range(3)]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    log(sorted(task.get_name() for task in done), len(pending))
    done, pending = await asyncio.wait(tasks, timeout=S / 2)
    log(sorted(task.get_name() for task in done), len(pending))
    done, pending = await asyncio.wait(tasks, timeout=S)
    log(sorted(task.get_name() for task in done), len(pending))
    await asyncio.wait(tasks)
    log("all")


@program
async def wait_for_the_first_exception(log: Log) -> None:
    tasks = [asyncio.create_task(failing(log, f"t{i}", S * (3 - i))) for i in range(3)]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    log(len(done), len(pending))
    await asyncio.gather(*tasks, return_exceptions=True)


@program
async def as_completed_yields_in_order_of_ending(log: Log) -> None:
    tasks = [asyncio.create_task(step(log, f"t{i}", S * (3 - i % 3))) for i in range(5)]
    for earliest in asyncio.as_completed(tasks):
        log("completed", await earliest)


@program
async def as_completed_times_out(log: Log) -> None:
    tasks = [asyncio.create_task(step(log, f"t{i}", S * i)) for i in range(1, 4)]
    try:
        for earliest in asyncio.as_completed(tasks, timeout=2.5 * S):
            log("completed", await earliest)
    except TimeoutError:
        log("too late")
    await asyncio.gather(*tasks)


@program
async def shield_outlives_the_cancelled(log: Log) -> None:
    inner = asyncio.create_task(step(log, "inner", 3 * S))

    async def outer() -> None:
        try:
            await asyncio.shield(inner)
        except asyncio.CancelledError:
            log("outer cancelled")
            raise

    task = asyncio.create_task(outer())
    await asyncio.sleep(S)
    task.cancel()
    await asyncio.wait([task])
    log(await inner)


# time limits


@program
async def timeout_that_expires(log: Log) -> None:
    try:
        async with asyncio.timeout(S) as limit:
            await asyncio.sleep(2 * S)
    except TimeoutError:
        log("expired", limit.expired())


@program
async def timeout_that_does_not(log: Log) -> None:
    async with asyncio.timeout(2 * S) as limit:
        await asyncio.sleep(S)
    log(limit.expired(), limit.when())
    async with asyncio.timeout(None):
        await asyncio.sleep(S)
    await asyncio.sleep(4 * S)
    log("end")


@program
async def timeout_at_the_very_instant_of_the_wakeup(log: Log) -> None:
    for order in (0, 1):
        try:
            if order:
                async with asyncio.timeout(S):
                    await asyncio.sleep(S)
            else:
                sleeper = asyncio.create_task(asyncio.sleep(S))
                await asyncio.sleep(0)
                async with asyncio.timeout(S):
                    await sleeper
            log(order, "in time")
        except TimeoutError:
            log(order, "expired")


@program
async def timeout_at_rescheduled_and_nested(log: Log) -> None:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(loop.time() + S) as outer:
            outer.reschedule(loop.time() + 3 * S)
            try:
                async with asyncio.timeout(S):
                    await asyncio.sleep(10)
            except TimeoutError:
                log("inner")
            await asyncio.sleep(10)
    except TimeoutError:
        log("outer")


@program
async def timeout_zero_and_in_the_past(log: Log) -> None:
    for delay in (0, -1):
        try:
            async with asyncio.timeout(delay):
                log("entered")
                await asyncio.sleep(0)
                log("gave way")
                await asyncio.sleep(0)
                log("never twice")
        except TimeoutError:
            log("expired")


@program
async def wait_for_result_timeout_and_error(log: Log) -> None:
    log(await asyncio.wait_for(step(log, "quick", S), 2 * S))
    for limit in (S, 0):
        try:
            await asyncio.wait_for(failing(log, "slow", 5 * S), limit)
        except TimeoutError:
            log("timeout", limit)
    try:
        await asyncio.wait_for(failing(log, "bad", S), 5 * S)
    except ValueError as error:
        log("error", str(error))
    log(await asyncio.wait_for(step(log, "no limit", S), None))


@program
async def wait_for_waits_for_the_cancelled(log: Log) -> None:
    async def slow_to_die() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(2 * S)
            log("dead")

    try:
        await asyncio.wait_for(slow_to_die(), S)
    except TimeoutError:
        log("timeout")


# task groups


@program
async def a_task_group_joins(log: Log) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(step(log, f"t{i}", S * (3 - i))) for i in range(3)]
        log("body ends")
    log([task.result() for task in tasks])


@program
async def a_failure_cancels_the_siblings(log: Log) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(failing(log, "sibling", 10))
            group.create_task(failing(log, "culprit", S))
            await asyncio.sleep(10)
    except* ValueError as errors:
        log("group", [str(error) for error in errors.exceptions])


@program
async def several_failures_in_one_group(log: Log) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for name in "abc":
                group.create_task(failing(log, name, S))
    except* ValueError as errors:
        log("group", sorted(str(error) for error in errors.exceptions))


@program
async def cancelling_a_group_from_outside(log: Log) -> None:
    async def grouped() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(failing(log, "child", 10))

    task = asyncio.create_task(grouped())
    await asyncio.sleep(S)
    task.cancel()
    await asyncio.wait([task])
    log(task.cancelled())


@program
async def a_group_inside_a_timeout(log: Log) -> None:
    try:
        async with asyncio.timeout(S):
            async with asyncio.TaskGroup() as group:
                group.create_task(failing(log, "child", 10))
    except TimeoutError:
        log("timeout")


# locks and friends


@program
async def a_lock_is_fair(log: Log) -> None:
    lock = asyncio.Lock()

    async def taker(name: str, rest: float) -> None:
        for _ in range(3):
            async with lock:
                log(name, "holds")
                await asyncio.sleep(rest)

    await asyncio.gather(taker("a", S), taker("b", 0), taker("c", S))


@program
async def a_cancelled_waiter_passes_the_lock_on(log: Log) -> None:
    lock = asyncio.Lock()
    await lock.acquire()
    waiters = [asyncio.create_task(lock.acquire(), name=f"w{i}") for i in range(3)]
    await asyncio.sleep(S)
    lock.release()
    waiters[0].cancel()
    await asyncio.sleep(S)
    log([waiter.done() for waiter in waiters], lock.locked())
    lock.release()
    await waiters[2]
    log("last")


@program
async def semaphores(log: Log) -> None:
    plain, bounded = asyncio.Semaphore(2), asyncio.BoundedSemaphore(1)

    async def user(name: str) -> None:
        async with plain:
            log(name, "plain")
            await asyncio.sleep(S)
        async with bounded:
            log(name, "bounded")
            await asyncio.sleep(0)

    await asyncio.gather(*(user(name) for name in "abcd"))
    try:
        bounded.release()
    except ValueError:
        log("released too often")


@program
async def a_semaphore_with_a_cancelled_waiter(log: Log) -> None:
    semaphore = asyncio.Semaphore(1)

    async def user(name: str) -> None:
        async with semaphore:
            log(name, "in")
            await asyncio.sleep(2 * S)
        log(name, "out")

    tasks = [asyncio.create_task(user(name)) for name in "abcd"]
    await asyncio.sleep(S)
    tasks[1].cancel()
    await asyncio.wait(tasks)


@program
async def an_event_wakes_all(log: Log) -> None:
    event = asyncio.Event()

    async def waiter(name: str) -> None:
        await event.wait()
        log(name)

    tasks = [asyncio.create_task(waiter(name)) for name in "abc"]
    await asyncio.sleep(S)
    event.set()
    event.clear()
    log("set", event.is_set())
    await asyncio.gather(*tasks)


@program
async def a_condition_notifies(log: Log) -> None:
    condition = asyncio.Condition()
    box: list[int] = []

    async def taker(name: str) -> None:
        async with condition:
            await condition.wait_for(lambda: bool(box))
            log(name, box.pop())

    tasks = [asyncio.create_task(taker(name)) for name in "abc"]
    await asyncio.sleep(S)
    for number in range(3):
        async with condition:
            box.append(number)
            condition.notify(1 if number else 2)
        await asyncio.sleep(S)
    await asyncio.gather(*tasks)


@program
async def a_barrier_lets_all_through_together(log: Log) -> None:
    barrier = asyncio.Barrier(3)

    async def party(name: str, delay: float) -> None:
        await asyncio.sleep(delay)
        place = await barrier.wait()
        log(name, place)
        async with barrier as place:
            log(name, "again", place)

    await asyncio.gather(party("a", 3 * S), party("b", S), party("c", 2 * S))


# queues


@program
async def a_bounded_queue(log: Log) -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(maxsize=2)

    async def producer() -> None:
        for number in range(6):
            await queue.put(number)
            log("put", number)

    async def consumer(name: str) -> None:
        while True:
            log(name, await queue.get())
            await asyncio.sleep(S)
            queue.task_done()

    consumers = [asyncio.create_task(consumer(name)) for name in "ab"]
    await asyncio.gather(producer(), queue.join())
    log("joined")
    for task in consumers:
        task.cancel()
    await asyncio.gather(*consumers, return_exceptions=True)


@program
async def priority_and_lifo_queues(log: Log) -> None:
    for queue in (asyncio.PriorityQueue[int](), asyncio.LifoQueue[int]()):
        getters = [asyncio.create_task(queue.get()) for _ in range(2)]
        await asyncio.sleep(0)
        for number in (3, 1, 2, 0):
            queue.put_nowait(number)
        log(await asyncio.gather(*getters), queue.get_nowait(), await queue.get(), queue.empty())


@program
async def a_cancelled_getter_leaves_the_item(log: Log) -> None:
    queue: asyncio.Queue[str] = asyncio.Queue()
    getters = [asyncio.create_task(queue.get()) for _ in range(2)]
    await asyncio.sleep(S)
    queue.put_nowait("item")
    getters[0].cancel()
    log((await asyncio.gather(*getters, return_exceptions=True))[1])


# context variables, generators, the rest

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("WHO", default="nobody")


@program
async def contexts_are_copied_when_work_is_scheduled(log: Log) -> None:
    loop = asyncio.get_running_loop()

    async def child(name: str) -> None:
        log(name, "sees", WHO.get())
        WHO.set(name)
        await asyncio.sleep(S)
        log(name, "keeps", WHO.get())

    WHO.set("main")
    loop.call_soon(lambda: log("soon", WHO.get()))
    loop.call_later(S / 2, lambda: log("later", WHO.get()))
    tasks = [asyncio.create_task(child("a")), asyncio.create_task(child("b"))]
    WHO.set("changed")
    own = contextvars.copy_context()
    tasks.append(asyncio.create_task(child("c"), context=own))
    loop.call_soon(lambda: log("own", WHO.get()), context=own)
    loop.call_later(S, lambda: log("own later", WHO.get()), context=own)
    await asyncio.gather(*tasks)
    log("main", WHO.get(), own[WHO])


@program
async def done_callbacks_run_in_their_own_context(log: Log) -> None:
    future = asyncio.get_running_loop().create_future()
    WHO.set("adder")
    future.add_done_callback(lambda _: log("callback", WHO.get()))
    WHO.set("setter")
    future.set_result(None)
    await future


@program
async def asynchronous_generators_and_context_managers(log: Log) -> None:
    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(5):
                await asyncio.sleep(S)
                yield number
        finally:
            await asyncio.sleep(S)
            log("generator closed")

    @asynccontextmanager
    async def room(name: str) -> AsyncIterator[str]:
        await asyncio.sleep(S)
        log("enter", name)
        try:
            yield name
        finally:
            await asyncio.sleep(S)
            log("leave", name)

    async with room("outer") as name, room("inner"):
        log(name)
        async for number in numbers():
            log(number)
            if number == 2:
                break
    await asyncio.sleep(3 * S)
    log([number async for number in numbers()])


@program
async def an_abandoned_generator_is_closed(log: Log) -> None:
    async def endless() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            log("closed")

    generator = endless()
    log(await anext(generator))
    del generator
    await asyncio.sleep(0)
    log("after")
    await asyncio.sleep(0)
    log("end")


@program
async def futures_pass_results_errors_and_cancellation(log: Log) -> None:
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(3)]
    loop.call_later(S, futures[0].set_result, "value")
    loop.call_later(2 * S, futures[1].set_exception, ValueError("error"))
    loop.call_later(3 * S, futures[2].cancel)

    async def taker(which: int) -> None:
        try:
            log(which, await futures[which])
        except (ValueError, asyncio.CancelledError) as error:
            log(which, repr(error))

    await asyncio.gather(*(taker(which) for which in range(3)))


@program
async def chained_futures_and_wrapped_awaitables(log: Log) -> None:
    class Custom:
        def __await__(self) -> Any:
            yield from asyncio.sleep(S).__await__()
            return "custom"

    log(await asyncio.ensure_future(Custom()), await asyncio.wait_for(Custom(), 3 * S))


@program
async def a_task_factory_is_used(log: Log) -> None:
    loop = asyncio.get_running_loop()

    def factory(loop: asyncio.AbstractEventLoop, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
        log("made")
        return asyncio.Task(coro, loop=loop, **kwargs)

    loop.set_task_factory(factory)
    await asyncio.create_task(step(log, "t", S), name="named")
    loop.set_task_factory(None)
    log(loop.get_task_factory())
