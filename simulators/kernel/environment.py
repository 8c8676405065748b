"""SimPy's environment with integer nanoseconds, and the one loop that drives SimPy and asyncio together.

Order at one instant: whatever SimPy has due (urgent before normal, then as scheduled) goes first; timers that fall
due join the ready queue behind what is there; then one batch of ready callbacks runs, as one iteration of asyncio
does; then SimPy is asked again. Only when both are quiet does time move.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from types import MethodType
from typing import Any, Protocol

import simpy
from simpy.events import NORMAL, Event, Process, Timeout

from simulators.kernel.errors import KernelError
from simulators.kernel.handles import STARTED, SimTimerHandle, cancelled_call

_Future = asyncio.Future
_TURNS_BETWEEN_CHORES = 4096
_HEAP_SLACK = 512


class Clock(Protocol):
    """Who is told the time as it moves: plain attributes, since they are read many times per step."""

    epoch_ns: int
    now_ns: int
    utc_ns: int


class IntegerTimeout(Timeout):
    """SimPy's timeout, scheduled in one go and in whole nanoseconds only."""

    def __init__(self, env: KernelEnvironment, delay: int = 0, value: Any = None):
        if type(delay) is not int or delay < 0:
            raise ValueError(f"a timeout takes whole nanoseconds from 0 up as an int, not {delay!r}")
        self.env = env
        self.callbacks = []
        self._value = value
        self._delay = delay
        self._ok = True
        if delay:
            heappush(env._queue, (env._now + delay, 1, next(env._eid), self))
        else:
            env.schedule(self)


