"""Limits of accounts, cards and mandates, as a scenario says them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from engine.domain.policies import preset
from engine.domain.terms import SECOND_NS, LimitTerms, Velocity
from scenarios.fields import Cents, Duration, Mcc, Part

_TERMS = LimitTerms()
PolicyName = Literal["default", "stripe", "lithic", "lithic-velocity", "marqeta"]
"""As in ``engine.domain.policies.PRESETS``; a test holds the two together."""
Number = Annotated[int, Strict(), Field(ge=0, le=10**9)]


class VelocityLimit(Part):
    """At most so many approvals, so much money, or both, in a window of this length (10 seconds to 31 days)."""

    window: Duration
    max_count: Number | None = None
    max_cents: Cents | None = None


class OwnLimits(Part):
    """Spending limits; equal to a limit is still allowed, what is left out is no limit."""

    policy: PolicyName = "default"
    """Whose rules say when windows begin and what gives limit back: UTC calendar, or those of an issuing platform."""
    per_transaction_cents: Cents | None = None
    daily_cents: Cents | None = None
    weekly_cents: Cents | None = None
    monthly_cents: Cents | None = None
    yearly_cents: Cents | None = None
    lifetime_cents: Cents | None = None
    daily_count: Number | None = None
    """At most so many approvals a day."""
    velocity: tuple[VelocityLimit, ...] = ()
    allowed_mccs: tuple[Mcc, ...] | None = None
    """No other merchant categories; left out, all are allowed."""
    blocked_mccs: tuple[Mcc, ...] = ()


class Limits(OwnLimits):
    """Spending limits of every account; equal to a limit is still allowed. `null` is no limit."""

    per_transaction_cents: Cents | None = _TERMS.per_transaction_cents
    daily_cents: Cents | None = _TERMS.daily_cents
    monthly_cents: Cents | None = _TERMS.monthly_cents


def limit_terms(section: OwnLimits) -> LimitTerms:
    """The same in the words of the engine's terms."""
    given = {name: getattr(section, name) for name in type(section).model_fields}
    allowed = given.pop("allowed_mccs")
    velocity = tuple(Velocity(v.window // SECOND_NS, v.max_count, v.max_cents) for v in given.pop("velocity"))
    return LimitTerms(
        policy=preset(given.pop("policy")),
        velocity=velocity,
        allowed_mccs=None if allowed is None else frozenset(allowed),
        blocked_mccs=frozenset(given.pop("blocked_mccs")),
        **given,
    )
