"""I4: spending limits hold in every window."""

from __future__ import annotations

from typing import Any

import pytest
from feed import DAY_NS, HOUR_NS, MS, SECOND_NS, START_NS, TERMS, Feed

from engine.interface import CardOpening, LimitTerms, MandateOpening, ReversalRequest, ReversalResponse, Terms

LIMITS = Terms(limits=LimitTerms(per_transaction_cents=5_000, daily_cents=10_000, monthly_cents=25_000))
RICH = 10**9


def rich(terms: Terms = LIMITS, **settings: Any) -> Feed:
    return Feed(terms, RICH, **settings)


@pytest.mark.parametrize("cents,found", [(4_999, []), (5_000, []), (5_001, ["I4"])])
def test_i4_a_transaction_may_reach_its_limit(cents: int, found: list[str]) -> None:
    feed = rich()
    feed.approve(cents)
    assert feed.found == found


@pytest.mark.parametrize("cents,found", [(1_999, []), (2_000, []), (2_001, ["I4"])])
def test_i4_a_day_may_be_filled(cents: int, found: list[str]) -> None:
    feed = rich()
    feed.approve(4_000)
    feed.approve(4_000)
    feed.approve(cents)
    assert feed.found == found


@pytest.mark.parametrize("cents,found", [(4_999, []), (5_000, []), (5_001, ["I4"])])
def test_i4_a_month_may_be_filled(cents: int, found: list[str]) -> None:
    feed = rich(Terms(limits=LimitTerms(10_000, 10_000, 25_000)))
    for _ in range(2):
        feed.approve(10_000)
        feed.pass_(DAY_NS)
    feed.approve(cents)
    assert feed.found == found


def test_i4_says_how_much_of_what_in_which_window() -> None:
    feed = rich()
    for _ in range(2):
        feed.approve(5_000)
    feed.approve(1)
    assert feed.message == (
        "daily limit: with $0.01 approved at 2026-03-01T01:00:00.040Z account ada has $100.01 approved and not given "
        "back in this window; at most $100.00 is allowed"
    )


def test_i4_every_further_excess_is_told_and_the_first_not_again() -> None:
    feed = rich()
    for cents in (5_000, 5_000, 1, 1):
        feed.approve(cents)
    assert feed.found == ["I4", "I4"]
    assert "$100.01" in feed.auditor.findings[1].message


@pytest.mark.parametrize(
    "at_ns,found",
    [
        (START_NS + DAY_NS - 20 * MS, ["I4"]),  # sent and answered within the first day
        (START_NS + DAY_NS - 5 * MS, []),  # sent in one day, answered in the next: in neither
        (START_NS + DAY_NS, []),  # in the next day
    ],
)
def test_i4_a_day_begins_at_midnight_utc(at_ns: int, found: list[str]) -> None:
    feed = rich()
    for _ in range(2):
        feed.approve(5_000)
    feed.now_ns = at_ns
    feed.approve(1)
    assert feed.found == found


