"""I7: every captured unit is burned on chain exactly once, in bounded time."""

from __future__ import annotations

import pytest
from feed import HOUR_NS, SECOND_NS, USDC6, Feed, posted

from engine.interface import SettlementReceipt, Terms
from simulators.auditor import Tick

BOUND_NS = Terms().settlement_bound_ns
SLOT_NS = BOUND_NS // 64


def captured(cents: int = 4_000) -> Feed:
    feed = Feed(cents=10_000)
    feed.capture(feed.approve(cents), cents)
    return feed


@pytest.mark.parametrize("more,found", [(-1, []), (0, []), (1, ["I7"])])
def test_i7_no_more_is_burned_than_was_captured(more: int, found: list[str]) -> None:
    feed = captured()
    feed.chain("CardSettlement", 4_000 * USDC6 + more, "0xs", "0xt:0")
    assert feed.found == found


def test_i7_a_second_burn_of_the_same_captures_is_one_too_many() -> None:
    feed = captured()
    feed.burn(4_000)
    feed.burn(4_000)
    assert feed.message == (
        "burned too much: 40.00 USDC at 2026-03-01T01:00:00.030Z make 80.00 USDC burned of account ada, of which 40.00 "
        "USDC was ever presented: 40.00 USDC too much"
    )


def test_i7_a_double_burn_hidden_by_later_captures_shows_when_they_are_burned() -> None:
    feed = captured(2_000)
    feed.burn(2_000)
    feed.capture(feed.approve(3_000), 3_000)
    feed.burn(2_000)
    assert feed.found == []
    feed.burn(3_000)
    assert "I7" in feed.found


def test_i7_a_burn_may_follow_a_presentment_that_is_still_being_answered() -> None:
    feed = Feed(cents=10_000)
    batch = feed.send(feed.batch((feed.approve(4_000), 4_000, True)))
    feed.burn(4_000)
    feed.answer(batch, posted(batch))
    assert feed.found == []


def test_i7_what_was_presented_twice_is_burned_once() -> None:
    feed = Feed(cents=10_000)
    batch = feed.batch((feed.approve(4_000), 4_000, True))
    feed.tell(batch, posted(batch))
    feed.tell(batch, posted(batch))
    feed.burn(4_001)
    assert feed.found[0] == "I7"


def test_i7_money_of_another_account_pays_for_nobody() -> None:
    feed = captured()
    feed.deposit(10_000, account_id="bob")
    feed.chain("CardSettlement", 1, "0xs", "0xt:0", account_id="bob")
    assert feed.found == ["I7"]
    assert "account bob" in feed.message


def test_i7_a_settlement_id_is_used_in_one_transaction() -> None:
    feed = captured()
    feed.burn(1_000, "0xsame", "0xtx1:0")
    feed.burn(1_000, "0xsame", "0xtx1:1")
    assert feed.found == []
    feed.burn(1_000, "0xsame", "0xtx2:0")
    assert feed.found == ["I7"]
    assert "it had been used in 0xtx1" in feed.message


@pytest.mark.parametrize("late_ns,found", [(-SECOND_NS, []), (0, []), (2 * SLOT_NS, ["I7"])])
def test_i7_a_capture_is_burned_within_the_bound(late_ns: int, found: list[str]) -> None:
    """To the slot: what was posted anywhere in it is due a whole bound after its end."""
    feed = captured()
    feed.pass_(BOUND_NS + late_ns)
    feed.burn(4_000)
    feed.auditor.finish(feed.now_ns)
    assert feed.found == found


@pytest.mark.parametrize("cents,found", [(3_999, ["I7", "I12"]), (4_000, [])])
def test_i7_all_of_it_is_burned(cents: int, found: list[str]) -> None:
    feed = captured()
    feed.pass_(HOUR_NS)
    feed.burn(cents)
    feed.auditor.finish(feed.now_ns + BOUND_NS)
    assert feed.found == found


