"""The verdict at the end of ``swipelab run``: what failed in words, the key figures, where the report is."""

from __future__ import annotations

from textwrap import shorten

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from reports.figures import key_figures

LISTED_FAILURES = 12
DETAIL_CHARACTERS = 280


def render_terminal(report: dict[str, object], console: Console, folder: str = "") -> None:
    """Print the short verdict; ``folder`` is where the full report lies."""
    failed = [check for check in report["checks"] if not check["ok"]]
    word, style = ("FAILED", "bold white on red") if failed else ("PASSED", "bold black on bright_cyan")
    console.print(
        Text.assemble((f" {word} ", style), " ", (str(report["run"]["scenario"]), "bold"), "  ", report["summary"])
    )
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_column(style="dim")
    for figure in key_figures(report):
        table.add_row(escape(figure.title), escape(figure.value), escape(figure.note))
    console.print(table)
    for check in failed[:LISTED_FAILURES]:
        detail = shorten(str(check["detail"]), DETAIL_CHARACTERS, placeholder=" ...")
        console.print(Text.assemble(("  failed  ", "bold red"), (str(check["name"]), "bold"), f"  {detail}"))
    if len(failed) > LISTED_FAILURES:
        console.print(Text(f"  and {len(failed) - LISTED_FAILURES} more", "dim"))
    if report["run"]["command"]:
        console.print(Text.assemble(("again   ", "dim"), report["run"]["command"]), soft_wrap=True)
    if folder:
        console.print(Text.assemble(("report  ", "dim"), f"{folder.rstrip('/')}/report.html"), soft_wrap=True)
