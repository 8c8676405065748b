"""The kernel: one seed, one clock, SimPy and asyncio side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from heapq import heappush
from typing import Any, Self

import simpy
from simpy.core import StopSimulation
from simpy.events import Event, Process

from simulators.kernel import bridge, fences
from simulators.kernel.deadlock import describe_process, describe_task
from simulators.kernel.environment import KernelEnvironment
from simulators.kernel.errors import DeadlockError, KernelError
from simulators.kernel.exploring import ExploringEnvironment
from simulators.kernel.garbage import Garbage
from simulators.kernel.loop import SimLoop
from simulators.kernel.power import PowerGroup
from simulators.kernel.randomness import Stream
from simulators.kernel.ties import SeededTies, Ties

_Task = asyncio.Task
_Future = asyncio.Future


class Kernel:
    """A world under virtual time: integer nanoseconds, one seed, unmodified asyncio on SimPy.

    `epoch_ns` is the UTC instant (Unix nanoseconds) at which the world starts. With `explore`, the seed shuffles
    what happens at one instant, or `ties` does, if given; without, ties run first in, first out. Use it as a context
    manager, or `close()` it.
    Read only: `now_ns`, virtual nanoseconds since the start; `utc_ns`, virtual Unix time in nanoseconds.
    """

    def __init__(self, seed: int, *, epoch_ns: int = 0, explore: bool = False, ties: Ties | None = None):
        self.seed = seed
        self.epoch_ns = self.utc_ns = epoch_ns
        self.now_ns = 0
        self._ties = SeededTies(seed) if ties is None and explore else ties
        self._environment = KernelEnvironment(self) if self._ties is None else ExploringEnvironment(self, self._ties)
        self._environment.on_chores = (garbage := Garbage()).chore
        self._garbage = garbage
        self.env: simpy.Environment = self._environment
        self.loop = SimLoop(self._environment)
        self.delay_ns = _delays(self._environment, self.loop)
        self._streams: dict[str, Stream] = {}
        self._spawned: dict[asyncio.Task, None] = {}
        self._processes: dict[Process, None] = {}

    def look_in(self, looker: Callable[[], None]) -> None:
        """Call ``looker`` every few thousand turns, from outside the world, which it may look at and must not touch."""
        chores = self._environment.on_chores

        def both() -> None:
            chores()
            looker()

        self._environment.on_chores = both

    def stream(self, name: str) -> Stream:
        """The random stream of this name; asking again returns the same one, further along."""
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = Stream(self.seed, name)
        return stream

    @property
    def ties(self) -> int:
        """How many ties somebody has chosen at; 0 where nothing is explored."""
        return 0 if self._ties is None else self._ties.met

    # starting and joining work

    def spawn(self, coro: Coroutine[Any, Any, Any], name: str, *, daemon: bool = False) -> asyncio.Task:
        """Start a task of the world.

        Its failure ends the run with UnhandledError unless somebody awaits it. Unless a daemon, it counts as work
        to be finished: a world that falls silent before is a DeadlockError.
        """
        task = self.loop.create_task(coro, name=name)
        if not daemon:
            self._spawned[task] = None
        task.add_done_callback(self._spawned_ended)
        return task

    def _spawned_ended(self, task: asyncio.Task) -> None:
        self._spawned.pop(task, None)
        if not task.cancelled() and task._log_traceback:
            self.loop.call_soon(self._end_run_if_untaken, task)  # those who await it take the error first

    def _end_run_if_untaken(self, task: asyncio.Task) -> None:
        if task._log_traceback:
            self.loop.call_exception_handler(
                {"message": "spawned task failed", "task": task, "exception": task.exception()}
            )

    def process(self, generator: Generator[Event, Any, Any], name: str, *, daemon: bool = False) -> Process:
        """Start a SimPy process that counts, unless a daemon, as work to be finished."""
        process = Process(self._environment, generator)
        process.told_name = name  # for messages: SimPy's own name is the generator function's
        if not daemon:
            self._processes[process] = None
            process.callbacks.append(self._processes.pop)
        return process

    def call(self, coro: Coroutine[Any, Any, Any], name: str | None = None) -> Event:
        """Run a coroutine as a task; the event succeeds with its Outcome.

        This is the bridge for SimPy processes: `outcome = yield kernel.call(engine.authorize(request))`.
        """
        event = Event(self._environment)
        _Task(bridge.report(coro, event), loop=self.loop, name=name or coro.__qualname__)
        return event

    def power_group(self, name: str) -> PowerGroup:
        """A group of tasks whose power can be cut: see `PowerGroup`."""
        return PowerGroup(self, name)

    def forget(self, task: asyncio.Task) -> None:
        """Expect a task that was cut off to finish no more."""
        self._spawned.pop(task, None)

    async def wait(self, event: Event) -> Any:
        """Await a SimPy event from a coroutine: its value, or its exception raised."""
        return await bridge.wait_for_event(event)

    delay_ns: Callable[[int], asyncio.Future]
    """`await kernel.delay_ns(ns)`: a delay in whole nanoseconds, at one SimPy event and one wakeup."""

    # running

    def run(self, until: int | asyncio.Future | Coroutine[Any, Any, Any] | Event | None = None) -> Any:
        """Run the world.

        `None`: until nothing is left to happen. An int: until that virtual instant (exclusive), in ns since the start.
        A future, task, coroutine or SimPy event: until it is done; returns its value or raises its error. Raises
        DeadlockError, FenceBreach and UnhandledError. The int form raises no DeadlockError: more may come from outside.
        """
        if until is None:
            self._spin()
            self._check_failures()
            if self._spawned or self._processes:
                raise DeadlockError(self.now_ns, self.unfinished())
            return None
        if isinstance(until, int):
            return self._run_to_instant(until)
        if isinstance(until, Event):
            return self._run_to_event(until)
        if asyncio.iscoroutine(until):
            until = self.loop.create_task(until, name=until.__qualname__)
        if not asyncio.isfuture(until):
            raise TypeError(f"run(until=...) takes None, whole ns, a future, coroutine or event, not {until!r}")
        return self._run_to_future(until)

    def _spin(self) -> None:
        self._garbage.take_over()
        try:
            with fences.raised(self):
                self.loop.run_forever()
        finally:
            self._garbage.hand_back()

    def _run_to_instant(self, at_ns: int) -> None:
        if at_ns < self.now_ns:
            raise KernelError(f"run(until={at_ns}): it is {self.now_ns} ns already")
        if at_ns > self.now_ns:
            self._environment.stop_at(at_ns, StopSimulation(None))
            self._spin()

    def _run_to_event(self, event: Event) -> Any:
        if event.callbacks is not None:
            event.callbacks.append(_stop)
            try:
                self._spin()
            finally:
                if event.callbacks is not None:
                    event.callbacks.remove(_stop)
        if event.callbacks is not None:
            awaited = f"run(until={type(event).__name__}): the awaited SimPy event never happened"
            raise DeadlockError(self.now_ns, [awaited, *self.unfinished()])
        if not event._ok:
            raise event._value
        return event._value

    def _run_to_future(self, future: asyncio.Future) -> Any:
        if not future.done():
            future.add_done_callback(self.loop.stop_when_done)
            try:
                self._spin()
            except BaseException:
                if future.done() and not future.cancelled():
                    future.exception()  # the error that ends the run stands for it
                raise
            finally:
                future.remove_done_callback(self.loop.stop_when_done)
        if not future.done():
            awaited = [] if isinstance(future, asyncio.Task) else ["run(until=Future): nobody completed the future"]
            raise DeadlockError(self.now_ns, awaited + self.unfinished())
        return future.result()

    def unfinished(self) -> list[str]:
        """One line per unfinished task and process of this world: who, where, waiting for what."""
        lines = [describe_task(task) for task in self.tasks() if not task.done()]
        return lines + [describe_process(process) for process in self._processes]

    def tasks(self) -> list[asyncio.Task]:
        """Every task of this world that is still in memory, done or not, by name."""
        tasks = (task for task in list(asyncio.tasks._all_tasks) if task.get_loop() is self.loop)
        return sorted(tasks, key=lambda task: task.get_name())

    def _check_failures(self) -> None:
        """Tell of tasks that failed and whose exception nobody took, before they are forgotten."""
        for task in self.tasks():
            if task.done() and not task.cancelled() and task._log_traceback:
                message = "Task exception was never retrieved"
                self.loop.call_exception_handler({"message": message, "task": task, "exception": task.exception()})
        if self.loop.untold:
            first, *_others = self.loop.untold
            self.loop.untold.clear()
            raise first

    # ending

    def close(self) -> None:
        """End the world: unfinished tasks are cancelled and get one last instant for their `finally`.

        Raises UnhandledError if a task failed and nobody took its exception.
        """
        if self.loop.is_closed():
            return
        try:
            self._check_failures()
        finally:
            self._abandon()

    def _abandon(self) -> None:
        self.loop.set_exception_handler(lambda loop, context: None)
        self._environment.abandoned = True
        self._environment.drop_everything()
        for task in self.tasks():
            bridge.close_unstarted(task)
            task.cancel()
        if self._environment.ready:
            self._environment.stop_at(self.now_ns + 1, StopSimulation(None))
            self._spin()
        for task in self.tasks():
            task._log_destroy_pending = False
            task._log_traceback = False
        self._streams.clear()  # what a power cut took holds on to the kernel for ever
        self.loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exc_info: object) -> None:
        if kind is None:
            self.close()
        elif not self.loop.is_closed():
            self._abandon()


def _delays(env: KernelEnvironment, loop: SimLoop) -> Callable[[int], asyncio.Future]:
    queue, ties = env._queue, env._eid

    def delay_ns(ns: int) -> asyncio.Future:
        """Await a delay in whole nanoseconds; cancelling the wait drops it."""
        if type(ns) is not int or ns < 0:
            raise ValueError(f"delay_ns takes whole nanoseconds from 0 up as an int, not {ns!r}")
        future = _Future(loop=loop)
        heappush(queue, (env._now + ns, 1, next(ties), future))
        return future

    return delay_ns


def _stop(event: Event) -> None:
    event._defused = True
    raise StopSimulation(None)
