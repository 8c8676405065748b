"""The terms that an engine has to honour and an auditor holds it to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from engine.domain.policies import DEFAULT as DEFAULT_POLICY
from engine.domain.policies import WindowPolicy

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Velocity:
    """At most ``max_count`` approvals and ``max_cents`` in ``seconds`` (10 s to 31 days); None: no such bound."""

    seconds: int
    max_count: int | None = None
    max_cents: int | None = None


@dataclass(frozen=True, slots=True)
class LimitTerms:
    """Spending limits of one account, card or mandate, in cents; equal to a limit is still allowed, None is no limit.

    Windows are those of ``policy``: by default days start at midnight UTC, weeks on Monday, months on the 1st, by the
    engine's clock at its decision. An approval counts with its authorized amount in the windows of its decision; what
    comes back, and where, is the policy's to say: by default a reversal or an expiry gives back to those same windows
    what was still held, a refund nothing; captures change nothing. ``daily_count`` and ``velocity`` count approvals.
    ``allowed_mccs`` None allows every merchant category that is not blocked. ``domain.controls.problems`` says whether
    all of it makes sense.
    """

    per_transaction_cents: int | None = 100_000
    daily_cents: int | None = 500_000
    monthly_cents: int | None = 2_000_000
    weekly_cents: int | None = None
    yearly_cents: int | None = None
    lifetime_cents: int | None = None
    daily_count: int | None = None
    velocity: tuple[Velocity, ...] = ()
    allowed_mccs: frozenset[str] | None = None
    blocked_mccs: frozenset[str] = frozenset()
    policy: WindowPolicy = DEFAULT_POLICY


NO_LIMITS = LimitTerms(per_transaction_cents=None, daily_cents=None, monthly_cents=None)
"""Refuses nothing: to build the limits of a card or a mandate from, which has only those that it names."""


class Presence(StrEnum):
    """Whether the card was there."""

    PRESENT = "present"
    NOT_PRESENT = "not_present"


class Initiator(StrEnum):
    """Who started the payment: a merchant does where it charges a card on file by itself."""

    CARDHOLDER = "cardholder"
    MERCHANT = "merchant"


LODGING_MCCS = frozenset({"7011", *(str(mcc) for mcc in range(3501, 4000))})
CRUISE_MCCS = frozenset({"4411"})
CAR_RENTAL_MCCS = frozenset({"7512", "7513", "7519", *(str(mcc) for mcc in range(3351, 3442))})


class Validity(NamedTuple):
    """One row of the table of hold validities; None matches everything."""

    validity_ns: int
    network: str | None = None
    estimate: bool | None = None
    presence: Presence | None = None
    initiator: Initiator | None = None
    mccs: frozenset[str] | None = None

    def matches(self, network: str, estimate: bool, presence: Presence, initiator: Initiator, mcc: str) -> bool:
        return (
            self.network in (None, network)
            and self.estimate in (None, estimate)
            and self.presence in (None, presence)
            and self.initiator in (None, initiator)
            and (self.mccs is None or mcc in self.mccs)
        )


EXCEPTIONS: tuple[Validity, ...] = (
    Validity(31 * DAY_NS, network="visa", estimate=True, mccs=LODGING_MCCS | CRUISE_MCCS | CAR_RENTAL_MCCS),
    Validity(5 * DAY_NS, network="visa", estimate=False, initiator=Initiator.MERCHANT),
    Validity(10 * DAY_NS, network="visa", estimate=False, presence=Presence.NOT_PRESENT),
)
"""Where a hold lives otherwise than its network's others; the first match counts.

Visa: 5 days in person or started by the merchant, 10 days otherwise; lodging, cruises and car rental 31 (public rules).
"""


@dataclass(frozen=True, slots=True)
class HoldTerms:
    """How long a hold lives when nothing is captured: by ``exceptions``, else by network.

    ``preauthorization_ns`` is for estimates. Defaults: Visa 5 days, Mastercard and American Express 7, estimates 30.
    """

    validity_ns: dict[str, int] = field(
        default_factory=lambda: {"visa": 5 * DAY_NS, "mastercard": 7 * DAY_NS, "amex": 7 * DAY_NS}
    )
    default_validity_ns: int = 7 * DAY_NS
    preauthorization_ns: int = 30 * DAY_NS
    exceptions: tuple[Validity, ...] = EXCEPTIONS

    def lifetime_ns(
        self,
        network: str,
        *,
        preauthorization: bool,
        presence: Presence = Presence.PRESENT,
        initiator: Initiator = Initiator.CARDHOLDER,
        mcc: str = "",
    ) -> int:
        """How long this hold lives."""
        for row in self.exceptions:
            if row.matches(network, preauthorization, presence, initiator, mcc):
                return row.validity_ns
        if preauthorization:
            return self.preauthorization_ns
        return self.validity_ns.get(network, self.default_validity_ns)


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything agreed beforehand between the operator, the networks and the customers.

    ``decision_budget_ns``: an authorization not decided by then is declined as issuer_unavailable, never left hanging.
    ``settlement_bound_ns``: a captured unit is burned on chain, and final, within this time.
    ``batch_users``: at most so many users in one settleBatch. ``minimum_kyc_level``: lower is declined.
    ``idempotency_retention_ns``: for so long at least, a repeat gets the first answer.
    """

    limits: LimitTerms = field(default_factory=LimitTerms)
    holds: HoldTerms = field(default_factory=HoldTerms)
    decision_budget_ns: int = SECOND_NS // 2
    settlement_interval_ns: int = 3_600 * SECOND_NS
    settlement_bound_ns: int = 4 * 3_600 * SECOND_NS
    batch_users: int = 200
    minimum_kyc_level: int = 1
    idempotency_retention_ns: int = DAY_NS
