"""Real time, I/O, threads and unseeded randomness raise inside a run, by name; and everything is as before after it."""

from __future__ import annotations

import asyncio
import datetime
import logging
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from datetime import datetime as moment
from os import urandom
from pathlib import Path
from random import randint
from random import random as rnd
from time import monotonic as ticks
from time import sleep as rest
from time import time as wall
from typing import Any

import numpy as np
import pytest
from numpy.random import rand

from simulators.kernel import FenceBreach, Kernel, fences

EPOCH_NS = 1_700_000_000_123_456_789


def in_world(call: Callable[[], Any], **settings: Any) -> Any:
    """Call it from a coroutine inside a run."""

    async def main() -> Any:
        await asyncio.sleep(1)
        return call()

    with Kernel(1, epoch_ns=EPOCH_NS, **settings) as kernel:
        return kernel.run(main())


CLOCK = "use the clock that is handed in"
RANDOM = "use a named stream"
IDS = "use the ids that are handed in"
THREAD = "the simulated world has one thread"
IO = "open the fence with fences.lifted"
FORBIDDEN: dict[str, tuple[Callable[[], Any], str, str]] = {
    "time.time": (lambda: time.time(), "time.time()", CLOCK),
    "time.time_ns": (lambda: time.time_ns(), "time.time_ns()", CLOCK),
    "time.monotonic": (lambda: time.monotonic(), "time.monotonic()", CLOCK),
    "time.monotonic_ns": (lambda: time.monotonic_ns(), "time.monotonic_ns()", CLOCK),
    "time.perf_counter": (lambda: time.perf_counter(), "time.perf_counter()", CLOCK),
    "time.perf_counter_ns": (lambda: time.perf_counter_ns(), "time.perf_counter_ns()", CLOCK),
    "time.process_time": (lambda: time.process_time(), "time.process_time()", CLOCK),
    "time.localtime": (lambda: time.localtime(), "time.localtime()", CLOCK),
    "time.strftime": (lambda: time.strftime("%Y"), "time.strftime()", CLOCK),
    "imported time": (lambda: wall(), "time.time()", CLOCK),
    "imported monotonic": (lambda: ticks(), "time.monotonic()", CLOCK),
    "time.sleep": (lambda: time.sleep(0), "time.sleep()", "use asyncio.sleep or kernel.delay_ns"),
    "imported sleep": (lambda: rest(0), "time.sleep()", "use asyncio.sleep or kernel.delay_ns"),
    "datetime.now": (lambda: datetime.datetime.now(), "datetime.datetime.now()", CLOCK),
    "datetime.now with a zone": (lambda: datetime.datetime.now(datetime.UTC), "datetime.datetime.now()", CLOCK),
    "datetime.utcnow": (lambda: datetime.datetime.utcnow(), "datetime.datetime.utcnow()", CLOCK),
    "datetime.today": (lambda: datetime.datetime.today(), "datetime.datetime.today()", CLOCK),
    "date.today": (lambda: datetime.date.today(), "datetime.date.today()", CLOCK),
    "imported datetime": (lambda: moment.now(), "datetime.datetime.now()", CLOCK),
    "imported date": (lambda: date.today(), "datetime.date.today()", CLOCK),
    "random.random": (lambda: random.random(), "random.random()", RANDOM),
    "random.randint": (lambda: random.randint(1, 6), "randint()", RANDOM),
    "random.choice": (lambda: random.choice("abc"), "choice()", RANDOM),
    "random.shuffle": (lambda: random.shuffle([1, 2]), "shuffle()", RANDOM),
    "random.gauss": (lambda: random.gauss(0, 1), "gauss()", RANDOM),
    "random.seed": (lambda: random.seed(), "seed()", RANDOM),
    "random.Random": (lambda: random.Random(), "random.Random", RANDOM),
    "random.SystemRandom": (lambda: random.SystemRandom().random(), "SystemRandom.random()", RANDOM),
    "imported random": (lambda: rnd(), "random.random()", RANDOM),
    "imported randint": (lambda: randint(1, 6), "randint()", RANDOM),
    "os.urandom": (lambda: os.urandom(4), "os.urandom()", RANDOM),
    "urandom as a file": (lambda: open("/dev/urandom", "rb"), "/dev/urandom is outside", RANDOM),  # noqa: SIM115
    "urandom, low down": (lambda: os.open("/dev/../dev/urandom", os.O_RDONLY), "/dev/urandom is outside", RANDOM),
    "urandom as a path": (lambda: Path("/dev/random").read_bytes(), "/dev/random is outside", RANDOM),
    "urandom in bytes": (lambda: open(b"/dev/urandom", "rb"), "/dev/urandom is outside", RANDOM),  # noqa: SIM115
    "a path to open": (lambda: os.open(Path("/dev/urandom"), os.O_RDONLY), "/dev/urandom is outside", RANDOM),
    "an id as a file": (lambda: open("/proc/sys/kernel/random/uuid"), "random/uuid is outside", IDS),  # noqa: SIM115
    "uptime": (lambda: open("/proc/uptime"), "/proc/uptime is outside", CLOCK),  # noqa: SIM115
    "imported urandom": (lambda: urandom(4), "os.urandom()", RANDOM),
    "secrets.token_hex": (lambda: secrets.token_hex(), "secrets.token_hex()", RANDOM),
    "secrets.randbelow": (lambda: secrets.randbelow(5), "secrets.randbelow()", RANDOM),
    "secrets.choice": (lambda: secrets.choice("abc"), "choice()", RANDOM),
    "uuid.uuid1": (lambda: uuid.uuid1(), "uuid.uuid1()", IDS),
    "uuid.uuid4": (lambda: uuid.uuid4(), "uuid.uuid4()", IDS),
    "numpy.random.rand": (lambda: np.random.rand(), "numpy.random.rand()", RANDOM),
    "numpy.random.normal": (lambda: np.random.normal(), "numpy.random.normal()", RANDOM),
    "numpy.random.seed": (lambda: np.random.seed(1), "numpy.random.seed()", RANDOM),
    "numpy default_rng": (lambda: np.random.default_rng(), "numpy.random.default_rng()", RANDOM),
    "numpy RandomState": (lambda: np.random.RandomState(), "os.urandom()", RANDOM),
    "numpy PCG64": (lambda: np.random.PCG64(), "os.urandom()", RANDOM),
    "imported numpy rand": (lambda: rand(), "numpy.random.rand()", RANDOM),
    "Thread.start": (lambda: threading.Thread(target=print).start(), "threading.Thread.start()", THREAD),
    "an executor": (lambda: ThreadPoolExecutor().submit(print), "submit()", THREAD),
    "Event.wait": (lambda: threading.Event().wait(0.01), "threading.Event.wait()", THREAD),
    "socket": (lambda: socket.socket(), "socket.socket", IO),
    "getaddrinfo": (lambda: socket.getaddrinfo("localhost", 80), "getaddrinfo()", IO),
    "subprocess.run": (lambda: subprocess.run(["true"], check=True), "subprocess.run()", IO),
    "os.system": (lambda: os.system("true"), "os.system()", IO),
    "os.fork": (lambda: os.fork(), "os.fork()", IO),
}


