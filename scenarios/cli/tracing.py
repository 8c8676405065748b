"""`swipelab trace import` and `trace check`."""

from __future__ import annotations

import datetime
from pathlib import Path

from scenarios.cli import screen
from scenarios.cli.codes import PASSED
from scenarios.problems import BadInput, nearest
from scenarios.traces import TraceError, read_trace
from scenarios.units import format_instant

SOURCES = ("completejourney",)


def import_source(source: str, out: Path, week: str | None, data: Path | None) -> int:
    """Import a published data set into a trace file."""
    from scenarios.traces.completejourney import import_to_file

    if source not in SOURCES:
        close = nearest(source, SOURCES)
        raise BadInput(f"no source {source!r}: {f'did you mean {close}?' if close else f'there is {SOURCES[0]}'}")
    try:
        first_day = datetime.date.fromisoformat(week) if week is not None else None
    except ValueError as error:
        raise BadInput(f"--week {week!r} is no day: write it like 2017-08-07") from error
    try:
        report = import_to_file(out, week=first_day, data_dir=data)
    except TraceError as error:
        raise BadInput(str(error)) from error
    console = screen.out()
    console.print(str(report), markup=False, soft_wrap=True)
    console.print(f"wrote    {out}", markup=False, soft_wrap=True)
    return PASSED


def check(file: Path) -> int:
    """What a trace holds; every bad row of it where it can't be read."""
    try:
        plan = read_trace(file)
    except TraceError as error:
        raise BadInput(str(error)) from error
    console = screen.out()
    console.print(f"{file} is a sound trace", markup=False, soft_wrap=True)
    console.print(
        f"{len(plan):,} purchases, {len(plan.cardholders):,} cardholders, {len(plan.merchants):,} merchants, "
        f"${int(plan.amount_cents.sum()) / 100:,.2f}",
        markup=False,
    )
    if len(plan):
        first, last = format_instant(int(plan.at_ns[0])), format_instant(int(plan.at_ns[-1]))
        console.print(f"from {first} to {last}", markup=False)
    return PASSED
