"""The environment of a world that is explored: at each tie, somebody chooses.

Apart from the plain one, whose loop is written for speed alone. Two things can be tied: events that SimPy's heap holds
for one instant (those of one priority: an urgent one still goes first), and the callbacks of one batch of asyncio's.
"""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from typing import Any

from simpy.events import NORMAL, Event

from simulators.kernel.environment import Clock, KernelEnvironment, is_dead, noted
from simulators.kernel.handles import STARTED, SimTimerHandle
from simulators.kernel.ties import Ties

_Future = asyncio.Future


class ExploringEnvironment(KernelEnvironment):
    """As its base, and ``ties`` chooses."""

    def __init__(self, clock: Clock, ties: Ties):
        super().__init__(clock)
        self.ties = ties

    def schedule(self, event: Event, priority: int = NORMAL, delay: int = 0) -> None:
        """All into the heap: what is due now has rivals there."""
        if type(delay) is not int:
            raise ValueError(f"SimPy events of this world take whole nanoseconds as an int, not {delay!r}")
        heappush(self._queue, (self._now + delay, priority, next(self._eid), event))

    def _spin_until_chores(self) -> bool:
        """See the base."""
        while self._turns_left > 0:
            while (entry := self._next_entry()) is not None:
                self._happen(entry[0], entry[3])
                if self._turns_left <= 0:
                    return False
            if not self.ready:
                return True
            self._turns_left -= 1
            self._run_batch()
        return False

    def _next_entry(self) -> Any | None:
        """What is due now; when nothing is ready either, what is next. None: the ready ones' turn, or the end."""
        queue = self._queue
        while queue and is_dead(queue[0][3]):
            heappop(queue)  # time must not move for the dead
        if not queue or (self.ready and queue[0][0] > self._now):
            return None
        entry = heappop(queue)
        when, priority = entry[:2]
        if priority != NORMAL or not queue or queue[0][0] != when:
            return entry
        rivals: list[Any] = []
        while not _matters_not(entry[3]):
            rivals.append(entry)
            if not queue or queue[0][0] != when or queue[0][1] != NORMAL:
                break
            entry = heappop(queue)
        else:
            for rival in rivals:
                heappush(queue, rival)
            return entry
        entry = rivals[0]
        if len(rivals) > 1:
            entry = rivals.pop(self.ties.choose(len(rivals), when))
            for rival in rivals:
                heappush(queue, rival)
        return entry

    def _happen(self, when: int, event: Any) -> None:
        if when > self._now:
            self._turns_left -= 1
            self._now = self.now = self._clock.now_ns = when
            self._clock.utc_ns = self._clock.epoch_ns + when
        kind = type(event)
        if kind is _Future:
            if not event.done():
                event.set_result(None)
        elif kind is SimTimerHandle:
            if not is_dead(event):
                self.ready.append(event)
        else:
            callbacks, event.callbacks = event.callbacks, None
            for callback in callbacks:
                callback(event)
            if not event._ok and not hasattr(event, "_defused"):
                raise noted(event, self._now)

    def _run_batch(self) -> None:
        """What is ready now, in the order chosen; what becomes ready meanwhile waits for the next batch.

        Whatever has not had its turn stays in line, where a power cut finds it.
        """
        ready, left = self.ready, len(self.ready)
        while left:
            number = self.ties.choose(left, self._now) if left > 1 else 0
            handle = ready[number]
            del ready[number]
            left -= 1
            self._call(handle)

    def _call(self, handle: Any) -> None:
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


def _matters_not(event: Any) -> bool:
    """Whether no choice is spent on when it goes, among what is due at one instant.

    A delay or timer only makes something ready, and among the ready there is a choice. A process that has ended, say,
    and for which nobody waits, does nothing.
    """
    kind = type(event)
    return kind is _Future or kind is SimTimerHandle or (not event.callbacks and event._ok)
