"""The benchmark: every bug under every seed in its world, in three ways, on all cores; and the right engine as well."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from scenarios.bugs import unit_tests
from scenarios.bugs.catalogue import CATALOGUE
from scenarios.bugs.figures import Figures, figures
from scenarios.bugs.kept import Kept
from scenarios.bugs.orders import Order, Wanted, orders
from scenarios.bugs.planting import planted
from scenarios.bugs.record import Bug
from scenarios.bugs.survey import Survey
from scenarios.bugs.trial import Trial, attempt
from scenarios.bugs.worlds import Way

Progress = Callable[[int, int, str], None]
"""Called with how many parts are done, of how many, and what was done last."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """``false_alarms``: what the right engine was accused of, as (world, seed, words), in ``right_runs`` runs.
    ``left_out``: bugs whose seeds were not all run in the time given; of them nothing is told. ``undone``: parts of the
    work that were not done in time, of all ``parts``. ``wall_s``: that of all runs whose results are in it.
    """

    figures: tuple[Figures, ...]
    seeds: int
    ablation_seeds: int
    right_seeds: int
    right_runs: int
    worlds: tuple[str, ...]
    false_alarms: tuple[tuple[str, int, str], ...]
    left_out: tuple[str, ...]
    parts: int
    undone: int
    wall_s: float
    jobs: int

    @property
    def missed(self) -> tuple[str, ...]:
        """Bugs whose named invariant never alarmed."""
        return tuple(one.bug.id for one in self.figures if not one.caught)

    @property
    def ok(self) -> bool:
        return not (self.missed or self.false_alarms or self.undone)


def run(wanted: Wanted, progress: Progress | None = None, keep: Path | None = None) -> Benchmark:
    """All of it; what is not begun when ``most_s`` is over is left out. What ``keep`` has is not done again.

    Raises PlantingError; BadInput where ``keep`` is of another state of the code.
    """
    for bug in wanted.bugs:
        planted(bug)  # one whose text is no longer there is better told of now than by a worker
    todo = tuple(orders(wanted))
    with Kept(keep) as kept:
        _do_all(wanted, [order for order in todo if order not in kept.results], kept, len(todo), progress)
        took_s = kept.took_s
    results = {order: kept.results[order] for order in todo if order in kept.results}
    right: dict[str, dict[int, Trial]] = {world: {} for world in wanted.worlds}
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
    done = len({seed for trials in right.values() for seed in trials})
    runs = sum(map(len, right.values()))
    return Benchmark(
        tuple(found), wanted.seeds, wanted.ablation_seeds, done, runs, wanted.worlds, tuple(sorted(false_alarms)),
        tuple(left_out), len(todo), len(todo) - len(results), took_s, wanted.jobs,
    )  # fmt: skip


def _do_all(
    wanted: Wanted, todo: Sequence[Order], kept: Kept, parts: int, progress: Progress | None
) -> None:  # fmt: skip
    """All in the order given, but for the unit tests: which are run of those is known once they have been surveyed."""
    ends_s = time.monotonic() + wanted.most_s if wanted.most_s is not None else None
    # Workers are started afresh, so that what this process has imported or patched does not matter to them.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(wanted.jobs, mp_context=context) as pool:
        tested = any(order.way is None for order in todo)
        surveyed: Future[Survey | None] | None = pool.submit(survey, wanted.unit_tests, ends_s) if tested else None
        now = [order for order in todo if order.way is Way.WHOLE or not tested]
        later = [order for order in todo if order not in now]
        asked = {pool.submit(carry_out, order, ends_s): order for order in now}
        left = len(todo)
        try:
            while asked or surveyed is not None:
                waiting = {*asked, surveyed} if surveyed is not None else {*asked}
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                if surveyed in done:
                    found, surveyed = surveyed.result(), None
                    for order in later if found is not None else ():
                        asked[_submitted(pool, order, found, wanted.unit_tests, ends_s)] = order
                for future in done & asked.keys():
                    order = asked.pop(future)
                    left -= 1
                    if result := future.result():
                        kept.add(order, result)
                    if progress is not None:
                        what = order.bug_id or f"right engine, {order.world}"
                        progress(parts - left, parts, what)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _submitted(
    pool: ProcessPoolExecutor, order: Order, found: Survey, tests: Path, ends_s: float | None
) -> Future[tuple[Trial, ...]]:
    if order.way is not None:
        return pool.submit(carry_out, order, ends_s)
    chosen = found.chosen(CATALOGUE[order.bug_id], tests, unit_tests.ROOT)
    return pool.submit(try_unit_tests, order, chosen, ends_s)


def carry_out(order: Order, ends_s: float | None = None) -> tuple[Trial, ...]:
    """In a worker. Nothing where the time was over before it began."""
    if _over(ends_s) or order.way is None:
        return ()
    bug = CATALOGUE[order.bug_id] if order.bug_id else None
    seeds = range(order.first_seed, order.first_seed + order.seeds * order.step, order.step)
    return tuple(attempt(bug, order.world, seed, order.way) for seed in seeds)


def survey(tests: Path, ends_s: float | None = None) -> Survey | None:
    """In a worker, likewise."""
    return None if _over(ends_s) else unit_tests.survey(tests)


def try_unit_tests(order: Order, tests: tuple[str, ...], ends_s: float | None = None) -> tuple[Trial, ...]:
    """In a worker, likewise; a test that fails is told as an alarm of its own."""
    if _over(ends_s):
        return ()
    failed = unit_tests.fail_on(CATALOGUE[order.bug_id], tests)
    return (Trial(0, 0, 0, "", {"unit": 0} if failed else {}),)


def _over(ends_s: float | None) -> bool:
    return ends_s is not None and time.monotonic() >= ends_s


def _figures(
    bug: Bug, wanted: Wanted, results: Mapping[Order, tuple[Trial, ...]], right: dict[int, Trial]
) -> Figures | None:
    def of(way: Way) -> tuple[Trial, ...] | None:
        seeds = wanted.seeds if way is Way.WHOLE else wanted.ablation_seeds
        return results.get(Order(bug.id, bug.world, way, 1, seeds))

    whole = of(Way.WHOLE)
    if whole is None or any(trial.seed not in right for trial in whole):
        return None
    one = figures(bug, whole, right)
    no_faults, fifo, unit = of(Way.NO_FAULTS), of(Way.FIFO), results.get(Order(bug.id, bug.world, None))

    def caught(trials: Sequence[Trial] | None) -> int | None:
        return None if trials is None else sum(bug.invariant in trial.alarms for trial in trials)

    return replace(
        one,
        few=caught(whole[: wanted.ablation_seeds]) if no_faults is not None or fifo is not None else None,
        no_faults=caught(no_faults),
        fifo=caught(fifo),
        unit_tests=None if unit is None else bool(unit[0].alarms),
    )
