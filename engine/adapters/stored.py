"""Values of the domain and of the seam as JSON, and back to what they were.

What is kept as JSON are answers, the changes of the outbox, limits and the like: immutable records of other such
records, tuples, sets, whole numbers, strings and enumerations. Each record stands under its name; a name that is not
known is refused, so that nothing but these records ever comes out of a database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from inspect import getmembers, isclass
from types import ModuleType
from typing import Any

from engine import interface
from engine.domain import accounts, disputes, ledger, limits, policies, settlement, terms

_PLAIN = (str, int, bool, type(None))


def _records(*modules: ModuleType) -> dict[str, type]:
    found: dict[str, type] = {}
    for module in modules:
        for name, cls in getmembers(module, _is_record):
            if found.setdefault(name, cls) is not cls:
                raise TypeError(f"two records are called {name}")
    return found


def _is_record(cls: object) -> bool:
    return isclass(cls) and (is_dataclass(cls) or issubclass(cls, Enum) or hasattr(cls, "_fields"))


_CLASSES = _records(interface, accounts, disputes, ledger, limits, policies, settlement, terms)


def dump(value: Any) -> Any:
    """A value as JSON can hold it. Raises TypeError for what is no such record."""
    cls = type(value)
    if cls in _PLAIN:
        return value
    if cls is tuple:
        return {"tuple": [dump(item) for item in value]}
    if cls is frozenset:
        return {"set": sorted(dump(item) for item in value)}
    name = cls.__name__
    if _CLASSES.get(name) is not cls:
        raise TypeError(f"{name} is not kept")
    if isinstance(value, Enum):
        return {name: value.value}
    return {name: [dump(item) for item in (value if isinstance(value, tuple) else _parts(cls)(value))]}


@cache
def _parts(cls: type) -> Callable[[Any], tuple[Any, ...]]:
    """The fields of a dataclass, in order."""
    names = [field.name for field in fields(cls)]
    return lambda value: tuple([getattr(value, name) for name in names])


def load(raw: Any) -> Any:
    """What ``dump`` was given. Raises ValueError for anything else."""
    if type(raw) in _PLAIN:
        return raw
    if type(raw) is not dict or len(raw) != 1:
        raise ValueError(f"not a stored value: {raw!r:.60}")
    ((name, content),) = raw.items()
    if type(content) is list:
        items = [load(item) for item in content]
        if name == "tuple":
            return tuple(items)
        if name == "set":
            return frozenset(items)
    maker: Callable[..., Any] | None = _CLASSES.get(name)
    if maker is None:
        raise ValueError(f"not a stored value: {name}")
    return maker(content) if issubclass(_CLASSES[name], Enum) else maker(*items)