def test_i4_a_spanning_approval_fills_neither_day() -> None:
    feed = rich()
    feed.now_ns = START_NS + DAY_NS - 5 * MS
    feed.approve(5_000)
    for _ in range(2):
        feed.approve(5_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I4"]


def test_i4_between_two_days_of_a_month_an_approval_still_counts_in_the_month() -> None:
    feed = rich(Terms(limits=LimitTerms(10**6, 10**6, 10_000)))
    feed.now_ns = START_NS + DAY_NS - 5 * MS
    feed.approve(6_000)
    feed.approve(4_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I4"]


def test_i4_what_counted_in_the_month_alone_is_given_back_to_it() -> None:
    feed = rich(Terms(limits=LimitTerms(10**6, 10**6, 10_000)))
    feed.now_ns = START_NS + DAY_NS - 5 * MS
    ref = feed.approve(6_000)
    feed.reverse(ref, 6_000)
    feed.approve(10_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I4"]


@pytest.mark.parametrize("days,found", [(30, ["I4"]), (31, [])])
def test_i4_a_month_begins_on_the_first(days: int, found: list[str]) -> None:
    """March has 31 days."""
    feed = rich(Terms(limits=LimitTerms(10**6, 10**6, 10_000)), chain=False)
    feed.capture(feed.approve(10_000), 10_000)
    feed.now_ns = START_NS + days * DAY_NS
    feed.approve(1)
    assert feed.found == found


@pytest.mark.parametrize("answered", [False, True])
def test_i4_a_reversal_gives_back_as_soon_as_it_is_sent(answered: bool) -> None:
    feed = rich()
    feed.approve(5_000)
    ref = feed.approve(4_000)
    reversal = feed.send(ReversalRequest("r", ref, "ada-card", "visa", feed.now_ns))
    if answered:
        feed.answer(reversal, ReversalResponse(ref, 4_000))
    feed.approve(5_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I4"]


def test_i4_a_reversal_gives_back_what_was_still_held() -> None:
    feed = rich()
    feed.approve(5_000)
    ref = feed.approve(5_000)
    feed.capture(ref, 2_000, final=False)
    feed.reverse(ref, 3_000)
    feed.approve(3_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I4"]


@pytest.mark.parametrize("cents", [1, 5_000, 9_000])
def test_i4_a_capture_changes_nothing(cents: int) -> None:
    feed = rich()
    feed.approve(5_000)
    feed.capture(feed.approve(4_000), cents)
    feed.approve(1_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I4"]


def test_i4_an_expiry_gives_back_to_the_month() -> None:
    feed = rich(Terms(limits=LimitTerms(10**6, 10**6, 10_000)))
    feed.approve(10_000)
    feed.pass_(5 * DAY_NS + SECOND_NS)
    feed.approve(10_000)
    assert feed.found == []


def test_i4_what_was_given_back_to_an_old_day_is_not_given_to_this_one() -> None:
    feed = rich()
    old = feed.approve(5_000)
    feed.pass_(DAY_NS)
    for _ in range(2):
        feed.approve(5_000)
    feed.reverse(old, 5_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I4"]


def test_i4_near_midnight_a_skewed_clock_is_given_its_slack() -> None:
    for slack_ns, found in ((0, ["I4"]), (2 * SECOND_NS, [])):
        feed = rich(Terms(limits=LimitTerms(5_000, 10_000, 10**9)), slack_ns=slack_ns)
        for _ in range(2):
            feed.approve(5_000)
        feed.now_ns = START_NS + DAY_NS - SECOND_NS
        feed.approve(1)
        assert feed.found == found
        feed.now_ns = START_NS + DAY_NS + SECOND_NS
        feed.approve(5_000)
        feed.now_ns += HOUR_NS
        feed.approve(5_000)
        feed.approve(5_000)
        assert feed.found == [*found, *(["I4"] if not slack_ns else [])]


def test_i4_the_slack_begins_before_midnight_without_anything_else_happening() -> None:
    feed = rich(Terms(limits=LimitTerms(5_000, 10_000, 10**9)), slack_ns=2 * SECOND_NS)
    for before_ns in (4 * SECOND_NS, 3 * SECOND_NS):
        feed.now_ns = START_NS + DAY_NS - before_ns
        feed.approve(5_000)
    feed.now_ns = START_NS + DAY_NS - SECOND_NS
    feed.approve(1)
    assert feed.found == []


def test_i4_accounts_have_windows_of_their_own() -> None:
    feed = rich()
    feed.deposit(RICH, account_id="bob")
    for _ in range(2):
        feed.approve(5_000)
        feed.approve(5_000, card="bob-card")
    assert feed.found == []


def test_i4_the_default_limits_are_those_of_the_terms() -> None:
    assert (TERMS.limits.per_transaction_cents, TERMS.limits.daily_cents) == (100_000, 500_000)
    feed = rich(TERMS)
    for _ in range(5):
        feed.approve(100_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I4"]


@pytest.mark.parametrize("cents,found", [(999, []), (1_000, []), (1_001, ["I4"])])
@pytest.mark.parametrize("whose", ["card", "mandate"])
def test_i4_a_card_and_a_mandate_have_limits_of_their_own(whose: str, cents: int, found: list[str]) -> None:
    feed = rich()
    own = LimitTerms(1_000, None, None)
    if whose == "card":
        feed.open(CardOpening("ada-card", "visa", 2**62, limits=own))
    else:
        feed.open(
            CardOpening("ada-card", "visa", 2**62, mandate_id="m"), mandates=(MandateOpening("m", 2**62, limits=own),)
        )
    feed.approve(cents)
    assert feed.found == found


@pytest.mark.parametrize("limits", [{"blocked_mccs": frozenset({"5411"})}, {"allowed_mccs": frozenset({"5412"})}])
def test_i4_a_category_that_is_not_allowed_is_not_approved(limits: dict[str, frozenset[str]]) -> None:
    feed = rich(Terms(limits=LimitTerms(**limits)))
    feed.approve(1)
    assert feed.found == ["I4"]
