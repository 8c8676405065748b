"""Between SimPy's processes and asyncio's tasks, both ways."""

from __future__ import annotations

from asyncio import Task, get_running_loop
from collections.abc import Coroutine
from inspect import CORO_CREATED, getcoroutinestate, iscoroutine
from typing import Any

from simpy.events import Event

from simulators.kernel.outcome import Outcome


async def report(coro: Coroutine[Any, Any, Any], event: Event) -> None:
    """Run `coro` and succeed `event` with its Outcome, without the detour of a done callback."""
    try:
        outcome = Outcome(await coro)
    except (SystemExit, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 (carried as a value, and raised by unwrap)
        outcome = Outcome(None, error)
    if event.env.abandoned:
        return  # the world is being closed: nobody waits any more
    event._ok = True
    event._value = outcome
    event.env.schedule(event)


def close_unstarted(task: Task[Any]) -> None:
    """Close the coroutine that a `report` still to be started would have run: cancelled now, it never gets to it."""
    reporting = task.get_coro()
    if iscoroutine(reporting) and getcoroutinestate(reporting) == CORO_CREATED and reporting.cr_code is report.__code__:
        reporting.cr_frame.f_locals["coro"].close()


async def wait_for_event(event: Event) -> Any:
    """Await a SimPy event: its value, or its exception raised."""
    if event.callbacks is not None:
        future = get_running_loop().create_future()

        def happened(event: Event) -> None:
            event._defused = True
            if not future.done():
                future.set_result(None)

        event.callbacks.append(happened)
        try:
            await future
        finally:
            if event.callbacks is not None:
                event.callbacks.remove(happened)
    if not event._ok:
        raise event._value
    return event._value
