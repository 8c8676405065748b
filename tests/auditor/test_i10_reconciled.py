"""I10, the auditor's share: the engine's statement agrees with what crossed the wire, line by line."""

from __future__ import annotations

from dataclasses import replace

import pytest
from feed import HOUR_NS, USDC6, Feed, posted

from engine.interface import (
    CaptureOutcome,
    CaptureResult,
    ClearingReceipt,
    DepositNotice,
    SettlementReceipt,
    StatementEntry,
    StatementKind,
    WithdrawalStage,
)
from simulators.auditor import Tick
from simulators.auditor.words import when

K = StatementKind


def year() -> tuple[Feed, list[StatementEntry]]:
    """Something of everything, and the statement that it ought to give."""
    feed = Feed(cents=0)
    deposit = feed.deposit(10_000)
    capture = feed.capture(feed.approve(4_000), 4_500)
    forced = feed.capture("force-post", 8_000, owed_cents=2_500)
    recovering = feed.deposit(1_500)
    feed.burn(8_000, "0xs1")
    feed.chain("SettlementShortfall", 2_000 * USDC6, "0xs1", "0xs1-tx:1")
    feed.withdraw(WithdrawalStage.REQUESTED, 1_000)
    payout = feed.withdraw(WithdrawalStage.COMPLETED, 1_000)
    feed.pass_(2 * HOUR_NS)
    lines = [
        (K.DEPOSIT, deposit.deposit_id, 10_000),
        (K.CAPTURE, capture, 4_500),
        (K.CAPTURE, forced, 8_000),
        (K.RECEIVABLE, forced, 2_500),
        (K.DEPOSIT, recovering.deposit_id, 1_500),
        (K.RECOVERY, f"recovery:{recovering.deposit_id}", 1_500),
        (K.SETTLEMENT, "0xs1", 8_000),
        (K.RECEIVABLE, "0xs1", 2_000),
        (K.WITHDRAWAL, payout.event_id, 1_000),
    ]
    assert feed.found == []
    return feed, [StatementEntry(kind, ref, "ada", cents * USDC6, feed.now_ns) for kind, ref, cents in lines]


def judged(feed: Feed, statement: list[StatementEntry]) -> list[str]:
    feed.auditor.statement(statement[:4])
    feed.auditor.statement(statement[4:])
    feed.auditor.finish(feed.now_ns)
    return feed.found


COUNT = len(year()[1])


def test_i10_a_statement_that_agrees_is_let_pass() -> None:
    assert judged(*year()) == []


@pytest.mark.parametrize("index", range(COUNT))
@pytest.mark.parametrize("how", ["altered by one", "of another account", "twice", "of another name", "missing"])
def test_i10_no_line_may_differ(index: int, how: str) -> None:
    feed, statement = year()
    line = statement[index]
    if how == "altered by one":
        # Receivables are reported in whole cents, so a debt may be a fraction smaller; a recovery may be any part.
        more = USDC6 if line.kind is K.RECEIVABLE else 1
        statement[index] = replace(line, amount_usdc6=line.amount_usdc6 + more)
    elif how == "of another account":
        statement[index] = replace(line, account_id="bob")
    elif how == "twice":
        statement.append(line)
    elif how == "of another name":
        statement[index] = replace(line, ref=f"{line.ref}0")
    else:
        del statement[index]
    found = judged(feed, statement)
    if how == "missing" and (line.kind is K.RECOVERY or (line.kind is K.RECEIVABLE and line.ref == "0xs1")):
        assert found == []  # no answer told of a recovery or of a shortfall, so no line of them is asked for
    else:
        assert found
        assert set(found) == {"I10"}


def test_i10_says_what_the_line_is_and_what_it_ought_to_be() -> None:
    feed, statement = year()
    statement[1] = replace(statement[1], amount_usdc6=1)
    judged(feed, statement)
    assert feed.message == (
        f"statement of {when(statement[1].at_ns)}: capture of 0.000001 USDC for {statement[1].ref}; "
        "$45.00 was presented"
    )


def test_i10_without_a_statement_nothing_is_asked_of_it() -> None:
    feed, _ = year()
    feed.auditor.finish(feed.now_ns)
    assert feed.found == []


@pytest.mark.parametrize("listed", [False, True])
def test_i10_what_was_not_answered_may_have_a_line_or_none(listed: bool) -> None:
    feed, statement = year()
    batch = feed.send(feed.batch(("late", 700, True)))
    feed.fail(batch)
    notice = DepositNotice("0xlate:0", "ada", 300 * USDC6, 9)
    feed.send(notice)
    feed.fail(notice)
    if listed:
        ref = batch.presentments[0].presentment_id
        statement.append(StatementEntry(K.CAPTURE, ref, "ada", 700 * USDC6, feed.now_ns))
        statement.append(StatementEntry(K.DEPOSIT, "0xlate:0", "ada", 300 * USDC6, feed.now_ns))
    assert judged(feed, statement) == []


def test_i10_a_burn_that_is_not_final_yet_needs_no_line() -> None:
    feed, statement = year()
    ref = feed.capture(feed.approve(100), 100)
    feed.burn(100, "0xs2")
    statement.append(StatementEntry(K.CAPTURE, ref, "ada", 100 * USDC6, feed.now_ns))
    assert judged(feed, statement) == []


@pytest.mark.parametrize("more", [-1, 1])
def test_i10_a_capture_posts_what_was_presented(more: int) -> None:
    feed = Feed(cents=10_000)
    batch = feed.batch((feed.approve(500), 500, True))
    feed.tell(batch, posted(batch, more_cents=more))
    assert feed.found == ["I10"]
    assert feed.message.startswith(f"$5.00 was presented, ${5 + more / 100:.2f} was posted at ")


@pytest.mark.parametrize("owed,found", [(500, []), (501, ["I10"]), (-1, ["I10"])])
def test_i10_no_more_is_owed_than_was_presented(owed: int, found: list[str]) -> None:
    feed = Feed(cents=0)
    batch = feed.batch(("force-post", 500, True))
    feed.tell(batch, posted(batch, owed_cents=owed))
    assert [invariant for invariant in feed.found if invariant == "I10"] == found


def test_i10_a_capture_on_a_card_that_exists_always_posts() -> None:
    def refused(card: str) -> list[str]:
        feed = Feed(cents=10_000)
        batch = feed.batch(("a1", 500, True), card=card)
        result = CaptureResult(batch.presentments[0].presentment_id, CaptureOutcome.UNKNOWN_CARD, 0, 0, 0)
        feed.tell(batch, ClearingReceipt("file", (result,)))
        feed.balance(available=10_000)
        return feed.found

    assert refused("a-stranger's") == []
    assert refused("ada-card") == ["I10"]


def test_i10_a_receipt_has_a_result_for_each_presentment() -> None:
    feed = Feed(cents=10_000)
    batch = feed.batch(("a1", 500, True), ("a2", 500, True))
    feed.tell(batch, ClearingReceipt("file", posted(batch).results[:1]))
    assert feed.found == ["I10"]


@pytest.mark.parametrize("more,found", [(-1, []), (0, []), (1, ["I10"])])
def test_i10_a_tick_claims_no_more_than_the_chain_burned(more: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    feed.capture(feed.approve(500), 500)
    feed.burn(500)
    feed.tell(Tick("settle", feed.now_ns), SettlementReceipt(1, 1, 1, 500 * USDC6 + more, 50_000))
    feed.auditor.finish(feed.now_ns)
    assert feed.found == found
