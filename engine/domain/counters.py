"""What counts against the limits of one account, one card or one mandate: exact, whatever the order of the instants.

Nothing here is the truth: totals are sums over the spends that the ledger has, and can be had again from those.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from copy import copy

from engine.domain.decline import DeclineReason
from engine.domain.limits import Spend, Sum, Totals, against
from engine.domain.policies import DAY_NS, SECOND_NS
from engine.domain.terms import LimitTerms
from engine.domain.windows import windows_at

LATENESS_NS = 32 * DAY_NS
"""A decision may come so much later than one made at a later instant; what only older ones could need is forgotten.

An increment counts at the instant of its original, and no hold lives longer than 31 days.
"""

_NOTHING = Sum()


class Counters:
    """The totals of one scope, in the windows of ``limits``; its bounds may change afterwards, its windows may not.

    Where new limits have other windows (:meth:`fits` says no) the counters have to be made again from the spends.
    """

    def __init__(self, limits: LimitTerms, spends: Iterable[Spend] = ()) -> None:
        self._limits = limits
        policy = limits.policy
        self._policy = policy
        self._rolling = policy.rolling_ns
        lengths_ns = [velocity.seconds * SECOND_NS for velocity in limits.velocity]
        self._aligned_ns = frozenset(lengths_ns if policy.velocity_aligned else ())
        rolling_ns = [] if policy.velocity_aligned else lengths_ns
        self._reach_ns = max(0, *(length_ns or 0 for length_ns in self._rolling), *rolling_ns)
        """The longest window that rolls."""
        self._lifetime_cents = 0
        self._calendar: dict[tuple[int, int], Sum] = {}
        """By kind of window (for an aligned velocity its length) and number."""
        self._floor: dict[int, int] = {}
        """By kind, the oldest window that is not forgotten."""
        self._instants: list[int] = []
        self._at: dict[int, Sum] = {}
        """For windows that roll: the instants at which something counts, in order, and what does."""
        self._horizon_ns: int | None = None
        self._newest_ns: int | None = None
        for spend in spends:
            self.adjust(spend.counted_at_ns, *spend.counted(policy))

    def fits(self, limits: LimitTerms) -> bool:
        """Whether these totals can be held against ``limits``."""
        if limits is self._limits:
            return True
        seconds = {velocity.seconds for velocity in limits.velocity}
        return limits.policy == self._policy and seconds == {velocity.seconds for velocity in self._limits.velocity}

    def remembers(self, at_ns: int) -> bool:
        """Whether a decision at this instant can be checked: nothing that it needs is forgotten."""
        return self._horizon_ns is None or at_ns >= self._horizon_ns

    def check(self, spend: Spend, limits: LimitTerms) -> DeclineReason | None:
        """What speaks against a spend that is not counted yet; nothing is taken."""
        at_ns = spend.counted_at_ns
        if not self.fits(limits):
            raise ValueError("these totals were counted in other windows than those of the limits")
        if not self.remembers(at_ns):
            raise ValueError(f"no decision at {at_ns}: what counted before {self._horizon_ns} is forgotten")
        velocity = [self._within(at_ns, bound.seconds * SECOND_NS) for bound in limits.velocity]
        return against(spend, self.totals(at_ns), velocity, limits)

    def take(self, spend: Spend) -> None:
        """Count a spend, once; whether it was checked is the caller's to know: advices count unchecked."""
        at_ns = spend.counted_at_ns
        self.adjust(at_ns, *spend.counted(self._policy))
        if self._newest_ns is None or at_ns >= self._newest_ns + DAY_NS:
            self._newest_ns = at_ns
            self._forget(at_ns)

    def follow(self, before: Spend, after: Spend) -> None:
        """Count from now on as ``after`` what counted as ``before``: more was granted, or some of it came back."""
        was, now = before.counted(self._policy), after.counted(self._policy)
        if was != now:
            cents, lifetime_cents = now.cents - was.cents, now.lifetime_cents - was.lifetime_cents
            self.adjust(after.counted_at_ns, cents, now.count - was.count, lifetime_cents)

    def totals(self, at_ns: int) -> Totals:
        """What counts in the windows of an instant, those that roll being the fullest that hold it."""
        windows = windows_at(at_ns, self._policy)
        day, week, month, year = [
            self._calendar.get((kind, number), _NOTHING) if length_ns is None else self._fullest(at_ns, length_ns)
            for kind, (number, length_ns) in enumerate(zip(windows, self._rolling, strict=True))
        ]
        return Totals(day, week, month, year, self._lifetime_cents)

    def size(self) -> int:
        """How many figures are kept: bounded by the windows that are open, and what counts in those that roll."""
        return len(self._calendar) + len(self._instants)

    def _within(self, at_ns: int, length_ns: int) -> Sum:
        if length_ns in self._aligned_ns:
            return self._calendar.get((length_ns, at_ns // length_ns), _NOTHING)
        return self._fullest(at_ns, length_ns)

    def _fullest(self, at_ns: int, length_ns: int) -> Sum:
        """The most that counts in any window of this length that holds the instant.

        That is the one that ends with it, unless decisions at later instants were there first: in whatever order they
        come, no window overflows. Cents and count may be of two windows.
        """
        instants, at = self._instants, self._at
        low, high = bisect_right(instants, at_ns - length_ns), bisect_right(instants, at_ns)
        cents = most_cents = sum([at[instant].cents for instant in instants[low:high]])
        count = most_count = sum([at[instant].count for instant in instants[low:high]])
        for end_ns in instants[high : bisect_left(instants, at_ns + length_ns)]:
            cents, count = cents + at[end_ns].cents, count + at[end_ns].count
            while instants[low] <= end_ns - length_ns:
                cents, count = cents - at[instants[low]].cents, count - at[instants[low]].count
                low += 1
            most_cents, most_count = max(most_cents, cents), max(most_count, count)
        return Sum(most_cents, most_count)

    def adjust(self, at_ns: int, cents: int, count: int, lifetime_cents: int) -> None:
        """Add, with a sign, to every window of an instant that is not forgotten."""
        self._lifetime_cents += lifetime_cents
        for key in self._keys(at_ns):
            if key[1] >= self._floor.get(key[0], key[1]):
                _add(self._calendar, key, cents, count)
        if not self._reach_ns or (self._horizon_ns is not None and at_ns <= self._horizon_ns - self._reach_ns):
            return
        if at_ns not in self._at:
            insort(self._instants, at_ns)
        _add(self._at, at_ns, cents, count)
        if at_ns not in self._at:
            del self._instants[bisect_left(self._instants, at_ns)]

    def _keys(self, at_ns: int) -> list[tuple[int, int]]:
        """The windows of an instant that do not roll."""
        windows = windows_at(at_ns, self._policy)
        keys = [(kind, number) for kind, number in enumerate(windows) if self._rolling[kind] is None]
        return keys + [(length_ns, at_ns // length_ns) for length_ns in self._aligned_ns]

    def _forget(self, now_ns: int) -> None:
        """Drop what no decision at ``now_ns``, or as late as is allowed, can need."""
        horizon_ns = now_ns - LATENESS_NS
        if self._horizon_ns is not None and horizon_ns <= self._horizon_ns:
            return
        self._horizon_ns = horizon_ns
        # One day more, since where clocks go back over midnight the day before comes again.
        self._floor = dict(self._keys(horizon_ns - DAY_NS))
        self._calendar = {key: total for key, total in self._calendar.items() if key[1] >= self._floor[key[0]]}
        closed = bisect_right(self._instants, horizon_ns - self._reach_ns)
        for at_ns in self._instants[:closed]:
            del self._at[at_ns]
        del self._instants[:closed]


def compact(counters: Counters, now_ns: int) -> Counters:
    """The same counters without the windows that are closed for good at ``now_ns``.

    No decision depends on it: run never, twice or late, it changes memory alone, whatever the state of a card.
    """
    smaller = copy(counters)
    smaller._calendar, smaller._at, smaller._instants = {**counters._calendar}, {**counters._at}, [*counters._instants]
    smaller._forget(now_ns)
    return smaller


def _add(sums: dict, key: object, cents: int, count: int) -> None:
    """Add to a sum; one of nothing is not kept."""
    old = sums.get(key, _NOTHING)
    new = Sum(old.cents + cents, old.count + count)
    if new != _NOTHING:
        sums[key] = new
    else:
        sums.pop(key, None)
