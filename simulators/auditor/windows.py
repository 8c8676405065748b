"""When the windows of limits begin, reckoned a second time: calendars in any zone, lengths that roll or are aligned.

A window is asked about two instants between which something was decided: both have to be in it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.interface import LimitTerms

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Bound(NamedTuple):
    """One limit: its name, its window, the most cents and approvals in it (None: no such bound)."""

    name: str
    number: Callable[[int], int] | None
    """The number of the window of an instant; None where it rolls, or never ends."""
    rolls_ns: int | None
    cents: int | None
    count: int | None = None

    @property
    def is_lifetime(self) -> bool:
        return self.number is None and self.rolls_ns is None


@lru_cache(maxsize=4_096)
def _date(minute: int, zone: str) -> tuple[int, int, int]:
    """Days since the first of January 1, its year, its month; every zone's clock changes at a full minute."""
    local = datetime.fromtimestamp(minute * 60, ZoneInfo(zone))
    return local.toordinal() - 1, local.year, local.month


def day_in(zone: str) -> Callable[[int], int]:
    return lambda at_ns: _date(at_ns // MINUTE_NS, zone)[0]


def _week_in(zone: str, starts: str) -> Callable[[int], int]:
    into = DAYS.index(starts)
    return lambda at_ns: (_date(at_ns // MINUTE_NS, zone)[0] - into) // 7


def _month_in(zone: str) -> Callable[[int], int]:
    return lambda at_ns: _date(at_ns // MINUTE_NS, zone)[1] * 12 + _date(at_ns // MINUTE_NS, zone)[2]


def _year_in(zone: str) -> Callable[[int], int]:
    return lambda at_ns: _date(at_ns // MINUTE_NS, zone)[1]


def _aligned(length_ns: int) -> Callable[[int], int]:
    return lambda at_ns: at_ns // length_ns


def is_plain(limits: LimitTerms) -> bool:
    """Whether day and month are those that are counted for every account anyway."""
    return limits.policy == LimitTerms().policy


@lru_cache(maxsize=1_024)
def bounds_of(limits: LimitTerms, days_are_counted: bool) -> tuple[Bound, ...]:
    """Every limit with a window; without day and month where those are counted elsewhere."""
    policy = limits.policy
    zone = policy.zone

    def most(bound: int | None) -> int | None:
        return None if bound == 0 and policy.zero_is_no_limit else bound

    def window(
        name: str, number: Callable[[int], int], rolls_ns: int | None, cents: int | None, count: int | None = None
    ) -> Bound:
        return Bound(name, number if rolls_ns is None else None, rolls_ns, most(cents), most(count))

    counted = days_are_counted and is_plain(limits)
    daily, monthly = (None, None) if counted else (limits.daily_cents, limits.monthly_cents)
    found = [
        window("daily", day_in(zone), policy.rolling_day_ns, daily, limits.daily_count),
        window("weekly", _week_in(zone, str(policy.week_starts)), policy.rolling_week_ns, limits.weekly_cents),
        window("monthly", _month_in(zone), policy.rolling_month_ns, monthly),
        window("yearly", _year_in(zone), policy.rolling_year_ns, limits.yearly_cents),
        Bound("lifetime", None, None, most(limits.lifetime_cents)),
    ]
    for velocity in limits.velocity:
        length_ns = velocity.seconds * SECOND_NS
        rolls_ns = None if policy.velocity_aligned else length_ns
        name = f"velocity ({velocity.seconds} s)"
        found.append(window(name, _aligned(length_ns), rolls_ns, velocity.max_cents, velocity.max_count))
    return tuple(bound for bound in found if bound.cents is not None or bound.count is not None)
