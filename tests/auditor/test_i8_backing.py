"""I8: a customer's on-chain balance covers open holds and captures not yet burned."""

from __future__ import annotations

import pytest
from feed import USDC6, Feed, posted

from engine.interface import DepositNotice, NoticeReceipt, WithdrawalStage


def test_i8_a_notice_of_a_deposit_that_is_not_on_chain_backs_nothing() -> None:
    """The engine was told of 100 $ of which the chain has 60 $ only."""
    feed = Feed(cents=6_000)
    feed.tell(DepositNotice("0xforged:0", "ada", 4_000 * USDC6, 1), NoticeReceipt("0xforged:0", True))
    feed.approve(10_000)
    assert feed.found == []
    feed.chain("CardDeposit", 1, ref="0xd:9")
    assert feed.found == ["I8"]
    assert feed.message == (
        "not backed: after a CardDeposit at 2026-03-01T01:00:00.030Z account ada has 60.000001 USDC on chain, "
        "39.999999 USDC less than its open holds and unburned captures need"
    )


@pytest.mark.parametrize("cents,found", [(3_999, []), (4_000, []), (4_001, ["I2", "I8"])])
def test_i8_what_was_approved_beside_a_withdrawal_has_to_be_left_by_it(cents: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 6_000)
    feed.approve(cents)
    feed.withdraw(WithdrawalStage.COMPLETED, 6_000)
    assert feed.found == found


def test_i8_a_payout_of_what_was_held_before_is_the_contracts_doing() -> None:
    feed = Feed(cents=10_000)
    ref = feed.approve(6_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 10_000)
    feed.withdraw(WithdrawalStage.COMPLETED, 10_000)
    assert feed.found == []
    feed.capture(ref, 6_000)
    feed.chain("SettlementShortfall", 6_000 * USDC6, "0xs", "0xs-tx:0")
    assert feed.found == []


def test_i8_a_payout_that_the_engine_was_not_told_of_is_not_its_fault() -> None:
    feed = Feed(cents=10_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 10_000, told=False)
    feed.approve(6_000)
    feed.withdraw(WithdrawalStage.COMPLETED, 10_000, told=False)
    assert feed.found == []


@pytest.mark.parametrize("end", [WithdrawalStage.COMPLETED, WithdrawalStage.CANCELLED, WithdrawalStage.REDUCED])
def test_i8_each_request_has_to_be_told_of_anew(end: WithdrawalStage) -> None:
    """The first one was noticed and is over; of the second the engine knows nothing when it is paid."""
    feed = Feed(cents=10_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 1_000)
    feed.withdraw(end, 1_000 if end is WithdrawalStage.COMPLETED else 0)
    feed.withdraw(WithdrawalStage.REQUESTED, 9_000, told=False)
    feed.approve(9_000)
    feed.withdraw(WithdrawalStage.COMPLETED, 9_000, told=False)
    assert feed.found == []


def test_i8_a_burn_lowers_need_and_balance_alike() -> None:
    feed = Feed(cents=10_000)
    feed.capture(feed.approve(6_000), 6_000)
    feed.approve(4_000)
    feed.burn(6_000)
    assert feed.found == []


def test_i8_a_burn_for_a_capture_in_flight_does_too() -> None:
    feed = Feed(cents=10_000)
    batch = feed.send(feed.batch((feed.approve(10_000), 10_000, True)))
    feed.burn(10_000)
    feed.answer(batch, posted(batch))
    assert feed.found == []


@pytest.mark.parametrize("cents,found", [(4_000, ["I7"]), (4_001, ["I7", "I8"])])
def test_i8_a_burn_that_was_not_owed_takes_backing_away(cents: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    feed.approve(6_000)
    feed.burn(cents)
    assert feed.found == found


def test_i8_a_capture_beyond_its_hold_may_take_what_is_leaving() -> None:
    """The engine covers it from the withdrawal; the payout may still come before the burn."""
    feed = Feed(cents=10_000)
    ref = feed.approve(2_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 8_000)
    feed.capture(ref, 5_000)
    feed.withdraw(WithdrawalStage.COMPLETED, 8_000)
    assert feed.found == []


def test_i8_a_gap_is_told_once_and_again_when_it_grows() -> None:
    feed = Feed(cents=1_000)
    feed.tell(DepositNotice("0xforged:0", "ada", 10_000 * USDC6, 1), NoticeReceipt("0xforged:0", True))
    feed.approve(2_000)
    feed.chain("WithdrawalRequested", 1)
    feed.chain("WithdrawalCancelled", 1)
    assert feed.found == ["I8"]
    feed.approve(1)
    feed.chain("WithdrawalRequested", 1)
    assert feed.found == ["I8", "I8"]


def test_i8_an_event_of_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown chain event 'CardDepositt'"):
        Feed().chain("CardDepositt", 1)


@pytest.mark.parametrize("taken_back,found", [(False, []), (True, ["I8"])])
def test_i8_what_a_hold_gives_back_belongs_to_the_withdrawal_that_asked_for_it(
    taken_back: bool, found: list[str]
) -> None:
    """A request beyond what is free is excused for the holds of then alone, not for what is approved in their place."""
    feed = Feed(cents=1_000)
    held = feed.approve(400)
    feed.withdraw(WithdrawalStage.REQUESTED, 1_000)
    if taken_back:
        feed.reverse(held, 400)
        feed.approve(300)
    feed.withdraw(WithdrawalStage.COMPLETED, 1_000, told=False)
    assert feed.found == found


def test_i8_what_a_hold_of_later_gives_back_is_no_part_of_what_was_asked_for() -> None:
    feed = Feed(cents=1_000)
    feed.approve(400)
    feed.withdraw(WithdrawalStage.REQUESTED, 1_000)
    feed.deposit(500)
    feed.reverse(feed.approve(100), 100)
    feed.withdraw(WithdrawalStage.COMPLETED, 1_000, told=False)
    assert feed.found == []
