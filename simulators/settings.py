"""What a world is built from: plain, resolved settings, all in integer units.

``scenarios/`` makes these from a YAML file; a test may make them by hand. Nothing here has behaviour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from engine.interface import DisputeState, LimitTerms, Terms
from simulators.habits import Changes, Habits
from simulators.keep import EVERYTHING, Keep

MS_NS = 1_000_000
SECOND_NS = 1_000 * MS_NS
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS

NETWORKS = ("visa", "mastercard", "amex")


class MerchantLike(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def mcc(self) -> str: ...


class Purchases(Protocol):
    """The traffic, as columns sorted by time (``scenarios.traces.plan.PurchasePlan`` is one).

    ``at_ns`` UTC; ``cardholder`` and ``merchant`` index the two tuples; ``authorized_cents`` -1 leaves it to the
    merchant's habit; ``network`` indexes :data:`NETWORKS`, -1 leaves it to the card.
    """

    at_ns: np.ndarray
    cardholder: np.ndarray
    merchant: np.ndarray
    amount_cents: np.ndarray
    authorized_cents: np.ndarray
    network: np.ndarray
    cardholders: Sequence[str]
    merchants: Sequence[MerchantLike]

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Latency:
    """Lognormal: half of all are quicker than ``median_ns``; ``floor_ns`` is added to each."""

    median_ns: int
    sigma: float = 0.0
    floor_ns: int = 0


@dataclass(frozen=True, slots=True)
class Backend:
    """A store or node seen from the engine: how long a call takes once served, and how many are served at once."""

    latency: Latency
    capacity: int


@dataclass(frozen=True, slots=True)
class Backends:
    cache: Backend = Backend(Latency(400_000, 0.4), 64)
    holds: Backend = Backend(Latency(500_000, 0.4), 64)
    ledger: Backend = Backend(Latency(3 * MS_NS, 0.5), 32)
    chain: Backend = Backend(Latency(40 * MS_NS, 0.5), 8)
    workers: int = 256
    """Authorizations that the engine's service works on at once; more wait at its door."""


@dataclass(frozen=True, slots=True)
class Network:
    """A card network: its legs to and from the engine, how long it waits, when its clearing file comes.

    ``share``: of cards issued on it. ``clearing_at_ns``: time of day (UTC) on the day after the purchase.
    ``reversal_retry_ns``: a reversal is sent again until it is answered. ``repeat_share``: of requests that arrive
    twice, as networks may send them, the second time ``repeat_after_ns`` later. ``reused_key_share``: of answered
    requests whose key is used again so much later, for a request over another amount; an engine has to refuse that.
    """

    name: str
    share: float
    to_engine: Latency
    from_engine: Latency
    deadline_ns: int
    clearing_at_ns: int
    reversal_retry_ns: int = 5 * SECOND_NS
    repeat_share: float = 0.0
    repeat_after_ns: int = 2 * MS_NS
    reused_key_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Payday:
    """At ``at_ns`` after the start every cardholder is credited ``amount_cents`` on chain, by the on-ramp."""

    at_ns: int
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Funding:
    """Opening balances are lognormal (``opening_sigma`` 0: all the same), deposited on chain before the start."""

    opening_cents: int = 50_000
    opening_sigma: float = 0.0
    paydays: tuple[Payday, ...] = ()


Deed = Literal[
    "swipe", "withdraw_cash", "inquire", "force_post", "stand_in",
    "increment", "advise", "reverse_part", "void", "refund", "dispute",
    "deposit", "request_withdrawal", "cancel_withdrawal", "complete_withdrawal",
    "freeze", "unfreeze", "lose", "cancel", "replace_card",
    "suspend", "reinstate", "suspend_mandate", "reinstate_mandate", "revoke_mandate",
]  # fmt: skip
"""What a step of a script may do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One scripted action at ``at_ns`` after the start.

    ``swipe``, ``withdraw_cash``: ``card`` (1-based) of ``cardholder`` pays ``amount_cents`` at a merchant of category
    ``mcc``. ``force_post``: presented without being asked for; ``stand_in``: approved by the network alone, told by an
    advice, and presented. ``called`` names what one of these began.
    ``increment``, ``advise`` (``amount_cents`` is absolute; 0: declined), ``reverse_part``, ``void``, ``refund``,
    ``dispute``: of what ``of`` names, or else of the latest that the cardholder began.
    ``deposit``, ``request_withdrawal`` (0 = everything), ``cancel_withdrawal``, ``complete_withdrawal``: by the
    cardholder, on chain.
    ``freeze``, ``unfreeze``, ``lose``, ``cancel``, ``replace_card``: the card. ``suspend``, ``reinstate``: the account.
    """

    at_ns: int
    do: Deed
    cardholder: str
    card: int = 1
    amount_cents: int = 0
    mcc: str = "5411"
    presents_cents: tuple[int, ...] | None = None
    """What is presented for a swipe: nothing, one amount, or two a day apart. None is ``amount_cents``."""
    days: int = 1
    """On which day after it is presented."""
    called: str = ""
    of: str = ""
    estimate: bool = False
    """The amount is one: a pre-authorization."""
    partial: bool = False
    """Less than the amount is welcome."""
    remote: bool = False
    by_merchant: bool = False
    """Started by the merchant, as subscriptions are."""
    matched: bool = True
    """A refund says which sale it is of."""
    announced: bool = False
    """A refund is asked for before it is presented."""
    state: DisputeState = DisputeState.SUBMITTED
    """Which one a dispute reaches."""


