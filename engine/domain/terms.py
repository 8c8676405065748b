"""The terms that an engine has to honour and an auditor holds it to."""

from __future__ import annotations

from dataclasses import dataclass, field

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS


@dataclass(frozen=True, slots=True)
class LimitTerms:
    """Spending limits of an account, in cents; equal to the limit is still allowed.

    Days start at midnight UTC, months on the 1st, by the engine's clock at its decision. An approval counts with its
    authorized amount in the windows of its decision; a reversal or an expiry gives back to those same windows what was
    still held; captures change nothing.
    """

    per_transaction_cents: int = 100_000
    daily_cents: int = 500_000
    monthly_cents: int = 2_000_000


@dataclass(frozen=True, slots=True)
class HoldTerms:
    """How long a hold lives when nothing is captured, by network; ``preauthorization_ns`` for estimates."""

    validity_ns: dict[str, int] = field(
        default_factory=lambda: {"visa": 5 * DAY_NS, "mastercard": 7 * DAY_NS, "amex": 7 * DAY_NS}
    )
    default_validity_ns: int = 7 * DAY_NS
    preauthorization_ns: int = 30 * DAY_NS

    def lifetime_ns(self, network: str, *, preauthorization: bool) -> int:
        """How long a hold on this network lives."""
        if preauthorization:
            return self.preauthorization_ns
        return self.validity_ns.get(network, self.default_validity_ns)


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything agreed beforehand between the operator, the networks and the customers.

    ``decision_budget_ns``: an authorization not decided by then is declined as issuer_unavailable, never left hanging.
    ``settlement_bound_ns``: a captured unit is burned on chain, and final, within this time.
    ``batch_users``: at most so many users in one settleBatch. ``minimum_kyc_level``: lower is declined.
    """

    limits: LimitTerms = field(default_factory=LimitTerms)
    holds: HoldTerms = field(default_factory=HoldTerms)
    decision_budget_ns: int = SECOND_NS // 2
    settlement_interval_ns: int = 3_600 * SECOND_NS
    settlement_bound_ns: int = 4 * 3_600 * SECOND_NS
    batch_users: int = 200
    minimum_kyc_level: int = 1
