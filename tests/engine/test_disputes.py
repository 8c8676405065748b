"""Of disputes, what no answer shows: the names under which their money waits to be burned, and whose books it is in."""

from __future__ import annotations

from collections import Counter

import pytest

from engine.domain.accounts import Card, CardStatus, Funds
from engine.domain.disputes import Dispute, DisputeState
from engine.domain.ledger import USD, Commit, Posted, Rows, unbalanced
from engine.interface import DisputeNotice, DisputeOutcome
from engine.services.dispute import followed

CARD = Card("card-1", "ada", "visa", 10**19, CardStatus.ACTIVE)


def rows(*, known: Dispute | None = None, posted: frozenset[str] = frozenset(), owed_cents: int = 0) -> Rows:
    """Two sales of ada's, one with a dispute perhaps."""
    return Rows(
        {}, {"ada": Funds(10_000_000, receivable_usdc6=owed_cents * 10_000)}, {"card-1": CARD}, posted, {}, {}, {}, {},
        {sale: Posted("ada", 10_000_000, 10_000_000) for sale in ("p1", "p2")},
        {} if known is None else {known.presentment_id: known}, {}, {}, {},
    )  # fmt: skip


def told(sale: str, state: DisputeState, network: str = "visa") -> DisputeNotice:
    return DisputeNotice(f"d:{sale}:{state}", "d", sale, "card-1", network, state, 1_000, 0)


def test_no_two_sales_queue_under_one_dispute() -> None:
    """A settlement is named after what it burns: of two with the same content, one would never be burned."""
    first = followed(told("p1", DisputeState.SUBMITTED), rows(owed_cents=1_000), 0)
    assert first.result.outcome is DisputeOutcome.APPLIED
    again = followed(told("p2", DisputeState.SUBMITTED), rows(posted=frozenset(first.posted), owed_cents=1_000), 0)
    assert again == Commit(result=again.result)
    assert again.result.outcome is DisputeOutcome.NOT_ALLOWED


@pytest.mark.parametrize("end", [DisputeState.LOST, DisputeState.WON])
def test_whatever_network_tells_the_end_nothing_stays_disputed(end) -> None:
    first = followed(told("p1", DisputeState.SUBMITTED), rows(), 0)
    known, posted = first.disputes[0], frozenset(first.posted)
    last = followed(told("p1", end, "mastercard"), rows(known=known, posted=posted), 0)
    assert last.result.outcome is DisputeOutcome.APPLIED
    disputed = Counter()
    for entry in first.entries + last.entries:
        for posting in entry.postings:
            if (posting.book, posting.asset) == ("disputed", USD):
                disputed[posting.owner] += posting.amount
    assert disputed["visa"] == disputed["mastercard"] == 0


@pytest.mark.parametrize(
    "sold,returned,left", [(10, 0, 10), (9, 0, 9), (11, 0, 10), (30, 20, 10), (30, 21, 9), (10, 11, -1)]
)
def test_what_is_left_of_a_sale_is_what_nothing_gave_back(sold: int, returned: int, left: int) -> None:
    assert Posted("ada", 10, sold, returned).left_usdc6 == left


@pytest.mark.parametrize(
    "returned_cents,kept_cents", [(0, 1_000), (9_000, 1_000), (9_001, 999), (10_000, 0), (10_001, 0)]
)
def test_a_dispute_that_is_won_is_kept_taken_back_and_queued_to_the_cent(returned_cents: int, kept_cents: int) -> None:
    """Of a sale of 100.00 so much was refunded after 10.00 had been credited."""
    first = followed(told("p1", DisputeState.SUBMITTED), rows(), 0)
    sale = Posted("ada", 100_000_000, 100_000_000, returned_cents * 10_000)
    before = rows(known=first.disputes[0], posted=frozenset(first.posted))._replace(presentments={"p1": sale})
    last = followed(told("p1", DisputeState.WON), before, 0)
    back_usdc6 = (1_000 - kept_cents) * 10_000
    assert last.disputes[0].credited_cents == last.result.credited_cents == kept_cents
    assert [queued.amount_usdc6 for queued in last.queued] == ([back_usdc6] if back_usdc6 else [])
    assert sum(change.available_usdc6 for change in last.changes) == -back_usdc6
    disputed = [p.amount for entry in first.entries + last.entries for p in entry.postings if p.book == "disputed"]
    owed = [p.amount for entry in last.entries for p in entry.postings if p.book == "owed"]
    assert (sum(disputed), sum(owed)) == (0, -kept_cents)
    assert not any(unbalanced(entry) for entry in last.entries)
