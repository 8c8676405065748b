"""The benchmark: every bug under every seed in its world, in three ways, on all cores; and the right engine as well."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from scenarios.bugs.catalogue import CATALOGUE
from scenarios.bugs.figures import SEEDS, Figures, figures
from scenarios.bugs.planting import planted
from scenarios.bugs.reaching import files_on
from scenarios.bugs.record import Bug
from scenarios.bugs.trial import Trial, attempt
from scenarios.bugs.worlds import Way

RIGHT_SEEDS = 1_000
ABLATION_SEEDS = 20
AT_ONCE = 50
"""Seeds of the right engine in one order to a worker."""
ROOT = Path(__file__).parents[2]
UNIT_TESTS = ROOT / "tests" / "engine"
FAILED_TESTS = 1  # pytest's exit code where a test failed
UNIT_TESTS_S = 300

Progress = Callable[[int, int, str], None]
"""Called with how many parts are done, of how many, and what was done last."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured. ``right_seeds``: of the right engine; those up to ``seeds`` in every world, each of the
    others in one. ``ablation_seeds``: the first so many of ``seeds``, in the other ways; 0 leaves those out."""

    bugs: tuple[Bug, ...]
    seeds: int = SEEDS
    right_seeds: int = RIGHT_SEEDS
    ablation_seeds: int = ABLATION_SEEDS
    jobs: int = os.cpu_count() or 1
    most_s: float | None = None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """``false_alarms``: what the right engine was accused of, as (world, seed, words), in ``right_runs`` runs.
    ``left_out``: bugs whose seeds were not all run in the time given; of them nothing is told."""

    figures: tuple[Figures, ...]
    seeds: int
    ablation_seeds: int
    right_seeds: int
    right_runs: int
    worlds: tuple[str, ...]
    false_alarms: tuple[tuple[str, int, str], ...]
    left_out: tuple[str, ...]
    wall_s: float
    jobs: int

    @property
    def missed(self) -> tuple[str, ...]:
        """Bugs whose named invariant never alarmed."""
        return tuple(one.bug.id for one in self.figures if not one.caught)

    @property
    def ok(self) -> bool:
        return not (self.missed or self.false_alarms or self.left_out)


@dataclass(frozen=True, slots=True)
class _Order:
    """One part of the work: some seeds of one engine in one world, or the unit tests."""

    bug_id: str
    world: str
    way: Way | None
    first_seed: int = 1
    seeds: int = 0
    step: int = 1


def run(wanted: Wanted, progress: Progress | None = None) -> Benchmark:
    """All of it; bugs are left out whole where ``most_s`` runs out. Raises PlantingError."""
    begun_s = time.monotonic()
    for bug in wanted.bugs:
        planted(bug)  # one whose text is no longer there is better told of now than by a worker
    worlds = tuple(dict.fromkeys(bug.world for bug in wanted.bugs))
    results = _all_done(wanted, tuple(_orders(wanted, worlds)), begun_s, progress)
    right: dict[str, dict[int, Trial]] = {world: {} for world in worlds}
    false_alarms: list[tuple[str, int, str]] = []
    for order, result in results.items():
        if not order.bug_id:
            for trial in result:
                right[order.world][trial.seed] = trial
                if trial.alarms or trial.broke:
                    false_alarms.append((order.world, trial.seed, trial.broke or trial.said))
    found, left_out = [], []
    for bug in wanted.bugs:
        one = _figures(bug, wanted, results, right[bug.world])
        if one is None:
            left_out.append(bug.id)
        else:
            found.append(one)
    done = len({seed for hashes in right.values() for seed in hashes})
    runs = sum(map(len, right.values()))
    return Benchmark(
        tuple(found), wanted.seeds, wanted.ablation_seeds, done, runs, worlds, tuple(sorted(false_alarms)),
        tuple(left_out), time.monotonic() - begun_s, wanted.jobs,
    )  # fmt: skip


def _orders(wanted: Wanted, worlds: Sequence[str]) -> Iterator[_Order]:
    """The right engine's first seeds come first: without their hashes nothing can be compared."""
    for world in worlds:
        yield _Order("", world, Way.WHOLE, 1, wanted.seeds)
    for bug in wanted.bugs:
        yield _Order(bug.id, bug.world, Way.WHOLE, 1, wanted.seeds)
    for first in range(wanted.seeds + 1, wanted.right_seeds + 1, AT_ONCE * len(worlds)):
        for index, world in enumerate(worlds):
            seeds = range(first + index, min(first + AT_ONCE * len(worlds), wanted.right_seeds + 1), len(worlds))
            if seeds:
                yield _Order("", world, Way.WHOLE, seeds[0], len(seeds), len(worlds))
    for bug in wanted.bugs if wanted.ablation_seeds else ():
        for way in (Way.NO_FAULTS, Way.FIFO):
            yield _Order(bug.id, bug.world, way, 1, wanted.ablation_seeds)
        if UNIT_TESTS.is_dir():  # they are no part of an installed package
            yield _Order(bug.id, bug.world, None)


