"""`swipelab run`, `suite` and `replay`."""

from __future__ import annotations

import re
from pathlib import Path

from scenarios import suite as suites
from scenarios.cli import progress, screen
from scenarios.cli.codes import FAILED, PASSED
from scenarios.engines_ref import find_engine
from scenarios.problems import BadInput
from scenarios.replay import replay as run_again
from scenarios.run_folder import check_writable
from scenarios.runner import RUNS, Order, run_scenario
from simulators.kernel.errors import KernelError


def run(order: Order, out: Path | None) -> int:
    """One run, its verdict on the terminal."""
    from reports import render_terminal

    with progress.watching(Path(order.scenario).stem) as watch:
        try:
            result = run_scenario(order, out, watch)
        except KernelError as error:
            if order.engine == "engine":
                raise
            raise BadInput(f"engine {order.engine!r} broke the simulated world: {error}") from error
    if result.replaced:
        screen.err().print(f"replaced the run that was in {result.folder} ({result.replaced})")
    render_terminal(result.report, screen.out(), str(result.folder))
    return PASSED if result.ok else FAILED


def suite(pattern: str | None, engine: str, seed: int | None, out: Path | None, overrides: tuple[str, ...]) -> int:
    """Every scenario that fits, one line each as it ends, then the verdict of all."""
    scenarios = suites.chosen(pattern)
    find_engine(engine)  # a wrong name is said once, not once a scenario
    words = "" if engine == "engine" else "-" + re.sub(r"[^A-Za-z0-9_.]+", "_", engine)
    folder = out if out is not None else RUNS / f"suite{words}"
    check_writable(folder)
    arguments = [word for override in overrides for word in ("--set", override)]
    if seed is not None:
        arguments += ["--seed", str(seed)]
    console, width = screen.out(), max(map(len, scenarios))

    def ended(outcome: suites.Outcome) -> None:
        console.print(_line(outcome, width), markup=False, soft_wrap=True)
        if outcome.why:
            console.print(f"        {outcome.why}", markup=False, soft_wrap=True)

    with progress.naming(len(scenarios)) as begins:
        result = suites.run_suite(scenarios, engine, folder, arguments, begins, ended)
    passed = sum(outcome.code == PASSED for outcome in result.outcomes)
    word = "PASSED" if result.code == PASSED else "FAILED"
    console.print(f"{word}  {passed} of {len(result.outcomes)} scenarios passed with engine {engine}", markup=False)
    if result.unfired:
        words = ", ".join(result.unfired)
        console.print(f"        planned and never injected: {words}", markup=False, soft_wrap=True)
    console.print(f"reports in {folder}/, {folder}/junit.xml", markup=False, soft_wrap=True)
    return result.code


def _line(outcome: suites.Outcome, width: int) -> str:
    name = outcome.name.ljust(width)
    if outcome.report is None:
        return f"ERROR   {name}  {outcome.said}"
    counts, p99 = outcome.report["counts"], outcome.report["latency"]["authorize"]["p99_ms"]
    figures = f"{counts['swipes']:>9,} swipes  p99 {f'{p99:,.0f} ms' if p99 is not None else 'n/a'}"
    wall = f"{outcome.report['run']['wall_seconds']:,.1f} s"
    if outcome.code == PASSED:
        return f"passed  {name}  {figures}  {wall}"
    return f"FAILED  {name}  {figures}  {wall}  {', '.join(outcome.failed)}"


def replay(folder: Path) -> int:
    """Run it again; exit 1 where the trace is another."""
    with progress.watching(f"replay {folder.name}") as watch:
        result = run_again(folder, watch)
    console = screen.out()
    for note in result.notes:
        console.print(f"note: {note}", markup=False)
    if result.identical:
        console.print(f"identical: trace_sha256 {result.now}", markup=False, soft_wrap=True)
        return PASSED
    console.print(f"different: trace_sha256 was {result.was}, is {result.now}", markup=False, soft_wrap=True)
    console.print(f"first at {result.difference}", markup=False, soft_wrap=True)
    return FAILED
