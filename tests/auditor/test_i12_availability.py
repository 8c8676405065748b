"""I12, its other half: what is free can be used."""

from __future__ import annotations

from typing import Any

import pytest
from feed import DAY_NS, HOUR_NS, MS, SECOND_NS, START_NS, USDC6, Feed, declined, posted

from engine.interface import DeclineReason, LimitTerms, ReversalRequest, ReversalResponse, Terms, WithdrawalStage

MINUTE_NS = 60 * SECOND_NS
FUNDS, TRANSACTION = DeclineReason.INSUFFICIENT_FUNDS, DeclineReason.TRANSACTION_LIMIT
DAILY, MONTHLY = DeclineReason.DAILY_LIMIT, DeclineReason.MONTHLY_LIMIT
LIMITS = Terms(limits=LimitTerms(per_transaction_cents=5_000, daily_cents=8_000, monthly_cents=12_000))


def patient(cents: int = 10_000, terms: Terms = LIMITS, **settings: Any) -> Feed:
    """An account whose money has been there for an hour."""
    feed = Feed(terms, cents, patience_ns=10 * MINUTE_NS, **settings)
    feed.pass_(HOUR_NS)
    return feed


@pytest.mark.parametrize("cents,found", [(2_001, []), (2_000, ["I12"]), (1_999, ["I12"])])
def test_i12_what_is_free_is_not_refused(cents: int, found: list[str]) -> None:
    feed = patient(5_000)
    feed.approve(3_000)
    feed.decline(cents)
    assert feed.found == found


def test_i12_says_what_was_refused_and_what_was_there() -> None:
    feed = patient(5_000)
    feed.decline(2_000)
    assert feed.message == (
        "refused without need: $20.00 was declined at 2026-03-01T02:00:00.020Z (insufficient_funds) although at least "
        "50.00 USDC were free for certain, and had been for a while"
    )


@pytest.mark.parametrize("after_ns,found", [(9 * MINUTE_NS, []), (11 * MINUTE_NS, ["I12"])])
@pytest.mark.parametrize("how", ["deposit", "reversal", "lower capture", "expiry", "cancelled withdrawal"])
def test_i12_what_has_just_come_back_may_not_have_arrived_yet(how: str, after_ns: int, found: list[str]) -> None:
    feed = patient(0 if how == "deposit" else 5_000)
    if how == "deposit":
        feed.deposit(5_000)
    elif how == "reversal":
        feed.reverse(feed.approve(5_000), 5_000)
    elif how == "lower capture":
        feed.capture(feed.approve(5_000), 1_000)
    elif how == "expiry":
        ref = feed.approve(5_000)
        feed.pass_(5 * DAY_NS)
        feed.expire(ref)
    else:
        feed.withdraw(WithdrawalStage.REQUESTED, 5_000)
        feed.withdraw(WithdrawalStage.CANCELLED, 5_000)
    feed.pass_(after_ns)
    feed.decline(4_000)
    assert feed.found == found


@pytest.mark.parametrize("what", ["another in flight", "failed", "presented", "withdrawing", "gave up"])
def test_i12_what_may_be_used_is_not_free(what: str) -> None:
    feed = patient(5_000)
    if what == "another in flight":
        feed.send(feed.request(4_000))
    elif what == "failed":
        feed.fail(feed.send(feed.request(4_000)))
    elif what == "presented":
        feed.send(feed.batch(("force-post", 4_000, True)))
    elif what == "withdrawing":
        feed.withdraw(WithdrawalStage.REQUESTED, 4_000)
    else:
        feed.decline(4_000, reason=DeclineReason.ISSUER_UNAVAILABLE)
    feed.pass_(11 * MINUTE_NS)
    feed.decline(1_001)
    assert feed.found == []
    feed.pass_(MS)
    feed.decline(1_000)
    assert feed.found == ["I12"]


def test_i12_a_refusal_beside_another_may_have_found_its_hold() -> None:
    """Two for all there is: one may be holding while it is decided to refuse it, and the other sees nothing left."""
    feed = patient(5_000)
    first, second = feed.send(feed.request(5_000)), feed.send(feed.request(5_000))
    feed.answer(first, declined(first, DeclineReason.KYC_REQUIRED))
    feed.answer(second, declined(second, FUNDS))
    assert feed.found == []
    feed.pass_(MS)
    feed.decline(5_000)
    assert feed.found == ["I12"]


@pytest.mark.parametrize("cents,found", [(5_000, ["I12"]), (5_001, [])])
def test_i12_the_limit_per_transaction_is_no_lower_than_agreed(cents: int, found: list[str]) -> None:
    feed = patient(10**6)
    feed.decline(cents, reason=TRANSACTION)
    assert feed.found == found


