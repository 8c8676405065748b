"""`swipelab conform`: every rule of the seam, tried on one engine."""

from __future__ import annotations

import json
import shlex

from rich.table import Table

from scenarios.cli import screen
from scenarios.cli.codes import FAILED, PASSED
from scenarios.conformance.lives import judge_lives
from scenarios.conformance.registry import LIVES, Case, chosen
from scenarios.conformance.report import Report
from scenarios.conformance.subject import subject_of
from scenarios.conformance.trial import Outcome, Result, judge

SHOWN_RULES = 40


def conform(engine: str, only: tuple[str, ...], examples: int, as_json: bool) -> int:
    """The table, then every broken rule, then the verdict."""
    subject = subject_of(engine)
    cases = chosen(only)
    outcomes = [judge_lives(subject, examples) if case is LIVES else judge(case, subject) for case in cases]
    report = Report(engine, tuple(outcomes))
    if as_json:
        screen.out().print(json.dumps(report.as_json(), indent=2), markup=False, soft_wrap=True)
    else:
        _show(report)
    return PASSED if report.ok else FAILED


def _show(report: Report) -> None:
    console = screen.out()
    console.print(_table(report))
    failed = report.rules(Result.FAIL)
    for _family, outcomes in failed[:SHOWN_RULES]:
        console.print()
        for line in _broken(outcomes, report.engine):
            console.print(line, markup=False, soft_wrap=True)
    if len(failed) > SHOWN_RULES:
        console.print(f"\nand {len(failed) - SHOWN_RULES} more rules are broken; --json has all")
    notes = [line for result in (Result.NOT_SUPPORTED, Result.NOT_APPLICABLE) for line in _why(report, result)]
    if failed or notes:
        console.print()
    for line in notes:
        console.print(line, markup=False, soft_wrap=True)
    word, total = "PASSED" if report.ok else "FAILED", len(report.outcomes)
    checks = "check" if total == 1 else "checks"
    counts = [f"{report.count(result):,} {result}" for result in Result if report.count(result)]
    console.print(f"{word}  {report.engine}: {total:,} {checks}, {', '.join(counts)}", markup=False, soft_wrap=True)


def _table(report: Report) -> Table:
    """One row a feature; a column only for what there is."""
    results = [result for result in Result if result in (Result.PASS, Result.FAIL) or report.count(result)]
    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column("feature")
    for result in results:
        table.add_column(str(result), justify="right")
    for feature, row in report.rows():
        style = "bold red" if row[Result.FAIL] else "yellow" if not row[Result.PASS] else None
        table.add_row(feature, *(f"{row[result]:,}" if row[result] else "." for result in results), style=style)
    return table


def _broken(outcomes: list[Outcome], engine: str) -> list[str]:
    """A rule in words, what its first failing case said, and how to see that alone."""
    first = outcomes[0]
    others = f" (and {len(outcomes) - 1} more of this rule)" if len(outcomes) > 1 else ""
    lines = [f"{first.case.feature}: {first.case.rule}"]
    if first.case.values:
        lines.append(f"    with      {_values(first.case)}{others}")
    lines += [f"    {line}" for line in first.said]
    alone = shlex.join(["swipelab", "conform", "--engine", engine, "--only", first.case.name])
    return [*lines, f"    alone     {alone}"]


def _values(case: Case) -> str:
    return ", ".join(f"{name} = {value}" for name, value in case.values.items())


def _why(report: Report, result: Result) -> list[str]:
    """One line for each reason, with the number of checks."""
    reasons: dict[str, int] = {}
    for outcome in report.outcomes:
        if outcome.result is result:
            reason = outcome.said[0]
            reasons[reason] = reasons.get(reason, 0) + 1
    return [f"{result}: {count} check{'s' if count > 1 else ''}: {reason}" for reason, count in reasons.items()]
