"""`swipelab bugs`: the seeded-bug benchmark."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scenarios.bugs import benchmark as benchmarks
from scenarios.bugs.benchmark import Benchmark
from scenarios.bugs.catalogue import CATALOGUE
from scenarios.bugs.figures import Figures
from scenarios.bugs.orders import Wanted
from scenarios.bugs.page import page as page_of
from scenarios.bugs.record import Bug
from scenarios.cli import screen
from scenarios.cli.codes import FAILED, PASSED
from scenarios.engines_ref import bug_hint
from scenarios.problems import BadInput


def chosen(globs: tuple[str, ...]) -> tuple[Bug, ...]:
    """The bugs whose ids fit any of the globs, all for none. Raises BadInput for a glob that fits nothing."""
    for glob in globs:
        if not any(fnmatchcase(bug_id, glob) for bug_id in CATALOGUE):
            raise BadInput(f"no bug {glob!r}: {bug_hint(glob)}")
    return tuple(bug for bug in CATALOGUE.values() if not globs or any(fnmatchcase(bug.id, glob) for glob in globs))


def bugs(wanted: Wanted, *, as_json: bool, page: Path | None, keep: Path | None = None) -> int:
    """Run, show, write; 1 where a bug is missed, the right engine is accused, or time ran out."""
    for file, what in ((page, "page"), (keep, "results")):
        if file is not None and not file.parent.is_dir():
            raise BadInput(f"no folder {file.parent} for the {what}")
    with _progress() as tell:
        result = benchmarks.run(wanted, tell, keep)
    if as_json:
        print(json.dumps(_record(result), indent=1))
    else:
        _show(result)
    if page is not None:
        page.write_text(page_of(result), encoding="utf-8")
    return PASSED if result.ok else FAILED


@contextmanager
def _progress() -> Iterator[benchmarks.Progress | None]:
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("bugs", total=None)
        yield lambda done, of, what: bar.update(task, completed=done, total=of, description=what)


def _show(result: Benchmark) -> None:
    console = screen.out()
    width = max((len(one.bug.id) for one in result.figures), default=0)
    for one in result.figures:
        median = "-" if one.median_swipes is None else one.median_swipes
        words = [
            "caught" if one.caught else "MISSED", one.bug.id.ljust(width), one.bug.invariant.ljust(3),
            f"{one.caught:>3} of {one.seeds}", f"reached {one.reached:>3}", f"triggered {one.triggered:>3}",
            f"swipes {median:>3} / {'-' if one.worst_swipes is None else one.worst_swipes:>3}",
        ]  # fmt: skip
        if one.few is not None:
            words += [f"{name} {'-' if caught is None else caught:>3}" for name, caught in _ways(one)]
        console.print("  ".join(words), markup=False, soft_wrap=True)
    for world, seed, said in result.false_alarms:
        console.print(f"FALSE ALARM  {world}, seed {seed}: {said}", markup=False, soft_wrap=True)
    if result.left_out:
        console.print(f"not run in the time given: {', '.join(result.left_out)}", markup=False, soft_wrap=True)
    if result.undone:
        console.print(f"{result.undone} of {result.parts} parts were not done in the time given", markup=False)
    caught = len(result.figures) - len(result.missed)
    console.print(
        f"{'PASSED' if result.ok else 'FAILED'}  {caught} of {len(result.figures)} bugs caught; right engine: "
        f"{len(result.false_alarms)} alarms in {result.right_seeds} seeds, {result.right_runs} runs; "
        f"{result.wall_s:,.0f} s",
        markup=False,
        soft_wrap=True,
    )


def _ways(one: Figures) -> tuple[tuple[str, int | str | None], ...]:
    unit = {True: "yes", False: "no", None: None}[one.unit_tests]
    return ("few", one.few), ("faults off", one.no_faults), ("fifo", one.fifo), ("unit", unit)


def _record(result: Benchmark) -> dict[str, object]:
    return {
        "schema": "swipelab.bugs/1",
        "ok": result.ok,
        "seeds": result.seeds,
        "ablation_seeds": result.ablation_seeds,
        "right": {
            "seeds": result.right_seeds,
            "runs": result.right_runs,
            "worlds": result.worlds,
            "alarms": [{"world": world, "seed": seed, "said": said} for world, seed, said in result.false_alarms],
        },
        "missed": result.missed,
        "left_out": result.left_out,
        "parts": result.parts,
        "undone": result.undone,
        "wall_seconds": round(result.wall_s, 1),
        "jobs": result.jobs,
        "bugs": [one.record() for one in result.figures],
    }
