"""`swipelab run --exhaust`: every order of what is tied in time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from scenarios.cli import screen
from scenarios.cli.codes import FAILED, PASSED
from scenarios.fuzz.case import Case, ready
from scenarios.fuzz.exhaust import Coverage, every_order, with_choices
from scenarios.fuzz.failure import failure_of, write_failure
from scenarios.runner import Order

TOLD_EVERY = 16


def exhaust(order: Order, bound: int, out: Path) -> int:
    """Run every order up to ``bound``; keep the first failure of each invariant; say how much was covered."""
    loaded = order.load()
    prepared = ready(Case.of(loaded.scenario, order.engine))
    console, coverage = screen.out(), Coverage()
    kept: set[str] = set()
    with _telling() as tell:
        for choices, trial in every_order(prepared, bound, coverage):
            tell(coverage)
            for found in trial.found:
                if found.invariant not in kept:
                    kept.add(found.invariant)
                    scenario = with_choices(loaded.scenario, choices)
                    case = Case.of(scenario, order.engine)
                    name = f"{scenario.name}-order-{coverage.orders}"
                    failure = failure_of(case, name, trial, found.invariant, scenario.world.warmup)
                    file = write_failure(failure, out / failure.file_name)
                    line = f"{found.invariant}  order {coverage.orders:,}  {found.message}\n    {file}"
                    console.print(line, markup=False, soft_wrap=True)
    console.print(f"ran {coverage.words()}", markup=False, soft_wrap=True)
    if coverage.failed:
        console.print(
            f"FAILED  {coverage.failed:,} of {coverage.orders:,} orders: {', '.join(sorted(kept))}", markup=False
        )
        return FAILED
    console.print(f"PASSED  nothing found in {coverage.orders:,} orders with engine {order.engine}", markup=False)
    return PASSED


@contextmanager
def _telling() -> Iterator[Callable[[Coverage], None]]:
    if not sys.stderr.isatty():
        yield lambda coverage: None
        return
    with Console(stderr=True).status("") as status:

        def tell(coverage: Coverage) -> None:
            if coverage.orders % TOLD_EVERY == 1:
                status.update(f"{coverage.orders:,} orders, {coverage.failed:,} failed")

        yield tell
