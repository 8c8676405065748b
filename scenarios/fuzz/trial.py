"""One world of one seed, run for its verdict alone: no run folder, no events file, its hash and what it found."""

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

from scenarios.fuzz.case import Ready
from scenarios.problems import BadInput
from scenarios.resolve import Resolved
from scenarios.runner import stop_behind
from simulators.backends.chain.node import NodeError
from simulators.backends.chain.revm import RevmMissing
from simulators.kernel import Chunk, Ties
from simulators.world import World, WorldError, WorldResult

CRASH = "crash"
"""In place of an invariant: the engine raised what is no EngineError, or broke the world."""
KIND, REF, ACCOUNT, RESULT, DETAIL = 1, 2, 3, 7, 9
"""Columns of the events table."""

Row = tuple[Any, ...]
_one_world = Lock()  # a process holds one world at a time, also where its threads would run several


@dataclass(frozen=True, slots=True)
class Found:
    """What broke, and when, in nanoseconds since the world began."""

    invariant: str
    at_ns: int
    ref: str
    account_id: str
    message: str


@dataclass(frozen=True, slots=True)
class Trial:
    """How a world ended. ``found``: the first finding of each invariant, in order of time. ``events``: its last rows,
    kept only where something was found. ``ties``: how many there were to choose from, where they are explored."""

    seed: int
    swipes: int
    trace_sha256: str
    virtual_ns: int
    cpu_s: float
    found: tuple[Found, ...]
    events: tuple[Row, ...] = ()
    ties: int = 0

    def first(self, invariant: str) -> Found | None:
        """The finding of this invariant, if there is one."""
        return next((found for found in self.found if found.invariant == invariant), None)


class _Tail:
    """A sink that keeps the last rows, as columns, and every crash."""

    def __init__(self) -> None:
        self._chunks: deque[Chunk] = deque(maxlen=2)
        self.crashes: list[Found] = []

    def __call__(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)
        if "crash" in chunk.columns[KIND]:
            self.crashes += [
                Found(CRASH, row[0], row[REF], row[ACCOUNT], f"{row[RESULT]} on {row[REF]} {row[DETAIL]}")
                for row in _rows(chunk)
                if row[KIND] == "crash"
            ]

    def rows(self) -> tuple[Row, ...]:
        return tuple(row for chunk in self._chunks for row in _rows(chunk))


def _rows(chunk: Chunk) -> Iterator[Row]:
    return zip(*chunk.columns, strict=True)


def attempt(ready: Ready, seed: int | None = None, ties: Ties | None = None) -> Trial:
    """Run the case with this seed, or its own; ``ties`` choose in the seed's place. Raises BadInput."""
    begun_s = time.thread_time()
    with _one_world:
        scenario, resolved = ready.world(seed)
        return _run(ready, scenario.seed, resolved, ties, begun_s)


def _run(ready: Ready, seed: int, resolved: Resolved, ties: Ties | None, begun_s: float) -> Trial:
    tail, result = _Tail(), None
    broken: list[Found] = []
    try:
        world = World(resolved.settings, resolved.purchases, ready.engine, tail, ties)
    except (WorldError, NodeError, RevmMissing) as error:
        raise BadInput(str(error)) from error
    try:
        result = world.run()
    except NodeError as error:
        raise BadInput(str(error)) from error
    except Exception as error:  # whatever ends a world early is what this seed has found
        if (stop := stop_behind(error)) is not None:
            raise stop from error
        broken.append(Found(CRASH, world.now_ns, type(error).__name__, "", _told(error)))
    sha256 = result.trace_sha256 if result is not None else world.end_early()
    found = _first_of_each([*_findings(result, resolved), *tail.crashes, *broken])
    return Trial(
        seed,
        result.swipes if result is not None else 0,
        sha256,
        world.now_ns,
        time.thread_time() - begun_s,
        found,
        tail.rows() if found else (),
        world.ties,
    )


def _findings(result: WorldResult | None, resolved: Resolved) -> Iterator[Found]:
    if result is not None:
        epoch_ns = result.start_ns - resolved.settings.warmup_ns  # a fault may have moved the whole world in time
        for one in result.findings:
            yield Found(one.invariant, one.at_ns - epoch_ns, one.ref, one.account_id, one.message)


def _first_of_each(found: list[Found]) -> tuple[Found, ...]:
    firsts: dict[str, Found] = {}
    for one in sorted(found, key=lambda one: one.at_ns):
        firsts.setdefault(one.invariant, one)
    return tuple(firsts.values())


def _told(error: BaseException) -> str:
    """The error and where it came from; the file by its name alone, so that it reads the same on any machine."""
    while error.__cause__ is not None:
        error = error.__cause__
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}: {error}"
