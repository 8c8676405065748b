"""The process in which Locust runs: ``python -m scenarios.load.worker SPEC ROLE NUMBER``.

One user a process dispatches that process's share of the arrivals (``generator``); Locust's runners begin it, count its
requests and end it, alone or as workers of a master. Locust patches the standard library when it is imported, which is
why this is a process of its own. It says on standard output, in lines of JSON, how far it is; it ends when its parent
is gone.
"""

from __future__ import annotations

import locust  # first: it patches the standard library, and all others have to find it patched

# isort: split
import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import gevent
from gevent.event import AsyncResult, Event
from locust import constant, task
from locust.env import Environment
from locust.runners import Runner

from scenarios.load.client import Client
from scenarios.load.generator import Generator
from scenarios.load.samples import Recorder
from scenarios.load.spec import LoadSpec

API_KEY = "SWIPELAB_API_KEY"
HOST = "127.0.0.1"
HEAD_START_NS = 300_000_000
"""From the word to begin to the first arrival: everybody has heard by then."""
PATIENCE_S = 30.0
"""For workers to meet their master, and for each to begin."""
NS_PER_MS = 1_000_000


class Dispatcher(locust.FastHttpUser):
    """The one user of a process. Class attributes are set by :func:`prepare`."""

    host = "http://engine.invalid"
    wait_time = constant(0)
    number = 0
    begun: AsyncResult
    over: Event
    spec: LoadSpec
    folder: Path
    utc_offset_ns: int
    traffic: Any
    locust_requests = 0

    @task
    def send(self) -> None:
        """All arrivals of this process, once."""
        spec, kind = self.spec, type(self)
        begin_ns = kind.begun.get()
        api_key = os.environ.get(API_KEY, "")
        gc.collect()
        gc.freeze()  # what is here stays: no collection is to look through it while others wait to be sent
        gc.set_threshold(100_000, 20, 50)
        client = Client(spec.url, api_key, max(spec.connections // spec.processes, 1), spec.give_up_s)
        recorder = Recorder(self.folder, kind.number)
        fire = self.environment.events.request.fire

        def heed(verb: str, took_ns: int, size: int, wrong: str) -> None:
            error = RuntimeError(wrong) if wrong else None
            fire(
                request_type="POST", name=verb, response_time=took_ns / NS_PER_MS, response_length=size,
                exception=error, context={},
            )  # fmt: skip

        generator = Generator(
            spec, self.traffic, kind.number, client, recorder, heed, begin_ns, begin_ns + self.utc_offset_ns
        )
        telling = gevent.spawn(_tell_progress, generator)
        try:
            generator.run()
        finally:
            telling.kill()
            recorder.close()
            client.close()
        say(**generator.progress(), done=True, stats=self.environment.stats.total.num_requests)
        kind.over.set()
        gevent.sleep(PATIENCE_S * 10)  # nothing else is to be done; the runner ends this user


def _tell_progress(generator: Generator) -> None:
    while True:
        gevent.sleep(0.5)
        say(**generator.progress())


def say(**words: Any) -> None:
    """One line to the parent."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def prepare(file: Path, number: int) -> tuple[LoadSpec, dict[str, int], Environment]:
    """Everything that takes time, before anybody counts it."""
    spec, more = LoadSpec.read(file)
    Dispatcher.spec, Dispatcher.folder, Dispatcher.number = spec, file.parent, number
    Dispatcher.utc_offset_ns = more["utc_offset_ns"]
    Dispatcher.begun, Dispatcher.over = AsyncResult(), Event()
    environment = Environment(user_classes=[Dispatcher], host=spec.url, catch_exceptions=False)
    return spec, more, environment


def alone(file: Path) -> None:
    """A local runner with its one user."""
    spec, _, environment = prepare(file, 0)
    Dispatcher.traffic = spec.traffic()
    runner = environment.create_local_runner()
    runner.start(1, spawn_rate=1)
    _begin(file.parent, lambda begin_ns: Dispatcher.begun.set(begin_ns))
    _until_over(runner)
    runner.quit()


def master(file: Path) -> None:
    """A master that begins its workers together, when all of them are there, and ends them when all are done."""
    spec, more, environment = prepare(file, -1)
    runner = environment.create_master_runner(HOST, more["port"])
    done = []
    runner.register_message("arrivals_done", lambda environment, msg, **_: done.append(msg.data))
    _wait(lambda: len(runner.clients.ready) >= spec.workers, "the workers did not come")
    runner.start(spec.workers, spawn_rate=spec.workers)
    _wait(lambda: runner.user_count >= spec.workers, "the workers did not begin")
    _begin(file.parent, lambda begin_ns: runner.send_message("arrivals", {"begin_ns": begin_ns}))
    while len(done) < spec.workers:
        gevent.sleep(0.1)
        if missing := runner.clients.missing:
            raise RuntimeError(f"{len(missing)} workers of {spec.workers} are gone")
    gevent.sleep(1.0)  # the workers' last reports
    runner.quit()
    say(master=True, stats=environment.stats.total.num_requests)


def worker(file: Path, number: int) -> None:
    """One of several, told by the master when to begin."""
    spec, more, environment = prepare(file, number)
    Dispatcher.traffic = spec.traffic()
    runner = environment.create_worker_runner(HOST, more["port"])
    runner.register_message("arrivals", lambda environment, msg, **_: Dispatcher.begun.set(msg.data["begin_ns"]))
    _until_over(runner)
    runner.send_message("arrivals_done", number)
    runner.greenlet.join(timeout=PATIENCE_S)


def _begin(folder: Path, tell: Any) -> None:
    begin_ns = time.monotonic_ns() + HEAD_START_NS
    (folder / "begin.json").write_text(json.dumps({"begin_ns": begin_ns}), encoding="utf-8")
    tell(begin_ns)


def _until_over(runner: Runner) -> None:
    while not Dispatcher.over.wait(timeout=0.2):
        if runner.exceptions:
            raise RuntimeError("; ".join(f"{one['msg']} {one['traceback']}" for one in runner.exceptions.values()))


def _wait(there: Any, otherwise: str) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not there():
        if time.monotonic() > until_s:
            raise RuntimeError(otherwise)
        gevent.sleep(0.05)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        gevent.sleep(1.0)
    os._exit(1)


def main(arguments: list[str]) -> None:
    """SPEC, ROLE (alone, master, worker), NUMBER."""
    file, role, number = Path(arguments[0]), arguments[1], int(arguments[2])
    gevent.spawn(_end_with, os.getppid())
    {"alone": alone, "master": master}[role](file) if role != "worker" else worker(file, number)


if __name__ == "__main__":
    main(sys.argv[1:])
