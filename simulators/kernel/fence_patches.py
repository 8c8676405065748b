"""Puts the guards in place while a run lasts, and everything back after.

Functions are replaced in their modules and wherever a module outside the standard library holds one under a name of
its own (`from time import time`). `datetime.now` and its kin are replaced in the very type, which is immutable to
Python code but not to its own dictionary: so every reference to the type is covered, and its identity kept.
"""

from __future__ import annotations

import ctypes
import gc
import random
import sys
from typing import Any

from simulators.kernel.fence_guards import CLASSMETHODS, GUARDS
from simulators.kernel.fence_rules import NOT_SCANNED

_shared_random: Any = random._inst  # type: ignore[attr-defined]
_REALS = {place: getattr(*place) for place in GUARDS}
_GUARD_OF = {id(real): GUARDS[place] for place, real in _REALS.items() if not isinstance(place[0], type)}
_REAL_OF = {id(guard): _REALS[place] for place, guard in GUARDS.items()}
_REAL_CLASSMETHODS = {(cls, name): cls.__dict__.get(name) for cls, name in CLASSMETHODS}
_TYPES = tuple(dict.fromkeys(cls for cls, _ in CLASSMETHODS))

_held_elsewhere: list[tuple[dict[str, Any], str]] = []
_seen: set[tuple[str, int]] = set()
_last_look: tuple[int, str] = (0, "")
_spare_gauss: float | None = None


def apply() -> None:
    """Put every guard in place."""
    global _spare_gauss
    _look_through_new_modules()
    for (owner, name), guard in GUARDS.items():
        setattr(owner, name, guard)
    for names, name in _held_elsewhere:
        guard = _GUARD_OF.get(id(names.get(name)))
        if guard is not None:
            names[name] = guard
    for (cls, name), method in CLASSMETHODS.items():
        _type_dict(cls)[name] = method
    _forget_cached_lookups()
    # random.gauss keeps every second draw for later, and would hand it out unguarded.
    _spare_gauss, _shared_random.gauss_next = _shared_random.gauss_next, None


def restore() -> None:
    """Put everything back, also in modules that were imported meanwhile."""
    _shared_random.gauss_next = _spare_gauss
    for (cls, name), method in _REAL_CLASSMETHODS.items():
        if method is None:
            _type_dict(cls).pop(name, None)
        else:
            _type_dict(cls)[name] = method
    _forget_cached_lookups()
    for (owner, name), real in _REALS.items():
        if owner is _shared_random:
            vars(owner).pop(name, None)
        else:
            setattr(owner, name, real)
    _look_through_new_modules()
    for names, name in _held_elsewhere:
        real = _REAL_OF.get(id(names.get(name)))
        if real is not None:
            names[name] = real


def _type_dict(cls: type) -> dict[str, Any]:
    """The dictionary behind `cls.__dict__`."""
    return next(referent for referent in gc.get_referents(cls.__dict__) if type(referent) is dict)


def _forget_cached_lookups() -> None:
    for cls in _TYPES:
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))


def _look_through_new_modules() -> None:
    """Note the names under which modules outside the standard library hold a guarded function (or its guard)."""
    global _last_look
    look = (len(sys.modules), next(reversed(sys.modules)))
    if look == _last_look:
        return
    for name, module in list(sys.modules.items()):
        key = (name, id(module))
        if key not in _seen:
            _seen.add(key)
            if _is_looked_through(name):
                names = getattr(module, "__dict__", None)
                if type(names) is dict:
                    _held_elsewhere.extend((names, at) for at, value in list(names.items()) if _is_known(value))
    _last_look = look


def _is_looked_through(module_name: str) -> bool:
    package = module_name.partition(".")[0]
    return not (
        package in NOT_SCANNED or package in sys.stdlib_module_names or module_name.startswith("simulators.kernel")
    )


def _is_known(value: Any) -> bool:
    return id(value) in _GUARD_OF or id(value) in _REAL_OF
