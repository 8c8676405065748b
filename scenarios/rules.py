"""What has to fit together across a scenario: each rule yields the place that breaks it and what to change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from scenarios.model import Scenario
from scenarios.problems import Path, did_you_mean, nearest
from scenarios.units import NS, format_duration

REPORT_SECTIONS = (
    "run",
    "counts",
    "throughput",
    "latency",
    "settlement",
    "reconciliation",
    "funds",
    "faults",
    "findings",
)


class Violation(NamedTuple):
    """What does not fit: its place, what to change, and the other places by which it was judged."""

    path: Path
    what: str
    judged_by: tuple[Path, ...] = ()


def violations(scenario: Scenario) -> list[Violation]:
    """All that does not fit together; empty where the scenario is sound."""
    rules = (_traffic, _synthetic, _shares, _script, _paydays, _chain, _settlement, _merchants, _faults, _budgets)
    return [violation for rule in rules for violation in rule(scenario)]


def _at(path: str | Path, what: str, *judged_by: str) -> Violation:
    """``path`` dotted, or as a tuple where a key has dots or a step is a number."""
    steps = tuple(path.split(".")) if isinstance(path, str) else path
    return Violation(steps, what, tuple(tuple(other.split(".")) for other in judged_by))


def _traffic(scenario: Scenario) -> Iterator[Violation]:
    world = scenario.world
    traffic = world.traffic
    if world.duration == 0:
        yield _at("world.duration", "has to be longer than 0s")
    if world.duration is None and (traffic is None or traffic.trace is None):
        yield _at("world.duration", "is missing: only a trace knows by itself how long it is", "world.traffic")
    if traffic is None:
        if not world.script:
            yield _at("world", "nothing would happen: a scenario needs `traffic` or a `script`")
        for count in ("swipes", "cardholders"):
            if getattr(world, count) is not None:
                what = "counts traffic, and there is none: give `traffic`, or drop it"
                yield _at(f"world.{count}", what, "world.traffic")
    elif (traffic.trace is None) == (traffic.synthetic is None):
        yield _at("world.traffic", "needs either `trace` or `synthetic`, and not both")


def _synthetic(scenario: Scenario) -> Iterator[Violation]:
    world, here = scenario.world, "world.traffic.synthetic"
    synthetic = world.traffic.synthetic if world.traffic is not None else None
    if synthetic is None:
        return
    if world.cardholders is None:
        yield _at(here, "needs world.cardholders: how many there are", "world.cardholders")
    if (world.swipes is None) == (synthetic.swipes_per_s is None):
        what = "needs either world.swipes (exactly so many) or swipes_per_s (a rate), and not both"
        yield _at(here, what, "world.swipes")
    if world.traffic.speed != 1:
        yield _at("world.traffic.speed", "is for a trace alone")
    for name in ("hour_weights", "weekday_weights"):
        if not any(getattr(synthetic, name)):
            yield _at(f"{here}.{name}", "are all 0: nobody would ever swipe")
    if not any(category.share for category in synthetic.categories.values()):
        yield _at(f"{here}.categories", "have no share above 0: nothing would be bought")
    for name, category in synthetic.categories.items():
        if not 1 <= category.min_cents <= category.median_cents <= category.max_cents:
            yield _at(f"{here}.categories.{name}", "must hold 1 <= min_cents <= median_cents <= max_cents")


def _shares(scenario: Scenario) -> Iterator[Violation]:
    networks = scenario.world.networks
    if networks.visa.share + networks.mastercard.share + networks.amex.share <= 0:
        yield _at("world.networks", "all shares are 0: no card could be issued")


def _too_late(scenario: Scenario, path: Path, at: int) -> Iterator[Violation]:
    world = scenario.world
    if world.duration is None:  # the trace decides
        return
    end = world.duration + world.drain
    if at > end:
        what = f"{format_duration(at)} is after the end: duration and drain make {format_duration(end)}"
        yield _at(path, what, "world.duration", "world.drain")


def _script(scenario: Scenario) -> Iterator[Violation]:
    world = scenario.world
    if len(set(world.people)) < len(world.people):
        yield _at("world.people", "names somebody twice")
    for index, step in enumerate(world.script):
        here: Path = ("world", "script", index)
        yield from _too_late(scenario, (*here, "at"), step.at)
        if world.traffic is None and step.cardholder not in world.people:
            close = nearest(step.cardholder, world.people)
            hint = f"did you mean {close}?" if close else "list the names under world.people"
            what = f"nobody is called {step.cardholder!r}: {hint}"
            yield _at((*here, "cardholder"), what, "world.people", "world.traffic")
        if step.card > world.cards:
            what = f"card {step.card} of {world.cards}: world.cards says how many each has"
            yield _at((*here, "card"), what, "world.cards")
        if step.do in ("swipe", "deposit") and step.amount_cents == 0:
            yield _at((*here, "amount_cents"), f"a {step.do} needs amount_cents of 1 or more")
        if step.do != "swipe" and step.presents_cents is not None:
            yield _at((*here, "presents_cents"), f"only a swipe is presented, not `{step.do}`")


def _paydays(scenario: Scenario) -> Iterator[Violation]:
    for index, payday in enumerate(scenario.world.funding.paydays):
        yield from _too_late(scenario, ("world", "funding", "paydays", index, "at"), payday.at)


def _chain(scenario: Scenario) -> Iterator[Violation]:
    chain = scenario.chain
    if chain.node == "rpc" and urlsplit(chain.rpc_url).scheme not in ("http", "https"):
        what = "node rpc needs the URL of a JSON-RPC node, like http://127.0.0.1:8545"
        yield _at("chain.rpc_url", what, "chain.node")
    if chain.node != "rpc" and chain.rpc_url:
        yield _at("chain.rpc_url", f"is for `node: rpc`, not for {chain.node}", "chain.node")
    if chain.slot < NS["s"] or chain.slot % NS["s"]:
        yield _at("chain.slot", f"{format_duration(chain.slot)}: block times are whole seconds, 1s or more")
    if chain.withdrawal_delay % NS["s"]:
        yield _at("chain.withdrawal_delay", "has to be whole seconds, as the contract counts them")


def _settlement(scenario: Scenario) -> Iterator[Violation]:
    settlement, delay = scenario.settlement, scenario.chain.withdrawal_delay
    interval = settlement.interval
    if interval == 0:
        yield _at("settlement.interval", "has to be longer than 0s")
    not_longer = f"is not longer than settlement.interval ({format_duration(interval)})"
    if delay <= interval:
        what = f"{format_duration(delay)} {not_longer}: spent money could be withdrawn before it is settled"
        yield _at("chain.withdrawal_delay", what, "settlement.interval")
    if settlement.bound <= interval:
        what = f"{format_duration(settlement.bound)} {not_longer}: what waits for the next tick would break it"
        yield _at("settlement.bound", what, "settlement.interval")


def _merchants(scenario: Scenario) -> Iterator[Violation]:
    merchants = scenario.world.merchants
    if merchants.tip_median_pct > merchants.tip_max_pct:
        what = f"is above tip_max_pct ({merchants.tip_max_pct})"
        yield _at("world.merchants.tip_median_pct", what, "world.merchants.tip_max_pct")


def _faults(scenario: Scenario) -> Iterator[Violation]:
    faults, world = scenario.faults, scenario.world
    if not faults.kinds or world.duration is None:
        return
    if faults.heal_before_end >= world.duration + world.drain:
        what = f"{format_duration(faults.heal_before_end)} is before the traffic begins: nothing could go wrong"
        yield _at("faults.heal_before_end", what, "world.duration", "world.drain")


def _budgets(scenario: Scenario) -> Iterator[Violation]:
    for path in scenario.budgets:
        first, _, rest = path.partition(".")
        if not rest or not all(path.split(".")):
            yield _at(("budgets", path), "is no path into report.json, like latency.authorize.p99_ms")
        elif first not in REPORT_SECTIONS:
            hint = did_you_mean(first, REPORT_SECTIONS, "it has")
            yield _at(("budgets", path), f"report.json has no {first!r}; {hint}")
