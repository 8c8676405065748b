"""Tasks whose place in a set repeats from run to run.

asyncio keeps tasks in sets (a TaskGroup's children, `all_tasks()`, what `wait()` returns), and so do programs. CPython
hashes a task by its address, so the order in which siblings are cancelled would differ between runs of one seed.
"""

from __future__ import annotations

import asyncio
from asyncio import tasks as asyncio_tasks
from collections.abc import Coroutine, Iterable
from contextvars import Context
from typing import Any

from simulators.kernel.shared import WhileAnyRuns

_new = asyncio.Task.__new__
_init = asyncio.Task.__init__


class SimTask(asyncio.Task):
    """asyncio's own task, hashed by its number."""

    __slots__ = ("serial",)

    serial: int

    def __hash__(self) -> int:
        """The task's number in its loop."""
        return self.serial


def numbered_task(
    serial: int, coro: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop, name: str, context: Context | None
) -> SimTask:
    """A task with its number set before asyncio first puts it into a set."""
    task = _new(SimTask)
    task.serial = serial
    _init(task, coro, loop=loop, name=name, context=context)
    return task


def _in_order(items: Iterable[Any] = ()) -> Any:
    """What asyncio's `wait` and `as_completed` make of their arguments: no doubles, and in the order given."""
    return dict.fromkeys(items) or set()


def _keep_order() -> None:
    vars(asyncio_tasks)["set"] = _in_order


def _keep_no_order() -> None:
    vars(asyncio_tasks).pop("set", None)


ordered_arguments = WhileAnyRuns(_keep_order, _keep_no_order)
"""While entered, `as_completed` starts its coroutines in the order given, and not in the order of their addresses."""