def test_i7_says_what_is_late() -> None:
    feed = captured()
    feed.pass_(5 * HOUR_NS)
    feed.decline(1)
    assert feed.message == (
        "not burned in time: 40.00 USDC captured from account ada was due by 2026-03-01T05:03:45.000Z, 4 h after it "
        "was posted, and is not on chain"
    )


def test_i7_each_capture_has_a_deadline_of_its_own() -> None:
    feed = captured(1_000)
    feed.pass_(3 * HOUR_NS)
    feed.capture(feed.approve(1_000), 1_000)
    feed.burn(1_000)
    feed.pass_(3 * HOUR_NS)
    feed.decline(1)
    assert feed.found == []
    feed.pass_(2 * HOUR_NS)
    feed.decline(1)
    assert feed.found == ["I7"]


def test_i7_what_is_owed_is_not_awaited_and_what_a_deposit_recovers_is() -> None:
    feed = Feed(cents=10_000)
    feed.capture("force-post", 13_000, owed_cents=3_000)
    feed.burn(10_000)
    feed.pass_(5 * HOUR_NS)
    feed.deposit(2_000)
    feed.pass_(BOUND_NS - SECOND_NS)
    feed.decline(1)
    assert feed.found == []
    feed.pass_(2 * SLOT_NS)
    feed.decline(1)
    assert feed.found == ["I7"]
    assert "20.00 USDC" in feed.message


def test_i7_what_the_chain_missed_is_not_awaited() -> None:
    feed = captured()
    feed.burn(1_000, "0xs")
    feed.chain("SettlementShortfall", 3_000 * USDC6, "0xs", "0xs-tx:1")
    feed.pass_(5 * HOUR_NS)
    feed.auditor.finish(feed.now_ns)
    assert feed.found == []


def test_i7_is_not_judged_where_nobody_watches_the_chain() -> None:
    feed = Feed(cents=10_000, chain=False)
    feed.capture(feed.approve(4_000), 4_000)
    feed.pass_(5 * HOUR_NS)
    feed.auditor.finish(feed.now_ns)
    assert feed.found == []
    assert feed.auditor.invariants == ("I1", "I2", "I3", "I4", "I5", "I6", "I9", "I10", "I12", "I13")


@pytest.mark.parametrize("learns", ["not yet", "not alone", "from a tick"])
def test_i7_a_deposit_recovers_what_was_missed_only_once_the_engine_has_heard_of_that(learns: str) -> None:
    feed = captured()
    feed.burn(1_000, "0xs")
    feed.chain("SettlementShortfall", 3_000 * USDC6, "0xs", "0xs-tx:1")
    before = feed.send(Tick("settle", feed.now_ns))
    feed.pass_(2 * HOUR_NS)
    after = feed.send(Tick("settle", feed.now_ns)) if learns == "not alone" else None
    feed.answer(before, SettlementReceipt(0, 0, 0, 0, 0))
    if after is not None:
        feed.answer(after, SettlementReceipt(0, 0, 0, 0, 0))
    failing = feed.send(Tick("settle", feed.now_ns))
    feed.fail(failing)
    if learns == "from a tick":
        feed.tell(Tick("settle", feed.now_ns + 1), SettlementReceipt(1, 1, 1, 0, 0))
    feed.deposit(500)
    feed.pass_(5 * HOUR_NS)
    feed.auditor.finish(feed.now_ns)
    assert feed.found == (["I7", "I12"] if learns == "from a tick" else [])


@pytest.mark.parametrize("heard", [False, True])
def test_i3_a_burn_is_new_to_an_engine_until_a_tick_has_told_it(heard: bool) -> None:
    feed = captured()
    feed.tell(Tick("settle", feed.now_ns), SettlementReceipt(0, 0, 0, 0, 0))
    feed.burn(4_000)
    feed.pass_(2 * HOUR_NS)
    if heard:
        feed.tell(Tick("settle", feed.now_ns), SettlementReceipt(0, 0, 0, 0, 0))
    feed.balance(available=6_000, unsettled=4_000)
    assert feed.found == (["I3"] if heard else [])
