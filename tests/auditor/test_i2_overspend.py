"""I2: approvals never exceed available funds."""

from __future__ import annotations

import pytest
from feed import DAY_NS, HOUR_NS, SECOND_NS, USDC6, Feed, declined, posted

from engine.interface import (
    AccountOpening,
    CardOpening,
    DeclineReason,
    DepositNotice,
    NoticeReceipt,
    ReversalRequest,
    ReversalResponse,
    WithdrawalStage,
)


@pytest.mark.parametrize("cents,found", [(3_999, []), (4_000, []), (4_001, ["I2"])])
def test_i2_the_last_cent_may_be_approved_and_none_beyond_it(cents: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    feed.approve(6_000)
    feed.approve(cents)
    assert feed.found == found


def test_i2_says_who_spent_how_much_too_much_and_when() -> None:
    feed = Feed(cents=10_000)
    feed.approve(6_000)
    feed.approve(4_001, "late")
    (finding,) = feed.auditor.findings
    assert (finding.invariant, finding.ref, finding.account_id) == ("I2", "late", "ada")
    assert finding.at_ns == feed.now_ns
    assert finding.message == (
        "overspent: at 2026-03-01T01:00:00.030Z an approval of $40.01 took account ada to 100.01 USDC held and "
        "captured for certain, where at most 100.00 USDC can have been there: 0.01 USDC too much"
    )


def test_i2_each_further_overspend_is_told_and_the_first_not_again() -> None:
    feed = Feed(cents=1_000)
    for cents in (1_001, 1, 5):
        feed.approve(cents)
    assert feed.found == ["I2"] * 3
    assert ": 0.05 USDC too much" in feed.auditor.findings[2].message


@pytest.mark.parametrize("usdc6,found", [(10**7, []), (10**7 - 1, ["I2"])])
def test_i2_counts_millionths(usdc6: int, found: list[str]) -> None:
    feed = Feed(cents=0)
    feed.deposit(0, usdc6=usdc6)
    feed.approve(1_000)
    assert feed.found == found


def test_i2_money_may_be_spent_as_soon_as_anybody_saw_it() -> None:
    """In a block already, its notice under way: an engine that is quicker than its watcher is not wrong."""
    feed = Feed(cents=0)
    feed.chain("CardDeposit", 10_000 * USDC6, ref="0xd:9")
    feed.approve(6_000)
    notice = feed.send(DepositNotice("0xd:9", "ada", 10_000 * USDC6, 1))
    feed.approve(4_000)
    feed.answer(notice, NoticeReceipt("0xd:9", True))
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I2"]


@pytest.mark.parametrize("answered", [False, True])
def test_i2_a_hold_may_be_gone_as_soon_as_its_reversal_was_sent(answered: bool) -> None:
    feed = Feed(cents=10_000)
    ref = feed.approve(10_000)
    reversal = feed.send(ReversalRequest("r", ref, "ada-card", "visa", feed.now_ns))
    if answered:
        feed.answer(reversal, ReversalResponse(ref, 10_000))
    feed.approve(10_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I2"]


def test_i2_a_reversal_frees_no_more_than_its_own_hold() -> None:
    feed = Feed(cents=10_000)
    feed.approve(6_000)
    feed.reverse(feed.approve(4_000), 4_000)
    feed.approve(4_001)
    assert feed.found == ["I2"]


def test_i2_an_approval_counts_when_it_is_answered_and_not_before() -> None:
    """Of two in flight either may have been first, so neither is counted on until its answer is there."""
    feed = Feed(cents=10_000)
    first, second = feed.request(6_000), feed.request(6_000)
    feed.send(first)
    feed.send(second)
    feed.answer(second, feed.approval(second))
    assert feed.found == []
    feed.answer(first, feed.approval(first))
    assert feed.found == ["I2"]


def test_i2_a_hold_whose_time_is_over_is_not_counted() -> None:
    feed = Feed(cents=10_000)
    feed.approve(10_000)
    feed.pass_(5 * DAY_NS + SECOND_NS)
    feed.approve(10_000)
    assert feed.found == []


@pytest.mark.parametrize("before_ns,found", [(HOUR_NS, ["I2"]), (-SECOND_NS, [])])
def test_i2_a_hold_counts_until_shortly_before_its_end(before_ns: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    feed.approve(10_000)
    feed.pass_(5 * DAY_NS - before_ns)
    feed.approve(1)
    assert feed.found == found


@pytest.mark.parametrize("presented,found", [(3_999, []), (4_000, []), (4_001, ["I2"])])
def test_i2_what_was_captured_stays_spent(presented: int, found: list[str]) -> None:
    """Hold 50 $ of 100 $, capture another amount, then approve 60 $."""
    feed = Feed(cents=10_000)
    feed.capture(feed.approve(5_000), presented)
    feed.approve(6_000)
    assert feed.found == found


def test_i2_while_a_capture_is_in_flight_the_smaller_amount_counts() -> None:
    feed = Feed(cents=10_000)
    ref = feed.approve(8_000)
    batch = feed.send(feed.batch((ref, 3_000, True)))
    feed.approve(7_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I2"]
    feed.answer(batch, posted(batch))
    assert feed.found == ["I2"]


def test_i2_parts_leave_the_rest_of_the_hold_in_force() -> None:
    feed = Feed(cents=10_000)
    ref = feed.approve(8_000)
    feed.capture(ref, 3_000, final=False)
    feed.approve(2_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I2"]


@pytest.mark.parametrize("owed,found", [(0, ["I2"]), (2_999, ["I2"]), (3_000, []), (3_001, [])])
def test_i2_what_a_force_post_takes_too_much_has_to_be_owed(owed: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    feed.capture("nobody-asked", 13_000, owed_cents=owed)
    assert feed.found == found


@pytest.mark.parametrize("usdc6,owed,found", [(10**7 + 5_000, 0, []), (10**7 + 5_000, 1, []), (10**7, 0, ["I2"])])
def test_i2_a_fraction_of_a_cent_may_be_owed_or_not(usdc6: int, owed: int, found: list[str]) -> None:
    """A debt of half a cent has no name in whole cents, so either rounding will do; a whole cent has."""
    feed = Feed(cents=0)
    feed.deposit(0, usdc6=usdc6)
    feed.capture("nobody-asked", 1_001, owed_cents=owed)
    assert feed.found == found


def test_i2_a_debt_is_no_money() -> None:
    """Owing 30 $ after a force post leaves nothing to spend, and a deposit pays the debt first."""
    feed = Feed(cents=10_000)
    feed.capture("nobody-asked", 13_000, owed_cents=3_000)
    feed.deposit(4_000)
    feed.approve(1_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I2"]


def test_i2_money_on_its_way_out_is_not_spendable() -> None:
    feed = Feed(cents=10_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 6_000)
    feed.approve(4_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I2"]


def test_i2_a_request_takes_only_what_was_free_then() -> None:
    """All is asked for while 60 $ are held; the hold is released: whether that is spendable, the terms leave open."""
    feed = Feed(cents=10_000)
    ref = feed.approve(6_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 10_000)
    feed.reverse(ref, 6_000)
    feed.approve(6_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I2"]


def test_i2_a_second_request_takes_only_what_was_free_then() -> None:
    feed = Feed(cents=10_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 6_000)
    feed.withdraw(WithdrawalStage.COMPLETED, 6_000)
    ref = feed.approve(3_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 4_000)
    feed.reverse(ref, 3_000)
    feed.approve(3_000)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I2"]


@pytest.mark.parametrize("asked", [1_000, 6_000])
def test_i2_what_was_asked_while_a_request_was_in_flight_may_have_come_first(asked: int) -> None:
    """The request finds only what the swipe left, if that was decided first; its hold is released and spent again."""
    feed = Feed(cents=10_000)
    event = feed.withdraw(WithdrawalStage.REQUESTED, 10_000, told=False)
    feed.send(event)
    ref = feed.approve(asked)
    feed.answer(event, NoticeReceipt(event.event_id, True))
    feed.reverse(ref, asked)
    feed.approve(asked)
    assert feed.found == []
    feed.approve(1)
    assert feed.found == ["I2"]


@pytest.mark.parametrize("stage,cents", [(WithdrawalStage.CANCELLED, 6_000), (WithdrawalStage.REDUCED, 1_000)])
def test_i2_what_a_withdrawal_gives_back_is_spendable_at_once(stage: WithdrawalStage, cents: int) -> None:
    feed = Feed(cents=10_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 6_000)
    feed.withdraw(stage, cents, told=False)
    feed.approve(9_000)
    assert feed.found == []
    feed.approve(1_001)
    assert feed.found == ["I2"]


def test_i2_what_was_paid_out_is_gone() -> None:
    feed = Feed(cents=10_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 6_000)
    feed.withdraw(WithdrawalStage.COMPLETED, 6_000)
    feed.approve(4_001)
    assert feed.found == ["I2"]


@pytest.mark.parametrize("cents", [2_499, 2_501])
def test_i2_an_approval_is_for_the_amount_asked(cents: int) -> None:
    feed = Feed(cents=10_000)
    request = feed.send(feed.request(2_500))
    feed.answer(request, feed.approval(request, cents))
    assert feed.found == ["I2"]
    assert "where $25.00 was asked" in feed.message


def test_i2_a_card_that_nobody_opened_has_nothing_to_spend() -> None:
    feed = Feed(cents=10_000)
    feed.approve(1, card="found-in-the-street")
    assert feed.found == ["I2"]
    assert "a card that was never opened" in feed.message


def test_i2_one_account_has_several_cards_and_one_balance() -> None:
    feed = Feed(cents=10_000)
    cards = tuple(CardOpening(name, "visa", 2**62) for name in ("ada-card", "second"))
    feed.auditor.opened(feed.now_ns, AccountOpening("ada", "0xada", cards))
    feed.approve(6_000)
    feed.approve(4_000, card="second")
    assert feed.found == []
    feed.approve(1, card="second")
    assert feed.found == ["I2"]


def test_i2_a_decline_takes_nothing_and_a_failure_counts_as_nothing() -> None:
    feed = Feed(cents=10_000)
    feed.decline(9_000)
    request = feed.send(feed.request(9_000))
    feed.fail(request)
    feed.approve(10_000)
    assert feed.found == []
    feed.send(request)
    feed.answer(request, declined(request, DeclineReason.INSUFFICIENT_FUNDS))
    assert feed.found == []
