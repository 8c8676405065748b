"""A sale is given back once: what a dispute may be answered, and may keep, where a refund came before or meanwhile."""

from __future__ import annotations

import pytest
from feed import Feed

from engine.interface import (
    CaptureOutcome,
    CaptureResult,
    ClearingBatch,
    ClearingReceipt,
    DisputeNotice,
    DisputeOutcome,
    DisputeReceipt,
    DisputeState,
    Presentment,
    PresentmentKind,
)

SUBMITTED, WON, LOST = DisputeState.SUBMITTED, DisputeState.WON, DisputeState.LOST
APPLIED, INVALID = DisputeOutcome.APPLIED, DisputeOutcome.INVALID_AMOUNT


def sold(feed: Feed, cents: int = 3_000) -> str:
    return feed.capture(feed.approve(cents), cents)


def refund(feed: Feed, cents: int, authorization_id: str = "a1") -> None:
    one = Presentment(
        feed.ref("r"), authorization_id, "ada-card", "visa", cents, kind=PresentmentKind.REFUND
    )  # fmt: skip
    batch = ClearingBatch(feed.ref("refunds"), "visa", "file", feed.now_ns, (one,))
    result = CaptureResult(one.presentment_id, CaptureOutcome.POSTED, cents, 0, 0)
    feed.tell(batch, ClearingReceipt("file", (result,)))


def dispute(
    feed: Feed, sale: str, state: DisputeState, cents: int, outcome: DisputeOutcome, credited_cents: int = 0
) -> None:
    notice = DisputeNotice(feed.ref("k"), "d", sale, "ada-card", "visa", state, cents, feed.now_ns)
    stands = state if outcome is APPLIED else None
    feed.tell(notice, DisputeReceipt("d", outcome, stands, credited_cents, 0))


@pytest.mark.parametrize("cents,found", [(1_999, ["I9"]), (2_000, ["I9"]), (2_001, [])])
def test_i9_what_was_not_refunded_can_be_disputed(cents: int, found: list[str]) -> None:
    feed = Feed()
    sale = sold(feed)
    refund(feed, 1_000)
    dispute(feed, sale, SUBMITTED, cents, INVALID)
    assert feed.found == found
    feed.balance(available=8_000, unsettled=2_000)
    assert feed.found == found


@pytest.mark.parametrize("of", ["", "nothing"])
def test_i9_a_refund_that_is_of_no_sale_takes_no_dispute_away(of: str) -> None:
    feed = Feed()
    sale = sold(feed)
    if of == "":
        refund(feed, 3_000, "")
    dispute(feed, sale, SUBMITTED, 3_000, INVALID)
    assert feed.found == ["I9"]


@pytest.mark.parametrize("kept,found", [(1_999, ["I10"]), (2_000, []), (2_001, []), (3_000, []), (3_001, ["I10"])])
def test_i10_a_dispute_that_is_won_keeps_what_was_not_refunded_meanwhile(kept: int, found: list[str]) -> None:
    """Of which sale the refund is, the auditor does not know: it may have been of another."""
    feed = Feed()
    sale = sold(feed)
    dispute(feed, sale, SUBMITTED, 3_000, APPLIED, 3_000)
    refund(feed, 1_000)
    dispute(feed, sale, WON, 3_000, APPLIED, kept)
    assert feed.found == found
    if not found:
        feed.balance(available=8_000 + kept, unsettled=2_000 - kept)
        assert feed.found == []


@pytest.mark.parametrize("kept,found", [(2_999, ["I10"]), (3_000, [])])
def test_i10_a_dispute_that_is_won_keeps_all_where_nothing_was_refunded(kept: int, found: list[str]) -> None:
    feed = Feed()
    sale = sold(feed)
    dispute(feed, sale, SUBMITTED, 3_000, APPLIED, 3_000)
    dispute(feed, sale, WON, 3_000, APPLIED, kept)
    assert feed.found == found


def test_i3_what_is_taken_back_of_a_dispute_that_is_won_is_in_the_balance() -> None:
    feed = Feed()
    sale = sold(feed)
    dispute(feed, sale, SUBMITTED, 3_000, APPLIED, 3_000)
    refund(feed, 1_000)
    dispute(feed, sale, WON, 3_000, APPLIED, 2_000)
    feed.balance(available=11_000, unsettled=-1_000)
    assert feed.found == ["I3"]
