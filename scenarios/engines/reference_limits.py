"""The limits of the reference engine: every spend is kept, and added up again for every question.

Nothing is shared with ``engine/domain`` but the data of the time zones: days, weeks, months and years come from
``datetime``, sums from walking over all spends of the account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache

from engine.domain.policies import Restores, Weekday, WindowPolicy
from engine.domain.zones import zone_of
from engine.interface import DeclineReason, LimitTerms
from scenarios.engines.reference_book import Spend, Step

SECOND_NS = 1_000_000_000
_LADDER = list(DeclineReason)
_WEEKDAYS = list(Weekday)

Figure = Callable[[Spend], int]
Label = tuple[int, ...]
Date = tuple[int, int, int]
Window = Callable[[int], Label]
"""Names the calendar window of an instant: two instants in one window have one name."""


def reason_against(
    scopes: Iterable[tuple[LimitTerms, list[Spend]]], cents: int, at_ns: int, mcc: str, *, before_cents: int | None
) -> DeclineReason | None:
    """What speaks against ``cents`` more at ``at_ns``: of all scopes, each with its spends, the highest on the ladder.

    ``before_cents`` is what an increment adds to, None where this is a transaction of its own.
    """
    reasons = [
        reason
        for limits, spends in scopes
        for reason in _reasons(limits, _counting(spends, limits.policy), cents, at_ns, mcc, before_cents)
    ]
    return min(reasons, key=_LADDER.index, default=None)


def _reasons(
    limits: LimitTerms, spends: list[Spend], cents: int, at_ns: int, mcc: str, before_cents: int | None
) -> Iterator[DeclineReason]:
    """Everything that one scope has against it. Equal to a limit is allowed."""
    policy = limits.policy

    def passed(limit: int | None, figure: Figure, more: int, window: Window, rolling_ns: int | None) -> bool:
        if limit is None or (limit == 0 and policy.zero_is_no_limit):
            return False
        if rolling_ns is None:
            counted = sum(figure(spend) for spend in spends if window(spend.at_ns) == window(at_ns))
        else:
            counted = _fullest(spends, figure, at_ns, rolling_ns)
        return counted + more > limit

    def amount(spend: Spend) -> int:
        return counted_cents(spend, policy)[0]

    def lifetime(spend: Spend) -> int:
        return counted_cents(spend, policy)[1]

    def number(spend: Spend) -> int:
        return 1 if amount(spend) > 0 else 0

    def day(instant_ns: int) -> Label:
        return _day(instant_ns, policy)

    def week(instant_ns: int) -> Label:
        return _week(instant_ns, policy)

    def month(instant_ns: int) -> Label:
        return _day(instant_ns, policy)[:2]

    def year(instant_ns: int) -> Label:
        return _day(instant_ns, policy)[:1]

    if passed(limits.per_transaction_cents, lambda _: 0, (before_cents or 0) + cents, _ever, None):
        yield DeclineReason.TRANSACTION_LIMIT
    if passed(limits.daily_cents, amount, cents, day, policy.rolling_day_ns):
        yield DeclineReason.DAILY_LIMIT
    if passed(limits.weekly_cents, amount, cents, week, policy.rolling_week_ns):
        yield DeclineReason.WEEKLY_LIMIT
    if passed(limits.monthly_cents, amount, cents, month, policy.rolling_month_ns):
        yield DeclineReason.MONTHLY_LIMIT
    if passed(limits.yearly_cents, amount, cents, year, policy.rolling_year_ns):
        yield DeclineReason.YEARLY_LIMIT
    if passed(limits.lifetime_cents, lifetime, cents, _ever, None):
        yield DeclineReason.LIFETIME_LIMIT
    is_new = before_cents is None
    if is_new and passed(limits.daily_count, number, 1, day, policy.rolling_day_ns):
        yield DeclineReason.VELOCITY_LIMIT
    for bound in limits.velocity:
        length_ns = bound.seconds * SECOND_NS
        rolling_ns = None if policy.velocity_aligned else length_ns
        if is_new and passed(bound.max_count, number, 1, _aligned(length_ns), rolling_ns):
            yield DeclineReason.VELOCITY_LIMIT
        if passed(bound.max_cents, amount, cents, _aligned(length_ns), rolling_ns):
            yield DeclineReason.VELOCITY_LIMIT
    if limits.allowed_mccs is not None and mcc not in limits.allowed_mccs:
        yield DeclineReason.CATEGORY_NOT_ALLOWED
    if mcc in limits.blocked_mccs:
        yield DeclineReason.CATEGORY_BLOCKED


def _counting(spends: list[Spend], policy: WindowPolicy) -> list[Spend]:
    """Without captures that had no authorization, unless the policy counts them."""
    return [spend for spend in spends if policy.forced_count or not spend.forced]


def counted_cents(spend: Spend, policy: WindowPolicy) -> tuple[int, int]:
    """What counts of it by now, in the windows of its instant and in the lifetime: its story, read by the policy."""
    restores = {Step.REVERSAL: policy.reversals, Step.EXPIRY: policy.expiries, Step.REFUND: policy.refunds}
    cents = lifetime_cents = 0
    for step, changed_cents in spend.story:
        where = Restores.WINDOWS if step is Step.TOLD else restores[step]
        if where is Restores.WINDOWS:
            cents = max(cents + changed_cents, 0)
        if where is not Restores.NOTHING:
            lifetime_cents = max(lifetime_cents + changed_cents, 0)
    return cents, lifetime_cents


def _fullest(spends: list[Spend], figure: Figure, at_ns: int, length_ns: int) -> int:
    """The most that counts in any window of this length that holds the instant.

    A window holds its last instant and not its first. It is the one that ends with the instant, unless spends at later
    instants are known already, as when an increment counts at the instant of its original.
    """
    ends_ns = [at_ns, *[spend.at_ns for spend in spends if at_ns < spend.at_ns < at_ns + length_ns]]
    return max(
        sum(figure(spend) for spend in spends if end_ns - length_ns < spend.at_ns <= end_ns) for end_ns in ends_ns
    )


@lru_cache(maxsize=100_000)
def _day(at_ns: int, policy: WindowPolicy) -> Date:
    """(year, month, day) where clocks show the policy's zone."""
    local = datetime.fromtimestamp(at_ns // SECOND_NS, zone_of(policy.zone))
    return local.year, local.month, local.day


def _week(at_ns: int, policy: WindowPolicy) -> Label:
    """The day on which the week of the instant started."""
    local = date(*_day(at_ns, policy))
    start = local - timedelta(days=(local.weekday() - _WEEKDAYS.index(policy.week_starts)) % 7)
    return start.year, start.month, start.day


def _ever(_: int) -> Label:
    """The one window that never ends."""
    return ()


def _aligned(length_ns: int) -> Window:
    """Windows of this length that begin with the Unix epoch."""
    return lambda at_ns: (at_ns // length_ns,)
