"""I4 by policy: every window of every limit, of accounts, cards and mandates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from feed import DAY_NS, HOUR_NS, MS, SECOND_NS, Feed

from engine.domain.policies import Restores, Weekday, WindowPolicy
from engine.domain.terms import NO_LIMITS, Velocity
from engine.interface import (
    AdviceOutcome,
    AdviceReceipt,
    AuthorizationAdvice,
    AuthorizationKind,
    CaptureOutcome,
    CaptureResult,
    CardOpening,
    ClearingBatch,
    ClearingReceipt,
    HoldTerms,
    LimitTerms,
    MandateOpening,
    Presentment,
    PresentmentKind,
    Terms,
)

RICH = 10**9
LONG = HoldTerms(validity_ns={"visa": 5_000 * DAY_NS}, exceptions=())
SHORT = HoldTerms(validity_ns={"visa": HOUR_NS}, exceptions=())


def only(policy: WindowPolicy | None = None, holds: HoldTerms = LONG, **limits: Any) -> Terms:
    return Terms(limits=own(policy, **limits), holds=holds)


def own(policy: WindowPolicy | None = None, **limits: Any) -> LimitTerms:
    bounds = {"per_transaction_cents": None, "daily_cents": None, "monthly_cents": None} | limits
    return LimitTerms(policy=policy or WindowPolicy(), **bounds)


def rich(terms: Terms, **settings: Any) -> Feed:
    return Feed(terms, RICH, chain=False, **settings)


def instant(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * SECOND_NS


NEW_YORK = WindowPolicy(zone="America/New_York")
BERLIN = WindowPolicy(zone="Europe/Berlin")
SUNDAYS = WindowPolicy(week_starts=Weekday.SUNDAY)
ROLLING = WindowPolicy(
    rolling_day_ns=DAY_NS, rolling_week_ns=7 * DAY_NS, rolling_month_ns=30 * DAY_NS, rolling_year_ns=365 * DAY_NS
)


@pytest.mark.parametrize("name", ["daily_cents", "weekly_cents", "monthly_cents", "yearly_cents", "lifetime_cents"])
@pytest.mark.parametrize("policy", [WindowPolicy(), SUNDAYS, NEW_YORK, ROLLING])
@pytest.mark.parametrize("cents,found", [(399, []), (400, []), (401, ["I4"])])
def test_i4_every_window_may_be_filled(name: str, policy: WindowPolicy, cents: int, found: list[str]) -> None:
    feed = rich(only(policy, **{name: 1_000}))
    feed.now_ns = instant(2026, 3, 4, 12)
    feed.approve(600)
    feed.approve(cents)
    assert feed.found == found


@pytest.mark.parametrize(
    "name,policy,edge_ns",
    [
        ("weekly_cents", WindowPolicy(), instant(2026, 3, 9)),
        ("weekly_cents", SUNDAYS, instant(2026, 3, 8)),
        ("yearly_cents", WindowPolicy(), instant(2027, 1, 1)),
        ("daily_cents", NEW_YORK, instant(2026, 3, 8, 5)),  # clocks go forward that day
        ("daily_cents", NEW_YORK, instant(2026, 3, 9, 4)),
        ("daily_cents", NEW_YORK, instant(2026, 11, 2, 5)),  # the day before had 25 hours
        ("monthly_cents", BERLIN, instant(2026, 3, 31, 22)),
        ("weekly_cents", BERLIN, instant(2026, 3, 29, 22)),
    ],
)
def test_i4_windows_begin_where_the_policy_says(name: str, policy: WindowPolicy, edge_ns: int) -> None:
    for before_ns, found in ((20 * MS, ["I4"]), (5 * MS, []), (0, [])):
        feed = rich(only(policy, **{name: 1_000}))
        feed.now_ns = edge_ns - 2 * HOUR_NS
        feed.approve(1_000)
        feed.now_ns = edge_ns - before_ns
        feed.approve(1)
        assert feed.found == found
        feed.now_ns = edge_ns + MS
        feed.approve(999)
        assert feed.found == found


@pytest.mark.parametrize(
    "name,length_ns",
    [("daily_cents", DAY_NS), ("weekly_cents", 7 * DAY_NS), ("monthly_cents", 30 * DAY_NS),
     ("yearly_cents", 365 * DAY_NS)],
)  # fmt: skip
@pytest.mark.parametrize("less_ns,found", [(10 * MS + 1, ["I4"]), (10 * MS, []), (0, [])])
def test_i4_a_window_that_rolls_ends_its_length_later(
    name: str, length_ns: int, less_ns: int, found: list[str]
) -> None:
    """From the first sending to the second answer less than the length passes, or not."""
    feed = rich(only(ROLLING, **{name: 1_000}))
    start_ns = feed.now_ns
    feed.approve(1_000)
    feed.now_ns = start_ns + length_ns - less_ns
    feed.approve(1)
    assert feed.found == found


def test_i4_the_slack_of_clocks_narrows_a_window_that_rolls() -> None:
    feed = rich(only(ROLLING, daily_cents=1_000), slack_ns=SECOND_NS)
    start_ns = feed.now_ns
    feed.approve(1_000)
    feed.now_ns = start_ns + DAY_NS - 2 * SECOND_NS
    feed.approve(1)
    assert feed.found == []


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("bound", [{"max_count": 2}, {"max_cents": 200}])
def test_i4_velocity_counts_in_windows_that_roll_or_are_aligned(aligned: bool, bound: dict[str, int]) -> None:
    feed = rich(only(WindowPolicy(velocity_aligned=aligned), velocity=(Velocity(3_600, **bound),)))
    start_ns = feed.now_ns
    feed.now_ns = start_ns + HOUR_NS // 2
    feed.approve(100)
    feed.approve(100)
    assert feed.found == []
    feed.now_ns = start_ns + HOUR_NS
    feed.approve(100)
    assert feed.found == ([] if aligned else ["I4"])
    feed.now_ns = start_ns + HOUR_NS + HOUR_NS // 2 + SECOND_NS
    feed.approve(100)
    assert feed.found == ([] if aligned else ["I4"])
    feed.approve(100)
    assert feed.found == ["I4"] if aligned else ["I4", "I4"]


@pytest.mark.parametrize("policy", [WindowPolicy(), NEW_YORK, ROLLING])
def test_i4_a_day_has_so_many_approvals(policy: WindowPolicy) -> None:
    feed = rich(only(policy, daily_count=2))
    feed.now_ns = instant(2026, 3, 4, 12)
    feed.approve(1)
    back = feed.approve(1)
    feed.reverse(back, 1)
    feed.approve(1)
    assert feed.found == []
    feed.approve(1)
    assert "3 approvals" in feed.message


@pytest.mark.parametrize("cents,found", [(0, []), (1, ["I4"])])
@pytest.mark.parametrize("limit", ["daily_cents", "lifetime_cents"])
@pytest.mark.parametrize("cause", ["reversals", "expiries", "refunds"])
@pytest.mark.parametrize("restores", list(Restores))
def test_i4_what_comes_back_counts_by_policy(
    cause: str, restores: Restores, limit: str, cents: int, found: list[str]
) -> None:
    feed = rich(only(WindowPolicy(**{cause: restores}), SHORT, **{limit: 1_000}))
    ref = feed.approve(700)
    if cause == "reversals":
        feed.reverse(ref, 700)
    elif cause == "expiries":
        feed.now_ns += HOUR_NS
        feed.expire(ref)
    else:
        feed.capture(ref, 700)
        refund(feed, ref, 700)
    back = restores is Restores.WINDOWS or (restores is Restores.LIFETIME and limit == "lifetime_cents")
    feed.approve((1_000 if back else 300) + cents)
    assert feed.found == found


def refund(feed: Feed, ref: str, cents: int) -> None:
    presentment = Presentment(feed.ref("r"), ref, "ada-card", "visa", cents, kind=PresentmentKind.REFUND)
    batch = ClearingBatch(feed.ref("batch"), "visa", "file", feed.now_ns, (presentment,))
    result = CaptureResult(presentment.presentment_id, CaptureOutcome.POSTED, cents, 0, 0)
    feed.tell(batch, ClearingReceipt("file", (result,)))


@pytest.mark.parametrize("zero_is_no_limit", [True, False])
@pytest.mark.parametrize("name", ["daily_cents", "weekly_cents", "yearly_cents", "lifetime_cents", "daily_count"])
def test_i4_a_limit_of_zero_is_what_the_policy_says(name: str, zero_is_no_limit: bool) -> None:
    feed = rich(only(WindowPolicy(zero_is_no_limit=zero_is_no_limit), **{name: 0}))
    feed.approve(1)
    assert feed.found == ([] if zero_is_no_limit else ["I4"])


@pytest.mark.parametrize("cents,found", [(400, []), (401, ["I4"])])
def test_i4_a_card_counts_what_it_spent_itself(cents: int, found: list[str]) -> None:
    feed = rich(Terms(limits=NO_LIMITS))
    feed.open(CardOpening("ada-card", "visa", 2**62, limits=own(daily_cents=1_000)), CardOpening("c2", "visa", 2**62))
    feed.approve(600)
    feed.approve(5_000, card="c2")
    feed.approve(cents)
    assert feed.found == found


@pytest.mark.parametrize("follows,found", [(True, ["I4"]), (False, [])])
def test_i4_a_card_inherits_what_it_replaces_has_counted(follows: bool, found: list[str]) -> None:
    feed = rich(Terms(limits=NO_LIMITS))
    limits = own(WindowPolicy(follows_replacement=follows), lifetime_cents=1_000)
    cards = [CardOpening("ada-card", "visa", 2**62, limits=limits)]
    feed.open(*cards)
    feed.approve(1_000)
    cards += [CardOpening("c2", "visa", 2**62, limits=limits, replaces="ada-card")]
    cards += [CardOpening("c3", "visa", 2**62, limits=limits, replaces="c2")]
    feed.open(*cards)
    feed.approve(1, card="c3")
    assert feed.found == found


@pytest.mark.parametrize("cents,found", [(400, []), (401, ["I4"])])
def test_i4_a_mandate_counts_all_its_cards(cents: int, found: list[str]) -> None:
    feed = rich(Terms(limits=NO_LIMITS))
    cards = [CardOpening(name, "visa", 2**62, mandate_id="m") for name in ("ada-card", "c2")]
    other = CardOpening("c3", "visa", 2**62)
    feed.open(*cards, other, mandates=(MandateOpening("m", 2**62, limits=own(weekly_cents=1_000)),))
    feed.approve(600)
    feed.approve(5_000, card="c3")
    feed.approve(cents, card="c2")
    assert feed.found == found


def test_i4_limits_count_from_the_answer_of_their_opening() -> None:
    feed = rich(Terms(limits=NO_LIMITS))
    feed.open()
    opening = feed.open(CardOpening("ada-card", "visa", 2**62, limits=own(daily_cents=1)), tell=False)
    feed.approve(100)
    assert feed.found == []
    feed.answer(opening, None)
    feed.approve(1)
    assert feed.found == ["I4"]


def test_i4_what_was_asked_before_an_opening_may_be_decided_after_all() -> None:
    """The first is held against no limit, and may be decided last: nobody is to blame."""
    feed = rich(Terms(limits=NO_LIMITS))
    feed.open()
    early = feed.send(feed.request(1_000))
    feed.open(CardOpening("ada-card", "visa", 2**62, limits=own(daily_cents=1_000)))
    late = feed.send(feed.request(1_000))
    feed.answer(early, feed.approval(early))
    feed.answer(late, feed.approval(late))
    assert feed.found == []


@pytest.mark.parametrize("cents,found", [(400, []), (401, ["I4"])])
@pytest.mark.parametrize("policy", [NEW_YORK, ROLLING])
def test_i4_an_increment_counts_with_its_original(policy: WindowPolicy, cents: int, found: list[str]) -> None:
    feed = rich(only(policy, daily_cents=1_000))
    feed.now_ns = instant(2026, 3, 4, 12)
    ref = feed.approve(600)
    until_ns = feed.now_ns - 10 * MS + LONG.validity_ns["visa"]
    feed.now_ns += 3 * DAY_NS
    feed.approve(1_000)
    request = feed.send(feed.request(cents, ref, key="more", kind=AuthorizationKind.INCREMENTAL))
    feed.answer(request, feed.approval(request, until_ns=until_ns))
    assert feed.found == found


def test_i4_an_advice_counts_but_is_never_refused() -> None:
    feed = rich(only(weekly_cents=1_000))
    advice = AuthorizationAdvice("k", "adv", "ada-card", True, 1_500, "visa", "shop", "5411", feed.now_ns)
    receipt = AdviceReceipt("adv", AdviceOutcome.ADOPTED, 1_500, feed.now_ns + LONG.validity_ns["visa"])
    feed.tell(advice, receipt)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I4"]


def test_i4_what_an_increment_added_counts_towards_what_is_sent_after_it() -> None:
    feed = rich(only(ROLLING, daily_cents=1_000))
    ref = feed.approve(600)
    until_ns = feed.now_ns - 10 * MS + LONG.validity_ns["visa"]
    request = feed.send(feed.request(300, ref, key="more", kind=AuthorizationKind.INCREMENTAL))
    beside = feed.send(feed.request(300))
    feed.answer(request, feed.approval(request, until_ns=until_ns))
    feed.answer(beside, feed.approval(beside))
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I4"]


def test_i4_an_increment_is_not_held_against_what_came_after_its_original_in_a_window_that_rolls() -> None:
    feed = rich(only(ROLLING, daily_cents=1_000))
    ref = feed.approve(600)
    until_ns = feed.now_ns - 10 * MS + LONG.validity_ns["visa"]
    feed.approve(400)
    request = feed.send(feed.request(400, ref, key="more", kind=AuthorizationKind.INCREMENTAL))
    feed.answer(request, feed.approval(request, until_ns=until_ns))
    assert feed.found == []


def test_i4_an_advice_does_not_count_towards_what_may_have_been_decided_before_it() -> None:
    feed = rich(only(weekly_cents=1_000))
    request = feed.send(feed.request(1_000))
    advice = AuthorizationAdvice("k", "adv", "ada-card", True, 1_500, "visa", "shop", "5411", feed.now_ns)
    feed.tell(advice, AdviceReceipt("adv", AdviceOutcome.ADOPTED, 1_500, feed.now_ns + LONG.validity_ns["visa"]))
    feed.answer(request, feed.approval(request))
    assert feed.found == []
