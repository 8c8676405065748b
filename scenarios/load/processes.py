"""The processes that send: started, watched, and ended, whatever happens. They are in a session of their own, so that
Ctrl-C reaches the parent alone, which then ends them.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from scenarios.behind_url import API_KEY
from scenarios.load.spec import LoadSpec

GRACE_S = 3.0
SPEC = "spec.json"
START_S = 90.0
"""For the processes to start and meet, beside the run itself."""
Heed = Callable[[int, int], None]
"""Told of arrivals that were due, and of messages answered, by all processes together."""


class LoadFault(Exception):
    """The generator broke: a fault of Swipelab, and no verdict on the engine."""


def free_port() -> int:
    """A port on loopback that was free a moment ago."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def generate(spec: LoadSpec, folder: Path, utc_offset_ns: int, api_key: str, heed: Heed | None) -> dict[int, Any]:
    """Let the whole load happen; samples are in ``folder`` afterwards. Gives the last word of each process, by its
    number, -1 being the master. Raises LoadFault where a process broke.
    """
    spec.write(folder / SPEC, utc_offset_ns=utc_offset_ns, port=free_port() if spec.workers else 0)
    roles = [("master", -1), *(("worker", n) for n in range(spec.workers))] if spec.workers else [("alone", 0)]
    environment = {**os.environ, API_KEY: api_key}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (_home(), environment.get("PYTHONPATH", ""))))
    with contextlib.ExitStack() as stack:
        children: dict[int, tuple[subprocess.Popen[str], IO[str]]] = {}
        for role, number in roles:
            said = stack.enter_context((folder / f"stderr-{number}.txt").open("w+", encoding="utf-8"))
            command = [sys.executable, "-m", "scenarios.load.worker", str(folder / SPEC), role, str(number)]
            child = stack.enter_context(_running(command, environment, said))
            children[number] = (child, said)
        return _watch(children, heed, _until_s(spec))


def _until_s(spec: LoadSpec) -> float:
    """When a run that has not ended is given up, on the monotonic clock."""
    length_s = spec.duration_s or int(spec.traffic().at_ns[-1]) / 1e9
    return time.monotonic() + START_S + length_s * 2 + 3 * spec.give_up_s


def _home() -> str:
    return str(Path(__file__).resolve().parents[2])


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str], said: IO[str]) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=said, stdin=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield child
    finally:
        _end(child)
        if child.stdout:
            child.stdout.close()


def _end(child: subprocess.Popen[str]) -> None:
    """A quiet word first."""
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _watch(
    children: dict[int, tuple[subprocess.Popen[str], IO[str]]], heed: Heed | None, until_s: float
) -> dict[int, Any]:
    last: dict[int, Any] = {}
    with selectors.DefaultSelector() as ready:
        for number, (child, _) in children.items():
            ready.register(child.stdout, selectors.EVENT_READ, number)
        while ready.get_map():
            if time.monotonic() > until_s:
                raise LoadFault("the load did not end in time")
            for key, _ in ready.select(timeout=0.5):
                line = key.fileobj.readline()
                if not line:
                    ready.unregister(key.fileobj)
                    _check(*children[key.data], key.data)
                    continue
                last[key.data] = json.loads(line)
                if heed:
                    due, answered = (sum(word.get(name, 0) for word in last.values()) for name in ("due", "answered"))
                    heed(due, answered)
    return last


def _check(child: subprocess.Popen[str], said: IO[str], number: int) -> None:
    """A process that closes its output has ended, or is about to. Raises LoadFault where it ended badly."""
    try:
        code = child.wait(GRACE_S * 3)
    except subprocess.TimeoutExpired:
        raise LoadFault(f"process {number} said all it had to say and did not end") from None
    if code:
        said.seek(0)
        lines = said.read().strip().splitlines()
        raise LoadFault(f"process {number} ended with {code}: " + "\n".join(lines[-12:]))
