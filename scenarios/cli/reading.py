"""`swipelab report` and `compare`: what runs have left behind."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from scenarios.cli import screen
from scenarios.cli.codes import FAILED, PASSED
from scenarios.rerender import rerender
from scenarios.run_folder import read_report

SHOWN_CHANGES = 40


def report(folder: Path) -> int:
    """The verdict again; the pages made anew from the events and the run's facts."""
    from reports import render_terminal

    fresh = rerender(folder)
    render_terminal(fresh, screen.out(), str(folder))
    return PASSED if fresh["verdict"] == "pass" else FAILED


def compare(base: Path, new: Path, tolerance: float) -> int:
    """Regressions first, then the figures that moved most."""
    from reports import compare as side_by_side

    comparison = side_by_side(read_report(base), read_report(new), tolerance)
    console = screen.out()
    if not comparison.same_scenario:
        console.print("note: the two runs are not of the same scenario and seed", markup=False)
    moved = [change for change in comparison.changes if change.base != change.new]
    if moved:
        table = Table(box=None, padding=(0, 2), header_style="dim")
        for title in ("figure", "base", "new", "change"):
            table.add_column(title, justify="left" if title == "figure" else "right")
        for change in sorted(moved, key=lambda change: not change.regressed)[:SHOWN_CHANGES]:
            percent = f"{change.change_pct:+.1f} %" if change.change_pct is not None else ""
            style = "bold red" if change.regressed else None
            table.add_row(change.path, _figure(change.base), _figure(change.new), percent, style=style)
        console.print(table)
        if len(moved) > SHOWN_CHANGES:
            console.print(f"and {len(moved) - SHOWN_CHANGES} more figures moved", markup=False)
    else:
        console.print("every figure is the same", markup=False)
    for regression in comparison.regressions:
        console.print(f"regressed  {regression}", markup=False, soft_wrap=True)
    if comparison.ok:
        console.print(f"no regression past {tolerance:g} %", markup=False)
    return PASSED if comparison.ok else FAILED


def _figure(value: float | int | None) -> str:
    return "n/a" if value is None else f"{value:,}"
