"""Limit windows: derived from an instant, so that no job has to reset anything."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from engine.domain.policies import DAY_NS, SECOND_NS, Weekday, WindowPolicy
from engine.domain.zones import zone_of

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_DAYS_INTO_WEEK = {start: (date(1970, 1, 1).weekday() - number) % 7 for number, start in enumerate(Weekday)}
"""How many days of its week are over when the first of January 1970 begins, by the day on which weeks start."""


class Windows(NamedTuple):
    """The calendar windows of an instant, each by its number; windows of one kind are numbered in order of time.

    ``day``: days since 1970-01-01. ``week``: weeks since the one of that day. ``month``: year * 12 + month - 1.
    ``year``: the year.
    """

    day: int
    week: int
    month: int
    year: int


def day_of(at_ns: int) -> int:
    """The UTC day of an instant: days since the Unix epoch."""
    return at_ns // DAY_NS


def local_day_of(at_ns: int, zone: str) -> int:
    """The day of an instant where clocks show ``zone``; with its changes of clock it has 23, 24 or 25 hours."""
    if zone == "UTC":
        return at_ns // DAY_NS
    return datetime.fromtimestamp(at_ns // SECOND_NS, zone_of(zone)).toordinal() - _EPOCH_ORDINAL


@lru_cache(maxsize=1_024)
def month_of_day(day: int) -> int:
    """The month of a day: ``year * 12 + month - 1``."""
    when = date.fromordinal(_EPOCH_ORDINAL + day)
    return when.year * 12 + when.month - 1


def week_of_day(day: int, week_starts: Weekday) -> int:
    """The week of a day: weeks since the one of 1970-01-01."""
    return (day + _DAYS_INTO_WEEK[week_starts]) // 7


def windows_at(at_ns: int, policy: WindowPolicy) -> Windows:
    """The calendar windows of an instant under a policy."""
    day = local_day_of(at_ns, policy.zone)
    month = month_of_day(day)
    return Windows(day, week_of_day(day, policy.week_starts), month, month // 12)
