"""What has to fit together across a scenario: each rule yields the place that breaks it and what to change."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from scenarios.model import Scenario
from scenarios.problems import did_you_mean
from scenarios.rules_limits import limits
from scenarios.rules_script import script
from scenarios.units import NS, format_duration
from scenarios.violations import Violation, at, too_late
from simulators.habits import ONE_OF

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


def violations(scenario: Scenario) -> list[Violation]:
    """All that does not fit together; empty where the scenario is sound."""
    rules = (
        _traffic,
        _synthetic,
        _shares,
        script,
        limits,
        _paydays,
        _chain,
        _settlement,
        _merchants,
        _faults,
        _budgets,
    )
    return [violation for rule in rules for violation in rule(scenario)]


def _traffic(scenario: Scenario) -> Iterator[Violation]:
    world = scenario.world
    traffic = world.traffic
    if world.duration == 0:
        yield at("world.duration", "has to be longer than 0s")
    if world.duration is None and (traffic is None or traffic.trace is None):
        yield at("world.duration", "is missing: only a trace knows by itself how long it is", "world.traffic")
    if traffic is None:
        if not world.script:
            yield at("world", "nothing would happen: a scenario needs `traffic` or a `script`")
        for count in ("swipes", "cardholders"):
            if getattr(world, count) is not None:
                what = "counts traffic, and there is none: give `traffic`, or drop it"
                yield at(f"world.{count}", what, "world.traffic")
    elif (traffic.trace is None) == (traffic.synthetic is None):
        yield at("world.traffic", "needs either `trace` or `synthetic`, and not both")


def _synthetic(scenario: Scenario) -> Iterator[Violation]:
    world, here = scenario.world, "world.traffic.synthetic"
    synthetic = world.traffic.synthetic if world.traffic is not None else None
    if synthetic is None:
        return
    if world.cardholders is None:
        yield at(here, "needs world.cardholders: how many there are", "world.cardholders")
    if (world.swipes is None) == (synthetic.swipes_per_s is None):
        what = "needs either world.swipes (exactly so many) or swipes_per_s (a rate), and not both"
        yield at(here, what, "world.swipes")
    if world.traffic.speed != 1:
        yield at("world.traffic.speed", "is for a trace alone")
    for name in ("hour_weights", "weekday_weights"):
        if not any(getattr(synthetic, name)):
            yield at(f"{here}.{name}", "are all 0: nobody would ever swipe")
    if not any(category.share for category in synthetic.categories.values()):
        yield at(f"{here}.categories", "have no share above 0: nothing would be bought")
    for name, category in synthetic.categories.items():
        if not 1 <= category.min_cents <= category.median_cents <= category.max_cents:
            yield at(f"{here}.categories.{name}", "must hold 1 <= min_cents <= median_cents <= max_cents")


def _shares(scenario: Scenario) -> Iterator[Violation]:
    networks = scenario.world.networks
    if networks.visa.share + networks.mastercard.share + networks.amex.share <= 0:
        yield at("world.networks", "all shares are 0: no card could be issued")


def _paydays(scenario: Scenario) -> Iterator[Violation]:
    for index, payday in enumerate(scenario.world.funding.paydays):
        yield from too_late(scenario, ("world", "funding", "paydays", index, "at"), payday.at)


def _chain(scenario: Scenario) -> Iterator[Violation]:
    chain = scenario.chain
    if chain.node == "rpc" and urlsplit(chain.rpc_url).scheme not in ("http", "https"):
        what = "node rpc needs the URL of a JSON-RPC node, like http://127.0.0.1:8545"
        yield at("chain.rpc_url", what, "chain.node")
    if chain.node != "rpc" and chain.rpc_url:
        yield at("chain.rpc_url", f"is for `node: rpc`, not for {chain.node}", "chain.node")
    if chain.slot < NS["s"] or chain.slot % NS["s"]:
        yield at("chain.slot", f"{format_duration(chain.slot)}: block times are whole seconds, 1s or more")
    if chain.withdrawal_delay % NS["s"]:
        yield at("chain.withdrawal_delay", "has to be whole seconds, as the contract counts them")


def _settlement(scenario: Scenario) -> Iterator[Violation]:
    settlement, delay = scenario.settlement, scenario.chain.withdrawal_delay
    interval = settlement.interval
    if interval == 0:
        yield at("settlement.interval", "has to be longer than 0s")
    not_longer = f"is not longer than settlement.interval ({format_duration(interval)})"
    if delay <= interval:
        what = f"{format_duration(delay)} {not_longer}: spent money could be withdrawn before it is settled"
        yield at("chain.withdrawal_delay", what, "settlement.interval")
    if settlement.bound <= interval:
        what = f"{format_duration(settlement.bound)} {not_longer}: what waits for the next tick would break it"
        yield at("settlement.bound", what, "settlement.interval")


def _merchants(scenario: Scenario) -> Iterator[Violation]:
    merchants = scenario.world.merchants
    if merchants.tip_median_pct > merchants.tip_max_pct:
        what = f"is above tip_max_pct ({merchants.tip_max_pct})"
        yield at("world.merchants.tip_median_pct", what, "world.merchants.tip_max_pct")
    for names in (ONE_OF, ("subscription_share", "remote_share"), ("dispute_share", "refund_share")):
        together = sum(getattr(merchants, name) for name in names)
        if together > 1 + 1e-9:
            first, *others = [name for name in names if getattr(merchants, name)]
            what = f"with {', '.join(others)} makes {together:g}: of these, one at most befalls a purchase"
            yield at(f"world.merchants.{first}", what, *(f"world.merchants.{name}" for name in others))
    changes = scenario.world.changes
    if changes.suspended_share and not changes.mandates:
        yield at("world.changes.suspended_share", "needs `mandates: true`", "world.changes.mandates")
    together = changes.frozen_share + changes.suspended_share + changes.lost_share + changes.cancelled_share
    if together > 1 + 1e-9:
        yield at("world.changes", f"shares make {together:g}: one at most befalls a card in a day")


def _faults(scenario: Scenario) -> Iterator[Violation]:
    faults, world = scenario.faults, scenario.world
    if not faults.kinds or world.duration is None:
        return
    if faults.heal_before_end >= world.duration + world.drain:
        what = f"{format_duration(faults.heal_before_end)} is before the traffic begins: nothing could go wrong"
        yield at("faults.heal_before_end", what, "world.duration", "world.drain")


def _budgets(scenario: Scenario) -> Iterator[Violation]:
    for path in scenario.budgets:
        first, _, rest = path.partition(".")
        if not rest or not all(path.split(".")):
            yield at(("budgets", path), "is no path into report.json, like latency.authorize.p99_ms")
        elif first not in REPORT_SECTIONS:
            hint = did_you_mean(first, REPORT_SECTIONS, "it has")
            yield at(("budgets", path), f"report.json has no {first!r}; {hint}")
