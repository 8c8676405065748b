"""The parts of the benchmark, each of which one worker does by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scenarios.bugs.figures import SEEDS
from scenarios.bugs.record import Bug
from scenarios.bugs.unit_tests import UNIT_TESTS
from scenarios.bugs.worlds import Way

RIGHT_SEEDS = 1_000
ABLATION_SEEDS = 10
AT_ONCE = 50
"""Seeds of the right engine in one order to a worker."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured. ``right_seeds``: of the right engine; those up to ``seeds`` in every world, each of the
    others in one. ``ablation_seeds``: the first so many of ``seeds``, in the other ways; 0 leaves those out.
    ``most_s``: nothing is begun after so many seconds. ``unit_tests``: a folder or a file; left out where it is
    not there, as in an installed package.
    """

    bugs: tuple[Bug, ...]
    seeds: int = SEEDS
    right_seeds: int = RIGHT_SEEDS
    ablation_seeds: int = ABLATION_SEEDS
    jobs: int = os.cpu_count() or 1
    most_s: float | None = None
    unit_tests: Path = UNIT_TESTS

    @property
    def worlds(self) -> tuple[str, ...]:
        """Those that the bugs are hunted in."""
        return tuple(dict.fromkeys(bug.world for bug in self.bugs))


@dataclass(frozen=True, slots=True)
class Order:
    """Seeds of one engine (``bug_id`` "": the right one) in one world; or, where ``way`` is None, its unit tests."""

    bug_id: str
    world: str
    way: Way | None
    first_seed: int = 1
    seeds: int = 0
    step: int = 1


def orders(wanted: Wanted) -> Iterator[Order]:
    """What matters most comes first, so that a run that is cut short has told as much as it can.

    The right engine's first seeds come before all: without their hashes nothing can be compared.
    """
    for world in wanted.worlds:
        yield Order("", world, Way.WHOLE, 1, wanted.seeds)
    for bug in wanted.bugs:
        yield Order(bug.id, bug.world, Way.WHOLE, 1, wanted.seeds)
    yield from _others_of_the_right_engine(wanted, wanted.worlds)
    if not wanted.ablation_seeds:
        return
    for bug in wanted.bugs if wanted.unit_tests.exists() else ():
        yield Order(bug.id, bug.world, None)
    for bug in wanted.bugs:
        for way in (Way.NO_FAULTS, Way.FIFO):
            yield Order(bug.id, bug.world, way, 1, wanted.ablation_seeds)


def _others_of_the_right_engine(wanted: Wanted, worlds: Sequence[str]) -> Iterator[Order]:
    """Those beyond ``seeds``, dealt to the worlds in turn."""
    for first in range(wanted.seeds + 1, wanted.right_seeds + 1, AT_ONCE * len(worlds)):
        for index, world in enumerate(worlds):
            seeds = range(first + index, min(first + AT_ONCE * len(worlds), wanted.right_seeds + 1), len(worlds))
            if seeds:
                yield Order("", world, Way.WHOLE, seeds[0], len(seeds), len(worlds))
