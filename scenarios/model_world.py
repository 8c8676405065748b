"""The world of a scenario: traffic, networks, merchants, money, script. Defaults come from ``simulators.settings``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from scenarios.fields import MOST_CENTS, Cents, Count, Duration, Mcc, Name, Part, Share, Sigma, Text, TimeOfDay, Weight
from scenarios.model_limits import OwnLimits
from scenarios.traces import defaults
from simulators import settings

_HABITS = settings.Habits()
_CHANGES = settings.Changes()
_FUNDING = settings.Funding()
_NETWORKS = {network.name: network for network in settings.default_networks()}
_WORLD = settings.WorldSettings(name="", seed=0, start_ns=0, traffic_ns=0)


class Latency(Part):
    """Lognormal: half of all are quicker than `median`; `floor` is added to each."""

    median: Duration
    """Half of all are quicker than this."""
    sigma: Sigma = 0.0
    """Spread of the logarithm: 0 is constant, 0.6 has its p99 at four times the median."""
    floor: Duration = 0
    """Added to each."""


def latency_of(source: settings.Latency) -> Latency:
    return Latency.model_construct(median=source.median_ns, sigma=source.sigma, floor=source.floor_ns)


class Network(Part):
    """A card network: its legs to and from the engine, how long it waits, when its clearing file comes."""

    share: Share
    """Of cards issued on it, relative to the others; 0 leaves it out."""
    to_engine: Latency
    """From the network to the engine."""
    from_engine: Latency
    """And back."""
    deadline: Duration
    """How long the network waits for an answer before it declines and reverses."""
    clearing_at: TimeOfDay
    """Time of day (UTC) at which the clearing file of the day before comes."""
    reversal_retry: Duration
    """A reversal is sent again after this time until it is answered."""
    repeat_share: Share
    """Of authorization requests that the network sends a second time; both answers have to be the same."""
    repeat_after: Duration
    """How long after the first a repeated request is sent."""
    reused_key_share: Share
    """Of answered requests whose key is used again, so much later, over another amount; that has to be refused."""


def _network(name: str) -> Network:
    source = _NETWORKS[name]
    return Network.model_construct(
        share=source.share,
        to_engine=latency_of(source.to_engine),
        from_engine=latency_of(source.from_engine),
        deadline=source.deadline_ns,
        clearing_at=source.clearing_at_ns,
        reversal_retry=source.reversal_retry_ns,
        repeat_share=source.repeat_share,
        repeat_after=source.repeat_after_ns,
        reused_key_share=source.reused_key_share,
    )


class Networks(Part):
    """The card networks; what is not named keeps its defaults."""

    visa: Network = _network("visa")
    mastercard: Network = _network("mastercard")
    amex: Network = _network("amex")


class Merchants(Part):
    """Habits that make the cleared amount differ from the authorized one, by merchant category."""

    fuel_authorize_cents: Cents = _HABITS.fuel_authorize_cents
    """Fuel authorizes this estimate and clears the true amount."""
    fuel_mccs: tuple[Mcc, ...] = tuple(sorted(_HABITS.fuel_mccs))
    tip_mccs: tuple[Mcc, ...] = tuple(sorted(_HABITS.tip_mccs))
    """Where tips are usual."""
    tip_share: Share = _HABITS.tip_share
    """Of purchases there that clear higher."""
    tip_median_pct: Annotated[int, Strict(), Field(ge=0, le=500)] = _HABITS.tip_median_pct
    tip_max_pct: Annotated[int, Strict(), Field(ge=0, le=500)] = _HABITS.tip_max_pct
    split_mccs: tuple[Mcc, ...] = tuple(sorted(_HABITS.split_mccs))
    """Remote orders that may ship in two parts."""
    split_share: Share = _HABITS.split_share
    """Of remote orders that ship, and clear, in two parts."""
    abandoned_share: Share = _HABITS.abandoned_share
    """Of approved purchases that are never presented, so that the hold has to expire."""
    fuel_advice_share: Share = _HABITS.fuel_advice_share
    """Of pumps that tell the true amount by an advice, minutes later."""
    stay_mccs: tuple[Mcc, ...] = tuple(sorted(_HABITS.stay_mccs))
    """Hotels, car rentals."""
    stay_share: Share = _HABITS.stay_share
    """Of bills there that begin as an estimate and grow by increments, a day apart."""
    cash_mccs: tuple[Mcc, ...] = tuple(sorted(_HABITS.cash_mccs))
    """Where cash is withdrawn."""
    void_share: Share = _HABITS.void_share
    """Of other purchases: taken back whole, and never presented."""
    part_reversed_share: Share = _HABITS.part_reversed_share
    """Taken back in part: something was out of stock."""
    late_share: Share = _HABITS.late_share
    """Presented `late_days` after, when the hold may be over."""
    late_days: Annotated[int, Strict(), Field(ge=1, le=60)] = _HABITS.late_days
    drift_share: Share = _HABITS.drift_share
    """Cleared up to a third higher or lower."""
    force_share: Share = _HABITS.force_share
    """Presented without ever being asked for."""
    partial_share: Share = _HABITS.partial_share
    """Of requests that welcome less than the amount; the rest is paid in cash."""
    remote_share: Share = _HABITS.remote_share
    """Of purchases made without the card."""
    subscription_share: Share = _HABITS.subscription_share
    """Of purchases that the merchant starts."""
    inquiry_share: Share = _HABITS.inquiry_share
    """Of purchases before which the balance is asked for."""
    dispute_share: Share = _HABITS.dispute_share
    """Of posted sales that are disputed."""
    dispute_won_share: Share = _HABITS.dispute_won_share
    dispute_step: Duration = _HABITS.dispute_step_ns
    """About so long from state to state."""
    refund_share: Share = _HABITS.refund_share
    """Of posted sales, not disputed, that are refunded one to three days later."""
    refund_part_share: Share = _HABITS.refund_part_share
    """Of refunds and disputes that are of a part only."""
    refund_announced_share: Share = _HABITS.refund_announced_share
    """Of refunds that are asked for before."""
    refund_unmatched_share: Share = _HABITS.refund_unmatched_share
    """Of refunds that do not say of which sale."""
    stand_in_share: Share = _HABITS.stand_in_share
    """Of requests that timed out and are decided by the network, which tells it by an advice."""
    stand_in_limit_cents: Cents = _HABITS.stand_in_limit_cents
    """Up to this it approves, above it declines."""


class Changes(Part):
    """What befalls cards and mandates; shares are of all cards, a day."""

    frozen_share: Share = _CHANGES.frozen_share
    """Frozen, and thawed some hours later."""
    lost_share: Share = _CHANGES.lost_share
    cancelled_share: Share = _CHANGES.cancelled_share
    replaced_share: Share = _CHANGES.replaced_share
    """Of lost and cancelled cards that are replaced at once; the others some hours later."""
    suspended_share: Share = _CHANGES.suspended_share
    """Of mandates, which come back some hours later."""
    mandates: Annotated[bool, Strict()] = _CHANGES.mandates
    """Every card spends under a mandate."""


class Payday(Part):
    """Every cardholder is credited on chain, by the on-ramp."""

    at: Duration
    """After the start."""
    amount_cents: Cents


class Funding(Part):
    """Where the cardholders' money comes from."""

    opening_cents: Cents = _FUNDING.opening_cents
    """Median opening balance, deposited on chain before the start."""
    opening_sigma: Sigma = _FUNDING.opening_sigma
    """Lognormal spread of opening balances; 0: all the same."""
    paydays: tuple[Payday, ...] = ()