@pytest.mark.parametrize("cents,found", [(3_000, ["I12"]), (3_001, [])])
def test_i12_the_daily_limit_is_no_lower_than_agreed(cents: int, found: list[str]) -> None:
    feed = patient(10**6)
    feed.approve(5_000)
    feed.decline(cents, reason=DAILY)
    assert feed.found == found


@pytest.mark.parametrize("cents,found", [(2_000, ["I12"]), (2_001, [])])
def test_i12_the_monthly_limit_is_no_lower_than_agreed(cents: int, found: list[str]) -> None:
    feed = patient(10**6)
    for _ in range(2):
        feed.approve(5_000)
        feed.pass_(DAY_NS)
    feed.decline(cents, reason=MONTHLY)
    assert feed.found == found


@pytest.mark.parametrize("freed,cents,found", [(5_000, 5_000, ["I12"]), (2_000, 2_001, []), (2_000, 2_000, ["I12"])])
def test_i12_what_a_reversal_freed_is_given_back_to_its_windows(freed: int, cents: int, found: list[str]) -> None:
    feed = patient(10**6)
    feed.approve(3_000)
    ref = feed.approve(5_000)
    if freed < 5_000:
        feed.capture(ref, 5_000 - freed, final=False)
    feed.reverse(ref, freed)
    feed.pass_(11 * MINUTE_NS)
    feed.decline(cents, reason=DAILY)
    assert feed.found == found


def test_i12_what_is_being_reversed_may_still_count() -> None:
    feed = patient(10**6)
    feed.approve(3_000)
    ref = feed.approve(5_000)
    feed.send(ReversalRequest("r", ref, "ada-card", "visa", feed.now_ns))
    feed.pass_(11 * MINUTE_NS)
    feed.decline(1, reason=DAILY)
    assert feed.found == []


def test_i12_a_new_day_is_empty_and_an_old_refusal_no_reason() -> None:
    feed = patient(10**6)
    for cents in (5_000, 3_000):
        feed.approve(cents)
    feed.decline(1, reason=DAILY)
    assert feed.found == []
    feed.now_ns = START_NS + DAY_NS
    feed.decline(1, reason=DAILY)
    assert feed.found == ["I12"]


def test_i12_near_the_edge_of_a_window_nothing_is_said_of_limits() -> None:
    feed = patient(10**6)
    feed.now_ns = START_NS + DAY_NS - 5 * MS
    feed.decline(1, reason=DAILY)  # sent in one day, answered in the next
    request = feed.request(5_000)
    feed.now_ns = START_NS + 2 * DAY_NS - 5 * MS
    feed.send(request)
    feed.answer(request, feed.approval(request))  # counted in one of two days
    feed.decline(5_000, reason=DAILY)
    assert feed.found == []


def test_i12_with_another_in_flight_nothing_is_said_of_limits() -> None:
    feed = patient(10**6)
    feed.send(feed.request(5_000))
    feed.decline(5_000, reason=DAILY)
    assert feed.found == []


def test_i12_a_capture_in_full_gives_nothing_back_and_takes_nothing_more() -> None:
    feed = patient(5_000)
    feed.capture(feed.approve(3_000), 3_000)
    feed.decline(2_001)
    assert feed.found == []
    feed.pass_(MS)
    feed.decline(2_000)
    assert feed.found == ["I12"]


def test_i12_a_strangers_card_has_nothing_to_refuse() -> None:
    feed = patient(0)
    request = feed.request(0, card="a-stranger's")
    feed.tell(request, declined(request, FUNDS))
    assert feed.found == []


def test_i12_refusals_need_not_be_judged() -> None:
    feed = Feed(LIMITS, 10_000, patience_ns=None)
    feed.pass_(DAY_NS)
    feed.decline(1)
    assert feed.found == []


def test_i12_a_debt_and_its_payment_leave_what_is_left() -> None:
    feed = patient(5_000)
    batch = feed.batch(("force-post", 6_000, True))
    feed.tell(batch, posted(batch, owed_cents=1_000))
    feed.deposit(3_000)
    feed.pass_(11 * MINUTE_NS)
    feed.decline(2_001)
    assert feed.found == []
    feed.pass_(MS)
    feed.reverse("x", 0)
    feed.tell(ReversalRequest("y", "x", "c", "visa", 1), ReversalResponse("x", 0))
    feed.decline(2_000)
    assert feed.found == ["I12"]
    assert f"{2_000 * USDC6 // 10**6}.00 USDC were free" in feed.message
