"""A sweep: many seeds of one case, a batch at a time, wherever an executor runs them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from itertools import islice

from scenarios.fuzz.case import Case, ready
from scenarios.fuzz.trial import Trial, attempt

BATCH = 4
"""Seeds that a worker is given at once: a fraction of a second of work."""
AHEAD = 2
"""Batches that wait for each worker, so that none is idle and memory stays bounded."""


@dataclass(slots=True)
class Tally:
    """What a sweep comes to. ``cpu_s`` is what the worlds took, wherever they ran."""

    seeds: int = 0
    swipes: int = 0
    cpu_s: float = 0.0
    failed_seeds: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    def add(self, trial: Trial) -> None:
        self.seeds += 1
        self.swipes += trial.swipes
        self.cpu_s += trial.cpu_s
        self.failed_seeds += bool(trial.found)
        self.failures.update(found.invariant for found in trial.found)

    @property
    def seeds_per_core_s(self) -> float:
        """Seeds for each second of one core."""
        return self.seeds / self.cpu_s if self.cpu_s else 0.0


def run_batch(case: Case, seeds: tuple[int, ...]) -> list[Trial]:
    """What a worker does. Raises BadInput, ScenarioError where no seed can run."""
    prepared = ready(case)
    return [attempt(prepared, seed) for seed in seeds]


def sweep(
    case: Case,
    seeds: Iterable[int],
    executor: Executor,
    workers: int,
    time_is_up: Callable[[], bool] = lambda: False,
) -> Iterator[Trial]:
    """Every seed's trial, as they end, until ``time_is_up``; batches under way are waited for."""
    waiting = _batches(iter(seeds))
    under_way: set[Future[list[Trial]]] = set()
    try:
        while True:
            while len(under_way) < workers * AHEAD and not time_is_up() and (batch := next(waiting, None)):
                under_way.add(executor.submit(run_batch, case, batch))
            if not under_way:
                return
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                yield from future.result()
    finally:
        for future in under_way:
            future.cancel()


def _batches(seeds: Iterator[int]) -> Iterator[tuple[int, ...]]:
    while batch := tuple(islice(seeds, BATCH)):
        yield batch


def after(seconds: float | None) -> Callable[[], bool]:
    """A clock that says when so many seconds from now have passed; never for None."""
    if seconds is None:
        return lambda: False
    end_s = time.monotonic() + seconds
    return lambda: time.monotonic() >= end_s
