"""`swipelab shrink`, and `replay` of a failure: what is done with a failure file."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from scenarios.cli import screen
from scenarios.cli.codes import FAILED, PASSED
from scenarios.fuzz.case import Case, Ready, ready
from scenarios.fuzz.failure import SUFFIX, Failure, failure_of, read_failure, write_failure
from scenarios.fuzz.shrink import Shrinker, Size, size_of
from scenarios.fuzz.story import story
from scenarios.fuzz.sweep import after
from scenarios.fuzz.trial import attempt
from scenarios.library import shown
from scenarios.problems import BadInput, ScenarioError
from scenarios.replay import changed_versions


def replay(file: Path) -> int:
    """Run it again; exit 1 where the trace or the finding is another."""
    failure = read_failure(file)
    console = screen.out()
    for note in changed_versions(failure.version, failure.python):
        console.print(f"note: {note}", markup=False)
    trial = attempt(_ready(failure, file))
    found = trial.first(failure.found.invariant)
    same_trace = trial.trace_sha256 == failure.trace_sha256
    if same_trace and found == failure.found:
        console.print(f"identical: trace_sha256 {trial.trace_sha256}", markup=False, soft_wrap=True)
        console.print(f"{found.invariant}: {found.message}", markup=False, soft_wrap=True)
        return PASSED
    if not same_trace:
        was = f"different: trace_sha256 was {failure.trace_sha256}, is {trial.trace_sha256}"
        console.print(was, markup=False, soft_wrap=True)
    now = "nothing" if found is None else f"{found.invariant}: {found.message}"
    console.print(f"was  {failure.found.invariant}: {failure.found.message}", markup=False, soft_wrap=True)
    console.print(f"is   {now}", markup=False, soft_wrap=True)
    return FAILED


def shrink(file: Path, out: Path | None, seconds: float | None) -> int:
    """Take out what can go, write what is left, and show it. Exit 1 where the failure does not happen any more."""
    failure = read_failure(file)
    prepared = _ready(failure, file)
    target = out if out is not None else file.with_name(f"{file.name.removesuffix(SUFFIX)}.shrunk{SUFFIX}")
    console = screen.out()
    with _telling() as tell:
        shrinker = Shrinker(prepared, failure.found.invariant, after(seconds), tell)
        try:
            scenario, trial = shrinker.shrink()
        except ValueError:
            console.print(f"{failure.found.invariant} does not break any more: nothing to shrink", markup=False)
            return FAILED
    case = Case.of(scenario, failure.case.engine)
    least = failure_of(case, failure.name, trial, failure.found.invariant, scenario.world.warmup)
    write_failure(least, target)
    left = prepared.changed(scenario)
    for line in story(left, trial, failure.found.invariant):
        console.print(line, markup=False, soft_wrap=True)
    first = size_of(prepared, attempt(prepared))
    console.print(f"shrunk from {first.words()}", markup=False, soft_wrap=True)
    console.print(f"         to {size_of(left, trial).words()}", markup=False, soft_wrap=True)
    ended = "nothing more can go" if shrinker.finished else "time was up: more may go"
    console.print(f"{shrinker.runs:,} worlds run; {ended}", markup=False, soft_wrap=True)
    command = shlex.join(["swipelab", "replay", str(shown(target))])
    console.print(command, markup=False, soft_wrap=True)
    return PASSED


def _ready(failure: Failure, file: Path) -> Ready:
    try:
        return ready(failure.case)
    except ScenarioError as error:
        raise BadInput(f"the scenario in {file} is not sound: {error}") from error


@contextmanager
def _telling() -> Iterator[Callable[[int, Size], None]]:
    """A line that says how far it has come; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield lambda runs, size: None
        return
    with Console(stderr=True).status("") as status:
        yield lambda runs, size: status.update(f"{runs:,} worlds run; left: {size.words()}")
