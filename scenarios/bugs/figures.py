"""From trials to figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scenarios.bugs.record import Bug
from scenarios.bugs.trial import Trial

SEEDS = 59
"""Caught in 59 of 59 is at least 95 % with a confidence of 95 %: 0.95 ** 59 is 0.049."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of one bug. Counts are of seeds; swipes are those begun when the alarm came.

    ``median_swipes`` is by Kaplan-Meier over all seeds, those without alarm censored at their end; None where less than
    half of all come to an alarm. ``worst_swipes``: the latest alarm of all. ``unit_tests``: None where not run.
    """

    bug: Bug
    seeds: int
    reached: int
    triggered: int
    caught: int
    median_swipes: int | None
    worst_swipes: int | None
    others: tuple[str, ...]
    """Invariants that alarmed as well; they do not count."""
    broke: int
    """Seeds in which the engine brought the world down, which is no alarm."""
    crashed: int = 0
    """Seeds in which it raised what no engine may raise, which is no alarm either."""
    few: int | None = None
    """Caught in how many of the first seeds: those that were run in the other ways as well."""
    no_faults: int | None = None
    fifo: int | None = None
    unit_tests: bool | None = None

    @property
    def hard(self) -> str:
        """What is hard about it, by design or as measured; "" for nothing."""
        if self.bug.hard:
            return f"one {self.bug.hard}"
        if self.few and self.no_faults == 0:
            return "faults alone"
        return "seldom" if self.caught and 4 * self.caught <= self.seeds else ""

    def record(self) -> dict[str, object]:
        """For JSON."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "bug"}
        bug = self.bug
        named = {
            "id": bug.id,
            "family": str(bug.family),
            "what": bug.what,
            "only_when": bug.only_when,
            "hard": self.hard,
        }
        return {**named, "invariant": bug.invariant, "world": bug.world, **plain}


def figures(bug: Bug, trials: Sequence[Trial], right: dict[int, Trial]) -> Figures:
    """``right``: the right engine in the same world under each of the seeds. Where it is accused as well, of the same,
    the alarm says nothing about the bug, and does not count.
    """
    named = bug.invariant
    said = [named in trial.alarms and named not in right[trial.seed].alarms for trial in trials]
    alarms = [(t.alarms[named] if alarmed else t.swipes, alarmed) for t, alarmed in zip(trials, said, strict=True)]
    caught = [swipes for swipes, alarmed in alarms if alarmed]
    return Figures(
        bug=bug,
        seeds=len(trials),
        reached=sum(trial.reached > 0 for trial in trials),
        triggered=sum(trial.trace_sha256 != right[trial.seed].trace_sha256 for trial in trials),
        caught=len(caught),
        median_swipes=median_to_alarm(alarms),
        worst_swipes=max(caught, default=None),
        others=tuple(sorted({name for trial in trials for name in trial.alarms} - {named}, key=_number)),
        broke=sum(bool(trial.broke) for trial in trials),
        crashed=sum(trial.crashes > 0 for trial in trials),
    )


def median_to_alarm(alarms: Iterable[tuple[int, bool]]) -> int | None:
    """The Kaplan-Meier median: the first time at which the estimated share without alarm is at most a half.

    ``alarms``: (time, whether it alarmed then or was only watched until then). None where it never falls so low.
    """
    ordered = sorted(alarms, key=lambda one: (one[0], not one[1]))  # watched until t counts as at risk at t
    at_risk, without = len(ordered), 1.0
    for time, alarmed in ordered:
        if alarmed:
            without *= 1 - 1 / at_risk
            if without <= 0.5 + 1e-12:
                return time
        at_risk -= 1
    return None


def _number(invariant: str) -> int:
    return int(invariant.removeprefix("I"))
