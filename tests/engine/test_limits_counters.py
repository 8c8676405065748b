"""Counters against a calendar on the wall and a list of everything that was ever spent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.counters import Counters, compact
from engine.domain.decline import DeclineReason
from engine.domain.limits import Spend
from engine.domain.policies import PRESETS, Cause, Restores, WindowPolicy
from engine.domain.terms import LimitTerms, Velocity

HOUR_NS = 3_600 * 10**9
DAY_NS = 24 * HOUR_NS


class Book:
    """All spends, each with what counts of it in the windows, in the lifetime, and as a transaction."""

    def __init__(self, terms: LimitTerms) -> None:
        self.terms, self.policy = terms, terms.policy
        self.spends: list[list[int]] = []  # at_ns, cents, lifetime cents

    def _wall(self, at_ns: int) -> dict[str, object]:
        wall = datetime.fromtimestamp(at_ns // 10**9, UTC).astimezone(ZoneInfo(self.policy.zone)).date()
        into_week = wall.isoweekday() % 7 if self.policy.week_starts == "sunday" else wall.weekday()
        return {"day": wall, "week": wall - timedelta(into_week), "month": (wall.year, wall.month), "year": wall.year}

    def most(self, at_ns: int, kind: str, length_ns: int | None, aligned: bool, cents: int, count: int):
        """The fullest window that has the instant, with the new spend in it."""
        spends = [(at, c, int(c > 0)) for at, c, _ in self.spends] + [(at_ns, cents, count)]
        if length_ns is None:
            windows = [[s for s in spends if self._wall(s[0])[kind] == self._wall(at_ns)[kind]]]
        elif aligned:
            windows = [[s for s in spends if s[0] // length_ns == at_ns // length_ns]]
        else:
            ends = [s[0] for s in spends if at_ns <= s[0] < at_ns + length_ns]
            windows = [[s for s in spends if end - length_ns < s[0] <= end] for end in ends]
        return max(sum(s[1] for s in w) for w in windows), max(sum(s[2] for s in w) for w in windows)

    def refuses(self, at_ns: int, cents: int) -> DeclineReason | None:
        terms, policy = self.terms, self.policy

        def over(figure, limit):
            return limit is not None and figure > limit and not (limit == 0 and policy.zero_is_no_limit)

        if over(cents, terms.per_transaction_cents):
            return DeclineReason.TRANSACTION_LIMIT
        kinds = (
            ("day", policy.rolling_day_ns, terms.daily_cents, DeclineReason.DAILY_LIMIT),
            ("week", policy.rolling_week_ns, terms.weekly_cents, DeclineReason.WEEKLY_LIMIT),
            ("month", policy.rolling_month_ns, terms.monthly_cents, DeclineReason.MONTHLY_LIMIT),
            ("year", policy.rolling_year_ns, terms.yearly_cents, DeclineReason.YEARLY_LIMIT),
        )
        for kind, length_ns, limit, reason in kinds:
            if over(self.most(at_ns, kind, length_ns, False, cents, 1)[0], limit):
                return reason
        if over(sum(spend[2] for spend in self.spends) + cents, terms.lifetime_cents):
            return DeclineReason.LIFETIME_LIMIT
        if over(self.most(at_ns, "day", policy.rolling_day_ns, False, cents, 1)[1], terms.daily_count):
            return DeclineReason.VELOCITY_LIMIT
        for velocity in terms.velocity:
            total, count = self.most(at_ns, "", velocity.seconds * 10**9, policy.velocity_aligned, cents, 1)
            if over(count, velocity.max_count) or over(total, velocity.max_cents):
                return DeclineReason.VELOCITY_LIMIT
        return None

    def give_back(self, index: int, cents: int, cause: Cause) -> None:
        rules = {Cause.REVERSAL: self.policy.reversals, Cause.EXPIRY: self.policy.expiries}
        rule = {**rules, Cause.REFUND: self.policy.refunds, Cause.UNDONE: Restores.WINDOWS}[cause]
        at_ns, counted, lifetime = self.spends[index]
        if rule == Restores.LIFETIME:
            self.spends[index] = [at_ns, counted, max(lifetime - cents, 0)]
        elif rule == Restores.WINDOWS:
            self.spends[index] = [at_ns, max(counted - cents, 0), max(lifetime - cents, 0)]

    def totals(self, at_ns: int) -> list[int]:
        """What counts around an instant in day, week, month, year and lifetime."""
        policy = self.policy
        kinds = {"day": policy.rolling_day_ns, "week": policy.rolling_week_ns, "month": policy.rolling_month_ns}
        kinds["year"] = policy.rolling_year_ns
        windows = [self.most(at_ns, kind, length_ns, False, 0, 0)[0] for kind, length_ns in kinds.items()]
        return [*windows, sum(spend[2] for spend in self.spends)]


CUSTOM = WindowPolicy(
    zone="Europe/Berlin", velocity_aligned=True, reversals=Restores.LIFETIME, expiries=Restores.NOTHING
)
POLICIES = st.sampled_from([*PRESETS.values(), CUSTOM])
BOUND = st.none() | st.integers(0, 300)
VELOCITIES = st.lists(
    st.builds(
        Velocity,
        st.sampled_from([10, 60, 3_600, 5 * 3_600, 86_400, 31 * 86_400]),
        st.none() | st.integers(0, 5),
        BOUND,
    ),
    max_size=2,
).map(tuple)
TERMS = st.builds(
    LimitTerms, BOUND, BOUND, BOUND, BOUND, BOUND, BOUND, st.none() | st.integers(0, 5), VELOCITIES, policy=POLICIES
)
STARTS_NS = st.sampled_from(
    [
        int(datetime(*when, tzinfo=UTC).timestamp()) * 10**9
        for when in ((2017, 3, 11), (2017, 3, 25), (2017, 11, 4), (2017, 10, 28), (2016, 2, 27), (2017, 12, 30))
    ]
)
AHEAD_NS = st.sampled_from([0, 1, 10 * 10**9, HOUR_NS, 23 * HOUR_NS, DAY_NS, 6 * DAY_NS, 29 * DAY_NS, 364 * DAY_NS])
LATE_NS = st.sampled_from([0, 0, 1, 10 * 10**9, 60 * 10**9, HOUR_NS, 20 * HOUR_NS])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("spend"), AHEAD_NS | st.integers(0, 2 * DAY_NS), LATE_NS, st.integers(1, 120)),
        st.tuples(st.just("advice"), AHEAD_NS, LATE_NS, st.integers(1, 120)),
        st.tuples(st.just("back"), st.sampled_from(Cause), st.integers(0, 30), st.integers(0, 120)),
        st.tuples(st.just("job"), st.sampled_from([0, 1, 2]), st.integers(0, 3 * DAY_NS), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=400, deadline=None)
@given(TERMS, STARTS_NS, STEPS)
def test_every_decision_is_that_of_the_whole_book_whenever_the_job_runs(terms, start_ns, steps) -> None:
    book, never, sometimes = Book(terms), Counters(terms), Counters(terms)
    spends: list[Spend] = []
    clock_ns = start_ns
    for step, (verb, first, second, cents) in enumerate(steps):
        if verb in ("spend", "advice"):
            clock_ns += first
            spend = Spend(f"a{step}", "card", "5411", clock_ns - second, cents)
            reason = book.refuses(spend.counted_at_ns, cents)
            rebuilt = Counters(terms, spends)
            assert [c.check(spend, terms) for c in (never, sometimes, rebuilt)] == [reason] * 3
            totals = never.totals(clock_ns)
            assert totals == sometimes.totals(clock_ns) == rebuilt.totals(clock_ns)
            assert [*(window.cents for window in totals[:4]), totals.lifetime_cents] == book.totals(clock_ns)
            if reason is None or verb == "advice":
                book.spends.append([spend.counted_at_ns, cents, cents])
                spends.append(spend)
                never.take(spend)
                sometimes.take(spend)
        elif verb == "back" and spends:
            index = second % len(spends)
            book.give_back(index, cents, first)
            after = spends[index].given_back(cents, first)
            for counters in (never, sometimes):
                counters.follow(spends[index], after)
            spends[index] = after
        elif verb == "job":
            for _ in range(first):
                sometimes = compact(sometimes, clock_ns - second)


@given(TERMS, STARTS_NS, st.lists(st.tuples(st.integers(0, 40 * DAY_NS), st.integers(1, 50)), max_size=12))
def test_the_job_changes_nothing_of_the_counters_that_it_is_given(terms, start_ns, drawn) -> None:
    counters = Counters(terms, [Spend(f"a{n}", "card", "", start_ns + at, c) for n, (at, c) in enumerate(drawn)])
    before = [counters.totals(start_ns + day * DAY_NS) for day in range(-1, 42)]
    size = counters.size()
    assert compact(counters, start_ns + 500 * DAY_NS).size() <= size
    assert [counters.totals(start_ns + day * DAY_NS) for day in range(-1, 42)] == before
    once = compact(counters, start_ns + 20 * DAY_NS)
    assert compact(once, start_ns + 20 * DAY_NS).size() == once.size()


@given(TERMS, STARTS_NS, st.permutations([(at, cents) for at, cents in enumerate((5, 7, 11, 13, 17))]))
def test_the_order_in_which_spends_come_makes_no_difference(terms, start_ns, drawn) -> None:
    spends = [Spend(f"a{at}", "card", "", start_ns + at * 5 * HOUR_NS, cents) for at, cents in drawn]
    ordered = sorted(spends, key=lambda spend: spend.counted_at_ns)
    probe = replace(terms, per_transaction_cents=None)
    for at_ns in (start_ns, start_ns + 7 * HOUR_NS, start_ns + DAY_NS):
        assert Counters(probe, spends).totals(at_ns) == Counters(probe, ordered).totals(at_ns)
