"""What each primitive of the kernel costs, as a multiple of one bare SimPy timeout event.

Run as a script: `python tests/kernel/bench_kernel.py [rounds]`. Each figure is the best of several rounds, and the
bare SimPy event is measured in every round beside it, so a busy machine shifts both.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Generator
from time import process_time_ns
from typing import Any

import simpy

from simulators.kernel import Column, Kernel, Trace

N = 20_000


def _bare_simpy() -> int:
    env = simpy.Environment()

    def ticking() -> Generator[Any, Any, None]:
        for _ in range(N):
            yield env.timeout(10)

    env.process(ticking())
    start = process_time_ns()
    env.run()
    return process_time_ns() - start


def _coroutine(body: Callable[[Kernel], Any]) -> Callable[[], int]:
    def measured() -> int:
        with Kernel(1) as kernel:
            main = body(kernel)
            start = process_time_ns()
            kernel.run(main)
            return process_time_ns() - start

    return measured


async def _sleep(kernel: Kernel) -> None:
    for _ in range(N):
        await asyncio.sleep(1e-8)


async def _sleep_zero(kernel: Kernel) -> None:
    for _ in range(N):
        await asyncio.sleep(0)


async def _delay(kernel: Kernel) -> None:
    for _ in range(N):
        await kernel.delay_ns(10)


async def _timeout_around_delay(kernel: Kernel) -> None:
    for _ in range(N):
        async with asyncio.timeout(2):
            await kernel.delay_ns(10)


async def _wait_for_delay(kernel: Kernel) -> None:
    for _ in range(N):
        await asyncio.wait_for(kernel.delay_ns(10), 2)


async def _free_lock(kernel: Kernel) -> None:
    lock = asyncio.Lock()
    for _ in range(N):
        async with lock:
            pass


async def _contended_lock(kernel: Kernel) -> None:
    lock = asyncio.Lock()

    async def taker() -> None:
        for _ in range(N // 2):
            async with lock:
                await asyncio.sleep(0)

    await asyncio.gather(taker(), taker())


async def _queue(kernel: Kernel) -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()

    async def producer() -> None:
        for number in range(N):
            await queue.put(number)
            await kernel.delay_ns(10)

    async def consumer() -> None:
        for _ in range(N):
            await queue.get()

    await asyncio.gather(producer(), consumer())


async def _task(kernel: Kernel) -> None:
    async def nothing() -> None:
        pass

    for _ in range(N):
        await asyncio.create_task(nothing())


async def _task_group(kernel: Kernel) -> None:
    async def one() -> None:
        await kernel.delay_ns(10)

    for _ in range(N // 2):
        async with asyncio.TaskGroup() as group:
            group.create_task(one())
            group.create_task(one())


async def _wait_event(kernel: Kernel) -> None:
    for _ in range(N):
        await kernel.wait(kernel.env.timeout(10))


def _kernel_timeout() -> int:
    return _process(lambda kernel: kernel.env.timeout(10))


def _call_empty() -> int:
    async def nothing() -> None:
        pass

    return _process(lambda kernel: kernel.call(nothing()))


def _call_two_delays() -> int:
    async def work(kernel: Kernel) -> None:
        await kernel.delay_ns(10)
        await kernel.delay_ns(10)

    return _process(lambda kernel: kernel.call(work(kernel)))


def _process(event: Callable[[Kernel], Any]) -> int:
    with Kernel(1) as kernel:

        def ticking() -> Generator[Any, Any, None]:
            for _ in range(N):
                yield event(kernel)

        kernel.process(ticking(), "ticking")
        start = process_time_ns()
        kernel.run()
        return process_time_ns() - start


def _calls(call: Callable[[], Any]) -> int:
    start = process_time_ns()
    for _ in range(N):
        call()
    return process_time_ns() - start


def _uniform() -> int:
    return _calls(Kernel(1).stream("bench").uniform)


def _lognormal_sampler() -> int:
    return _calls(Kernel(1).stream("bench").lognormal_sampler(80_000_000, 0.6))


def _lognormal() -> int:
    stream = Kernel(1).stream("bench")
    return _calls(lambda: stream.lognormal_ns(80_000_000, 0.6))


def _trace() -> int:
    """Ten columns, three of them text; hashing and transposing included."""
    columns = [Column(f"n{i}", "int64") for i in range(7)] + [Column(f"s{i}", "str") for i in range(3)]
    trace = Trace(columns, chunk_rows=4096)
    append = trace.append
    start = process_time_ns()
    for at in range(N):
        append((at, 1, 2, 3, 4, 5, 6, "authorize", "approved", "card-17"))
    trace.close()
    return process_time_ns() - start


def _lean_swipe() -> int:
    """What the kernel charges a swipe: a task, five delays of drawn length, a time limit, three rows of trace."""
    trace = Trace([Column(f"n{i}", "int64") for i in range(5)] + [Column(f"s{i}", "str") for i in range(5)])
    append = trace.append

    async def swipe(kernel: Kernel, draw: Callable[[], int]) -> None:
        await kernel.delay_ns(draw())
        async with asyncio.timeout(2):
            for _ in range(3):
                await kernel.delay_ns(draw())
                append((kernel.now_ns, 1, 2, 3, 4, "authorize", "approved", "card-17", "visa", ""))
        await kernel.delay_ns(draw())

    with Kernel(1) as kernel:
        draw = kernel.stream("latency").lognormal_sampler(10_000_000, 0.6)

        def swiping() -> Generator[Any, Any, None]:
            for _ in range(N):
                kernel.loop.create_task(swipe(kernel, draw), name="swipe")
                yield kernel.env.timeout(86_400_000)

        kernel.process(swiping(), "swiping")
        start = process_time_ns()
        kernel.run()
        trace.close()
        return process_time_ns() - start


BENCHES: dict[str, Callable[[], int]] = {
    "SimPy timeout on the kernel": _kernel_timeout,
    "delay_ns": _coroutine(_delay),
    "asyncio.sleep": _coroutine(_sleep),
    "asyncio.sleep(0)": _coroutine(_sleep_zero),
    "asyncio.timeout around delay_ns": _coroutine(_timeout_around_delay),
    "wait_for around delay_ns": _coroutine(_wait_for_delay),
    "lock, free": _coroutine(_free_lock),
    "lock, contended, sleep(0) inside": _coroutine(_contended_lock),
    "queue put and get, with delay_ns": _coroutine(_queue),
    "create_task and await it": _coroutine(_task),
    "TaskGroup, a task with delay_ns": _coroutine(_task_group),
    "kernel.wait(timeout event)": _coroutine(_wait_event),
    "kernel.call, empty": _call_empty,
    "kernel.call, two delays": _call_two_delays,
    "stream.uniform": _uniform,
    "stream.lognormal_sampler": _lognormal_sampler,
    "stream.lognormal_ns": _lognormal,
    "trace.append, 10 columns": _trace,
    "a lean swipe, all of the above": _lean_swipe,
}


def main(rounds: int = 7) -> None:
    """Print a table: primitive, ns, multiple of a bare SimPy event."""
    best = dict.fromkeys(["bare SimPy timeout", *BENCHES], 1 << 62)
    for _ in range(rounds):
        for name, bench in {"bare SimPy timeout": _bare_simpy, **BENCHES}.items():
            best[name] = min(best[name], bench())
    bare = best["bare SimPy timeout"]
    for name, total in best.items():
        print(f"{name:36s} {total / N:8.0f} ns  {total / bare:6.2f} x")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
