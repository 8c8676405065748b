"""Of disputes, what no answer shows: the names under which their money waits to be burned, and whose books it is in."""

from __future__ import annotations

from collections import Counter

import pytest

from engine.domain.accounts import Card, CardStatus, Funds
from engine.domain.disputes import Dispute, DisputeState
from engine.domain.ledger import USD, Commit, Posted, Rows
from engine.interface import DisputeNotice, DisputeOutcome
from engine.services.dispute import followed

CARD = Card("card-1", "ada", "visa", 10**19, CardStatus.ACTIVE)


def rows(*, known: Dispute | None = None, posted: frozenset[str] = frozenset(), owed_cents: int = 0) -> Rows:
    """Two sales of ada's, one with a dispute perhaps."""
    return Rows(
        {}, {"ada": Funds(10_000_000, receivable_usdc6=owed_cents * 10_000)}, {"card-1": CARD}, posted, {}, {}, {}, {},
        {sale: Posted("ada", 10_000_000) for sale in ("p1", "p2")},
        {} if known is None else {known.presentment_id: known}, {}, {},
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
