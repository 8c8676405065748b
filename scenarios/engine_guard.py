"""A guard around an engine of the user's own: whole at the start, and sound down to the last field whenever it answers.

What it gets wrong becomes the engine's failure, told by name, and never a fault inside the world.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import fields
from functools import wraps
from itertools import product
from operator import attrgetter
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from engine.interface import AuthorizationRequest, AuthorizationResponse, ClearingBatch, ClearingReceipt, NotSupported
from engine.wire import VERBS, Done
from scenarios.problems import BadInput, nearest

AT_THE_END = ("balance", "statement")
"""Asked when the books are closed: without an answer there is nothing to report."""

MAY_LACK = ("advise", "dispute")
"""Verbs that an engine may have been written before; without them it says NotSupported."""

_Call = Callable[[Any], Awaitable[Any]]
_Wrong = Callable[[Any, Any], str | None]
"""(message, answer): what is wrong with the answer, or None."""


class WrongAnswer(TypeError):
    """An engine answered what the contract does not allow.

    No EngineError, which would say "ask me again": the world books it as a crash of the engine, and the run fails.
    """


class GuardedEngine:
    """A CardEngine that passes everything on to ``engine``, and looks at what comes back.

    Not ``whole``: it may lack verbs, which then raise NotSupported, and what it raises at the end is told as it is.
    """

    def __init__(self, engine: Any, reference: str, *, whole: bool = True) -> None:
        missing = [name for name in VERBS if not callable(getattr(engine, name, None))]
        needed = [name for name in missing if name not in MAY_LACK]
        if needed and (whole or len(missing) == len(VERBS)):
            has = [name for name in dir(engine) if not name.startswith("_")]
            close = nearest(needed[0], has)
            hint = f" (did you mean its {close}?)" if close else ""
            kind = type(engine).__name__
            raise BadInput(f"engine {reference!r}: {kind} is no CardEngine, it has no {', '.join(needed)}{hint}")
        self._engine = engine
        for name in VERBS:
            guard = _must_answer if whole and name in AT_THE_END else _checked
            call = _not_offered(name) if name in missing else getattr(engine, name)
            setattr(self, name, guard(call, name, _WRONG[name], reference))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def _not_offered(name: str) -> _Call:
    async def not_offered(message: Any) -> Any:
        raise NotSupported(f"this engine offers no {name}")

    return not_offered


def _checked(call: _Call, name: str, wrong: _Wrong, reference: str) -> _Call:
    """A wrong answer is no answer. Raises WrongAnswer."""

    @wraps(call)
    async def checked(message: Any) -> Any:
        answer = await call(message)
        problem = wrong(message, answer)
        if problem is not None:
            raise WrongAnswer(f"{name} of {reference!r} answered {problem}")
        return answer

    return checked


def _must_answer(call: _Call, name: str, wrong: _Wrong, reference: str) -> _Call:
    """Without this answer the run has no result: say whose fault it is."""

    @wraps(call)
    async def answered(message: Any) -> Any:
        try:
            answer = await call(message)
        except Exception as error:  # the user's code: whatever it raises is theirs to see
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{frame.filename}:{frame.lineno}"
            raise BadInput(f"engine {reference!r}: {name} failed at {where}: {_told(error)}") from error
        problem = wrong(message, answer)
        if problem is not None:
            raise BadInput(f"engine {reference!r}: {name} answered {problem}")
        return answer

    return answered


# ---- what may be wrong with an answer: one function per verb, made once ---------------------------------------------


def _wrong(expected: type, law: _Wrong | None) -> _Wrong:
    """The class, then every field of it, then what the fields must be to each other and to the message."""
    sound = _sound(expected)

    def wrong(message: Any, answer: Any) -> str | None:
        if not isinstance(answer, expected):
            return f"{_kind(answer)}, not {_kind_of(expected)}"
        if not sound(answer):
            return f"a wrong {expected.__name__}: {next(_problems(answer, expected, ''))}"
        broken = law(message, answer) if law is not None else None
        return None if broken is None else f"a wrong {expected.__name__}: {broken}"

    return wrong


def _sound(cls: type) -> Callable[[Any], bool]:
    """Whether all fields of an instance are of their types.

    This stands in every exchange of a run, so the usual answer is recognised in one step: the types of its fields, as
    a tuple, are among the combinations that the annotations allow. Only another one is looked at field by field.
    """
    allowed = {name: _types(hint) for name, hint in _hints(cls).items()}
    combinations = frozenset(product(*allowed.values()))
    getters = [attrgetter(name) for name in allowed]
    get = attrgetter(*allowed) if len(allowed) > 1 else lambda answer: [getter(answer) for getter in getters]
    inner = [(attrgetter(name), _items_sound(hint)) for name, hint in _hints(cls).items() if get_origin(hint) is tuple]

    def sound(answer: Any) -> bool:
        if tuple(map(type, get(answer))) not in combinations:
            return next(_problems(answer, cls, ""), None) is None
        return not inner or all(items_sound(getter(answer)) for getter, items_sound in inner)

    return sound


def _items_sound(hint: Any) -> Callable[[tuple[Any, ...]], bool]:
    item = get_args(hint)[0]
    if not _hints(item):
        return lambda items: all(_fits(value, (item,)) for value in items)
    sound = _sound(item)
    return lambda items: all(isinstance(value, item) and sound(value) for value in items)


def _problems(answer: Any, cls: type, path: str) -> Iterator[str]:
    """Each field that is not of its type, as ``results[1].posted_cents: expected int, got the str '7'``."""
    for name, hint in _hints(cls).items():
        value, where, types = getattr(answer, name), path + name, _types(hint)
        if not _fits(value, types):
            yield f"{where}: expected {' or '.join(map(_kind_of, types))}, got {_shown(value)}"
        elif get_origin(hint) is tuple:
            item = get_args(hint)[0]
            for index, one in enumerate(value):
                if not _fits(one, (item,)):
                    yield f"{where}[{index}]: expected {_kind_of(item)}, got {_shown(one)}"
                else:
                    yield from _problems(one, item, f"{where}[{index}].")


def _fits(value: Any, types: tuple[type, ...]) -> bool:
    """A subclass will do, but True is not the number 1."""
    return isinstance(value, types) and (type(value) is not bool or bool in types)


def _hints(cls: type) -> dict[str, Any]:
    """Field to annotation, in order; none where ``cls`` is no message."""
    if not hasattr(cls, "__dataclass_fields__"):
        return {}
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}


def _types(hint: Any) -> tuple[type, ...]:
    """The classes that a field may be of: ``(DeclineReason, NoneType)``; of ``tuple[X, ...]`` just ``(tuple,)``."""
    if get_origin(hint) is tuple:
        return (tuple,)
    return get_args(hint) or (hint,)


def _reason_and_decline(request: AuthorizationRequest, answer: AuthorizationResponse) -> str | None:
    if answer.approved is (answer.reason is None):
        return None
    if answer.approved:
        return f"reason: expected nothing for an approval, got {_shown(answer.reason)}"
    return "reason: expected DeclineReason for a decline, got nothing"


def _one_result_each(batch: ClearingBatch, receipt: ClearingReceipt) -> str | None:
    expected, got = len(batch.presentments), len(receipt.results)
    if expected == got:
        return None
    return f"results: expected {expected}, one for each presentment of the batch, got {got}"


def _kind(answer: Any) -> str:
    return "nothing" if answer is None else type(answer).__name__


def _kind_of(expected: type) -> str:
    return "nothing" if expected is NoneType else expected.__name__


def _shown(value: Any) -> str:
    """A value as a message shows it: a number, a word or an enumeration in full, of anything else its class."""
    if value is None:
        return "nothing"
    if not isinstance(value, str | int | float):
        return f"a {type(value).__name__}"
    text = repr(str(value) if isinstance(value, str) else value)
    return f"the {type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


_LAWS: dict[str, _Wrong] = {"authorize": _reason_and_decline, "capture": _one_result_each}
_WRONG = {
    name: _wrong(NoneType if verb.answer is Done else verb.answer, _LAWS.get(name)) for name, verb in VERBS.items()
}