@pytest.mark.parametrize("call, name, advice", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_breach_names_the_culprit_the_call_and_the_alternative(
    call: Callable[[], Any], name: str, advice: str
) -> None:
    with pytest.raises(FenceBreach) as caught:
        in_world(call)
    told = str(caught.value)
    line = call.__code__.co_firstlineno
    assert told.startswith(f"{__name__} ({__file__}:{line}, in <lambda>) called ")
    assert name in told
    assert "at virtual 1000000000 ns" in told
    assert advice in told


LOOP_METHODS: dict[str, Callable[[asyncio.AbstractEventLoop], Any]] = {
    "run_in_executor": lambda loop: loop.run_in_executor(None, print),
    "create_connection": lambda loop: loop.create_connection(asyncio.Protocol, "localhost", 80),
    "create_server": lambda loop: loop.create_server(asyncio.Protocol, "localhost", 80),
    "subprocess_exec": lambda loop: loop.subprocess_exec(asyncio.SubprocessProtocol, "true"),
    "add_reader": lambda loop: loop.add_reader(0, print),
    "add_signal_handler": lambda loop: loop.add_signal_handler(15, print),
    "getaddrinfo": lambda loop: loop.getaddrinfo("localhost", 80),
    "sock_recv": lambda loop: loop.sock_recv(None, 1),
}


@pytest.mark.parametrize("name, call", LOOP_METHODS.items(), ids=LOOP_METHODS)
def test_the_loop_refuses_io_at_once_and_names_the_caller(
    name: str, call: Callable[[asyncio.AbstractEventLoop], Any]
) -> None:
    with pytest.raises(FenceBreach, match=rf"test_fences \(.*called loop\.{name}\(\)"):
        in_world(lambda: call(asyncio.get_running_loop()))


def test_to_thread_is_refused_on_behalf_of_its_caller() -> None:
    async def main() -> None:
        await asyncio.to_thread(print)

    with Kernel(1) as kernel, pytest.raises(FenceBreach, match=r"test_fences .*to_thread.*run_in_executor"):
        kernel.run(main())


def test_another_thread_may_not_reach_in() -> None:
    with Kernel(1) as kernel:
        caught: list[BaseException] = []

        def intrude() -> None:
            try:
                kernel.loop.call_soon_threadsafe(print)
            except FenceBreach as error:
                caught.append(error)

        thread = threading.Thread(target=intrude, name="intruder")
        thread.start()
        thread.join()
    assert "thread 'intruder' called loop.call_soon_threadsafe(print)" in str(caught[0])


@pytest.mark.parametrize(
    "breach, told",
    [
        (lambda: time.time(), r"time\.time"),
        (lambda: asyncio.get_running_loop().run_in_executor(None, print), "run_in_executor"),
        (lambda: threading.Thread(target=print).start(), "Thread"),
        (lambda: socket.socket(), "socket"),
    ],
    ids=["clock", "executor", "thread", "socket"],
)
def test_a_breach_that_is_swallowed_ends_the_run_all_the_same(breach: Callable[[], Any], told: str) -> None:
    after: list[str] = []

    async def main() -> None:
        try:
            breach()
        except Exception:  # noqa: BLE001 (what it tests)
            after.append("swallowed")
        await asyncio.sleep(1)
        after.append("went on")

    with Kernel(1) as kernel, pytest.raises(FenceBreach, match=told):
        kernel.run(main())
    assert after == ["swallowed"]


def test_a_simpy_process_is_fenced_too() -> None:
    with Kernel(1) as kernel:

        def actor() -> Iterator[Any]:
            yield kernel.env.timeout(1)
            random.random()

        kernel.process(actor(), "actor")
        with pytest.raises(FenceBreach, match=r"actor\) called random\.random\(\)"):
            kernel.run()


def test_seeded_randomness_and_pure_time_functions_are_allowed() -> None:
    def pure() -> list[Any]:
        return [
            random.Random(7).random(),
            np.random.default_rng(7).random(),
            np.random.Generator(np.random.PCG64(7)).random(),
            time.gmtime(0).tm_year,
            time.strftime("%Y", time.gmtime(0)),
            datetime.datetime.fromtimestamp(0, datetime.UTC),
            datetime.datetime(2024, 2, 29) + datetime.timedelta(days=1),
            uuid.uuid5(uuid.NAMESPACE_DNS, "example.org"),
            moment.combine(date(2024, 1, 1), datetime.time(1)),
            isinstance(moment(2024, 1, 1), datetime.datetime),
            type(moment(2024, 1, 1)) is datetime.datetime,
        ]

    assert in_world(pure) == pure()


def test_other_files_may_be_read(tmp_path: Path) -> None:
    (tmp_path / "urandom").write_text("nothing new")
    assert in_world((tmp_path / "urandom").read_text) == "nothing new"

    def by_descriptor() -> str:
        with open(os.open(tmp_path / "urandom", os.O_RDONLY)) as opened:
            return opened.read()

    assert in_world(by_descriptor) == "nothing new"


def test_infrastructure_gets_virtual_time() -> None:
    def make_record() -> logging.LogRecord:
        return logging.LogRecord("name", logging.INFO, "path", 1, "message", (), None)

    assert in_world(make_record).created == pytest.approx(EPOCH_NS / 1e9 + 1, abs=1e-6)


def test_infrastructure_asking_datetime_gets_virtual_time() -> None:
    names: dict[str, Any] = {"__name__": "structlog.processors", "datetime": datetime}
    exec("def stamp(): return datetime.datetime.now(datetime.timezone.utc), datetime.date.today()", names)
    stamp, today = in_world(names["stamp"])
    assert stamp == datetime.datetime(2023, 11, 14, 22, 13, 21, 123456, tzinfo=datetime.UTC)
    assert today == date(2023, 11, 14)


def test_infrastructure_asking_for_randomness_gets_the_seeds() -> None:
    names: dict[str, Any] = {"__name__": "httpx._multipart", "os": os, "random": random}
    exec("def boundary(): return os.urandom(16), random.Random().random()", names)
    assert in_world(names["boundary"]) == in_world(names["boundary"])


def test_a_thread_is_refused_to_infrastructure_on_behalf_of_its_caller() -> None:
    names: dict[str, Any] = {"__name__": "anyio._backends", "threading": threading}
    exec("def start(): threading.Thread(target=print).start()", names)

    def world_code() -> None:
        names["start"]()

    with pytest.raises(FenceBreach, match=r"anyio\._backends .*on behalf of .*test_fences .*world_code"):
        in_world(world_code)


def test_tools_that_watch_from_outside_see_real_time() -> None:
    names: dict[str, Any] = {"__name__": "coverage.control", "time": time}
    exec("def now(): return time.time()", names)
    assert abs(in_world(names["now"]) - time.time()) < 60


def test_modules_may_be_imported_during_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "imported_late.py").write_text(
        "import random, threading, time\n"
        "from time import time as wall\n"
        "STARTED = time.time()\n"
        "GENERATOR = random.Random()\n"
        "def ask(): return wall()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    def import_late() -> Any:
        import imported_late  # type: ignore[import-not-found]

        return imported_late

    module = in_world(import_late)
    try:
        assert pytest.approx(EPOCH_NS / 1e9 + 1, abs=1e-6) == module.STARTED
        assert module.wall is time.time
        assert abs(module.ask() - time.time()) < 60
        with pytest.raises(FenceBreach, match=r"imported_late \(.*imported_late\.py:5, in ask\) called time\.time"):
            in_world(module.ask)
    finally:
        del sys.modules["imported_late"]


def test_the_fence_can_be_lifted_for_deliberate_io() -> None:
    def deliberate() -> float:
        with fences.lifted("reads a real node"):
            with fences.lifted("nested"):
                pass
            with socket.socket():
                thread = threading.Thread(target=time.time)
                thread.start()
                thread.join()
            return time.time()

    assert abs(in_world(deliberate) - time.time()) < 60

    def lifts_then_breaches() -> None:
        deliberate()
        time.time()

    with pytest.raises(FenceBreach):
        in_world(lifts_then_breaches)


def test_lifting_needs_a_reason_and_does_nothing_outside_a_run() -> None:
    with pytest.raises(ValueError, match="reason"):
        with fences.lifted(" "):
            pass
    with fences.lifted("no run here"):
        assert time.time() > 0


def test_other_threads_are_not_fenced() -> None:
    """A watchdog that lived before the run goes on as ever."""
    ask, answered = threading.Event(), threading.Event()
    answers: list[Any] = []

    def watchdog() -> None:
        ask.wait(10)
        answers.append((time.time(), random.random(), moment.now(), os.urandom(1)))
        answered.set()

    thread = threading.Thread(target=watchdog)
    thread.start()

    def wake_it() -> None:
        ask.set()
        with fences.lifted("waits for the watchdog"):
            answered.wait(10)

    in_world(wake_it)
    thread.join()
    assert abs(answers[0][0] - time.time()) < 60


def snapshot() -> list[Any]:
    """Every object that the fences replace while they stand, as it is now."""
    from simulators.kernel.fence_guards import CLASSMETHODS, GUARDS

    shared = random._inst  # type: ignore[attr-defined]
    here = globals()
    return [
        [getattr(owner, name) for owner, name in GUARDS if owner is not shared],
        [cls.__dict__.get(name) for cls, name in CLASSMETHODS],
        [here[name] for name in ("wall", "ticks", "rest", "rnd", "randint", "urandom", "rand")],
        dict(vars(shared)),
        [asyncio.events.get_running_loop, asyncio.events._get_running_loop, "set" in vars(asyncio.tasks)],
    ]


def test_everything_is_restored_after_a_run_and_after_a_crash() -> None:
    random.gauss(0, 1)  # leaves a spare behind
    before = snapshot()
    inside: list[Any] = []

    def look() -> None:
        inside.extend(snapshot())

    in_world(look)
    assert [a is b for a, b in zip(before[0], inside[0], strict=True)].count(True) == 0
    assert [a is b for a, b in zip(before[1], inside[1], strict=True)].count(True) == 0
    after = snapshot()
    with pytest.raises(FenceBreach):
        in_world(lambda: time.time())
    for now in (after, snapshot()):
        for was, is_ in zip(before[:3], now[:3], strict=True):
            assert all(a is b for a, b in zip(was, is_, strict=True))
        assert now[3:] == before[3:]
    assert "random" not in vars(random._inst)  # type: ignore[attr-defined]
    assert "today" not in datetime.datetime.__dict__


def test_many_runs_leave_no_trace_and_cost_little() -> None:
    with Kernel(1) as kernel:
        for at_ns in range(1, 200):
            kernel.run(until=at_ns)
    assert not fences._standing
