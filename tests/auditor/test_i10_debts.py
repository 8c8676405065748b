"""I10: a refund pays first what its customer owes, and its result says how much."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from feed import DAY_NS, HOUR_NS, USDC6, Feed, posted

from engine.interface import (
    CaptureOutcome,
    CaptureResult,
    ClearingBatch,
    ClearingReceipt,
    DepositNotice,
    DisputeNotice,
    DisputeOutcome,
    DisputeReceipt,
    DisputeState,
    ExpiryReceipt,
    NoticeReceipt,
    Presentment,
    PresentmentKind,
    ReversalRequest,
    ReversalResponse,
    WithdrawalNotice,
    WithdrawalStage,
)
from simulators.auditor import Tick


def owing(cents: int, funds: int = 1_000, **settings: Any) -> Feed:
    """Ada owes so much: a force post of that beyond her funds."""
    feed = Feed(cents=funds, **settings)
    feed.capture("unknown", funds + cents, owed_cents=cents)
    return feed


def refund(feed: Feed, cents: int) -> ClearingBatch:
    ref = feed.ref("refund")
    credit = Presentment(ref, "", "ada-card", "visa", cents, True, PresentmentKind.REFUND)
    return ClearingBatch(f"batch {ref}", "visa", "file", feed.now_ns, (credit,))


def credited(batch: ClearingBatch, paid_cents: int) -> ClearingReceipt:
    (credit,) = batch.presentments
    cents = credit.amount_cents
    result = CaptureResult(credit.presentment_id, CaptureOutcome.POSTED, cents, 0, 0, paid_cents)
    return ClearingReceipt(batch.file_id, (result,))


def refunded(feed: Feed, cents: int, paid_cents: int) -> None:
    batch = refund(feed, cents)
    feed.tell(batch, credited(batch, paid_cents))


@pytest.mark.parametrize(
    "owed,cents,paid,found",
    [
        (500, 300, 300, []),
        (500, 500, 500, []),
        (500, 700, 500, []),
        (500, 300, 0, ["I10"]),
        (500, 300, 299, ["I10"]),
        (500, 700, 499, ["I10"]),
        (500, 700, 501, ["I10"]),
        (500, 300, 301, ["I10"]),
        (500, 300, -1, ["I10"]),
    ],
)
def test_i10_a_refund_pays_as_much_of_a_debt_as_it_can_and_no_more(
    owed: int, cents: int, paid: int, found: list[str]
) -> None:
    feed = owing(owed)
    refunded(feed, cents, paid)
    assert feed.found == found


@pytest.mark.parametrize("paid,found", [(0, []), (1, ["I10"])])
def test_i10_a_refund_pays_nothing_where_nothing_is_owed(paid: int, found: list[str]) -> None:
    feed = Feed(cents=1_000)
    feed.capture("unknown", 800)
    refunded(feed, 300, paid)
    assert feed.found == found


def test_i10_a_finding_says_what_was_to_be_paid() -> None:
    feed = owing(500)
    refunded(feed, 300, 0)
    assert "a refund of 3.00 USDC" in feed.message
    assert "paid $0.00 of a debt; 3.00 USDC of what was owed" in feed.message


def test_i10_what_one_refund_paid_the_next_does_not_find_owed() -> None:
    feed = owing(500)
    refunded(feed, 300, 300)
    refunded(feed, 300, 200)
    refunded(feed, 300, 0)
    assert feed.found == []
    refunded(feed, 300, 1)
    assert feed.found == ["I10"]


@pytest.mark.parametrize("deposit,left", [(200, 300), (500, 0), (900, 0)])
@pytest.mark.parametrize("less", [0, 1])
def test_i10_a_deposit_pays_a_debt_before_a_refund_does(deposit: int, left: int, less: int) -> None:
    feed = owing(500)
    feed.deposit(deposit)
    refunded(feed, 1_000, left - less)
    assert feed.found == (["I10"] if less else [])


def test_i10_a_debt_grows_by_what_a_lost_dispute_leaves_uncovered() -> None:
    feed = Feed(cents=1_000)
    presentment_id = feed.capture("unknown", 800)
    for state, credit, owed in ((DisputeState.SUBMITTED, 800, 0), (DisputeState.LOST, 0, 300)):
        if state is DisputeState.LOST:
            feed.capture("another", 500)
            feed.capture("a third", 200)
        key = f"dispute {state}"
        notice = DisputeNotice(key, "d", presentment_id, "ada-card", "visa", state, 800, feed.now_ns)
        feed.tell(notice, DisputeReceipt("d", DisputeOutcome.APPLIED, state, credit, owed))
    refunded(feed, 1_000, 300)
    assert feed.found == []
    refunded(feed, 1_000, 1)
    assert feed.found == ["I10"]


def test_i10_what_a_burn_missed_may_be_paid_by_a_refund_and_need_not() -> None:
    """It is owed as soon as the engine has heard of it, which nobody can tell from outside."""
    for paid in (0, 300):
        feed = Feed(cents=1_000)
        feed.capture("unknown", 1_000)
        feed.burn(700, "0xs")
        feed.chain("SettlementShortfall", 300 * USDC6, "0xs", "0xs-tx:0")
        refunded(feed, 400, paid)
        assert feed.found == []


# ---- what is in flight ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paid", [0, 300, 500])
def test_i10_a_deposit_in_flight_may_pay_the_debt_or_leave_it_to_the_refund(paid: int) -> None:
    feed = owing(500)
    deposit = feed.send(DepositNotice("0xd:9", "ada", 1_000 * USDC6, 1))
    batch = feed.send(refund(feed, 500))
    feed.answer(deposit, NoticeReceipt("0xd:9", True))
    feed.answer(batch, credited(batch, paid))
    assert feed.found == []


@pytest.mark.parametrize("first", ["refund", "capture"])
@pytest.mark.parametrize("paid,found", [(0, []), (200, []), (400, [])])
def test_i10_a_capture_in_flight_may_leave_a_debt_that_the_refund_pays(first: str, paid: int, found: list[str]) -> None:
    feed = Feed(cents=1_000)
    capture = feed.send(feed.batch(("unknown", 1_400, True)))
    batch = feed.send(refund(feed, 600))
    answers = {"refund": (batch, credited(batch, paid)), "capture": (capture, posted(capture, owed_cents=400))}
    feed.answer(*answers.pop(first))
    for message, answer in answers.values():
        feed.answer(message, answer)
    assert feed.found == found


@pytest.mark.parametrize("paid", [0, 499, 500, 600])
def test_i10_a_capture_in_flight_may_free_what_pays_a_debt_of_before_or_leave_another(paid: int) -> None:
    feed = owing(500)
    feed.send(feed.batch(("another", 400, True)))
    refunded(feed, 600, paid)
    assert feed.found == []


@pytest.mark.parametrize("stage", ["before", "beside"])
@pytest.mark.parametrize("freeing", ["reversal", "withdrawal", "expiry"])
def test_i10_what_comes_free_may_have_paid_a_debt_before_a_refund_does(freeing: str, stage: str) -> None:
    feed = owing(500)
    message, answer = {
        "reversal": (ReversalRequest("r", "a", "ada-card", "visa", feed.now_ns), ReversalResponse("a", 0)),
        "withdrawal": (WithdrawalNotice("0xw:1", "ada", WithdrawalStage.CANCELLED, 1, 1), NoticeReceipt("0xw:1", True)),
        "expiry": (Tick("expire", feed.now_ns), ExpiryReceipt(())),
    }[freeing]
    sent = feed.send(message)
    if stage == "before":
        feed.answer(sent, answer)
    refunded(feed, 300, 0)
    assert feed.found == []


@pytest.mark.parametrize("left,owed,found", [(1, 0, []), (0, 0, []), (0, 1, []), (1, 1, ["I10"])])
def test_i10_nothing_is_available_to_a_customer_who_owes(left: int, owed: int, found: list[str]) -> None:
    """One cent either way: there is something left, or something is owed, and never both."""
    feed = Feed(cents=1_000)
    feed.capture("unknown", 1_000 - left + owed, owed_cents=owed)
    feed.balance(available=left, unsettled=1_000 - left, receivable=owed)
    assert feed.found == found


def test_i10_two_refunds_at_once_share_a_debt_as_they_come() -> None:
    feed = owing(500)
    one, two = feed.send(refund(feed, 400)), feed.send(refund(feed, 400))
    feed.answer(two, credited(two, 400))
    feed.answer(one, credited(one, 100))
    assert feed.found == []
    refunded(feed, 400, 1)
    assert feed.found == ["I10"]


def test_i10_a_debt_that_two_payments_at_once_have_paid_is_no_debt_of_later() -> None:
    """A capture beside them left another: what was owed before is paid by them together, and only once."""
    feed = owing(500)
    deposits = [feed.send(DepositNotice(f"0xd:{n}", "ada", 1_000 * USDC6, 1)) for n in (8, 9)]
    capture = feed.send(feed.batch(("another", 2_200, True)))
    feed.answer(capture, posted(capture, owed_cents=700))
    for deposit in deposits:
        feed.answer(deposit, NoticeReceipt(deposit.deposit_id, True))
    feed.pass_(HOUR_NS)
    feed.balance(unsettled=3_000, receivable=700)
    assert feed.found == []
    feed.balance(unsettled=2_999, receivable=701)
    assert feed.found == ["I3"]


def test_i10_fractions_of_a_cent_are_paid_and_not_told() -> None:
    feed = Feed(cents=0)
    feed.deposit(0, usdc6=1_000 * USDC6 + 4_000)
    feed.capture("unknown", 1_500, owed_cents=500)  # in truth 499.6 cents
    refunded(feed, 1_000, 499)
    assert feed.found == []
    feed = Feed(cents=0)
    feed.deposit(0, usdc6=1_000 * USDC6 + 4_000)
    feed.capture("unknown", 1_500, owed_cents=500)
    refunded(feed, 1_000, 498)
    assert feed.found == ["I10"]


def test_i10_a_debt_of_days_ago_is_not_forgotten() -> None:
    feed = owing(500)
    feed.burn(1_000)
    feed.pass_(40 * DAY_NS)
    refunded(feed, 300, 0)
    assert feed.found == ["I10"]


def test_i10_a_refused_refund_pays_nothing() -> None:
    """That it was refused is a finding of its own; the debt is as it was."""
    feed = owing(500)
    batch = refund(feed, 300)
    result = replace(credited(batch, 0).results[0], outcome=CaptureOutcome.UNKNOWN_CARD, posted_cents=0)
    feed.tell(batch, ClearingReceipt(batch.file_id, (result,)))
    assert feed.found == ["I10"]
    refunded(feed, 600, 501)
    assert feed.found == ["I10", "I10"]


def test_i10_a_withdrawal_pays_no_debt() -> None:
    feed = owing(500)
    feed.withdraw(WithdrawalStage.REQUESTED, 700)
    feed.withdraw(WithdrawalStage.CANCELLED, 700)
    refunded(feed, 300, 300)
    assert feed.found == []
