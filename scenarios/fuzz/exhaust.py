"""Every order of what is tied in time, one world each, up to a bound.

Those that differ least from first in, first out come first: one choice that is another, then two, and so on, as few are
enough for most races. Only ties while traffic goes on count; in warm-up and drain it is first in, first out. No two
orders are taken for the same: those that commute are run all the same, and told by their equal traces.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import prod

from scenarios.fuzz.case import Ready
from scenarios.fuzz.trial import Trial, attempt
from scenarios.model import Scenario
from simulators.building import traffic_span
from simulators.kernel import ScriptedTies


@dataclass(slots=True)
class Coverage:
    """How much of all orders was run. ``first_options``: how many could go next at each tie of the first order."""

    orders: int = 0
    failed: int = 0
    complete: bool = False
    first_options: tuple[int, ...] = ()
    unseen: int = 0
    """Options that were met and not taken yet; behind each lies one order at least."""
    beyond: int = 0
    traces: set[str] = field(default_factory=set)

    def words(self) -> str:
        """`all 5,040 orders of 12 ties`, or how many of at least how many."""
        ties = f"{len(self.first_options):,} ties" if len(self.first_options) != 1 else "1 tie"
        different = f"{len(self.traces):,} different {'trace' if len(self.traces) == 1 else 'traces'}"
        if self.complete:
            return f"all {self.orders:,} orders of what was tied ({ties} in the first): {different}"
        likely = max(prod(self.first_options), self.orders + self.unseen)
        share = f"{100 * self.orders / likely:.2g} %" if self.orders else "0 %"
        return (
            f"{self.orders:,} orders of at least {self.orders + self.unseen:,}, and some {_rounded(likely)} if all are "
            f"like the first with its {ties} ({share}): {different}"
        )


def every_order(
    ready: Ready, bound: int, coverage: Coverage, time_is_up: Callable[[], bool] = lambda: False
) -> Iterator[tuple[tuple[int, ...], Trial]]:
    """The choices and the world that came of them (past their end, 0 each time), until all are done, or ``bound``."""
    span = traffic_span(ready.world()[1].settings)
    waiting: deque[tuple[int, ...]] = deque([()])
    while waiting and coverage.orders < bound and not time_is_up():
        choices = waiting.popleft()
        ties = ScriptedTies(choices, *span)
        trial = attempt(ready, ties=ties)
        if not coverage.orders:
            coverage.first_options = tuple(ties.options)
        coverage.orders += 1
        coverage.failed += bool(trial.found)
        coverage.traces.add(trial.trace_sha256)
        room = bound - coverage.orders - len(waiting)
        further = list(islice(_departures(choices, ties.options), max(room, 0)))
        waiting.extend(further)
        ahead = sum(ties.options[len(choices) :]) - (len(ties.options) - len(choices))
        coverage.beyond += ahead - len(further)  # past the bound: never run, so not kept in mind
        coverage.unseen = len(waiting) + coverage.beyond
        coverage.complete = not coverage.unseen
        yield choices, trial


def _departures(choices: tuple[int, ...], options: list[int]) -> Iterator[tuple[int, ...]]:
    """The same choices and one more that is not 0, later than all of them: so each order comes of one other."""
    for tie in range(len(choices), len(options)):
        for choice in range(1, options[tie]):
            yield (*choices, *(0,) * (tie - len(choices)), choice)


def with_choices(scenario: Scenario, choices: tuple[int, ...]) -> Scenario:
    """The scenario in which just this order happens."""
    shrunk = scenario.shrunk.model_copy(update={"choices": choices})
    return scenario.model_copy(update={"explore": True, "shrunk": shrunk})


def _rounded(number: int) -> str:
    return f"{number:,}" if number < 10**9 else f"{float(number):.1e}"