class KernelEnvironment(simpy.Environment):
    """A `simpy.Environment` in integer nanoseconds whose loop also drains asyncio's ready queue.

    SimPy's heap also holds `SimTimerHandle`s and plain asyncio futures (a delay: done when due). `ready` holds
    handles, and `(context.run, wakeup, future)` where asyncio wakes a task. `clock` is told the time.
    Ties at one instant run first in, first out. `on_chores` is called every few thousand turns, at points that depend
    on the world alone.
    """

    timeout: Callable[..., IntegerTimeout]
    now: int = 0  # SimPy's is a property; actors read it too often for that

    def __init__(self, clock: Clock):
        super().__init__(0)
        self._clock = clock
        self.ready: deque[Any] = deque()
        self.abandoned = False
        self._due: deque[Event] = deque()
        self.heap_limit = _HEAP_SLACK
        self._turns_left = _TURNS_BETWEEN_CHORES
        self._stops = 0
        self.on_callback_error: Callable[[Any, BaseException], None] | None = None
        self.on_chores: Callable[[], None] | None = None
        for name in ("process", "event", "all_of", "any_of"):
            setattr(self, name, getattr(self, name))
        self.timeout = MethodType(IntegerTimeout, self)

    def schedule(self, event: Event, priority: int = NORMAL, delay: int = 0) -> None:
        """Schedule `event` as SimPy does; `delay` is whole nanoseconds."""
        if type(delay) is not int:
            raise ValueError(f"SimPy events of this world take whole nanoseconds as an int, not {delay!r}")
        if priority != 1:
            heappush(self._queue, (self._now + delay, priority, next(self._eid), event))
        elif delay:
            heappush(self._queue, (self._now + delay, 1, next(self._eid), event))
        else:
            # Whatever the heap holds for this instant was put there earlier, so a plain queue keeps SimPy's order.
            self._due.append(event)

    def peek(self) -> int | float:
        """The instant of the next thing to happen, or infinity."""
        return self._now if self.ready or self._due else super().peek()

    def run(self, until: Any = None) -> Any:
        """Refused: the kernel must set up the event loop and the fences."""
        raise KernelError("this SimPy environment is driven by Kernel.run(...), not by env.run()")

    def step(self) -> None:
        """Refused, as `run` is."""
        raise KernelError("this SimPy environment is driven by Kernel.run(...), not by env.step()")

    def compact(self) -> None:
        """Drop cancelled timers and delays from the heap.

        Called when the heap has doubled: so the dead never outnumber the most that ever lived, and each push pays for
        a constant share of the work. What is cancelled needs no counting.
        """
        self._queue[:] = [entry for entry in self._queue if not is_dead(entry[3])]
        heapify(self._queue)
        self.heap_limit = 2 * len(self._queue) + _HEAP_SLACK

    def stop_at(self, at_ns: int, error: BaseException) -> None:
        """Have the run raise `error` at this instant, ahead of all else that is due then."""

        def stop(_event: Event) -> None:
            self._stops -= 1
            raise error

        event = Event(self)
        event._ok, event._value = True, None
        event.callbacks.append(stop)
        self._stops += 1
        heappush(self._queue, (at_ns, -1, next(self._eid), event))

    def forget_stops(self) -> None:
        """Drop stops that the run, ended by something else, has not reached."""
        if self._stops:
            self._queue[:] = [entry for entry in self._queue if entry[1] != -1]
            heapify(self._queue)
            self._stops = 0

    def drop_everything(self) -> None:
        """Forget all that is scheduled."""
        self._queue.clear()
        self._due.clear()
        self._stops = 0

    def spin(self) -> None:
        """Run until nothing is left to happen, or until an event's callback raises (SimPy's StopSimulation, say)."""
        while not self._spin_until_chores():
            self._turns_left = _TURNS_BETWEEN_CHORES
            if len(self._queue) > self.heap_limit:
                self.compact()
            if self.on_chores is not None:
                self.on_chores()

    def _spin_until_chores(self) -> bool:
        """Run a stretch of turns (steps of time and batches of callbacks); True when nothing is left to happen.

        One long function on purpose: it runs for every event, and each call it spares shows in the benchmark.
        """
        queue, ready, due = self._queue, self.ready, self._due
        take, take_due, make_ready = ready.popleft, due.popleft, ready.append
        clock, now = self._clock, self._now
        epoch_ns = clock.epoch_ns
        turns_left = self._turns_left
        try:
            while turns_left > 0:
                while True:
                    if ready or due:
                        if queue and queue[0][0] <= now:
                            event = heappop(queue)[3]
                        elif due:
                            event = take_due()
                        else:
                            break
                        kind = type(event)
                    elif queue:
                        if turns_left <= 0:
                            return False
                        turns_left -= 1
                        when, _, _, event = heappop(queue)
                        kind = type(event)
                        if kind is _Future:
                            if event.done():
                                continue  # time must not move for the dead
                        elif kind is SimTimerHandle and event.func is cancelled_call:
                            continue
                        if when > now:
                            self._now = self.now = clock.now_ns = now = when
                            clock.utc_ns = epoch_ns + when
                        if kind is _Future:
                            event.set_result(None)
                            continue
                    else:
                        return True
                    if kind is _Future:
                        if not event.done():
                            event.set_result(None)
                    elif kind is SimTimerHandle:
                        if event.func is not cancelled_call:
                            make_ready(event)
                    else:
                        callbacks = event.callbacks
                        event.callbacks = None
                        for callback in callbacks:
                            callback(event)
                        if not event._ok and not hasattr(event, "_defused"):
                            raise noted(event, now)
                turns_left -= 1
                left = len(ready)
                while left:
                    left -= 1
                    handle = take()
                    try:
                        if type(handle) is tuple:
                            run, wakeup, future = handle
                            run(wakeup, future)
                        else:
                            handle.state = STARTED
                            handle()
                    except (SystemExit, KeyboardInterrupt):
                        raise
                    except BaseException as error:  # noqa: BLE001 (handed to asyncio's exception handler)
                        self.on_callback_error(handle, error)
            return False
        finally:
            self._turns_left = turns_left


def is_dead(event: Any) -> bool:
    """A delay or timer that was cancelled."""
    kind = type(event)
    if kind is _Future:
        return event.done()
    return kind is SimTimerHandle and event.func is cancelled_call


def noted(event: Event, now_ns: int) -> BaseException:
    """The error of a failed event that nobody took: the very one, and not SimPy's copy."""
    error: BaseException = event._value
    if isinstance(event, Process):
        error.add_note(f"in SimPy process {getattr(event, 'told_name', event.name)!r} at virtual {now_ns} ns")
    return error
