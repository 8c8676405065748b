"""Every bound of money and of time: equal is allowed, one more is not, one instant later is another window."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.domain.controls import beyond, problems
from engine.domain.counters import LATENESS_NS, Counters, compact
from engine.domain.decide import is_plain
from engine.domain.decline import RESPONSE_CODES, DeclineReason
from engine.domain.limits import Spend, first
from engine.domain.policies import PRESETS, Cause, WindowPolicy
from engine.domain.terms import NO_LIMITS, LimitTerms, Velocity

SECOND_NS = 10**9
DAY_NS = 86_400 * SECOND_NS
NOON_NS = 17_231 * DAY_NS + DAY_NS // 2  # 2017-03-06, a Monday


def spend(cents: int, at_ns: int = NOON_NS, mcc: str = "5411", before: int = 0) -> Spend:
    return Spend("a", "card", mcc, at_ns, cents, before_cents=before)


def limits(**bounds) -> LimitTerms:
    return replace(NO_LIMITS, **bounds)


def after(terms: LimitTerms, *spends: Spend) -> Counters:
    counters = Counters(terms)
    for one in spends:
        counters.take(one)
    return counters


MONEY = [
    (limits(daily_cents=1_000), DeclineReason.DAILY_LIMIT),
    (limits(weekly_cents=1_000), DeclineReason.WEEKLY_LIMIT),
    (limits(monthly_cents=1_000), DeclineReason.MONTHLY_LIMIT),
    (limits(yearly_cents=1_000), DeclineReason.YEARLY_LIMIT),
    (limits(lifetime_cents=1_000), DeclineReason.LIFETIME_LIMIT),
    (limits(velocity=(Velocity(60, max_cents=1_000),)), DeclineReason.VELOCITY_LIMIT),
]


@pytest.mark.parametrize("policy", PRESETS.values(), ids=PRESETS)
@pytest.mark.parametrize(("terms", "reason"), MONEY, ids=[reason.value for _, reason in MONEY])
def test_what_is_left_of_a_limit_may_be_spent_and_no_cent_more(terms, reason, policy) -> None:
    terms = replace(terms, policy=policy)
    counters = after(terms, spend(400))
    answers = [counters.check(spend(cents), terms) for cents in (599, 600, 601)]
    assert answers == [None, None, reason]


@pytest.mark.parametrize(("before", "cents", "reason"), [
    (0, 999, None), (0, 1_000, None), (0, 1_001, DeclineReason.TRANSACTION_LIMIT),
    (400, 599, None), (400, 600, None), (400, 601, DeclineReason.TRANSACTION_LIMIT),
])  # fmt: skip
def test_the_limit_of_a_transaction_holds_for_it_with_its_increments(before, cents, reason) -> None:
    terms = limits(per_transaction_cents=1_000)
    assert after(terms, spend(5_000)).check(spend(cents, before=before), terms) is reason


@pytest.mark.parametrize("terms", [limits(daily_count=3), limits(velocity=(Velocity(60, max_count=3),))])
def test_the_count_may_be_reached_and_not_passed_and_an_increment_is_no_transaction(terms) -> None:
    counters = Counters(terms)
    for _ in range(3):
        assert counters.check(spend(1), terms) is None
        counters.take(spend(1))
        counters.take(spend(1, before=1))
    assert counters.check(spend(1), terms) is DeclineReason.VELOCITY_LIMIT
    assert counters.check(spend(1, before=1), terms) is None


def test_what_came_back_altogether_is_no_transaction_any_more() -> None:
    terms = limits(daily_count=1)
    counters = after(terms, spend(10))
    part = spend(10).given_back(9, Cause.REVERSAL)
    counters.follow(spend(10), part)
    assert counters.check(spend(1), terms) is DeclineReason.VELOCITY_LIMIT
    counters.follow(part, part.given_back(1, Cause.REVERSAL))
    assert counters.check(spend(1), terms) is None


ROLLING = [
    (limits(daily_cents=100, policy=PRESETS["lithic"]), DAY_NS, DeclineReason.DAILY_LIMIT),
    (limits(weekly_cents=100, policy=PRESETS["lithic"]), 7 * DAY_NS, DeclineReason.WEEKLY_LIMIT),
    (limits(monthly_cents=100, policy=PRESETS["lithic"]), 30 * DAY_NS, DeclineReason.MONTHLY_LIMIT),
    (limits(yearly_cents=100, policy=PRESETS["lithic"]), 365 * DAY_NS, DeclineReason.YEARLY_LIMIT),
    (limits(velocity=(Velocity(10, max_cents=100),)), 10 * SECOND_NS, DeclineReason.VELOCITY_LIMIT),
    (limits(velocity=(Velocity(10, max_count=1),)), 10 * SECOND_NS, DeclineReason.VELOCITY_LIMIT),
    (limits(velocity=(Velocity(31 * 86_400, max_cents=100),)), 31 * DAY_NS, DeclineReason.VELOCITY_LIMIT),
]


@pytest.mark.parametrize(("terms", "length_ns", "reason"), ROLLING)
def test_a_window_that_rolls_lets_go_of_a_spend_after_its_length(terms, length_ns, reason) -> None:
    counters = after(terms, spend(100))
    answers = [counters.check(spend(1, NOON_NS + length_ns + step), terms) for step in (-1, 0, 1)]
    assert answers == [reason, None, None]


@pytest.mark.parametrize(("terms", "length_ns", "reason"), ROLLING)
def test_no_window_that_rolls_overflows_because_the_earlier_decision_came_later(terms, length_ns, reason) -> None:
    counters = after(terms, spend(100, NOON_NS))
    if length_ns > LATENESS_NS:
        length_ns, expected = LATENESS_NS, [reason, reason]
    else:
        expected = [None, reason]
    assert [counters.check(spend(1, NOON_NS - length_ns + step), terms) for step in (0, 1)] == expected


def test_a_velocity_window_that_is_aligned_begins_anew_at_multiples_of_its_length() -> None:
    policy = WindowPolicy(velocity_aligned=True)
    terms = limits(velocity=(Velocity(60, max_cents=100),), policy=policy)
    minute_ns = NOON_NS + 60 * SECOND_NS
    counters = after(terms, spend(100, minute_ns - 1))
    answers = [counters.check(spend(1, minute_ns + step), terms) for step in (-60 * SECOND_NS - 1, -1, 0, 1)]
    assert answers == [None, DeclineReason.VELOCITY_LIMIT, None, None]


@pytest.mark.parametrize(("name", "reason"), [("default", DeclineReason.DAILY_LIMIT), ("lithic", None)])
def test_zero_refuses_everything_or_nothing_as_the_policy_says(name, reason) -> None:
    terms = limits(daily_cents=0, policy=PRESETS[name])
    assert Counters(terms).check(spend(1), terms) is reason


@pytest.mark.parametrize(("mcc", "reason"), [
    ("5411", None), ("5812", DeclineReason.CATEGORY_BLOCKED), ("7995", DeclineReason.CATEGORY_NOT_ALLOWED),
])  # fmt: skip
def test_merchant_categories_are_allowed_first_and_blocked_then(mcc, reason) -> None:
    terms = limits(allowed_mccs=frozenset({"5411", "5812"}), blocked_mccs=frozenset({"5812", "7995"}))
    assert Counters(terms).check(spend(1, mcc=mcc), terms) is reason


def test_no_category_at_all_may_be_allowed() -> None:
    terms = limits(allowed_mccs=frozenset())
    assert Counters(terms).check(spend(1), terms) is DeclineReason.CATEGORY_NOT_ALLOWED


LADDER = (
    ("per_transaction_cents", DeclineReason.TRANSACTION_LIMIT),
    ("daily_cents", DeclineReason.DAILY_LIMIT),
    ("weekly_cents", DeclineReason.WEEKLY_LIMIT),
    ("monthly_cents", DeclineReason.MONTHLY_LIMIT),
    ("yearly_cents", DeclineReason.YEARLY_LIMIT),
    ("lifetime_cents", DeclineReason.LIFETIME_LIMIT),
    ("daily_count", DeclineReason.VELOCITY_LIMIT),
)


def test_of_several_limits_the_highest_on_the_ladder_is_answered() -> None:
    terms = limits(**{name: 0 for name, _ in LADDER}, allowed_mccs=frozenset(), blocked_mccs=frozenset({"5411"}))
    for name, reason in LADDER:
        assert Counters(terms).check(spend(1), terms) is reason
        terms = replace(terms, **{name: None})
    assert Counters(terms).check(spend(1), terms) is DeclineReason.CATEGORY_NOT_ALLOWED
    terms = replace(terms, allowed_mccs=None)
    assert Counters(terms).check(spend(1), terms) is DeclineReason.CATEGORY_BLOCKED
    assert {RESPONSE_CODES[reason] for _, reason in LADDER} == {"61", "65"}


def test_of_several_scopes_the_highest_on_the_ladder_is_answered() -> None:
    assert first([None, DeclineReason.MONTHLY_LIMIT, DeclineReason.DAILY_LIMIT]) is DeclineReason.DAILY_LIMIT
    assert first([None, None]) is None


@pytest.mark.parametrize(
    ("name", "cause", "day_left", "lifetime_left"),
    [
        (name, cause, 100, 100)
        for name in PRESETS
        for cause in (Cause.REVERSAL, Cause.EXPIRY, Cause.UNDONE)
    ]
    + [(name, Cause.REFUND, 40, 40) for name in ("default", "stripe", "lithic-velocity")]
    + [("lithic", Cause.REFUND, 40, 100), ("marqeta", Cause.REFUND, 100, 100)],
)  # fmt: skip
def test_what_comes_back_may_be_spent_again_where_the_policy_says(name, cause, day_left, lifetime_left) -> None:
    for terms, left in (
        (limits(daily_cents=100, policy=PRESETS[name]), day_left),
        (limits(lifetime_cents=100, policy=PRESETS[name]), lifetime_left),
    ):
        counters = after(terms, spend(60))
        counters.follow(spend(60), spend(60).given_back(70, cause))  # more than was taken: no limit grows by it
        answers = [counters.check(spend(cents), terms) is None for cents in (left - 1, left, left + 1)]
        assert answers == [True, True, False]


def test_limits_of_other_windows_are_not_held_against_these_totals() -> None:
    counters = Counters(limits(daily_cents=1))
    assert counters.fits(limits(weekly_cents=5))
    for other in (limits(policy=PRESETS["lithic"]), limits(velocity=(Velocity(60, max_count=1),))):
        assert not counters.fits(other)
        with pytest.raises(ValueError, match="other windows"):
            counters.check(spend(1), other)


@pytest.mark.parametrize(("step", "known"), [(-1, False), (0, True), (1, True)])
def test_a_decision_on_what_is_forgotten_is_no_decision(step, known) -> None:
    terms = limits(daily_cents=1)
    counters = compact(Counters(terms), NOON_NS)
    late = spend(1, NOON_NS - LATENESS_NS + step)
    if known:
        assert counters.check(late, terms) is None
    else:
        with pytest.raises(ValueError, match="forgotten"):
            counters.check(late, terms)


def test_memory_is_bounded_by_the_windows_that_are_open() -> None:
    terms = limits(velocity=(Velocity(3_600, max_count=10**6),))
    counters = Counters(terms)
    for hour in range(24 * 400):
        counters.take(spend(1, NOON_NS + hour * 3_600 * SECOND_NS))
    assert counters.size() < LATENESS_NS // (3_600 * SECOND_NS) + 100


@pytest.mark.parametrize(("change", "plain"), [
    ({}, True), ({"daily_cents": None}, True), ({"weekly_cents": 5}, False), ({"daily_count": 1}, False),
    ({"blocked_mccs": frozenset({"7995"})}, False), ({"policy": PRESETS["lithic"]}, False),
])  # fmt: skip
def test_plain_limits_are_those_of_the_fast_path(change, plain) -> None:
    assert is_plain(replace(LimitTerms(), **change)) is plain


@pytest.mark.parametrize(("terms", "wrong"), [
    (limits(daily_cents=-1), "daily_cents is -1"), (limits(daily_cents=0), ""), (limits(daily_cents=1), ""),
    (limits(velocity=(Velocity(9, 1),)), "9 seconds"), (limits(velocity=(Velocity(10, 1),)), ""),
    (limits(velocity=(Velocity(11, 1),)), ""), (limits(velocity=(Velocity(31 * 86_400 - 1, 1),)), ""),
    (limits(velocity=(Velocity(31 * 86_400, 1),)), ""), (limits(velocity=(Velocity(31 * 86_400 + 1, 1),)), "2678401 s"),
    (limits(velocity=(Velocity(10),)), "bounds a count"), (limits(velocity=(Velocity(10, -1),)), "below 0"),
    (limits(policy=WindowPolicy(rolling_day_ns=0)), "rolling_day_ns"),
    (limits(policy=WindowPolicy(rolling_day_ns=1)), ""),
    (limits(policy=WindowPolicy(zone="Nowhere")), "Nowhere"), (LimitTerms(), ""),
])  # fmt: skip
def test_limits_that_make_no_sense_are_told(terms, wrong) -> None:
    found = problems(terms)
    assert wrong in found[0] if wrong else not found


@pytest.mark.parametrize(("cents", "allowed"), [(0, False), (1, True), (999, True), (1_000, True), (1_001, False)])
def test_a_card_has_positive_limits_and_none_above_its_mandate(cents, allowed) -> None:
    mandate = limits(daily_cents=1_000)
    assert (not beyond(limits(daily_cents=cents), mandate)) is allowed
    assert not beyond(limits(weekly_cents=10**9), mandate)


def test_a_card_allows_no_category_that_its_mandate_does_not() -> None:
    mandate = limits(allowed_mccs=frozenset({"5411", "5812"}))
    assert not beyond(limits(allowed_mccs=frozenset({"5411"})), mandate)
    assert "7995" in beyond(limits(allowed_mccs=frozenset({"5411", "7995"})), mandate)[0]


@pytest.mark.parametrize(("cents", "reason"), [(39, None), (40, None), (41, DeclineReason.VELOCITY_LIMIT)])
def test_a_late_decision_fills_the_windows_that_end_after_it(cents, reason) -> None:
    terms = limits(velocity=(Velocity(10, max_cents=100),))
    counters = after(terms, spend(40, NOON_NS + 2 * SECOND_NS), spend(60, NOON_NS + 12 * SECOND_NS))
    assert counters.check(spend(cents, NOON_NS + 5 * SECOND_NS), terms) is reason


@pytest.mark.parametrize(("step", "reason"), [(-1, DeclineReason.VELOCITY_LIMIT), (0, None)])
def test_the_job_keeps_what_the_latest_decision_allowed_can_need(step, reason) -> None:
    terms = limits(velocity=(Velocity(10, max_cents=100),))
    end_ns = NOON_NS + 10 * SECOND_NS + step
    counters = compact(after(terms, spend(100)), end_ns + LATENESS_NS)
    assert counters.check(spend(1, end_ns), terms) is reason


def test_what_comes_back_to_a_window_that_is_forgotten_takes_no_memory() -> None:
    terms = limits(daily_cents=100, velocity=(Velocity(10, max_cents=100),))
    counters = compact(after(terms, spend(100)), NOON_NS + 400 * DAY_NS)
    counters.follow(spend(100), spend(100).given_back(50, Cause.REVERSAL))
    assert (counters.size(), counters.totals(NOON_NS).lifetime_cents) == (0, 50)


def test_a_compacted_copy_counts_on_its_own() -> None:
    terms = limits(velocity=(Velocity(10, max_cents=100),))
    once = compact(after(terms, spend(10)), NOON_NS)
    twice = compact(once, NOON_NS)
    before = once.totals(NOON_NS)
    twice.take(spend(10))
    assert once.totals(NOON_NS) == before


@pytest.mark.parametrize(("step", "forgotten"), [(-1, False), (0, True), (1, True)])
def test_counting_forgets_once_in_a_day(step, forgotten) -> None:
    terms = limits(daily_cents=100)
    counters = after(terms, spend(1), spend(1, NOON_NS + DAY_NS + step))
    assert counters.remembers(NOON_NS - LATENESS_NS) is not forgotten


@pytest.mark.parametrize(("step", "left"), [(-1, 0), (0, 40), (1, 40)])
def test_a_window_that_ends_after_a_late_decision_lets_go_of_what_is_as_old_as_it_is_long(step, left) -> None:
    terms = limits(velocity=(Velocity(10, max_cents=100),))
    counters = after(terms, spend(40), spend(60, NOON_NS + 10 * SECOND_NS + step))
    answers = [counters.check(spend(cents, NOON_NS + 5 * SECOND_NS), terms) for cents in (left, left + 1)]
    assert answers == [None, DeclineReason.VELOCITY_LIMIT]


def test_of_all_windows_that_hold_a_late_decision_the_fullest_counts() -> None:
    """The one that ends with it; a later one that is emptier gives nothing back."""
    terms = limits(velocity=(Velocity(10, max_cents=100),))
    counters = after(terms, spend(90), spend(20, NOON_NS + 12 * SECOND_NS))
    answers = [counters.check(spend(cents, NOON_NS + 5 * SECOND_NS), terms) for cents in (9, 10, 11)]
    assert answers == [None, None, DeclineReason.VELOCITY_LIMIT]


@pytest.mark.parametrize(("most", "reason"), [(2, DeclineReason.VELOCITY_LIMIT), (3, None), (4, None)])
def test_of_all_windows_that_hold_a_late_decision_the_one_with_the_most_transactions_counts(most, reason) -> None:
    terms = limits(velocity=(Velocity(10, max_count=most),))
    counters = after(terms, spend(1), spend(1, NOON_NS + SECOND_NS), spend(1, NOON_NS + 12 * SECOND_NS))
    assert counters.check(spend(1, NOON_NS + 5 * SECOND_NS), terms) is reason


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_what_is_forgotten_is_so_for_good(step) -> None:
    counters = compact(compact(Counters(limits(daily_cents=1)), NOON_NS), NOON_NS + step)
    oldest_ns = NOON_NS - LATENESS_NS + max(step, 0)
    assert (counters.remembers(oldest_ns - 1), counters.remembers(oldest_ns)) == (False, True)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("step", "kept", "reason"), [(-1, 0, None), (0, 0, None), (1, 1, DeclineReason.VELOCITY_LIMIT)]
)
def test_what_no_window_can_hold_any_more_is_not_kept(step, kept, reason, late) -> None:
    """Nor is it, where it comes when it has been forgotten; all that the latest decision can need is."""
    rolling = WindowPolicy(rolling_day_ns=1, rolling_week_ns=1, rolling_month_ns=1, rolling_year_ns=1)
    terms = limits(velocity=(Velocity(10, max_cents=100),), policy=rolling)
    latest_ns = NOON_NS - LATENESS_NS
    old = spend(100, latest_ns - 10 * SECOND_NS + step)
    counters = compact(after(terms, *([] if late else [old])), NOON_NS)
    if late:
        counters.take(old)
    assert counters.size() == kept
    assert counters.check(spend(1, latest_ns), terms) is reason


@pytest.mark.parametrize("cause", list(Cause))
def test_what_comes_back_is_never_less_than_nothing(cause) -> None:
    for cents in (0, 1):
        assert sum(spend(100).given_back(cents, cause)[4:8]) == (100 - cents if cause is Cause.UNDONE else 100 + cents)
    with pytest.raises(ValueError, match="-1"):
        spend(100).given_back(-1, cause)
