"""What goes wrong in the kernel itself, each kind under its own name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any


class KernelError(RuntimeError):
    """The simulated world was used wrongly, or broke; the message says what and where."""


class FenceBreach(KernelError):
    """The simulated world reached for real time, I/O, threads or unseeded randomness.

    The message names the culprit (module, file and line), what it called, and what to use instead.
    """


class DeadlockError(KernelError):
    """Nothing is ready, nothing is scheduled, and work is unfinished.

    `waiting` holds one line per stuck task or process: who, where, and what it waits for.
    """

    def __init__(self, at_ns: int, waiting: Sequence[str]):
        self.at_ns = at_ns
        self.waiting = tuple(waiting)
        lines = "\n".join(f"  {line}" for line in self.waiting)
        super().__init__(
            f"deadlock at virtual {at_ns} ns: nothing is ready or scheduled, but this work is unfinished:\n{lines}"
        )


class UnhandledError(KernelError):
    """A task, callback or process of the simulated world failed and nobody took its exception.

    The failure itself is the `__cause__`.
    """


class TraceError(ValueError):
    """A trace row does not fit its columns; the message names column, row and value."""


def unhandled(context: dict[str, Any], now_ns: int) -> UnhandledError:
    """What asyncio tells an exception handler, as an error that names the task and the virtual instant."""
    future = context.get("task") or context.get("future")
    cause = context.get("exception")
    said = [str(context.get("message", "unhandled error"))]
    if isinstance(future, asyncio.Task):
        said.append(f"task {future.get_name()!r}")
    said.append(f"at virtual {now_ns} ns")
    if cause is not None:
        said.append(f"{type(cause).__name__}: {cause}")
    error = UnhandledError(", ".join(said))
    error.__cause__ = cause
    return error