class Step(Part):
    """One scripted action."""

    at: Duration
    """After the start."""
    do: settings.Deed
    """`request_withdrawal` of 0: of everything. `freeze` to `replace_card` mean the card, `suspend` the account."""
    cardholder: Text
    """A name from `world.people`, or a cardholder of the traffic."""
    card: Count = 1
    """Which of the cardholder's cards, from 1."""
    amount_cents: Cents = 0
    mcc: Mcc = "5411"
    """Merchant category of a swipe."""
    presents_cents: tuple[Annotated[int, Strict(), Field(ge=1, le=MOST_CENTS)], ...] | None = None
    """What is presented for a swipe; left out, it is the merchant's habit. `[]`: nothing is ever presented."""
    days: Annotated[int, Strict(), Field(ge=1, le=60)] = 1
    """On which day after it is presented."""
    called: Text = ""
    """A name for what the step begins, by which later steps are `of` it."""
    of: Text = ""
    """What an `increment`, `advise`, `reverse_part`, `void`, `refund` or `dispute` is of; left out: the latest."""
    estimate: Annotated[bool, Strict()] = False
    """The amount of a swipe is an estimate."""
    partial: Annotated[bool, Strict()] = False
    """Less than the amount is welcome."""
    remote: Annotated[bool, Strict()] = False
    """A swipe without the card."""
    by_merchant: Annotated[bool, Strict()] = False
    """A swipe that the merchant starts, as for a subscription."""
    matched: Annotated[bool, Strict()] = True
    """A refund says of which sale it is."""
    announced: Annotated[bool, Strict()] = False
    """A refund is asked for before it is presented."""
    state: Literal[
        "new", "submitted", "representment", "pre_arbitration", "arbitration", "won", "lost",
    ] = "submitted"  # fmt: skip
    """Which one a dispute reaches."""


