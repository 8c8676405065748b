"""The world of a scenario: traffic, networks, merchants, money, script. Defaults come from ``simulators.settings``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from scenarios.fields import MOST_CENTS, Cents, Count, Duration, Mcc, Name, Part, Share, Sigma, Text, TimeOfDay, Weight
from scenarios.traces import defaults
from simulators import settings

_HABITS = settings.Habits()
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
    do: Literal[
        "swipe", "deposit", "request_withdrawal", "cancel_withdrawal", "complete_withdrawal",
        "freeze", "unfreeze", "cancel", "suspend", "reinstate",
    ]  # fmt: skip
    """`request_withdrawal` of 0: of everything. `freeze` to `cancel` mean the card, `suspend` the account."""
    cardholder: Text
    """A name from `world.people`, or a cardholder of the traffic."""
    card: Count = 1
    """Which of the cardholder's cards, from 1."""
    amount_cents: Cents = 0
    mcc: Mcc = "5411"
    """Merchant category of a swipe."""
    presents_cents: tuple[Annotated[int, Strict(), Field(ge=1, le=MOST_CENTS)], ...] | None = None
    """What is presented for a swipe; left out, it is the merchant's habit. `[]`: nothing is ever presented."""


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
    script: tuple[Step, ...] = ()
    """Scripted actions, besides or instead of traffic."""
