"""What has to fit in the steps of a script: who, which card, what a step needs and what it has no use for."""

from __future__ import annotations

from collections.abc import Iterator

from scenarios.model import Scenario
from scenarios.model_world import Step
from scenarios.problems import did_you_mean, nearest
from scenarios.violations import Violation, at, too_late
from simulators.script import BEGINS, FOLLOWS

PRESENTED = BEGINS - {"inquire"}
NEEDS_AMOUNT = PRESENTED | {"increment", "reverse_part", "deposit"}
ONLY_FOR: dict[str, frozenset[str]] = {
    "days": PRESENTED,
    "called": BEGINS,
    "of": FOLLOWS,
    "estimate": frozenset({"swipe"}),
    "partial": frozenset({"swipe", "withdraw_cash"}),
    "remote": frozenset({"swipe"}),
    "by_merchant": frozenset({"swipe"}),
    "matched": frozenset({"refund"}),
    "announced": frozenset({"refund"}),
    "state": frozenset({"dispute"}),
}
"""Keys that mean something for these steps alone."""


def script(scenario: Scenario) -> Iterator[Violation]:
    """Every step that does not fit, and the people of the script."""
    world = scenario.world
    if len(set(world.people)) < len(world.people):
        yield at("world.people", "names somebody twice")
    for index, step in enumerate(world.script):
        here = ("world", "script", index)
        yield from too_late(scenario, (*here, "at"), step.at)
        if world.traffic is None and step.cardholder not in world.people:
            close = nearest(step.cardholder, world.people)
            hint = f"did you mean {close}?" if close else "list the names under world.people"
            what = f"nobody is called {step.cardholder!r}: {hint}"
            yield at((*here, "cardholder"), what, "world.people", "world.traffic")
        if step.card > world.cards:
            what = f"card {step.card} of {world.cards}: world.cards says how many each has"
            yield at((*here, "card"), what, "world.cards")
        for key, what in _unfit(step):
            yield at((*here, key), what)
    yield from _names(scenario)


def _unfit(step: Step) -> Iterator[tuple[str, str]]:
    """What one step lacks, or has and has no use for."""
    if step.do in NEEDS_AMOUNT and step.amount_cents == 0:
        article = "an" if step.do[0] in "aeiou" else "a"
        yield "amount_cents", f"{article} {step.do} needs amount_cents of 1 or more"
    if step.do not in PRESENTED and step.presents_cents is not None:
        yield "presents_cents", f"only a swipe is presented, not `{step.do}`"
    if step.presents_cents is not None and len(step.presents_cents) > 2:
        yield "presents_cents", "a swipe is presented in two parts at most"
    for key, verbs in ONLY_FOR.items():
        if step.do not in verbs and getattr(step, key) != Step.model_fields[key].default:
            yield key, f"means nothing for `{step.do}`: it is for {', '.join(sorted(verbs))}"


def _names(scenario: Scenario) -> Iterator[Violation]:
    """Whatever follows is of something that began before it."""
    begun: dict[str, dict[str, None]] = {}
    steps = sorted(enumerate(scenario.world.script), key=lambda numbered: numbered[1].at)
    for index, step in steps:
        mine = begun.setdefault(step.cardholder, {})
        here = ("world", "script", index)
        if step.do in BEGINS:
            if step.called and step.called in mine:
                yield at((*here, "called"), f"{step.cardholder} has begun another {step.called!r} before")
            mine[""] = mine[step.called] = None
        elif step.do in FOLLOWS and step.of not in mine:
            names = [name for name in mine if name]
            if not step.of:
                yield at((*here, "do"), f"{step.cardholder} has begun nothing that this could be of")
            else:
                hint = did_you_mean(step.of, names, "there are") if names else "`called` gives a name"
                yield at((*here, "of"), f"nothing of {step.cardholder} is called {step.of!r} by then; {hint}")
