"""`swipelab fuzz`."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from reports.words import plural
from scenarios.cli import screen
from scenarios.cli.codes import FAILED, PASSED
from scenarios.fuzz.case import Case, ready
from scenarios.fuzz.executors import workers
from scenarios.fuzz.failure import Failure, failure_of, write_failure
from scenarios.fuzz.sweep import Tally, after, sweep
from scenarios.fuzz.trial import Trial
from scenarios.problems import BadInput
from scenarios.runner import Order

STORM = "storm"
FUZZED = Path("runs/fuzz")


@dataclass(frozen=True, slots=True)
class Search:
    """What to fuzz, and how far. ``keep``: so many failure files of each invariant; the rest is only counted."""

    order: Order
    seeds: str
    jobs: int | None
    seconds: float | None
    out: Path
    executor: str
    keep: int


def fuzz(search: Search) -> int:
    """Run the seeds, keep what fails, and say what came of it."""
    seeds = seed_range(search.seeds)
    _check_folder(search.out)
    loaded = search.order.load()
    case = Case.of(loaded.scenario, search.order.engine)
    ready(case).world(seeds[0])  # a scenario that cannot be, or an engine that is not there, is said once and at once
    console, tally = screen.out(), Tally()
    kept: Counter[str] = Counter()
    begun_s = time.monotonic()
    with workers(search.jobs, search.executor, case) as (executor, count), _telling(len(seeds)) as tell:
        for trial in sweep(case, seeds, executor, count, after(search.seconds)):
            tally.add(trial)
            tell(tally)
            for found in trial.found:
                kept[found.invariant] += 1
                if kept[found.invariant] <= search.keep:
                    file = _keep(search, case, trial, found.invariant)
                    line = f"{found.invariant}  seed {trial.seed}  {found.message}\n    {file}"
                    console.print(line, markup=False, soft_wrap=True)
    console.print(_verdict(tally, len(seeds), time.monotonic() - begun_s), markup=False, soft_wrap=True)
    return FAILED if tally.failed_seeds else PASSED


def seed_range(text: str) -> range:
    """`0:2000` is 0 to 1999; a single number is that seed. Raises BadInput."""
    match = re.fullmatch(r"(\d+)(?::(\d+))?", text.strip())
    if match is None:
        raise BadInput(f"--seeds {text!r}: written FIRST:END, like 0:2000, which runs 0 to 1999")
    first = int(match[1])
    end = int(match[2]) if match[2] is not None else first + 1
    if end <= first or end > 2**63:
        raise BadInput(f"--seeds {text!r} holds no seed: the end comes after the first, and seeds are below 2**63")
    return range(first, end)


def _verdict(tally: Tally, wanted: int, wall_s: float) -> str:
    """The last line: seeds run, how fast, failures by invariant."""
    word = "FAILED" if tally.failed_seeds else "PASSED"
    of = "" if tally.seeds == wanted else f" of {wanted:,}"
    speed = f"{tally.seeds_per_core_s:,.1f} seeds/s a core, {wall_s:,.1f} s"
    seeds = plural(wanted, "seed") if not of else f"{tally.seeds:,}{of} seeds"
    line = f"{word}  {seeds}, {plural(tally.swipes, 'swipe')} ({speed}): "
    if not tally.failed_seeds:
        return line + "nothing found"
    each = ", ".join(f"{name} {count:,}" for name, count in sorted(tally.failures.items()))
    return line + f"{tally.failed_seeds:,} failed ({each})"


def _keep(search: Search, case: Case, trial: Trial, invariant: str) -> Path:
    failure = _seeded_failure(case, trial, invariant)
    return write_failure(failure, search.out / failure.file_name)


def _seeded_failure(case: Case, trial: Trial, invariant: str) -> Failure:
    """The failure with the seed in its scenario."""
    scenario = ready(case).loaded.scenario.model_copy(update={"seed": trial.seed})
    return failure_of(Case.of(scenario, case.engine), scenario.name, trial, invariant, scenario.world.warmup)


def _check_folder(out: Path) -> None:
    above = out.absolute()
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise BadInput(f"--out {out} can't be written: {above} is no folder")


@contextmanager
def _telling(total: int) -> Iterator[Callable[[Tally], None]]:
    """A bar with the seeds done and the failures so far; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield lambda tally: None
        return
    columns = (
        TextColumn("fuzz"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("fuzz", total=total, said="")

        def tell(tally: Tally) -> None:
            said = f"{tally.seeds_per_core_s:.1f} seeds/s a core, {tally.failed_seeds:,} failed"
            bar.update(task, completed=tally.seeds, said=said, refresh=True)

        yield tell
