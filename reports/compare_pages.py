"""A comparison to read: on a terminal, in a pull request, as a page."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.compare import Change, Comparison
from reports.html import environment
from reports.markdown import text
from reports.words import figure, plural

LISTED_CHANGES = 40


def headline(comparison: Comparison) -> str:
    """The outcome in one sentence."""
    failed, worse = len(comparison.failed_checks), len(comparison.worse)
    if not failed and not worse:
        return "Nothing became worse."
    parts = [f"{plural(failed, 'more check')} {'fails' if failed == 1 else 'fail'}"] * bool(failed)
    parts += [f"{plural(worse, 'figure')} {'is' if worse == 1 else 'are'} worse"] * bool(worse)
    return f"{' and '.join(parts)}."


def changed(comparison: Comparison) -> list[Change]:
    """What differs, in the order of the report, after what became worse."""
    moved = [change for change in comparison.changes if change.base != change.new and not change.regressed]
    return [*comparison.worse, *moved]


def percent_of(change: Change) -> str:
    return f"{change.change_pct:+,.1f} %" if change.change_pct is not None else ""


def render_comparison(comparison: Comparison, console: Console) -> None:
    """Regressions in words, then the figures that moved."""
    word, style = (
        ("REGRESSED", "bold white on red") if not comparison.ok else ("NO REGRESSION", "bold black on bright_cyan")
    )
    console.print(Text.assemble((f" {word} ", style), f"  {comparison.base}  against  {comparison.new}"))
    if not comparison.same_scenario:
        console.print(Text("the two runs are not of the same scenario and seed", "yellow"))
    console.print(headline(comparison))
    for name, detail in comparison.failed_checks:
        console.print(Text.assemble(("  fails now  ", "bold red"), (name, "bold"), f"  {detail}"), soft_wrap=True)
    moved = changed(comparison)
    if not moved:
        console.print("every figure is the same")
        return
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for title in ("figure", "base", "new", "change"):
        table.add_column(title, justify="left" if title == "figure" else "right")
    for change in moved[:LISTED_CHANGES]:
        cells = (change.path, figure(change.path, change.base), figure(change.path, change.new), percent_of(change))
        table.add_row(*(Text(cell) for cell in cells), style="bold red" if change.regressed else None)
    console.print(table)
    if len(moved) > LISTED_CHANGES:
        console.print(Text(f"and {plural(len(moved) - LISTED_CHANGES, 'more figure')}", "dim"))


def render_comparison_markdown(comparison: Comparison) -> str:
    """For a pull request: every figure that moved."""
    base, new = (f"{text(name)} ({how})" for name, how in _runs(comparison))
    lines = [f"# {headline(comparison)}", "", f"{new} against {base}.", ""]
    if not comparison.same_scenario:
        lines += ["The two runs are not of the same scenario and seed.", ""]
    lines += [f"- **{text(name)}** fails now: {text(detail)}" for name, detail in comparison.failed_checks]
    lines += [""] * bool(comparison.failed_checks)
    if moved := changed(comparison):
        lines += ["| figure | base | new | change | |", "|---|---:|---:|---:|---|"]
        for change in moved:
            mark = "**worse**" if change.regressed else ""
            cells = (figure(change.path, change.base), figure(change.path, change.new), percent_of(change), mark)
            lines.append(f"| {text(change.path)} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _runs(comparison: Comparison) -> tuple[tuple[str, str], tuple[str, str]]:
    return (comparison.base, comparison.base_verdict), (comparison.new, comparison.new_verdict)


def render_comparison_html(comparison: Comparison) -> str:
    """One page, offline, with every figure of both runs side by side."""
    sections = [
        (name, list(rows))
        for name, rows in groupby(comparison.changes, key=lambda change: change.path.split(".", 1)[0])
    ]
    return (
        environment()
        .get_template("compare.html.j2")
        .render(comparison=comparison, headline=headline(comparison), sections=sections, percent_of=percent_of)
    )
