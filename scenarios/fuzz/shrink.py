"""Shrinking: the least of a world in which the same invariant still breaks.

What can go is taken out by delta debugging, kind by kind, again and again until a whole round takes nothing more. Each
smaller world is really run; it counts when the same invariant breaks, with whatever words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reports.words import plural
from scenarios.fuzz.case import Ready
from scenarios.fuzz.ddmin import minimized
from scenarios.fuzz.trial import Trial, attempt
from scenarios.model import Scenario
from scenarios.model_shrunk import Shrunk
from simulators.faults.plan import plan_of
from simulators.keep import Keep
from simulators.settings import SECOND_NS, WorldSettings


@dataclass(frozen=True, slots=True)
class Size:
    """How much of each there is."""

    cardholders: int
    swipes: int
    steps: int
    storms: int
    ties: int

    def words(self) -> str:
        """`2 cardholders, 3 swipes, ...`, without what there is none of."""
        counts = {name: getattr(self, name) for name in self.__slots__}
        return ", ".join(plural(count, name.removesuffix("s")) for name, count in counts.items() if count)


class _Stopped(Exception):
    """Time is up."""


@dataclass(slots=True)
class Shrinker:
    """Shrinks one failing scenario. ``tell`` hears of every world run and of the least so far."""

    ready: Ready
    invariant: str
    time_is_up: Callable[[], bool] = lambda: False
    tell: Callable[[int, Size], None] = lambda runs, size: None
    runs: int = 0
    finished: bool = False
    best: Trial | None = None
    _scenario: Scenario = field(init=False)
    _failed: dict[Shrunk, bool] = field(default_factory=dict)

    def shrink(self) -> tuple[Scenario, Trial]:
        """The least that still fails, and its trial. Raises ValueError where the scenario does not fail at all."""
        self._scenario = self.ready.loaded.scenario
        trial = self._run(self._scenario)
        if trial.first(self.invariant) is None:
            raise ValueError(f"{self.invariant} does not break")
        self.best = trial
        try:
            before = None
            while before != self._scenario:
                before = self._scenario
                for part in (self._ending, self._storms, self._cardholders, self._swipes, self._steps, self._ties):
                    part()
            self.finished = True
        except _Stopped:
            pass
        return self._scenario, self.best

    # one kind of part each

    def _ending(self) -> None:
        """Traffic may end with the last swipe that is kept, or with the finding."""
        settings, purchases = self.ready.changed(self._scenario).world()[1].settings, self._purchases()
        found = self.best.first(self.invariant)
        ends = {found.at_ns - settings.warmup_ns + 1}
        if self._scenario.shrunk.swipes and purchases is not None:
            last = purchases.at_ns[max(self._scenario.shrunk.swipes)]
            ends.add(int(last) - settings.start_ns + SECOND_NS)
        now_ns = settings.keep.traffic_of(settings.traffic_ns)
        for end_ns in sorted(end for end in ends if 0 < end < now_ns):
            if self._fails(traffic=end_ns):
                return

    def _storms(self) -> None:
        storms = plan_of(self._settings())
        self._least("storms", tuple(storm.index for storm in storms))

    def _cardholders(self) -> None:
        settings, purchases = self._settings(), self._purchases()
        names = [*(purchases.cardholders if purchases is not None else ()), *settings.cardholders]
        self._least("cardholders", tuple(name for name in names if settings.keep.cardholder(name)), at_least=1)

    def _swipes(self) -> None:
        purchases = self._purchases()
        if purchases is not None:
            self._least("swipes", kept_swipes(self._settings(), purchases))

    def _steps(self) -> None:
        self._least("steps", kept_steps(self._settings()))

    def _ties(self) -> None:
        """First in, first out throughout; else after the fewest ties; else but for the fewest."""
        if not self._scenario.explore or self._still(self._plainly()):
            return
        if self._scenario.shrunk.choices is not None:
            self._choices(self._scenario.shrunk.choices)
            return
        if self._scenario.shrunk.ties is None:
            until = self.best.ties if self._scenario.shrunk.ties_until is None else self._scenario.shrunk.ties_until
            least = bisect_right(range(until + 1), False, key=lambda ties: self._fails(ties_until=ties))
            self._fails(ties_until=least)
        until = self._scenario.shrunk.ties_until
        every = range(until if until is not None else self.best.ties)
        self._least("ties", self._scenario.shrunk.ties if self._scenario.shrunk.ties is not None else tuple(every))

    def _plainly(self) -> Scenario:
        """Without any tie shuffled."""
        shrunk = self._scenario.shrunk.model_copy(update={"ties_until": None, "ties": None, "choices": None})
        return self._scenario.model_copy(update={"explore": False, "shrunk": shrunk})

    def _choices(self, choices: tuple[int, ...]) -> None:
        """The fewest ties at which it is not first in, first out."""

        def only(kept: tuple[int, ...]) -> bool:
            chosen = [choice if tie in kept else 0 for tie, choice in enumerate(choices)]
            return self._fails(choices=tuple(chosen[: max(kept, default=-1) + 1]))

        minimized([tie for tie, choice in enumerate(choices) if choice], only)

    # trying

    def _least(self, part: str, items: tuple[Any, ...], at_least: int = 0) -> None:
        if items:
            minimized(items, lambda kept: len(kept) >= at_least and self._fails(**{part: kept}))

    def _fails(self, **changed: Any) -> bool:
        shrunk = self._scenario.shrunk.model_copy(update=changed)
        return self._still(self._scenario.model_copy(update={"shrunk": shrunk}))

    def _still(self, scenario: Scenario) -> bool:
        """Whether a smaller world still fails; if so, it is the one to go on from."""
        if scenario.shrunk in self._failed and scenario.explore == self._scenario.explore:
            return self._failed[scenario.shrunk]
        if self.time_is_up():
            raise _Stopped
        trial = self._run(scenario)
        failed = trial.first(self.invariant) is not None
        if failed:
            self._scenario, self.best = scenario, trial
        else:
            self._failed[scenario.shrunk] = False
        return failed

    def _run(self, scenario: Scenario) -> Trial:
        self.runs += 1
        trial = attempt(self.ready.changed(scenario))
        self.tell(self.runs, size_of(self.ready.changed(self._scenario), self.best or trial))
        return trial

    def _settings(self) -> WorldSettings:
        return self.ready.changed(self._scenario).world()[1].settings

    def _purchases(self) -> Any:
        return self.ready.changed(self._scenario).world()[1].purchases


def kept_swipes(settings: WorldSettings, purchases: Any) -> tuple[int, ...]:
    """Rows of the traffic that are swiped."""
    keep: Keep = settings.keep
    until_ns = settings.start_ns + keep.traffic_of(settings.traffic_ns)
    names = purchases.cardholders
    rows = zip(purchases.at_ns.tolist(), purchases.cardholder.tolist(), strict=True)
    return tuple(row for row, (at_ns, who) in enumerate(rows) if at_ns < until_ns and keep.swipe(row, names[who]))


def kept_steps(settings: WorldSettings) -> tuple[int, ...]:
    """Steps of the script that are done."""
    numbered = enumerate(settings.script)
    return tuple(index for index, step in numbered if settings.keep.step(index, step.cardholder, step.at_ns))


def size_of(ready: Ready, trial: Trial) -> Size:
    """How much of everything a world has."""
    resolved = ready.world()[1]
    settings, purchases = resolved.settings, resolved.purchases
    names = [*(purchases.cardholders if purchases is not None else ()), *settings.cardholders]
    keep = settings.keep
    return Size(
        cardholders=sum(map(keep.cardholder, names)),
        swipes=len(kept_swipes(settings, purchases)) if purchases is not None else 0,
        steps=len(kept_steps(settings)),
        storms=len(plan_of(settings)),
        ties=_shuffled(keep, trial),
    )


def _shuffled(keep: Keep, trial: Trial) -> int:
    """How many ties need not be first in, first out."""
    if keep.choices is not None:
        return sum(map(bool, keep.choices))
    if keep.ties is not None:
        return len(keep.ties)
    return trial.ties if keep.ties_until is None else min(trial.ties, keep.ties_until)