@dataclass(frozen=True, slots=True)
class Chain:
    """``node``: ``py-evm`` (deterministic, in process), ``revm`` (fast, for millions), ``rpc`` (a node at ``rpc_url``).

    A block every ``slot_ns`` in which something waits; an event counts ``confirmations`` slots after its block.
    """

    node: Literal["py-evm", "revm", "rpc"] = "py-evm"
    rpc_url: str = ""
    slot_ns: int = 12 * SECOND_NS
    confirmations: int = 2
    withdrawal_delay_s: int = 3 * 86_400


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong (``simulators/faults``). ``kinds``: globs over the kinds' names, or ``all``; none: nothing does.

    ``storms`` of each kind; ``swarm`` leaves out a random half of the kinds; all is healed ``heal_before_end_ns``
    before the end, so that it can be judged what has to come right again.
    """

    kinds: tuple[str, ...] = ()
    storms: int = 1
    swarm: bool = True
    heal_before_end_ns: int = 12 * HOUR_NS


def default_networks() -> tuple[Network, ...]:
    """Three networks, each with its own way: shares roughly as cards are carried in the United States; legs of 11 to
    16 ms; deadlines of 2 s (Stripe's), 3 s (Marqeta's) and 2.5 s (Airwallex's); files at 05:00, 06:00 and 07:00 UTC."""
    visa, mastercard, amex = (Latency(ms * MS_NS, sigma) for ms, sigma in ((11, 0.35), (13, 0.35), (16, 0.4)))
    return (
        Network("visa", 0.55, visa, visa, 2 * SECOND_NS, 5 * HOUR_NS),
        Network("mastercard", 0.33, mastercard, mastercard, 3 * SECOND_NS, 6 * HOUR_NS),
        Network("amex", 0.12, amex, amex, 2_500 * MS_NS, 7 * HOUR_NS),
    )


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """A whole world. Traffic runs from ``start_ns`` for ``traffic_ns``; then ``drain_ns`` are left to clear and settle.

    ``warmup_ns`` before the start the accounts are opened and funded. ``cards`` per cardholder, on networks by share.
    """

    name: str
    seed: int
    start_ns: int
    traffic_ns: int
    drain_ns: int = 2 * DAY_NS
    warmup_ns: int = 30 * MINUTE_NS
    explore: bool = False
    terms: Terms = field(default_factory=Terms)
    backends: Backends = field(default_factory=Backends)
    networks: tuple[Network, ...] = field(default_factory=default_networks)
    habits: Habits = field(default_factory=Habits)
    changes: Changes = field(default_factory=Changes)
    balances_every_ns: int = 0
    """Every balance is asked for so often, as soon as nothing is under way; 0: only when all is over."""
    funding: Funding = field(default_factory=Funding)
    chain: Chain = field(default_factory=Chain)
    cards: int = 1
    card_limits: LimitTerms | None = None
    """Of every card."""
    mandate_limits: LimitTerms | None = None
    """Of one mandate for each cardholder, under which all the cards spend; None: there is no such mandate."""
    script: tuple[Step, ...] = ()
    cardholders: tuple[str, ...] = ()
    """Cardholders that only the script uses; those of the traffic are added."""
    keep: Keep = EVERYTHING
    """What is left of a failure that was shrunk."""
    faults: Faults = field(default_factory=Faults)
    without_faults: frozenset[int] = frozenset()
    """Storms that are taken out of the plan, by index; the others stay as they were drawn."""
