"""What limits hold: one spend against what counts already. Equal to a limit is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.domain.decline import DeclineReason
from engine.domain.policies import Cause, Restores, WindowPolicy
from engine.domain.terms import LimitTerms

_PRECEDENCE = {reason: place for place, reason in enumerate(DeclineReason)}


class Counted(NamedTuple):
    """What counts of a spend under one policy: cents and transactions in its windows, cents in the lifetime."""

    cents: int = 0
    count: int = 0
    lifetime_cents: int = 0


NOTHING = Counted()


class Spend(NamedTuple):
    """One authorization at the instant of its decision, as it happened: each policy reads by itself what counts of it.

    ``granted_cents`` is what was authorized, by now; the other three came back, each for its cause. ``before_cents`` is
    what had been granted before this: above 0 for an increment, which is no transaction of its own. ``counter_id`` and
    ``mandate_id`` are those of its card at the decision. ``forced``: a capture without an authorization, under its own
    id.
    """

    authorization_id: str
    card_id: str
    mcc: str
    counted_at_ns: int
    granted_cents: int
    reversed_cents: int = 0
    expired_cents: int = 0
    refunded_cents: int = 0
    before_cents: int = 0
    counter_id: str = ""
    mandate_id: str = ""
    forced: bool = False

    def counted(self, policy: WindowPolicy) -> Counted:
        """What counts of it by now; never below nothing."""
        if self.forced and not policy.forced_count:
            return NOTHING
        cents = lifetime_cents = self.granted_cents
        for cause, back_cents in self._back():
            restores = policy.restores(cause)
            if restores is Restores.WINDOWS:
                cents -= back_cents
            if restores is not Restores.NOTHING:
                lifetime_cents -= back_cents
        return Counted(max(cents, 0), int(cents > 0 and not self.before_cents), max(lifetime_cents, 0))

    def given_back(self, cents: int, cause: Cause) -> Spend:
        """The spend after ``cents`` of it came back; what is ``UNDONE`` was never granted."""
        if cents < 0:
            raise ValueError(f"what comes back is not negative: {cents}")
        match cause:
            case Cause.UNDONE:
                return self._replace(granted_cents=self.granted_cents - cents)
            case Cause.REVERSAL:
                return self._replace(reversed_cents=self.reversed_cents + cents)
            case Cause.EXPIRY:
                return self._replace(expired_cents=self.expired_cents + cents)
            case Cause.REFUND:
                return self._replace(refunded_cents=self.refunded_cents + cents)

    def _back(self) -> tuple[tuple[Cause, int], ...]:
        if not (self.reversed_cents or self.expired_cents or self.refunded_cents):
            return ()
        return (
            (Cause.REVERSAL, self.reversed_cents),
            (Cause.EXPIRY, self.expired_cents),
            (Cause.REFUND, self.refunded_cents),
        )


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


def against(spend: Spend, totals: Totals, velocity: Sequence[Sum], limits: LimitTerms) -> DeclineReason | None:
    """What speaks against a spend: amounts from the shortest window to the longest, velocity, merchant categories.

    It has not given anything back yet. ``totals`` and ``velocity`` (one for each of the limits') are what counts
    without it.
    """
    return _amounts(spend, totals, limits) or _velocity(spend, totals, velocity, limits) or category(spend.mcc, limits)


def too_large(spend: Spend, limits: LimitTerms) -> bool:
    """Whether a spend is over the limit of a transaction, with what had been granted before."""
    return _over(spend.before_cents + spend.granted_cents, limits.per_transaction_cents, limits.policy)


def category(mcc: str, limits: LimitTerms) -> DeclineReason | None:
    """What speaks against a merchant of this category."""
    if limits.allowed_mccs is not None and mcc not in limits.allowed_mccs:
        return DeclineReason.CATEGORY_NOT_ALLOWED
    return DeclineReason.CATEGORY_BLOCKED if mcc in limits.blocked_mccs else None


def first(reasons: Iterable[DeclineReason | None]) -> DeclineReason | None:
    """Of what several scopes have against a spend, the reason that is highest on the ladder."""
    return min((reason for reason in reasons if reason is not None), key=_PRECEDENCE.__getitem__, default=None)


def _amounts(spend: Spend, totals: Totals, limits: LimitTerms) -> DeclineReason | None:
    cents = spend.granted_cents
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
    is_new = not spend.before_cents
    if is_new and _over(totals.day.count + 1, limits.daily_count, limits.policy):
        return DeclineReason.VELOCITY_LIMIT
    for bound, counted in zip(limits.velocity, velocity, strict=True):
        if is_new and _over(counted.count + 1, bound.max_count, limits.policy):
            return DeclineReason.VELOCITY_LIMIT
        if _over(counted.cents + spend.granted_cents, bound.max_cents, limits.policy):
            return DeclineReason.VELOCITY_LIMIT
    return None


def _over(figure: int, limit: int | None, policy: WindowPolicy) -> bool:
    """Whether a figure passes a limit, if there is one."""
    return limit is not None and figure > limit and not (limit == 0 and policy.zero_is_no_limit)
