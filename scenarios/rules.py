"""What has to fit together across a scenario: each rule yields the place that breaks it and what to change."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from scenarios.model import Scenario
from scenarios.problems import Path, did_you_mean, nearest
from scenarios.units import NS, format_duration

REPORT_SECTIONS = ("run", "counts", "latency", "settlement", "reconciliation", "faults")
Violation = tuple[Path, str]


def violations(scenario: Scenario) -> list[Violation]:
    """All that does not fit together; empty where the scenario is sound."""
    rules = (_traffic, _shares, _script, _paydays, _chain, _settlement, _merchants, _budgets)
    return [violation for rule in rules for violation in rule(scenario)]


def _traffic(scenario: Scenario) -> Iterator[Violation]:
    world = scenario.world
    traffic = world.traffic
    if world.duration == 0:
        yield ("world", "duration"), "has to be longer than 0s"
    if world.duration is None and (traffic is None or traffic.trace is None):
        yield ("world", "duration"), "is missing: only a trace knows by itself how long it is"
    if traffic is None:
        if not world.script:
            yield ("world",), "nothing would happen: a scenario needs `traffic` or a `script`"
        for count in ("swipes", "cardholders"):
            if getattr(world, count) is not None:
                yield ("world", count), "counts traffic, and there is none: give `traffic`, or drop it"
    elif (traffic.trace is None) == (traffic.synthetic is None):
        yield ("world", "traffic"), "needs either `trace` or `synthetic`, and not both"
    elif traffic.synthetic is not None:
        yield from _synthetic(scenario)


def _synthetic(scenario: Scenario) -> Iterator[Violation]:
    world, path = scenario.world, ("world", "traffic", "synthetic")
    synthetic = world.traffic.synthetic
    if world.cardholders is None:
        yield path, "needs world.cardholders: how many there are"
    if (world.swipes is None) == (synthetic.swipes_per_s is None):
        yield path, "needs either world.swipes (exactly so many) or swipes_per_s (a rate), and not both"
    if world.traffic.speed != 1:
        yield ("world", "traffic", "speed"), "is for a trace alone"
    for name in ("hour_weights", "weekday_weights"):
        if not any(getattr(synthetic, name)):
            yield (*path, name), "are all 0: nobody would ever swipe"
    if not any(category.share for category in synthetic.categories.values()):
        yield (*path, "categories"), "have no share above 0: nothing would be bought"
    for name, category in synthetic.categories.items():
        if not 1 <= category.min_cents <= category.median_cents <= category.max_cents:
            yield (*path, "categories", name), "must hold 1 <= min_cents <= median_cents <= max_cents"


def _shares(scenario: Scenario) -> Iterator[Violation]:
    networks = scenario.world.networks
    if networks.visa.share + networks.mastercard.share + networks.amex.share <= 0:
        yield ("world", "networks"), "all shares are 0: no card could be issued"


def _end(scenario: Scenario) -> int | None:
    """Nanoseconds from the start to the end; None where the trace decides."""
    world = scenario.world
    return None if world.duration is None else world.duration + world.drain


def _script(scenario: Scenario) -> Iterator[Violation]:
    world, end = scenario.world, _end(scenario)
    if len(set(world.people)) < len(world.people):
        yield ("world", "people"), "names somebody twice"
    for index, step in enumerate(world.script):
        path: Path = ("world", "script", index)
        if world.traffic is None and step.cardholder not in world.people:
            close = nearest(step.cardholder, world.people)
            hint = f"did you mean {close}?" if close else "list the names under world.people"
            yield (*path, "cardholder"), f"nobody is called {step.cardholder!r}: {hint}"
        if step.card > world.cards:
            yield (*path, "card"), f"card {step.card} of {world.cards}: world.cards says how many each has"
        if end is not None and step.at > end:
            yield (
                (*path, "at"),
                f"{format_duration(step.at)} is after the end: duration and drain make {format_duration(end)}",
            )
        if step.do in ("swipe", "deposit") and step.amount_cents == 0:
            yield (*path, "amount_cents"), f"a {step.do} needs amount_cents of 1 or more"
        if step.do != "swipe" and step.presents_cents is not None:
            yield (*path, "presents_cents"), f"only a swipe is presented, not `{step.do}`"


def _paydays(scenario: Scenario) -> Iterator[Violation]:
    end = _end(scenario)
    for index, payday in enumerate(scenario.world.funding.paydays):
        if end is not None and payday.at > end:
            yield (
                ("world", "funding", "paydays", index, "at"),
                f"{format_duration(payday.at)} is after the end: duration and drain make {format_duration(end)}",
            )


def _chain(scenario: Scenario) -> Iterator[Violation]:
    chain = scenario.chain
    if chain.node == "rpc" and urlsplit(chain.rpc_url).scheme not in ("http", "https"):
        yield ("chain", "rpc_url"), "node rpc needs the URL of a JSON-RPC node, like http://127.0.0.1:8545"
    if chain.node != "rpc" and chain.rpc_url:
        yield ("chain", "rpc_url"), f"is for `node: rpc`, not for {chain.node}"
    if chain.slot < NS["s"] or chain.slot % NS["s"]:
        yield ("chain", "slot"), f"{format_duration(chain.slot)}: block times are whole seconds, 1s or more"
    if chain.withdrawal_delay % NS["s"]:
        yield ("chain", "withdrawal_delay"), "has to be whole seconds, as the contract counts them"


def _settlement(scenario: Scenario) -> Iterator[Violation]:
    settlement, chain = scenario.settlement, scenario.chain
    interval, delay = settlement.interval, chain.withdrawal_delay
    if interval == 0:
        yield ("settlement", "interval"), "has to be longer than 0s"
    written = format_duration(interval)
    if delay <= interval:
        what = (
            f"is not longer than settlement.interval ({written}): spent money could be withdrawn before it is settled"
        )
        yield ("chain", "withdrawal_delay"), f"{format_duration(delay)} {what}"
    if settlement.bound <= interval:
        what = f"is not longer than settlement.interval ({written}): what waits for the next tick would break it"
        yield ("settlement", "bound"), f"{format_duration(settlement.bound)} {what}"


def _merchants(scenario: Scenario) -> Iterator[Violation]:
    merchants = scenario.world.merchants
    if merchants.tip_median_pct > merchants.tip_max_pct:
        yield ("world", "merchants", "tip_median_pct"), f"is above tip_max_pct ({merchants.tip_max_pct})"


def _budgets(scenario: Scenario) -> Iterator[Violation]:
    for path in scenario.budgets:
        first, _, rest = path.partition(".")
        if not rest or not all(path.split(".")):
            yield ("budgets", path), "is no path into report.json, like latency.authorize.p99_ms"
        elif first not in REPORT_SECTIONS:
            yield ("budgets", path), f"report.json has no {first!r}; {did_you_mean(first, REPORT_SECTIONS, 'it has')}"
