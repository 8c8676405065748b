"""A guard around an engine of the user's own: whole at the start, and of the right types whenever it answers.

What it gets wrong becomes the engine's failure, told by name, and never a fault inside the world.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from engine.interface import EngineError
from engine.wire import VERBS, Done
from scenarios.problems import BadInput, nearest

AT_THE_END = ("balance", "statement")
"""Asked when the books are closed: without an answer there is nothing to report."""


class GuardedEngine:
    """A CardEngine that passes everything on to ``engine``, and looks at what comes back."""

    def __init__(self, engine: Any, reference: str) -> None:
        missing = [name for name in VERBS if not callable(getattr(engine, name, None))]
        if missing:
            has = [name for name in dir(engine) if not name.startswith("_")]
            close = nearest(missing[0], has)
            hint = f" (did you mean its {close}?)" if close else ""
            kind = type(engine).__name__
            raise BadInput(f"engine {reference!r}: {kind} is no CardEngine, it has no {', '.join(missing)}{hint}")
        self._engine = engine
        for name, verb in VERBS.items():
            guard = _must_answer if name in AT_THE_END else _checked
            answer = type(None) if verb.answer is Done else verb.answer
            setattr(self, name, guard(getattr(engine, name), name, answer, reference))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def _checked(
    call: Callable[[Any], Awaitable[Any]], name: str, expected: type, reference: str
) -> Callable[[Any], Awaitable[Any]]:
    """A wrong answer is no answer: the world counts it as an error of the engine."""

    @wraps(call)
    async def checked(message: Any) -> Any:
        answer = await call(message)
        if not isinstance(answer, expected):
            raise EngineError(f"{name} of {reference!r} answered {_kind(answer)}, not {_kind_of(expected)}")
        return answer

    return checked


def _must_answer(
    call: Callable[[Any], Awaitable[Any]], name: str, expected: type, reference: str
) -> Callable[[Any], Awaitable[Any]]:
    """Without this answer the run has no result: say whose fault it is."""

    @wraps(call)
    async def answered(message: Any) -> Any:
        try:
            answer = await call(message)
        except Exception as error:  # the user's code: whatever it raises is theirs to see
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{frame.filename}:{frame.lineno}"
            raise BadInput(f"engine {reference!r}: {name} failed at {where}: {_told(error)}") from error
        if not isinstance(answer, expected):
            raise BadInput(f"engine {reference!r}: {name} answered {_kind(answer)}, not {_kind_of(expected)}")
        return answer

    return answered


def _kind(answer: Any) -> str:
    return "nothing" if answer is None else type(answer).__name__


def _kind_of(expected: type) -> str:
    return "nothing" if expected is type(None) else expected.__name__


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