def _all_done(
    wanted: Wanted, orders: Sequence[_Order], begun_s: float, progress: Progress | None
) -> dict[_Order, tuple[Trial, ...]]:
    results: dict[_Order, tuple[Trial, ...]] = {}
    ends_s = begun_s + wanted.most_s if wanted.most_s is not None else None
    # Workers are started afresh, so that what this process has imported or patched does not matter to them.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(wanted.jobs, mp_context=context) as pool:
        asked: dict[Future[tuple[Trial, ...]], _Order] = {
            pool.submit(carry_out, order, ends_s): order for order in orders
        }
        try:
            for future in as_completed(asked):
                order = asked[future]
                result = future.result()
                if result:
                    results[order] = result
                if progress is not None:
                    progress(len(results), len(orders), order.bug_id or f"right engine, {order.world}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results


def carry_out(order: _Order, ends_s: float | None = None) -> tuple[Trial, ...]:
    """In a worker. Nothing where the time was over before it began."""
    if ends_s is not None and time.monotonic() >= ends_s:
        return ()
    if order.way is None:
        failed = unit_tests_fail(CATALOGUE[order.bug_id])
        return (Trial(0, 0, 0, "", {"unit": 0} if failed else {}),)
    bug = CATALOGUE[order.bug_id] if order.bug_id else None
    seeds = range(order.first_seed, order.first_seed + order.seeds * order.step, order.step)
    return tuple(attempt(bug, order.world, seed, order.way) for seed in seeds)


def unit_tests_fail(bug: Bug | None) -> bool:
    """Whether a test of ``tests/engine`` fails on this engine. RuntimeError where they could not be run."""
    if not UNIT_TESTS.is_dir():
        raise RuntimeError(f"the unit tests are not installed with the package: no {UNIT_TESTS}")
    files = files_on(UNIT_TESTS, {edit.module for edit in bug.edits}) if bug is not None else (str(UNIT_TESTS),)
    if not files:
        return False  # none of them has anything to do with what was changed
    chosen = ("-x", "-q", "--no-header", "-p", "no:cacheprovider", "--hypothesis-seed=0", *files)
    how = ("scenarios.bugs.under_tests", bug.id) if bug is not None else ("pytest",)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", *how, *chosen],
            cwd=ROOT, env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": folder},
            capture_output=True, text=True, timeout=UNIT_TESTS_S,
        )  # fmt: skip
    if done.returncode not in (0, FAILED_TESTS):
        raise RuntimeError(
            f"the unit tests did not run ({done.returncode}):\n{done.stdout[-2_000:]}{done.stderr[-2_000:]}"
        )
    return done.returncode == FAILED_TESTS


def _figures(
    bug: Bug, wanted: Wanted, results: dict[_Order, tuple[Trial, ...]], right: dict[int, Trial]
) -> Figures | None:
    def of(way: Way) -> tuple[Trial, ...] | None:
        seeds = wanted.seeds if way is Way.WHOLE else wanted.ablation_seeds
        return results.get(_Order(bug.id, bug.world, way, 1, seeds))

    whole = of(Way.WHOLE)
    if whole is None or any(trial.seed not in right for trial in whole):
        return None
    one = figures(bug, whole, right)
    no_faults, fifo, unit = of(Way.NO_FAULTS), of(Way.FIFO), results.get(_Order(bug.id, bug.world, None))

    def caught(trials: Sequence[Trial] | None) -> int | None:
        return None if trials is None else sum(bug.invariant in trial.alarms for trial in trials)

    return replace(
        one,
        few=caught(whole[: wanted.ablation_seeds]) if no_faults is not None or fifo is not None else None,
        no_faults=caught(no_faults),
        fifo=caught(fifo),
        unit_tests=None if unit is None else bool(unit[0].alarms),
    )
