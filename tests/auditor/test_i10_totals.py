"""I10: the lines of the statement, added up, are the balance."""

from __future__ import annotations

import pytest
from feed import HOUR_NS, START_NS, USDC6, Feed

from engine.interface import StatementEntry, StatementKind, WithdrawalStage

K = StatementKind


def told() -> tuple[Feed, list[StatementEntry]]:
    """Ada spends beyond her funds, pays a part of it, and takes the rest out; the balance is told, and it is right."""
    feed = Feed(cents=0)
    first = feed.deposit(1_000)
    capture = feed.capture("force-post", 1_500, owed_cents=500)
    second = feed.deposit(700)
    feed.burn(1_500, "0xs")
    feed.withdraw(WithdrawalStage.REQUESTED, 150)
    payout = feed.withdraw(WithdrawalStage.COMPLETED, 150)
    feed.pass_(2 * HOUR_NS)
    feed.balance(available=50)
    lines = [
        (K.DEPOSIT, first.deposit_id, 1_000),
        (K.CAPTURE, capture, 1_500),
        (K.RECEIVABLE, capture, 500),
        (K.DEPOSIT, second.deposit_id, 700),
        (K.RECOVERY, f"recovery:{second.deposit_id}", 500),
        (K.SETTLEMENT, "0xs", 1_500),
        (K.WITHDRAWAL, payout.event_id, 150),
    ]
    return feed, [StatementEntry(kind, ref, "ada", cents * USDC6, START_NS) for kind, ref, cents in lines]


def closed(feed: Feed, lines: list[StatementEntry]) -> list[str]:
    feed.auditor.statement(lines)
    feed.auditor.finish(feed.now_ns)
    return feed.found


def test_i10_lines_that_add_up_are_let_pass() -> None:
    assert closed(*told()) == []


@pytest.mark.parametrize("cents", [499, 300])
def test_i10_a_recovery_that_tells_less_than_was_paid_does_not_add_up(cents: int) -> None:
    """Each line by itself is in order: a recovery is judged by itself only as far as its deposit goes."""
    feed, lines = told()
    lines[4] = StatementEntry(K.RECOVERY, lines[4].ref, "ada", cents * USDC6, START_NS)
    assert closed(feed, lines) == ["I10"]
    assert "receivables less recoveries are" in feed.message


def test_i10_a_recovery_that_has_no_line_is_missed() -> None:
    feed, lines = told()
    assert closed(feed, lines[:4] + lines[5:]) == ["I10"]


def test_i10_nothing_is_added_up_where_something_came_after_the_balance() -> None:
    feed, lines = told()
    late = feed.deposit(100)
    lines.append(StatementEntry(K.DEPOSIT, late.deposit_id, "ada", 100 * USDC6, START_NS))
    assert closed(feed, lines[:4] + lines[5:]) == []


def test_i10_a_balance_that_is_wrong_by_itself_is_told_of_once() -> None:
    feed, lines = told()
    feed.balance(available=51)
    assert closed(feed, lines) == ["I3"]
