"""The guards: stand-ins for real clocks, threads and unseeded randomness, which raise FenceBreach inside a run."""

from __future__ import annotations

import _posixsubprocess
import _thread
import datetime
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
from simulators.kernel.fence_rules import CLOCK, IDS, PROCESS, RANDOM, SLEEP, THREAD
from simulators.kernel.fences import Fence, standing

Function = Callable[..., Any]
Place = tuple[Any, str]
_EPOCH = datetime.datetime(1970, 1, 1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=datetime.UTC)
_seed_random = random.Random.seed


def _guard(
    name: str,
    real: Function,
    advice: str,
    virtual: Function | None = None,
    harmless: Callable[..., bool] | None = None,
) -> Function:
    """`real` behind the fence; `virtual(fence, *args)` answers infrastructure, `harmless(*args)` lets a call pass."""

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


def _utc_ns(fence: Fence) -> int:
    return fence.kernel.utc_ns


def _utc_s(fence: Fence) -> float:
    return fence.kernel.utc_ns / 1e9


def _now_ns(fence: Fence, *_clock: int) -> int:
    return fence.kernel.now_ns


def _now_s(fence: Fence, *_clock: int) -> float:
    return fence.kernel.now_ns / 1e9


def _clocks() -> dict[Place, Function]:
    guards: dict[Place, Function] = {}
    for name in ("monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime"):
        guards[time, name] = _guard(f"time.{name}", getattr(time, name), CLOCK, _now_s)
        guards[time, f"{name}_ns"] = _guard(f"time.{name}_ns", getattr(time, f"{name}_ns"), CLOCK, _now_ns)
    guards[time, "time"] = _guard("time.time", time.time, CLOCK, _utc_s)
    guards[time, "time_ns"] = _guard("time.time_ns", time.time_ns, CLOCK, _utc_ns)
    guards[time, "sleep"] = _guard("time.sleep", time.sleep, SLEEP)
    for name, needed in (("gmtime", 1), ("localtime", 1), ("ctime", 1), ("asctime", 1), ("strftime", 2)):
        guards[time, name] = _time_reader(name, needed)
    return guards


def _time_reader(name: str, needed: int) -> Function:
    """`time.gmtime` and its kin: they read the clock only when called with fewer than `needed` arguments."""
    real, gmtime = getattr(time, name), time.gmtime

    def virtual(fence: Fence, *args: Any) -> Any:
        now: Any = gmtime(_utc_s(fence)) if name in ("asctime", "strftime") else _utc_s(fence)
        return real(*args[: needed - 1], now)

    def harmless(*args: Any) -> bool:
        return len(args) >= needed and args[needed - 1] is not None

    return _guard(f"time.{name}", real, CLOCK, virtual, harmless)


def _now(fence: Fence, cls: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> datetime.datetime:
    since = datetime.timedelta(microseconds=fence.kernel.utc_ns // 1000)
    return _EPOCH + since if tz is None else (_EPOCH_UTC + since).astimezone(tz)


def _today(fence: Fence, cls: type[datetime.date]) -> datetime.date:
    moment = _now(fence, datetime.datetime)
    return moment if issubclass(cls, datetime.datetime) else moment.date()


def _classmethods() -> dict[Place, classmethod[Any, Any, Any]]:
    """For the types of `datetime`, whose attributes are replaced in the types' own dictionaries."""
    methods = {
        datetime.datetime: {"now": _now, "utcnow": _now, "today": _today},
        datetime.date: {"today": _today},
    }
    return {
        (cls, name): classmethod(_classmethod_guard(cls, name, virtual))
        for cls, named in methods.items()
        for name, virtual in named.items()
    }


def _classmethod_guard(owner: type, name: str, virtual: Function) -> Function:
    real = owner.__dict__.get(name) or datetime.date.__dict__[name]  # datetime inherits today

    def call_real(cls: type, *args: Any, **kwargs: Any) -> Any:
        return real.__get__(None, cls)(*args, **kwargs)

    return _guard(f"{owner.__module__}.{owner.__name__}.{name}", call_real, CLOCK, virtual)


# randomness


def _some_bytes(fence: Fence, length: int, *_flags: int) -> bytes:
    return fence.kernel.stream("fences.infrastructure").bytes(length)


def _reseed(fence: Fence, generator: random.Random, a: None = None, version: int = 2) -> None:
    _seed_random(generator, int.from_bytes(_some_bytes(fence, 16), "little"), version)


def _has_seed(_self: random.Random, a: Any = None, version: int = 2) -> bool:
    return a is not None


def _has_numpy_seed(seed: Any = None) -> bool:
    return seed is not None


def _randomness() -> dict[Place, Function]:
    """`secrets`, `random.SystemRandom` and `uuid.uuid4` reach the guarded `os.urandom`; `random.randint` and its kin
    the guarded methods of the hidden shared generator.
    """
    shared = random._inst  # type: ignore[attr-defined]
    guards: dict[Place, Function] = {
        (random.Random, "seed"): _guard("random.Random.seed", _seed_random, RANDOM, _reseed, _has_seed),
        (random, "seed"): _guard("random.seed", random.seed, RANDOM),
        (uuid, "uuid1"): _guard("uuid.uuid1", uuid.uuid1, IDS),
        (uuid, "uuid4"): _guard("uuid.uuid4", uuid.uuid4, IDS),
    }
    guards[os, "urandom"] = guards[random, "_urandom"] = _guard("os.urandom", os.urandom, RANDOM, _some_bytes)
    if hasattr(os, "getrandom"):
        guards[os, "getrandom"] = _guard("os.getrandom", os.getrandom, RANDOM, _some_bytes)
    for name in ("random", "getrandbits"):
        guards[random, name] = guards[shared, name] = _guard(f"random.{name}", getattr(shared, name), RANDOM)
    return guards


def _numpy() -> dict[Place, Function]:
    """numpy's global generator. Unseeded generators of one's own reach `os.urandom`, and are caught there."""
    shared = numpy.random.mtrand._rand  # type: ignore[attr-defined]
    guards: dict[Place, Function] = {
        (numpy.random, name): _guard(f"numpy.random.{name}", member, RANDOM)
        for name, member in vars(numpy.random).items()
        if (getattr(member, "__self__", None) is shared and name not in ("get_state", "set_state"))
        or name in ("seed", "ranf", "sample")
    }
    real = numpy.random.default_rng
    guards[numpy.random, "default_rng"] = _guard("numpy.random.default_rng", real, RANDOM, None, _has_numpy_seed)
    return guards


# threads, and processes that no audit event tells of


def _threads() -> dict[Place, Function]:
    """CPython 3.11 tells an audit hook nothing of threads. Waiting for another thread would be for ever."""
    names = ("start_new_thread", "start_new", "start_joinable_thread", "_start_new_thread", "_start_joinable_thread")
    guards: dict[Place, Function] = {
        (module, name): _guard("threading.Thread.start", getattr(module, name), THREAD)
        for module in (_thread, threading)
        for name in names
        if hasattr(module, name)
    }
    guards[threading.Condition, "wait"] = _guard("threading.Condition.wait", threading.Condition.wait, THREAD)
    guards[_posixsubprocess, "fork_exec"] = _guard("multiprocessing", _posixsubprocess.fork_exec, PROCESS)
    return guards


GUARDS = {**_clocks(), **_randomness(), **_numpy(), **_threads()}
CLASSMETHODS = _classmethods()
