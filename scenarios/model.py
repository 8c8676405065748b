"""The scenario model: what a YAML file may say, in human units, with the defaults of the world it is resolved to.

Durations, times of day and instants are kept as integer nanoseconds and written as `1h30m`, "05:00" and
`2025-01-06T00:00:00Z`; money is integer US cents. A section that is given in part keeps the defaults of the rest.
Defaults are read from ``simulators.settings`` and ``engine.domain.terms``, so they live in one place.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, ValidationInfo, model_validator

from engine.domain.terms import Terms
from scenarios.fields import Count, Duration, FaultGlob, Instant, Name, Number, Part, Text
from scenarios.model_limits import Limits
from scenarios.model_shrunk import Shrunk
from scenarios.model_world import Latency, World
from simulators import settings

_TERMS = Terms()
_BACKENDS = settings.Backends()
_CHAIN = settings.Chain()
_FAULTS = settings.Faults()

RULES_LATER = "rules_later"
"""Validation context key: the loader runs the cross-field rules by itself, to report each at its place."""


class Backend(Latency):
    """A store or node as the engine sees it: a latency, and how many calls it serves at once."""

    capacity: Count
    """Calls served at once; more wait in line."""


def _backend(source: settings.Backend) -> Backend:
    leg = source.latency
    return Backend.model_construct(median=leg.median_ns, sigma=leg.sigma, floor=leg.floor_ns, capacity=source.capacity)


class Backends(Part):
    """What stands behind the engine."""

    cache: Backend = _backend(_BACKENDS.cache)
    """Hot copies of cards and accounts, and idempotency claims."""
    holds: Backend = _backend(_BACKENDS.holds)
    """Spendable balances and limit windows in fast memory."""
    ledger: Backend = _backend(_BACKENDS.ledger)
    """The durable truth; one call is one commit."""
    chain: Backend = _backend(_BACKENDS.chain)
    """The node by which the engine reaches the chain."""
    workers: Count = _BACKENDS.workers
    """Authorizations that the engine works on at once; more wait at its door."""


class HoldValidity(Part):
    """How long a hold of a plain purchase lives, by network."""

    visa: Duration = _TERMS.holds.validity_ns["visa"]
    mastercard: Duration = _TERMS.holds.validity_ns["mastercard"]
    amex: Duration = _TERMS.holds.validity_ns["amex"]


class Holds(Part):
    """How long holds live when nothing is captured."""

    validity: HoldValidity = HoldValidity()
    default_validity: Duration = _TERMS.holds.default_validity_ns
    """For a network that is not named."""
    preauthorization: Duration = _TERMS.holds.preauthorization_ns
    """For estimates: fuel, lodging, car rental."""


class Engine(Part):
    """The terms that any engine has to honour, and what stands behind it (which one runs is said by `--engine`)."""

    limits: Limits = Limits()
    holds: Holds = Holds()
    decision_budget: Duration = _TERMS.decision_budget_ns
    """An authorization not decided by then is declined as issuer_unavailable."""
    minimum_kyc_level: Annotated[int, Strict(), Field(ge=0, le=9)] = _TERMS.minimum_kyc_level
    """Accounts below it are declined."""
    backends: Backends = Backends()


class Settlement(Part):
    """When and how captured money is burned on chain."""

    interval: Duration = _TERMS.settlement_interval_ns
    """A settlement tick comes so often."""
    batch_users: Count = _TERMS.batch_users
    """At most so many users in one settleBatch."""
    bound: Duration = _TERMS.settlement_bound_ns
    """A captured unit is burned, and final, within this time (invariant I7)."""


class Chain(Part):
    """The EVM chain that CardToken lives on."""

    node: Literal["py-evm", "revm", "rpc"] = _CHAIN.node
    """`py-evm`: a whole chain in process; `revm`: fast, for millions of swipes; `rpc`: a JSON-RPC node."""
    rpc_url: Text = _CHAIN.rpc_url
    """For `rpc` alone."""
    slot: Duration = _CHAIN.slot_ns
    """A block comes so often."""
    confirmations: Annotated[int, Strict(), Field(ge=0, le=1_000)] = _CHAIN.confirmations
    """Slots after its block until an event counts."""
    withdrawal_delay: Duration = _CHAIN.withdrawal_delay_s * settings.SECOND_NS
    """Between asking for a withdrawal and its payout; longer than the settlement interval."""


class Faults(Part):
    """What goes wrong, drawn from the seed (docs/FAULTS.md). Left out, nothing does."""

    kinds: tuple[FaultGlob, ...] = _FAULTS.kinds
    """Globs over the kinds of fault, like `network.*` or `process.crash`; `all` is all of them."""
    storms: Annotated[int, Strict(), Field(ge=0, le=100)] = _FAULTS.storms
    """So many storms of each kind."""
    swarm: Annotated[bool, Strict()] = _FAULTS.swarm
    """Each run leaves out a random half of the kinds, so that rare combinations get their turn."""
    heal_before_end: Duration = _FAULTS.heal_before_end_ns
    """Before the end of the drain all is healed, so that it can be judged what has to come right again."""


class Scenario(Part):
    """A Swipelab scenario: a whole world, its seed, and what its report must hold."""

    name: Name
    """Short name, as the file is called."""
    shows: Annotated[str, Strict(), Field(min_length=1)]
    """In one sentence, what this scenario shows."""
    seed: Annotated[int, Strict(), Field(ge=0, lt=2**63)] = 1
    """All chance comes from it; `--seed` goes first."""
    explore: Annotated[bool, Strict()] = False
    """Let the seed shuffle what happens at one instant, so that interleavings are searched (`--explore`)."""
    start: Instant | None = None
    """When traffic starts. Left out: the midnight (UTC) before a trace's first purchase, else 2025-01-06T00:00:00Z."""
    world: World
    engine: Engine = Engine()
    chain: Chain = Chain()
    settlement: Settlement = Settlement()
    faults: Faults = Faults()
    budgets: dict[Text, Number] = Field(default={})
    """A path into report.json and the most that it may be, like `latency.authorize.p99_ms: 150`."""
    shrunk: Shrunk = Shrunk()

    @model_validator(mode="after")
    def _fits_together(self, info: ValidationInfo) -> Scenario:
        from scenarios.rules import violations

        if (info.context or {}).get(RULES_LATER):
            return self
        if found := violations(self):
            raise ValueError("; ".join(f"{'.'.join(map(str, path))}: {what}" for path, what, _ in found))
        return self
