"""Fences around the simulated world: real time, I/O, threads and unseeded randomness raise FenceBreach at once.

They stand inside `Kernel.run` only, for the thread that runs the kernel only, and what they patch is restored exactly.
A breach ends the run even when the code that caused it swallows the exception. Infrastructure named in
`fence_rules.INFRASTRUCTURE` gets the virtual clock instead; modules being imported may do as they like, on a virtual
clock. Not fenced: sockets opened before the run, files other than those of `fence_rules.DEVICES`,
`numpy.datetime64("now")`, and clocks that a default argument or a closure captured before the run (`from time import
time` at module level is caught).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any

from simulators.kernel.errors import FenceBreach
from simulators.kernel.fence_judge import Verdict, culprit, judge
from simulators.kernel.fence_rules import AUDITED, DEVICES
from simulators.kernel.running import answer_plainly, answer_quickly

if TYPE_CHECKING:
    from simulators.kernel.core import Kernel


class Fence:
    """One kernel's fence while it runs."""

    __slots__ = ("kernel", "lifted")

    def __init__(self, kernel: Kernel):
        self.kernel = kernel
        self.lifted = 0

    def breach(self, frame: Any, called: str, advice: str) -> FenceBreach:
        """The error for a forbidden call made from `frame`; it also ends the run if nobody lets it through."""
        error = FenceBreach(f"{culprit(frame, called)} at virtual {self.kernel.now_ns} ns: {advice}")
        self.kernel.loop.end_run(error)
        return error


_standing: dict[int, list[Fence]] = {}
_lock = RLock()
_hooked = False


def standing() -> Fence | None:
    """The closed fence around the calling thread, if any."""
    stack = _standing.get(get_ident())
    if stack is None or stack[-1].lifted:
        return None
    return stack[-1]


@contextmanager
def raised(kernel: Kernel) -> Iterator[Fence]:
    """Raise the fence around a run of `kernel` in this thread."""
    from simulators.kernel import fence_patches  # it needs `standing` from here

    thread = get_ident()
    fence = Fence(kernel)
    with _lock:
        _hook_once()
        if not _standing:
            fence_patches.apply()
        _standing.setdefault(thread, []).append(fence)
    try:
        yield fence
    finally:
        with _lock:
            _standing[thread].pop()
            if not _standing[thread]:
                del _standing[thread]
            if not _standing:
                fence_patches.restore()


@contextmanager
def lifted(reason: str) -> Iterator[None]:
    """Open the fence for the project's own deliberate real I/O, saying why. Do not await inside.

    Outside a run it does nothing.
    """
    if not reason.strip():
        raise ValueError("fences.lifted(reason) needs a reason")
    stack = _standing.get(get_ident())
    if stack is None:
        yield
        return
    fence = stack[-1]
    fence.lifted += 1
    answer_plainly()
    try:
        yield
    finally:
        fence.lifted -= 1
        answer_quickly(fence.kernel.loop)


def _hook_once() -> None:
    """Install the audit hook; Python cannot remove one, so outside a run it does a set lookup and no more."""
    global _hooked
    if not _hooked:
        _hooked = True
        sys.addaudithook(_audit)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if not _standing:
        return
    told = AUDITED.get(event) if event != "open" else _device(args[0])
    fence = standing() if told is not None else None
    if fence is not None:
        frame = sys._getframe(1)
        if judge(frame) in (Verdict.REFUSED, Verdict.VIRTUAL):
            called, advice = told
            raise fence.breach(frame, called, advice)


def _device(path: Any) -> tuple[str, str] | None:
    """What to say of opening one of the DEVICES; None for any other file, and for a descriptor."""
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    name = os.path.normpath(os.fsdecode(path))
    return ("open", f"{name} is outside of the simulated world; {DEVICES[name]}") if name in DEVICES else None
