"""Which loop runs: CPython 3.11 makes a getpid system call each time it is asked, several times per await.

While a kernel runs there is one answer, provided that there is one thread, so asyncio's Python code is given a C
iterator that repeats it.
"""

from __future__ import annotations

import asyncio
import threading
from asyncio import events
from itertools import repeat

_REAL = {name: getattr(events, name) for name in ("get_running_loop", "_get_running_loop")}


def answer_quickly(loop: asyncio.AbstractEventLoop) -> None:
    """Answer `loop` until `answer_plainly`; does nothing when there are other threads."""
    if threading.active_count() == 1:
        answer = repeat(loop).__next__
        for name in _REAL:
            setattr(events, name, answer)


def answer_plainly() -> None:
    """Put asyncio's own functions back."""
    for name, real in _REAL.items():
        setattr(events, name, real)
