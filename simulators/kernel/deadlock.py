"""Who waits for what: one line per stuck task or process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import FrameType
from typing import Any

from simpy.events import Process


def describe_task(task: asyncio.Task) -> str:
    """`task 'name' at file:line in function: waits for ...`."""
    frames = _await_chain(task.get_coro())
    return f"task {task.get_name()!r} at {_place(frames)}: waits for {_awaited(task, frames)}"


def describe_process(process: Process) -> str:
    """The same for a SimPy process."""
    frames = []
    generator: Any = process._generator
    while hasattr(generator, "gi_frame"):
        if generator.gi_frame is not None:
            frames.append(generator.gi_frame)
        generator = generator.gi_yieldfrom
    return (
        f"{_simpy_event(process).removeprefix('SimPy ')} at {_place(frames)}: waits for {_simpy_event(process.target)}"
    )


def _await_chain(coro: Any) -> list[FrameType]:
    """Frames from a task's coroutine down to its innermost await."""
    frames = []
    while coro is not None:
        for prefix, inner in (("cr", "cr_await"), ("gi", "gi_yieldfrom"), ("ag", "ag_await")):
            if hasattr(coro, inner):
                frame = getattr(coro, f"{prefix}_frame")
                if frame is not None:
                    frames.append(frame)
                coro = getattr(coro, inner)
                break
        else:
            break
    return frames


def _place(frames: list[FrameType]) -> str:
    """The innermost frame outside asyncio and the kernel."""
    own = [frame for frame in frames if not _is_machinery(frame)] or frames
    if not own:
        return "its start"
    frame = own[-1]
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"


def _is_machinery(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__", "")
    return name.startswith(("asyncio.", "simulators.kernel."))


def _awaited(task: asyncio.Task, frames: list[FrameType]) -> str:
    """By the outermost call into asyncio or the kernel that tells something; else by the future itself."""
    own = [index for index, frame in enumerate(frames) if not _is_machinery(frame)]
    for frame in frames[own[-1] + 1 :] if own else frames:
        told = _by_primitive(frame)
        if told is not None:
            return told
    return _future(task._fut_waiter)


def _by_primitive(frame: FrameType) -> str | None:
    """The primitive of asyncio (or of the kernel) whose method this frame is."""
    owner, method = frame.f_locals.get("self"), frame.f_code.co_name
    if method == "__aenter__":
        return None  # what it calls says more
    if isinstance(owner, asyncio.Queue):
        return f"{type(owner).__name__}.{method} ({owner.qsize()} of {owner.maxsize or 'unlimited'} items)"
    if isinstance(owner, asyncio.Barrier):
        return f"Barrier.{method} ({owner.n_waiting} of {owner.parties} parties)"
    if isinstance(owner, asyncio.Lock | asyncio.Semaphore | asyncio.Event | asyncio.Condition):
        return f"{type(owner).__name__}.{method} ({len(owner._waiters or ())} waiting)"
    if isinstance(owner, asyncio.TaskGroup):
        return f"the tasks of its TaskGroup: {', '.join(sorted(task.get_name() for task in owner._tasks))}"
    if method == "wait_for_event":
        return _simpy_event(frame.f_locals["event"])
    if method == "_wait" and "fs" in frame.f_locals:
        return f"any or all of {_several(frame.f_locals['fs'])}"
    if method == "sleep":
        return "a sleep without end"
    return None


def _several(futures: Iterable[Any]) -> str:
    return ", ".join(sorted(_future(future) for future in futures if not future.done()))


def _future(future: Any) -> str:
    if future is None:
        return "its turn"
    if isinstance(future, asyncio.Task):
        return f"task {future.get_name()!r}"
    children = getattr(future, "_children", None)
    if children:
        return f"gather of {_several(children)}"
    return "a Future that nobody has completed"


def _simpy_event(event: Any) -> str:
    if isinstance(event, Process):
        return f"SimPy process {getattr(event, 'told_name', event.name)!r}"
    return f"SimPy {type(event).__name__}"
