"""The kernel: one seed, one clock, SimPy and asyncio side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from heapq import heappush
from random import Random
from typing import Any, Self

import simpy
from simpy.core import StopSimulation
from simpy.events import PENDING, Event, Process

from simulators.kernel import fences
from simulators.kernel.deadlock import describe_process, describe_task
from simulators.kernel.environment import KernelEnvironment
from simulators.kernel.errors import DeadlockError, KernelError, UnhandledError
from simulators.kernel.loop import SimLoop
from simulators.kernel.outcome import Outcome
from simulators.kernel.randomness import Stream, _generator

_Task = asyncio.Task
_Future = asyncio.Future


class Kernel:
    """A world under virtual time: integer nanoseconds, one seed, unmodified asyncio on SimPy.

    `epoch_ns` is the UTC instant (Unix nanoseconds) at which the world starts. With `explore`, the seed shuffles
    what happens at one instant; without, ties run first in, first out.
    """

    def __init__(self, seed: int, *, epoch_ns: int = 0, explore: bool = False):
        self.seed = seed
        self.epoch_ns = epoch_ns
        self._environment = KernelEnvironment(_shuffler(seed) if explore else None)
        self.env: simpy.Environment = self._environment
        self.loop = SimLoop(self._environment)
        self._streams: dict[str, Stream] = {}
        self._spawned: dict[asyncio.Task, None] = {}
        self._processes: dict[Process, str] = {}
        self.delay_ns = _delays(self._environment, self.loop)

    @property
    def now_ns(self) -> int:
        """Virtual nanoseconds since the start."""
        return self._environment._now

    @property
    def utc_ns(self) -> int:
        """Virtual Unix time in nanoseconds."""
        return self.epoch_ns + self._environment._now

    def stream(self, name: str) -> Stream:
        """The random stream of this name; asking again returns the same one, further along."""
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = Stream(self.seed, name)
        return stream

    # bridges

    def spawn(self, coro: Coroutine[Any, Any, Any], name: str, *, daemon: bool = False) -> asyncio.Task:
        """Start a task of the world. Its failure ends the run; unless a daemon, it counts as work to be finished."""
        task = self.loop.create_task(coro, name=name)
        if not daemon:
            self._spawned[task] = None
            task.add_done_callback(self._spawned.pop)
        return task

    def process(self, generator: Generator[Event, Any, Any], name: str, *, daemon: bool = False) -> Process:
        """Start a SimPy process that counts, unless a daemon, as work to be finished."""
        process = Process(self._environment, generator)
        if not daemon:
            self._processes[process] = name
            process.callbacks.append(self._processes.pop)
        return process

    def call(self, coro: Coroutine[Any, Any, Any], name: str | None = None) -> Event:
        """Run a coroutine as a task; the event succeeds with its Outcome.

        This is the bridge for SimPy processes: `outcome = yield kernel.call(engine.authorize(request))`.
        """
        event = Event(self._environment)
        _Task(_report(coro, event, self._environment), loop=self.loop, name=name or coro.__qualname__)
        return event

    async def wait(self, event: Event) -> Any:
        """Await a SimPy event from a coroutine: its value, or its exception raised."""
        return await wait_for_event(event, self.loop)

    # running

    def run(self, until: int | asyncio.Future | Event | None = None) -> Any:
        """Run the world.

        `None`: until nothing is left to happen. An int: until that virtual instant (exclusive), in ns since the start.
        A future, task or SimPy event: until it is done; returns its value or raises its error. Raises DeadlockError,
        FenceBreach and UnhandledError.
        """
        if until is None:
            self._run()
            self._check_finished()
            return None
        if isinstance(until, int):
            return self._run_to(until)
        if isinstance(until, Event):
            return self._run_to_event(until)
        if asyncio.iscoroutine(until):
            until = self.loop.create_task(until, name=until.__qualname__)
        return self._run_to_future(until)

    def _run(self) -> None:
        with fences.raised(self):
            self.loop.run_forever()

    def _run_to(self, at_ns: int) -> None:
        if at_ns < self.now_ns:
            raise KernelError(f"run(until={at_ns}): it is {self.now_ns} ns already")
        if at_ns == self.now_ns:
            return
        stop = Event(self._environment)
        stop._ok, stop._value = True, None
        stop.callbacks.append(_stop)
        heappush(self._environment._queue, (at_ns, -1, next(self._environment._eid), stop))
        self._run()

    def _run_to_event(self, event: Event) -> Any:
        if event.callbacks is not None:
            event.callbacks.append(_stop_and_defuse)
            self._run()
        if event.callbacks is not None:
            raise DeadlockError(self.now_ns, self.unfinished() or [f"run(until={type(event).__name__})"])
        if not event._ok:
            raise event._value
        return event._value

    def _run_to_future(self, future: asyncio.Future) -> Any:
        if not future.done():
            future.add_done_callback(self.loop._stop_when_done)
            try:
                self._run()
            finally:
                future.remove_done_callback(self.loop._stop_when_done)
        if not future.done():
            raise DeadlockError(self.now_ns, self.unfinished(future))
        return future.result()

    def unfinished(self, awaited: asyncio.Future | None = None) -> list[str]:
        """One line per unfinished task and process: who, where, waiting for what."""
        lines = []
        if awaited is not None and not isinstance(awaited, asyncio.Task):
            lines.append("run(until=Future): the awaited future was never completed")
        tasks = [task for task in asyncio.all_tasks(self.loop) if not task.done()]
        lines += sorted(describe_task(task) for task in tasks)
        lines += [describe_process(process, name) for process, name in self._processes.items()]
        return lines

    def _check_finished(self) -> None:
        for task in self.loop_tasks():
            if task.done() and not task.cancelled() and task._log_traceback:
                error = task.exception()
                raise UnhandledError(
                    f"task {task.get_name()!r} failed and nobody took its exception: {type(error).__name__}: {error}"
                ) from error
        if self._spawned or self._processes:
            raise DeadlockError(self.now_ns, self.unfinished())

    def loop_tasks(self) -> list[asyncio.Task]:
        """Every task of this world that is still in memory, done or not."""
        return sorted(
            (task for task in list(asyncio.tasks._all_tasks) if task.get_loop() is self.loop),
            key=lambda task: task.get_name(),
        )

    # ending

    def close(self) -> None:
        """End the world: unfinished tasks are cancelled and get one last instant for their `finally`."""
        if self.loop.is_closed():
            return
        self.loop.set_exception_handler(lambda loop, context: None)
        for task in self.loop_tasks():
            task._log_destroy_pending = False
            task._log_traceback = False
            if not task.done():
                task.cancel()
        self._environment._queue.clear()
        self._environment._due.clear()
        if self._environment.ready:
            self._run()
        self.loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _delays(env: KernelEnvironment, loop: SimLoop) -> Callable[[int], asyncio.Future]:
    queue, ties = env._queue, env._ties

    def delay_ns(ns: int) -> asyncio.Future:
        """Await a delay in whole nanoseconds: one SimPy event and one wakeup."""
        future = _Future(loop=loop)
        heappush(queue, (env._now + ns, 1, next(ties), future))
        return future

    return delay_ns


async def _report(coro: Coroutine[Any, Any, Any], event: Event, env: KernelEnvironment) -> None:
    """Run `coro` and succeed `event` with its outcome, without the detour of a done callback."""
    try:
        outcome = Outcome(await coro)
    except (SystemExit, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 (carried as a value, and raised by unwrap)
        outcome = Outcome(None, error)
    event._ok = True
    event._value = outcome
    env.schedule(event)


async def wait_for_event(event: Event, loop: asyncio.AbstractEventLoop) -> Any:
    """Await a SimPy event."""
    if event.callbacks is not None:
        future = loop.create_future()

        def happened(event: Event) -> None:
            if not event._ok:
                event._defused = True
            if not future.done():
                future.set_result(None)

        event.callbacks.append(happened)
        await future
    if not event._ok:
        raise event._value
    return event._value


def _stop(event: Event) -> None:
    raise StopSimulation(None)


def _stop_and_defuse(event: Event) -> None:
    event._defused = True
    raise StopSimulation(None)


def _shuffler(seed: int) -> Random:
    return Random(int(_generator(seed, "kernel", "ties").integers(1 << 62)))


__all__ = ["PENDING", "Kernel"]