class Category(Part):
    """One kind of purchase. Amounts are lognormal, moved into [min_cents, max_cents]."""

    mcc: Mcc
    share: Weight
    """Relative frequency among the categories."""
    merchants: Count
    """How many there are."""
    median_cents: Cents
    sigma: Sigma
    """Spread of the logarithm of the amount."""
    min_cents: Cents = 50
    max_cents: Cents = 100_000


def _categories() -> dict[str, Category]:
    return {
        spec.name: Category(
            mcc=spec.mcc,
            share=spec.share,
            merchants=spec.merchants,
            median_cents=spec.median_cents,
            sigma=spec.sigma,
            min_cents=spec.min_cents,
            max_cents=spec.max_cents,
        )
        for spec in defaults.CATEGORIES
    }


class Synthetic(Part):
    """Traffic drawn from distributions, by the scenario's seed. `{}` takes all defaults."""

    swipes_per_s: Annotated[float, Strict(), Field(gt=0, le=1_000_000, allow_inf_nan=False)] | None = None
    """Mean rate over a week, instead of an exact `world.swipes`."""
    zone: Text = defaults.ZONE
    """IANA time zone that the weights are meant in."""
    hour_weights: Annotated[tuple[Weight, ...], Field(min_length=24, max_length=24)] = tuple(defaults.HOUR_WEIGHTS)
    """24 relative rates, midnight first; all equal: no daily rhythm."""
    weekday_weights: Annotated[tuple[Weight, ...], Field(min_length=7, max_length=7)] = tuple(defaults.WEEKDAY_WEIGHTS)
    """7 relative rates, Monday first."""
    activity_sigma: Sigma = defaults.ACTIVITY_SIGMA
    """Spread of how often cardholders swipe; 0: all alike."""
    merchant_zipf: Sigma = defaults.MERCHANT_ZIPF
    """The k-th merchant of a category gets a share of 1 / k**merchant_zipf; 0: all alike."""
    categories: dict[Name, Category] = _categories()
    """What is bought, by name; given, they replace the default ones."""


class Traffic(Part):
    """Where swipes come from: a recorded `trace`, or drawn (`synthetic`)."""

    trace: Text | None = None
    """Path of a trace file, from this file's folder."""
    speed: Annotated[float, Strict(), Field(gt=0, le=1_000_000, allow_inf_nan=False)] = 1.0
    """How much faster than recorded a trace is replayed."""
    synthetic: Synthetic | None = None


class World(Part):
    """How long, how many, and who."""

    duration: Duration | None = None
    """Traffic runs this long from the start. Left out: for a trace until the midnight (UTC) after its last purchase."""
    drain: Duration = _WORLD.drain_ns
    """Left afterwards to clear and settle."""
    warmup: Duration = _WORLD.warmup_ns
    """Before the start: accounts are opened and funded."""
    swipes: Count | None = None
    """At most so many of a trace; exactly so many of synthetic traffic."""
    cardholders: Count | None = None
    """At most so many of a trace; exactly so many of synthetic traffic."""
    cards: Annotated[int, Strict(), Field(ge=1, le=100)] = _WORLD.cards
    """Of each cardholder; all of them spend one balance."""
    people: tuple[Name, ...] = ()
    """Cardholders by name, for the script."""
    traffic: Traffic | None = None
    networks: Networks = Networks()
    merchants: Merchants = Merchants()
    funding: Funding = Funding()
    changes: Changes = Changes()
    card_limits: OwnLimits | None = None
    """Of every card, beside those of its account."""
    mandate_limits: OwnLimits | None = None
    """Given, all cards of a cardholder spend under one mandate, with these limits over all of them."""
    balances_every: Duration = _WORLD.balances_every_ns
    """Every balance is asked for so often, when nothing is under way; 0s: only at the end."""
    script: tuple[Step, ...] = ()
    """Scripted actions, besides or instead of traffic."""
