"""Limit windows: derived from an instant, so that no job has to reset anything."""

from __future__ import annotations

from datetime import date

DAY_NS = 86_400_000_000_000
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def day_of(at_ns: int) -> int:
    """The UTC day of an instant: days since the Unix epoch."""
    return at_ns // DAY_NS


def month_of_day(day: int) -> int:
    """The UTC month of a day: ``year * 12 + month - 1``."""
    when = date.fromordinal(_EPOCH_ORDINAL + day)
    return when.year * 12 + when.month - 1
