"""What the fences replace while a run lasts, and how it is put back.

Functions of `time`, `os`, `random`, `uuid` and `numpy.random` are replaced in their modules and wherever a module
holds one under a name of its own (`from time import time`). `datetime.now` and its kin are replaced in the very type,
which is immutable to Python code but not to its own dictionary, so that every reference to the type is covered and its
identity kept.
"""

from __future__ import annotations

import _posixsubprocess
import _thread
import ctypes
import datetime
import gc
import os
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import numpy.random

from simulators.kernel.fence_judge import Verdict, judge
from simulators.kernel.fence_rules import CLOCK, IDS, NOT_SCANNED, PROCESS, RANDOM, SLEEP, THREAD
from simulators.kernel.fences import Fence, standing

_Function = Callable[..., Any]
_real_seed = random.Random.seed
_EPOCH = datetime.datetime(1970, 1, 1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=datetime.UTC)


def _guard(
    name: str,
    real: _Function,
    advice: str,
    virtual: Callable[..., Any] | None = None,
    harmless: Callable[..., bool] | None = None,
) -> _Function:
    """`real` behind the fence. `virtual(fence, *args)` answers infrastructure; `harmless(*args)` lets a call through."""

    def guarded(*args: Any, **kwargs: Any) -> Any:
        fence = standing()
        if fence is None or (harmless is not None and harmless(*args, **kwargs)):
            return real(*args, **kwargs)
        frame = sys._getframe(1)
        verdict = judge(frame)
        if virtual is not None and (verdict is Verdict.VIRTUAL or (verdict is Verdict.IMPORTING and advice is CLOCK)):
            return virtual(fence, *args, **kwargs)
        if verdict in (Verdict.REAL, Verdict.IMPORTING):
            return real(*args, **kwargs)
        raise fence.breach(frame, name, advice)

    guarded.__name__ = guarded.__qualname__ = name.rpartition(".")[2]
    guarded.__doc__ = getattr(real, "__doc__", None)
    return guarded


# clocks


def _utc_s(fence: Fence) -> float:
    return fence.kernel.utc_ns / 1e9


def _utc_ns(fence: Fence) -> int:
    return fence.kernel.utc_ns


def _now_s(fence: Fence) -> float:
    return fence.kernel.now_ns / 1e9


def _now_ns(fence: Fence) -> int:
    return fence.kernel.now_ns


def _given(seconds: float | None = None) -> bool:
    """`time.gmtime(seconds)` and its kin read the clock only when called without a time."""
    return seconds is not None


def _clocks() -> dict[tuple[Any, str], _Function]:
    guards = {}
    for name, virtual in (("time", _utc_s), ("monotonic", _now_s), ("perf_counter", _now_s), ("process_time", _now_s)):
        guards[time, name] = _guard(f"time.{name}", getattr(time, name), CLOCK, virtual)
    for name, virtual in (
        ("time", _utc_ns),
        ("monotonic", _now_ns),
        ("perf_counter", _now_ns),
        ("process_time", _now_ns),
    ):
        guards[time, f"{name}_ns"] = _guard(f"time.{name}_ns", getattr(time, f"{name}_ns"), CLOCK, virtual)
    for name in ("clock_gettime", "clock_gettime_ns"):
        guards[time, name] = _guard(f"time.{name}", getattr(time, name), CLOCK)
    for name in ("gmtime", "localtime", "ctime"):
        real = getattr(time, name)
        guards[time, name] = _guard(
            f"time.{name}", real, CLOCK, lambda fence, real=real: real(_utc_s(fence)), harmless=_given
        )
    for name, count in (("asctime", 0), ("strftime", 1)):
        real = getattr(time, name)
        guards[time, name] = _guard(
            f"time.{name}",
            real,
            CLOCK,
            lambda fence, *args, real=real: real(*args, time.gmtime(_utc_s(fence))),
            harmless=lambda *args, count=count: len(args) > count,
        )
    guards[time, "sleep"] = _guard("time.sleep", time.sleep, SLEEP)
    return guards


# randomness


def _some_bytes(fence: Fence, length: int, *_flags: int) -> bytes:
    return fence.kernel.stream("fences.infrastructure").bytes(length)


def _randomness() -> dict[tuple[Any, str], _Function]:
    urandom = _guard("os.urandom", os.urandom, RANDOM, _some_bytes)
    guards: dict[tuple[Any, str], _Function] = {(os, "urandom"): urandom, (random, "_urandom"): urandom}
    if hasattr(os, "getrandom"):
        guards[os, "getrandom"] = _guard("os.getrandom", os.getrandom, RANDOM, _some_bytes)
    shared = random._inst
    for name in ("random", "getrandbits"):
        guard = _guard(f"random.{name}", getattr(shared, name), RANDOM)
        guards[random, name] = guards[shared, name] = guard
    guards[random.Random, "seed"] = _guard("random.Random.seed", _real_seed, RANDOM, _reseed, _seeded)
    guards[uuid, "uuid1"] = _guard("uuid.uuid1", uuid.uuid1, IDS)
    guards[uuid, "uuid4"] = _guard("uuid.uuid4", uuid.uuid4, IDS)
    return guards


def _seeded(_self: random.Random, a: Any = None, version: int = 2) -> bool:
    return a is not None


def _default_seeded(seed: Any = None) -> bool:
    return seed is not None


def _reseed(fence: Fence, generator: random.Random, a: None = None, version: int = 2) -> None:
    _real_seed(generator, _seed(fence))


def _seed(fence: Fence) -> int:
    return int.from_bytes(_some_bytes(fence, 16), "little")


