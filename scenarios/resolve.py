"""From a scenario to what a world is built from: plain settings in integer units, and the purchases to replay."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfoNotFoundError, available_timezones

from engine.interface import DisputeState, HoldTerms, Terms
from scenarios import model, model_shrunk, model_world
from scenarios.loader import Loaded
from scenarios.model_limits import limit_terms
from scenarios.problems import BadInput, ScenarioError, nearest
from scenarios.units import format_instant, parse_instant
from simulators import settings
from simulators.keep import Keep
from simulators.kernel.randomness import Stream

if TYPE_CHECKING:
    from scenarios.traces.plan import PurchasePlan

DEFAULT_START_NS = parse_instant("2025-01-06T00:00:00Z")
TRAFFIC_STREAM = "traffic"


@dataclasses.dataclass(frozen=True, slots=True)
class Resolved:
    """A world, ready to be built. ``purchases`` is None where only the script acts."""

    settings: settings.WorldSettings
    purchases: PurchasePlan | None


def resolve(loaded: Loaded) -> Resolved:
    """Read or draw the traffic and turn every section into settings.

    Raises ScenarioError where the traffic and the rest do not fit (nothing to replay, a script about nobody),
    BadInput where the trace can't be read.
    """
    scenario = loaded.scenario
    start_ns, traffic_ns, purchases = _traffic(loaded)
    _script_names_somebody(loaded, purchases)
    world = scenario.world
    built = settings.WorldSettings(
        name=scenario.name,
        seed=scenario.seed,
        start_ns=start_ns,
        traffic_ns=traffic_ns,
        drain_ns=world.drain,
        warmup_ns=world.warmup,
        explore=scenario.explore,
        terms=_terms(scenario),
        backends=_backends(scenario.engine.backends),
        networks=tuple(_network(name, getattr(world.networks, name)) for name in settings.NETWORKS),
        habits=_habits(world.merchants),
        changes=settings.Changes(**world.changes.model_dump()),
        balances_every_ns=world.balances_every,
        funding=_funding(world.funding),
        chain=_chain(scenario.chain),
        cards=world.cards,
        card_limits=None if world.card_limits is None else limit_terms(world.card_limits),
        mandate_limits=None if world.mandate_limits is None else limit_terms(world.mandate_limits),
        script=tuple(_step(step) for step in world.script),
        cardholders=world.people,
        faults=_faults(scenario.faults),
        keep=_keep(scenario.shrunk),
    )
    return Resolved(_with_storms(built, scenario.shrunk.storms), purchases)


def _traffic(loaded: Loaded) -> tuple[int, int, PurchasePlan | None]:
    """Start (UTC ns), length (ns) and purchases."""
    scenario = loaded.scenario
    traffic = scenario.world.traffic
    if traffic is not None and traffic.trace is not None:
        return _replayed(loaded, Path(traffic.trace))
    start_ns = DEFAULT_START_NS if scenario.start is None else scenario.start
    return start_ns, scenario.world.duration, None if traffic is None else _drawn(loaded, start_ns)


def _replayed(loaded: Loaded, trace: Path) -> tuple[int, int, PurchasePlan]:
    from scenarios.traces import TraceError, read_trace

    scenario, world = loaded.scenario, loaded.scenario.world
    path = ("world", "traffic", "trace")
    try:
        whole = read_trace(trace)
    except TraceError as error:
        raise BadInput(str(error)) from error
    if not len(whole):
        raise ScenarioError([loaded.problem(path, "holds no purchase")])
    whole = whole.at_speed(world.traffic.speed)
    first_ns, last_ns = int(whole.at_ns[0]), int(whole.at_ns[-1])
    start_ns = first_ns - first_ns % settings.DAY_NS if scenario.start is None else scenario.start
    end_ns = last_ns - last_ns % settings.DAY_NS + settings.DAY_NS
    if world.duration is not None:
        end_ns = start_ns + world.duration
    plan = whole.between(start_ns, end_ns)
    if not len(plan):
        what = f"no purchase from {format_instant(start_ns)} until {format_instant(end_ns)}"
        trace_span = f"the trace goes from {format_instant(first_ns)} to {format_instant(last_ns)}"
        raise ScenarioError([loaded.problem(path, f"{what}: {trace_span}")])
    plan = plan.compact()
    if world.cardholders is not None and world.cardholders < len(plan.cardholders):
        plan = _of_the_first(plan, world.cardholders)
    if world.swipes is not None:
        plan = plan.head(world.swipes)
    return start_ns, end_ns - start_ns, plan.compact()


def _of_the_first(plan: PurchasePlan, cardholders: int) -> PurchasePlan:
    """The purchases of the cardholders that appear first (``plan`` lists them in that order)."""
    rows = plan.cardholder < cardholders
    columns = ("at_ns", "cardholder", "merchant", "amount_cents", "authorized_cents", "network")
    return dataclasses.replace(plan, **{name: getattr(plan, name)[rows] for name in columns})


def _drawn(loaded: Loaded, start_ns: int) -> PurchasePlan:
    from scenarios.traces.synthetic import CategorySpec, SyntheticSpec, generate

    scenario, world = loaded.scenario, loaded.scenario.world
    drawn = world.traffic.synthetic
    path = ("world", "traffic", "synthetic")
    try:
        spec = SyntheticSpec(
            start_at_ns=start_ns,
            duration_ns=world.duration,
            cardholders=world.cardholders,
            swipes=world.swipes,
            swipes_per_s=drawn.swipes_per_s,
            categories=tuple(CategorySpec(name, **kind.model_dump()) for name, kind in drawn.categories.items()),
            hour_weights=drawn.hour_weights,
            weekday_weights=drawn.weekday_weights,
            zone=drawn.zone,
            activity_sigma=drawn.activity_sigma,
            merchant_zipf=drawn.merchant_zipf,
        )
        return generate(spec, Stream(scenario.seed, TRAFFIC_STREAM).generator)
    except ZoneInfoNotFoundError as error:
        close = nearest(drawn.zone, sorted(available_timezones()))
        what = f"{drawn.zone!r} is no time zone{f': did you mean {close}?' if close else ''}"
        raise ScenarioError([loaded.problem((*path, "zone"), what)]) from error
    except ValueError as error:
        raise ScenarioError([loaded.problem(path, str(error))]) from error


def _script_names_somebody(loaded: Loaded, purchases: PurchasePlan | None) -> None:
    world = loaded.scenario.world
    everybody = set(world.people) | set(purchases.cardholders if purchases is not None else ())
    problems = []
    for index, step in enumerate(world.script):
        if step.cardholder not in everybody:
            close = nearest(step.cardholder, world.people) or nearest(step.cardholder, sorted(everybody))
            hint = f"did you mean {close}?" if close else "list the names under world.people"
            what = f"neither world.people nor the traffic has a {step.cardholder!r}: {hint}"
            problems.append(loaded.problem(("world", "script", index, "cardholder"), what))
    taken = sorted(set(world.people) & set(purchases.cardholders)) if purchases is not None else []
    if taken:
        problems.append(loaded.problem(("world", "people"), f"the traffic has them too: {', '.join(taken)}"))
    if problems:
        raise ScenarioError(problems)


def _terms(scenario: model.Scenario) -> Terms:
    engine, settlement = scenario.engine, scenario.settlement
    return Terms(
        limits=limit_terms(engine.limits),
        holds=HoldTerms(
            validity_ns={name: getattr(engine.holds.validity, name) for name in settings.NETWORKS},
            default_validity_ns=engine.holds.default_validity,
            preauthorization_ns=engine.holds.preauthorization,
        ),
        decision_budget_ns=engine.decision_budget,
        settlement_interval_ns=settlement.interval,
        settlement_bound_ns=settlement.bound,
        batch_users=settlement.batch_users,
        minimum_kyc_level=engine.minimum_kyc_level,
    )


def _latency(section: model_world.Latency) -> settings.Latency:
    return settings.Latency(section.median, section.sigma, section.floor)


def _backend(section: model.Backend) -> settings.Backend:
    return settings.Backend(_latency(section), section.capacity)


def _backends(section: model.Backends) -> settings.Backends:
    return settings.Backends(
        cache=_backend(section.cache),
        holds=_backend(section.holds),
        ledger=_backend(section.ledger),
        chain=_backend(section.chain),
        workers=section.workers,
    )


def _network(name: str, section: model_world.Network) -> settings.Network:
    return settings.Network(
        name=name,
        share=section.share,
        to_engine=_latency(section.to_engine),
        from_engine=_latency(section.from_engine),
        deadline_ns=section.deadline,
        clearing_at_ns=section.clearing_at,
        reversal_retry_ns=section.reversal_retry,
        repeat_share=section.repeat_share,
        repeat_after_ns=section.repeat_after,
        reused_key_share=section.reused_key_share,
    )


def _habits(section: model_world.Merchants) -> settings.Habits:
    given = {name: getattr(section, name) for name in model_world.Merchants.model_fields}
    given["dispute_step_ns"] = given.pop("dispute_step")
    return settings.Habits(
        **{name: frozenset(value) if isinstance(value, tuple) else value for name, value in given.items()}
    )


def _funding(section: model_world.Funding) -> settings.Funding:
    paydays = tuple(settings.Payday(payday.at, payday.amount_cents) for payday in section.paydays)
    return settings.Funding(section.opening_cents, section.opening_sigma, paydays)


def _chain(section: model.Chain) -> settings.Chain:
    return settings.Chain(
        node=section.node,
        rpc_url=section.rpc_url,
        slot_ns=section.slot,
        confirmations=section.confirmations,
        withdrawal_delay_s=section.withdrawal_delay // settings.SECOND_NS,
    )


def _keep(section: model_shrunk.Shrunk) -> Keep:
    def chosen(items: tuple[Any, ...] | None) -> frozenset[Any] | None:
        return None if items is None else frozenset(items)

    return Keep(
        swipes=chosen(section.swipes),
        cardholders=chosen(section.cardholders),
        steps=chosen(section.steps),
        traffic_ns=section.traffic,
        ties_until=section.ties_until,
        ties=chosen(section.ties),
        choices=section.choices,
    )


def _with_storms(built: settings.WorldSettings, kept: tuple[int, ...] | None) -> settings.WorldSettings:
    """The settings with all storms but the ``kept`` ones taken out of the plan."""
    if kept is None:
        return built
    from simulators.faults.plan import plan_of

    others = frozenset(storm.index for storm in plan_of(built)) - frozenset(kept)
    return dataclasses.replace(built, without_faults=others)


def _faults(section: model.Faults) -> settings.Faults:
    return settings.Faults(section.kinds, section.storms, section.swarm, section.heal_before_end)


def _step(section: model_world.Step) -> settings.Step:
    given = {name: getattr(section, name) for name in model_world.Step.model_fields}
    given["state"] = DisputeState(section.state)
    return settings.Step(at_ns=given.pop("at"), **given)
