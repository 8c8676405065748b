"""What a person sees: consoles and progress. In a pipe there is no progress, and no colour."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from scenarios.runner import Progress as ProgressCall


def out() -> Console:
    """For results. Wide in a pipe, so that no line is broken."""
    return Console(width=None if sys.stdout.isatty() else 200, highlight=False)


def err() -> Console:
    """For everything said on the way."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else 200, highlight=False)


@contextmanager
def progress(title: str, days: float | None = None) -> Iterator[ProgressCall | None]:
    """A bar with the virtual day, the percentage and the swipes so far; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[day]}"),
        TextColumn("{task.fields[swipes]:,} swipes"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0, day="", swipes=0)

        def tell(share: float, swipes: int) -> None:
            day = f"day {min(int(share * days) + 1, int(days) + 1)} of {int(days) + 1}" if days else ""
            bar.update(task, completed=share, swipes=swipes, day=day)

        yield tell
