"""Reads the call stack when a fence is touched: who did it, and may they?"""

from __future__ import annotations

import sys
from enum import Enum
from types import FrameType

from simulators.kernel.fence_rules import INFRASTRUCTURE, TOOLS

_STDLIB = sys.stdlib_module_names


class Verdict(Enum):
    """What becomes of a call that touched a fence."""

    REFUSED = "refused"
    VIRTUAL = "infrastructure: answered with virtual time or a stream"
    REAL = "a tool that watches from outside, or a module being imported"
    IMPORTING = "a module being imported: its clock is virtual, all else is let through"


def judge(frame: FrameType) -> Verdict:
    """Whether the code at `frame` (and, through the standard library, its callers) may pass."""
    current: FrameType | None = frame
    verdict: Verdict | None = None
    while current is not None:
        package = _package(current)
        if verdict is None:
            if package in TOOLS:
                return Verdict.REAL
            if package in INFRASTRUCTURE:
                return Verdict.VIRTUAL
            if package not in _STDLIB:
                verdict = Verdict.REFUSED
        if package == "importlib" and "_bootstrap" in current.f_globals["__name__"]:
            return Verdict.IMPORTING
        if package == "simulators" and current.f_code.co_name == "spin":
            break
        current = current.f_back
    return Verdict.REFUSED


def culprit(frame: FrameType, called: str) -> str:
    """`package.module (file:line, in function) called what()`: the first caller outside the standard library.

    When that is infrastructure, the code of the world that called it is named too.
    """
    first = _outside(frame, ())
    if first is None:
        return f"{_place(frame)} called {called}()"
    through = _public_name(frame, first)
    told = f"{_place(first)} called {through or called}()"
    if through is not None and through != called:
        told += f", which calls {called}()"
    if _package(first) in INFRASTRUCTURE:
        caller = _outside(first, INFRASTRUCTURE)
        if caller is not None:
            told += f", on behalf of {_place(caller)},"
    return told


def _outside(frame: FrameType | None, more: object) -> FrameType | None:
    """The first frame, going outwards, that is neither standard library nor in `more`."""
    while frame is not None:
        package = _package(frame)
        if package not in _STDLIB and package not in more:  # type: ignore[operator]
            return None if frame.f_globals.get("__name__", "").startswith("simulators.kernel.") else frame
        frame = frame.f_back
    return None


def _public_name(frame: FrameType, caller: FrameType) -> str | None:
    """The function of the standard library that `caller` called, when there is one between it and `frame`."""
    if frame is caller:
        return None
    while frame.f_back is not None and frame.f_back is not caller:
        frame = frame.f_back
    return f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"


def _package(frame: FrameType) -> str:
    return frame.f_globals.get("__name__", "?").partition(".")[0]


def _place(frame: FrameType) -> str:
    code = frame.f_code
    return f"{frame.f_globals.get('__name__', '?')} ({code.co_filename}:{frame.f_lineno}, in {code.co_qualname})"
