"""Power cuts: a group of tasks that can vanish at an instant, without running their `finally`.

Whatever is started in the group, and whatever that starts in turn (child tasks, timers, callbacks), belongs to it by
its context. A cut takes all of it out of the loop and lets nothing of it run again, not even when the garbage
collector comes: CPython would run a dropped coroutine's `finally`, so what was cut stays in memory until the process
ends. What the dropped tasks held (a lock, an item taken from a queue) stays held, as with a machine that died. So a
simulated backend with locks of its own has to do its work outside the group of the engine it serves.

One thing is out of reach: callbacks that the group's code added to futures of others (`add_done_callback`) still run.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Coroutine, Iterable
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any

from simpy.events import Event

from simulators.kernel import bridge
from simulators.kernel.errors import KernelError
from simulators.kernel.handles import SimTimerHandle
from simulators.kernel.outcome import Outcome

if TYPE_CHECKING:
    from simulators.kernel.core import Kernel

_group: ContextVar[PowerGroup | None] = ContextVar("_group", default=None)


class PowerCut(Exception):
    """The Outcome's error of a call whose callee lost its power: there is no answer, and nobody knows what was done."""


class PowerGroup:
    """Tasks that share a power supply. Make one with `kernel.power_group(name)`."""

    def __init__(self, kernel: Kernel, name: str):
        self.name = name
        self._kernel = kernel
        self._calls: dict[Event, None] = {}
        self._context = copy_context()
        self._context.run(_group.set, self)

    def spawn(self, coro: Coroutine[Any, Any, Any], name: str, *, daemon: bool = False) -> asyncio.Task:
        """`Kernel.spawn`, in the group."""
        return self._context.copy().run(self._kernel.spawn, coro, name, daemon=daemon)

    def call(self, coro: Coroutine[Any, Any, Any], name: str | None = None) -> Event:
        """`Kernel.call`, in the group: after a cut the event succeeds with an Outcome whose error is PowerCut."""
        event = Event(self._kernel.env)
        self._calls[event] = None
        event.callbacks.append(self._calls.pop)
        context = self._context.copy()
        context.run(
            self._kernel.loop.create_task, bridge.report(coro, event), name=name or coro.__qualname__, context=context
        )
        return event

    def cut(self) -> int:
        """Cut the power now; the number of tasks dropped. The group can be used again: that is the restart."""
        running = asyncio.current_task(self._kernel.loop)
        if running is not None and _group.get() is self:
            raise KernelError(
                f"power group {self.name!r}: a power cut comes from outside, not from {running.get_name()!r}"
            )
        dropped = self._drop_what_is_ready() | self._drop_what_waits()
        self._drop_timers()
        for task in sorted(dropped, key=lambda task: task.get_name()):
            _bury(task)
            self._kernel.forget(task)
        for event in self._calls:
            if not event.triggered:
                event.succeed(Outcome(None, PowerCut(f"{self.name} lost its power")))
        return len(dropped)

    def _owns(self, context: Any) -> bool:
        return isinstance(context, Context) and context.get(_group) is self

    def _drop_what_is_ready(self) -> set[asyncio.Task]:
        """Callbacks and task steps that would have run at this instant.

        Each leaves its place in the line, with nothing to do: the batch that is running now has counted it.
        """
        ready = self._kernel.loop.env.ready
        dropped = set()
        for place, entry in enumerate(ready):
            run, callback = entry[:2] if type(entry) is tuple else (entry.func, (*entry.args, None)[0])
            if self._owns(getattr(run, "__self__", None)):
                dropped |= _tasks_behind([callback])
                ready[place] = _NOTHING
        return dropped

    def _drop_what_waits(self) -> set[asyncio.Task]:
        """Tasks that wait for a future: it is told to wake them no more."""
        dropped = set()
        for task in self._kernel.tasks():
            waiter = task._fut_waiter
            if waiter is None or task.done():
                continue
            for callback, context in list(waiter._callbacks or ()):
                if self._owns(context) and task in _tasks_behind([callback]):
                    waiter.remove_done_callback(callback)
                    dropped.add(task)
            if task in dropped and type(waiter) is asyncio.Future and not waiter._callbacks:
                waiter.cancel()  # nobody waits: a queue must not hand it an item, nor time move for it
        return dropped

    def _drop_timers(self) -> None:
        for _, _, _, event in self._kernel.loop.env._queue:
            if type(event) is SimTimerHandle:
                sleeps = event.args and isinstance(event.args[0], asyncio.Future) and event.args[0].cancelled()
                if sleeps or self._owns(getattr(event.func, "__self__", None)):
                    event.cancel()


def _do_nothing(wakeup: Any, future: Any) -> None:
    """What is left of a step that was dropped."""


_NOTHING = (_do_nothing, None, None)


def _tasks_behind(callbacks: Iterable[Any]) -> set[asyncio.Task]:
    """The tasks whose steps these callbacks are."""
    owners = (getattr(callback, "__self__", None) for callback in callbacks)
    return {owner for owner in owners if isinstance(owner, asyncio.Task)}


def _bury(task: asyncio.Task) -> None:
    """Keep the task, and with it its coroutine, for ever: a coroutine that is collected runs its `finally`."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(task))
    task._log_destroy_pending = False
    asyncio.tasks._unregister_task(task)