def _numpy() -> dict[tuple[Any, str], _Function]:
    """The functions of numpy's global generator. Unseeded generators of its own reach `os.urandom` and are caught there."""
    shared = numpy.random.mtrand._rand
    guards: dict[tuple[Any, str], _Function] = {
        (numpy.random, name): _guard(f"numpy.random.{name}", member, RANDOM)
        for name, member in vars(numpy.random).items()
        if getattr(member, "__self__", None) is shared and name not in ("get_state", "set_state")
    }
    real = numpy.random.default_rng
    guards[numpy.random, "default_rng"] = _guard("numpy.random.default_rng", real, RANDOM, None, _default_seeded)
    return guards


# threads and processes that no audit event tells of


def _threads() -> dict[tuple[Any, str], _Function]:
    """CPython 3.11 tells the audit hook nothing of threads. Waiting for another thread would be for ever."""
    starts = {
        (module, name): _guard("threading.Thread.start", getattr(module, name), THREAD)
        for module in (_thread, threading)
        for name in (
            "start_new_thread",
            "start_new",
            "start_joinable_thread",
            "_start_new_thread",
            "_start_joinable_thread",
        )
        if hasattr(module, name)
    }
    return {
        **starts,
        (threading.Condition, "wait"): _guard("threading.Condition.wait", threading.Condition.wait, THREAD),
        (_posixsubprocess, "fork_exec"): _guard("multiprocessing", _posixsubprocess.fork_exec, PROCESS),
    }


_GUARDS = {**_clocks(), **_randomness(), **_numpy(), **_threads()}
_REALS = {place: getattr(*place) for place in _GUARDS}
_GUARD_OF = {
    id(real): _GUARDS[place] for place, real in _REALS.items() if not isinstance(place[0], type) and callable(real)
}
_REAL_OF = {id(guard): _REALS[place] for place, guard in _GUARDS.items()}


# datetime's own types


def _now(fence: Fence, cls: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> datetime.datetime:
    since = datetime.timedelta(microseconds=fence.kernel.utc_ns // 1000)
    if tz is not None:
        return (_EPOCH_UTC + since).astimezone(tz)
    return _EPOCH + since


def _today(fence: Fence, cls: type[datetime.date]) -> datetime.date:
    moment = _now(fence, datetime.datetime)
    return moment if issubclass(cls, datetime.datetime) else moment.date()


_TYPES: dict[type, dict[str, _Function]] = {
    datetime.datetime: {"now": _now, "utcnow": _now, "today": _today},
    datetime.date: {"today": _today},
}


def _type_dict(cls: type) -> dict[str, Any]:
    """The dictionary behind `cls.__dict__`."""
    return next(referent for referent in gc.get_referents(cls.__dict__) if type(referent) is dict)


def _type_guards() -> list[tuple[type, str, Any, Any]]:
    sites = []
    for cls, methods in _TYPES.items():
        for name, virtual in methods.items():
            real = cls.__dict__.get(name)  # datetime inherits today from date: None marks what is not its own
            inherited = real or datetime.date.__dict__[name]
            sites.append((cls, name, real, classmethod(_classmethod_guard(cls, name, inherited, virtual))))
    return sites


def _classmethod_guard(owner: type, name: str, real: Any, virtual: _Function) -> _Function:
    return _guard(
        f"{owner.__module__}.{owner.__name__}.{name}",
        lambda cls, *args, **kwargs: real.__get__(None, cls)(*args, **kwargs),
        CLOCK,
        virtual,
    )


_TYPE_SITES = _type_guards()


# applying and restoring

_found: list[tuple[dict[str, Any], str]] = []
_seen: set[tuple[str, int]] = set()
_last_look: tuple[int, str] = (0, "")
_gauss: float | None = None


def apply() -> None:
    """Put every guard in place."""
    global _gauss
    _look_through_new_modules()
    for (owner, name), guard in _GUARDS.items():
        setattr(owner, name, guard)
    for names, name in _found:
        guard = _GUARD_OF.get(id(names.get(name)))
        if guard is not None:
            names[name] = guard
    _patch_types(guarded=True)
    _gauss, random._inst.gauss_next = random._inst.gauss_next, None


def restore() -> None:
    """Put everything back, also in modules that were imported meanwhile."""
    random._inst.gauss_next = _gauss
    _patch_types(guarded=False)
    for (owner, name), real in _REALS.items():
        if owner is random._inst:
            owner.__dict__.pop(name, None)
        else:
            setattr(owner, name, real)
    _look_through_new_modules()
    for names, name in _found:
        real = _REAL_OF.get(id(names.get(name)))
        if real is not None:
            names[name] = real


def _patch_types(*, guarded: bool) -> None:
    for cls, name, real, guard in _TYPE_SITES:
        if guarded or real is not None:
            _type_dict(cls)[name] = guard if guarded else real
        else:
            _type_dict(cls).pop(name, None)
    for cls in _TYPES:
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))


def _look_through_new_modules() -> None:
    """Find the names under which modules outside the standard library hold a guarded function (or its guard)."""
    global _last_look
    look = (len(sys.modules), next(reversed(sys.modules)))
    if look == _last_look:
        return
    for name, module in list(sys.modules.items()):
        key = (name, id(module))
        if key in _seen:
            continue
        _seen.add(key)
        package = name.partition(".")[0]
        if package in NOT_SCANNED or package in sys.stdlib_module_names or name.startswith("simulators.kernel"):
            continue
        names = getattr(module, "__dict__", None)
        if type(names) is dict:
            _found.extend((names, at) for at, value in list(names.items()) if _is_known(value))
    _last_look = look


def _is_known(value: Any) -> bool:
    return id(value) in _GUARD_OF or id(value) in _REAL_OF
