"""How limits are counted: where windows begin, and what gives limit back. Issuers differ, so there are presets."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS


class Weekday(StrEnum):
    """The day on which weeks start; they stand in the order of :meth:`datetime.date.weekday`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Restores(StrEnum):
    """Where an amount that comes back stops counting."""

    NOTHING = "nothing"
    WINDOWS = "windows"
    """In every window of the decision, the lifetime too."""
    LIFETIME = "lifetime"
    """In the lifetime alone."""


class Cause(StrEnum):
    """Why an amount comes back. What is ``UNDONE`` was never approved: no policy may keep counting it."""

    UNDONE = "undone"
    REVERSAL = "reversal"
    EXPIRY = "expiry"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """When windows begin and what they count.

    Windows are those of the calendar in ``zone`` (an IANA name), unless a length is given: then they roll, and a spend
    counts for so long after its instant, the last instant excluded. ``velocity_aligned``: velocity windows begin at
    multiples of their length since the Unix epoch instead of rolling. ``forced_count``: a capture without an
    authorization counts; it is never refused. ``follows_replacement``: a card that replaces another inherits what that
    one has counted. ``zero_is_no_limit``: a limit of 0 means none; otherwise it refuses everything.
    """

    zone: str = "UTC"
    week_starts: Weekday = Weekday.MONDAY
    rolling_day_ns: int | None = None
    rolling_week_ns: int | None = None
    rolling_month_ns: int | None = None
    rolling_year_ns: int | None = None
    velocity_aligned: bool = False
    reversals: Restores = Restores.WINDOWS
    expiries: Restores = Restores.WINDOWS
    refunds: Restores = Restores.NOTHING
    forced_count: bool = False
    follows_replacement: bool = True
    zero_is_no_limit: bool = False

    @property
    def rolling_ns(self) -> tuple[int | None, int | None, int | None, int | None]:
        """How long day, week, month and year are, where they roll."""
        return (self.rolling_day_ns, self.rolling_week_ns, self.rolling_month_ns, self.rolling_year_ns)

    def restores(self, cause: Cause) -> Restores:
        """Where an amount that comes back for this cause stops counting."""
        match cause:
            case Cause.UNDONE:
                return Restores.WINDOWS
            case Cause.REVERSAL:
                return self.reversals
            case Cause.EXPIRY:
                return self.expiries
            case Cause.REFUND:
                return self.refunds


DEFAULT = WindowPolicy()

PRESETS: dict[str, WindowPolicy] = {
    "default": DEFAULT,
    "stripe": WindowPolicy(week_starts=Weekday.SUNDAY),
    "lithic": WindowPolicy(
        rolling_day_ns=DAY_NS,
        rolling_week_ns=7 * DAY_NS,
        rolling_month_ns=30 * DAY_NS,
        rolling_year_ns=365 * DAY_NS,
        refunds=Restores.LIFETIME,
        follows_replacement=False,
        zero_is_no_limit=True,
    ),
    "lithic-velocity": WindowPolicy(zone="America/New_York", forced_count=True, follows_replacement=False),
    "marqeta": WindowPolicy(week_starts=Weekday.SUNDAY, refunds=Restores.WINDOWS, follows_replacement=False),
}
"""Policies of issuing platforms, after their public documentation.

Where that is silent the default stands: reversals under the velocity rules of Lithic, the week of its rolling limits.
Lithic's month is 25 or 30 days by kind of card: here 30. Marqeta's credits count optionally: here they do.
"""


def preset(name: str) -> WindowPolicy:
    """The policy of this name; ValueError, with the nearest right name, for any other."""
    if name in PRESETS:
        return PRESETS[name]
    close = get_close_matches(name.lower(), PRESETS, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(PRESETS))}"
    raise ValueError(f"no limit policy is called {name!r}: {hint}")
