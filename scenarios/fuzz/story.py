"""A failure told on one screen: what is left of the world, and what happened in it, in order."""

from __future__ import annotations

from collections.abc import Iterator

from reports.words import utc
from scenarios.fuzz.case import Ready
from scenarios.fuzz.failure import events_before
from scenarios.fuzz.shrink import kept_steps, kept_swipes
from scenarios.fuzz.trial import Trial
from scenarios.fuzz.words import event_words, moment
from simulators.faults.plan import Storm, plan_of

MOST_LINES = 16
"""Of each list; what is more is counted."""


def story(ready: Ready, trial: Trial, invariant: str) -> Iterator[str]:
    """Lines for a terminal. ``trial`` is one of this case in which the invariant broke."""
    scenario, resolved = ready.world()
    settings, purchases = resolved.settings, resolved.purchases
    found = trial.first(invariant)
    yield f"{found.invariant}: {found.message}"
    noticed = moment(found.at_ns - settings.warmup_ns)
    yield f"seed {settings.seed} of {scenario.name}, traffic from {utc(settings.start_ns)}, noticed at {noticed}"
    yield from _listed("storms", [_storm_words(storm, settings.warmup_ns) for storm in plan_of(settings)])
    if purchases is not None:
        rows = kept_swipes(settings, purchases)
        yield from _listed("swipes", [_swipe_words(row, purchases, settings.start_ns) for row in rows])
    steps = [
        f"step {index} {moment(settings.script[index].at_ns)} {settings.script[index].cardholder} "
        f"{settings.script[index].do} ${settings.script[index].amount_cents / 100:,.2f}"
        for index in kept_steps(settings)
    ]
    yield from _listed("script", steps)
    if settings.keep.choices is not None:
        yield from _listed("who goes next at each tie, from 0", [", ".join(map(str, settings.keep.choices))])
    if settings.keep.ties is not None:
        yield from _listed("ties shuffled", [", ".join(map(str, sorted(settings.keep.ties)))])
    told = [row for row in events_before(trial.events, found.at_ns, len(trial.events)) if row[0] >= settings.warmup_ns]
    hidden = len(told) - 2 * MOST_LINES
    yield "what happened" if hidden <= 0 else f"what happened ({hidden:,} events before are not shown)"
    for row in told[-2 * MOST_LINES :]:
        yield f"  {event_words(row, settings.warmup_ns)}"


def _listed(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield title
        for line in lines[:MOST_LINES]:
            yield f"  {line}"
        if len(lines) > MOST_LINES:
            yield f"  and {len(lines) - MOST_LINES:,} more"


def _storm_words(storm: Storm, warmup_ns: int) -> str:
    span = f"{moment(storm.start_ns - warmup_ns)} to {moment(storm.end_ns - warmup_ns)}"
    return f"storm {storm.index} {storm.kind} {span}{f' on {storm.target}' if storm.target else ''}"


def _swipe_words(row: int, purchases: object, start_ns: int) -> str:
    at, who, where = purchases.at_ns[row], purchases.cardholder[row], purchases.merchant[row]
    merchant = purchases.merchants[where]
    amount = f"${purchases.amount_cents[row] / 100:,.2f}"
    person = purchases.cardholders[who]
    return f"swipe {row} {moment(int(at) - start_ns)} {person} {amount} at {merchant.id} ({merchant.mcc})"
