"""What a person sees while a world runs. In a pipe there is nothing."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from scenarios.runner import Progress as ProgressCall
from scenarios.runner import Watch
from simulators.kernel import fences
from simulators.settings import DAY_NS, WorldSettings


@contextmanager
def watching(title: str) -> Iterator[Watch | None]:
    """A bar with the percentage, the virtual day and the swipes so far; None where nobody looks."""
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
    # No refresh thread: the world tells often enough, and threads and clocks are fenced off while it runs.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(title, total=1.0, day="", swipes=0)

        def watch(world: WorldSettings) -> ProgressCall:
            def tell(share: float, swipes: int) -> None:
                with fences.lifted("the progress bar reads a clock"):
                    bar.update(task, completed=share, swipes=swipes, day=virtual_day(share, world), refresh=True)

            return tell

        yield watch


@contextmanager
def naming(count: int) -> Iterator[Callable[[str], None]]:
    """A line that names what runs now, `3 of 8: slow_network`; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    begun = itertools.count(1)
    with Console(stderr=True).status("") as status:
        yield lambda name: status.update(f"{next(begun)} of {count}: {name}")


def virtual_day(share: float, world: WorldSettings) -> str:
    """`day 3 of 9`, counted from the start of traffic; before it, `warm-up`."""
    after_start_ns = world.traffic_ns + world.drain_ns
    now_ns = int(share * (world.warmup_ns + after_start_ns)) - world.warmup_ns
    if now_ns < 0:
        return "warm-up"
    days = -(-after_start_ns // DAY_NS)
    return f"day {min(now_ns // DAY_NS + 1, days)} of {days}"
