"""What limits hold: one spend against what counts already. Equal to a limit is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.domain.decline import DeclineReason
from engine.domain.policies import Cause, Restores, WindowPolicy
from engine.domain.terms import LimitTerms

_PRECEDENCE = {reason: place for place, reason in enumerate(DeclineReason)}


class Spend(NamedTuple):
    """One decision that granted an amount, and what of it counts by now.

    ``lifetime_back_cents`` of that came back to the lifetime alone. ``before_cents`` is what the authorization had been
    granted before: above 0 for an increment, which is no transaction of its own.
    """

    authorization_id: str
    card_id: str
    mcc: str
    counted_at_ns: int
    counted_cents: int
    lifetime_back_cents: int = 0
    before_cents: int = 0

    @property
    def lifetime_cents(self) -> int:
        """What of it counts in the lifetime."""
        return self.counted_cents - self.lifetime_back_cents

    @property
    def count(self) -> int:
        """How many transactions this is: none once all of it has come back."""
        return int(self.counted_cents > 0 and not self.before_cents)


class Sum(NamedTuple):
    """What counts in one window: cents, and transactions."""

    cents: int = 0
    count: int = 0


class Totals(NamedTuple):
    """What counts in the windows of an instant."""

    day: Sum
    week: Sum
    month: Sum
    year: Sum
    lifetime_cents: int


def given_back(spend: Spend, cents: int, cause: Cause, policy: WindowPolicy) -> Spend:
    """The spend after ``cents`` of it came back. Never more comes back than counts: no limit grows by it."""
    if cents < 0:
        raise ValueError(f"what comes back is not negative: {cents}")
    match policy.restores(cause):
        case Restores.NOTHING:
            return spend
        case Restores.LIFETIME:
            back_cents = min(spend.lifetime_back_cents + cents, spend.counted_cents)
            return spend._replace(lifetime_back_cents=back_cents)
        case Restores.WINDOWS:
            counted_cents = max(spend.counted_cents - cents, 0)
            back_cents = min(spend.lifetime_back_cents, counted_cents)
            return spend._replace(counted_cents=counted_cents, lifetime_back_cents=back_cents)


def against(spend: Spend, totals: Totals, velocity: Sequence[Sum], limits: LimitTerms) -> DeclineReason | None:
    """What speaks against a spend: amounts from the shortest window to the longest, velocity, merchant categories.

    ``totals`` and ``velocity`` (one for each of the limits') are what counts without it.
    """
    return _amounts(spend, totals, limits) or _velocity(spend, totals, velocity, limits) or category(spend.mcc, limits)


def category(mcc: str, limits: LimitTerms) -> DeclineReason | None:
    """What speaks against a merchant of this category."""
    if limits.allowed_mccs is not None and mcc not in limits.allowed_mccs:
        return DeclineReason.CATEGORY_NOT_ALLOWED
    return DeclineReason.CATEGORY_BLOCKED if mcc in limits.blocked_mccs else None


def first(reasons: Iterable[DeclineReason | None]) -> DeclineReason | None:
    """Of what several scopes have against a spend, the reason that is highest on the ladder."""
    return min((reason for reason in reasons if reason is not None), key=_PRECEDENCE.__getitem__, default=None)


def _amounts(spend: Spend, totals: Totals, limits: LimitTerms) -> DeclineReason | None:
    cents = spend.counted_cents
    ladder = (
        (limits.per_transaction_cents, spend.before_cents, DeclineReason.TRANSACTION_LIMIT),
        (limits.daily_cents, totals.day.cents, DeclineReason.DAILY_LIMIT),
        (limits.weekly_cents, totals.week.cents, DeclineReason.WEEKLY_LIMIT),
        (limits.monthly_cents, totals.month.cents, DeclineReason.MONTHLY_LIMIT),
        (limits.yearly_cents, totals.year.cents, DeclineReason.YEARLY_LIMIT),
        (limits.lifetime_cents, totals.lifetime_cents, DeclineReason.LIFETIME_LIMIT),
    )
    for limit, counted_cents, reason in ladder:
        if _over(counted_cents + cents, limit, limits.policy):
            return reason
    return None


def _velocity(spend: Spend, totals: Totals, velocity: Sequence[Sum], limits: LimitTerms) -> DeclineReason | None:
    if spend.count and _over(totals.day.count + 1, limits.daily_count, limits.policy):
        return DeclineReason.VELOCITY_LIMIT
    for bound, counted in zip(limits.velocity, velocity, strict=True):
        if spend.count and _over(counted.count + 1, bound.max_count, limits.policy):
            return DeclineReason.VELOCITY_LIMIT
        if _over(counted.cents + spend.counted_cents, bound.max_cents, limits.policy):
            return DeclineReason.VELOCITY_LIMIT
    return None


def _over(figure: int, limit: int | None, policy: WindowPolicy) -> bool:
    """Whether a figure passes a limit, if there is one."""
    return limit is not None and figure > limit and not (limit == 0 and policy.zero_is_no_limit)
