"""I3, I7 and I10, in words: an answer speaks of what was asked, and what it says can be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from feed import HOUR_NS, TERMS, USDC6, Feed, declined, posted

from engine.interface import (
    RESPONSE_CODES,
    CaptureOutcome,
    CaptureResult,
    ClearingReceipt,
    DeclineReason,
    ReversalRequest,
    ReversalResponse,
    Terms,
)


def answered(feed: Feed, *, decline: DeclineReason | None = None, **wrong: Any) -> list[str]:
    """One request of $40.00, its right answer but for ``wrong``; what is found."""
    request = feed.request(4_000)
    feed.send(request)
    right = feed.approval(request) if decline is None else declined(request, decline)
    feed.answer(request, replace(right, **wrong))
    return feed.found


def captured(
    feed: Feed, ref: str, cents: int, freed_cents: int, *, final: bool = True, **wrong: Any
) -> list[str]:  # fmt: skip
    """One presentment of ``ref`` that frees ``freed_cents``, its result right but for ``wrong``; what is found."""
    batch = feed.batch((ref, cents, final))
    (result,) = posted(batch).results
    result = replace(result, **{"released_cents": freed_cents, **wrong})
    feed.tell(batch, ClearingReceipt(batch.file_id, (result,)))
    return feed.found


# ---- authorizations (I3) --------------------------------------------------------------------------------------------


def test_i3_an_approval_names_the_authorization_that_was_asked_for() -> None:
    feed = Feed()
    assert answered(feed) == []
    assert answered(feed, authorization_id="a0") == ["I3"]
    assert feed.message == "the answer of 2026-03-01T01:00:00.030Z to authorization a3 names authorization a0"


def test_i3_a_decline_names_the_authorization_that_was_asked_for() -> None:
    feed = Feed()
    assert answered(feed, decline=DeclineReason.CARD_FROZEN, authorization_id="a0") == ["I3"]


def test_i3_a_repeat_names_the_authorization_that_was_asked_for() -> None:
    feed = Feed()
    request = feed.request(4_000)
    answer = feed.approval(request)
    feed.tell(request, answer)
    feed.tell(request, answer)
    assert feed.found == []
    feed.tell(request, replace(answer, authorization_id="a0"))
    assert feed.found == ["I3"]


@pytest.mark.parametrize("code", ["05", "", "0"])
def test_i3_an_approval_has_the_code_of_an_approval(code: str) -> None:
    feed = Feed()
    assert answered(feed, response_code=code) == ["I3"]
    assert f"is approved with code {code!r}; that is code '00'" in feed.message


def test_i3_an_approval_gives_no_reason() -> None:
    feed = Feed()
    assert answered(feed, reason=DeclineReason.CARD_FROZEN) == ["I3"]
    assert "gives a reason to decline (card_frozen)" in feed.message


@pytest.mark.parametrize("reason", DeclineReason)
def test_i3_a_decline_has_the_code_of_its_reason(reason: DeclineReason) -> None:
    feed = Feed()
    assert answered(feed, decline=reason) == []
    assert answered(feed, decline=reason, response_code="00") == ["I3"]
    assert f"is declined ({reason}) with code '00'; that is code {RESPONSE_CODES[reason]!r}" in feed.message


def test_i3_a_decline_gives_a_reason() -> None:
    feed = Feed()
    assert answered(feed, decline=DeclineReason.CARD_FROZEN, reason=None, response_code="00") == ["I3"]
    assert "is declined and gives no reason" in feed.message


@pytest.mark.parametrize("wrong", [{"approved_cents": 1}, {"hold_expires_at_ns": 1}])
def test_i3_a_decline_approves_nothing_and_holds_nothing(wrong: dict[str, int]) -> None:
    feed = Feed()
    assert answered(feed, decline=DeclineReason.CARD_FROZEN, **wrong) == ["I3"]


# ---- reversals (I3) -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named,found", [("a", []), ("b", ["I3"])])
def test_i3_a_reversal_is_answered_under_the_id_that_was_reversed(named: str, found: list[str]) -> None:
    feed = Feed()
    feed.approve(4_000, "a")
    feed.tell(ReversalRequest("r", "a", "ada-card", "visa", feed.now_ns), ReversalResponse(named, 4_000))
    assert feed.found == found


@pytest.mark.parametrize("freed,found", [(0, []), (4_000, []), (4_001, ["I3"]), (-1, ["I3"])])
def test_i3_a_reversal_frees_at_most_what_was_authorized(freed: int, found: list[str]) -> None:
    feed = Feed()
    feed.reverse(feed.approve(4_000), freed)
    assert feed.found == found


# ---- clearing (I10) -------------------------------------------------------------------------------------------------


def test_i10_a_receipt_names_its_file() -> None:
    feed = Feed()
    batch = feed.batch((feed.approve(4_000), 4_000, True))
    feed.tell(batch, replace(posted(batch), file_id="another"))
    assert feed.found == ["I10"]


def test_i10_there_is_one_result_for_each_presentment() -> None:
    feed = Feed()
    batch = feed.batch((feed.approve(1_000), 1_000, True), (feed.approve(1_000), 1_000, True))
    feed.tell(batch, replace(posted(batch), results=posted(batch).results[:1]))
    assert feed.found == ["I10"]


def test_i10_results_come_under_their_presentments_and_in_their_order() -> None:
    feed = Feed()
    batch = feed.batch((feed.approve(1_000), 1_000, True), (feed.approve(1_000), 1_000, True))
    feed.tell(batch, replace(posted(batch), results=posted(batch).results[::-1]))
    assert feed.found == ["I10", "I10"]


@pytest.mark.parametrize("cents", [0, 3_999, 4_001])
def test_i10_what_is_posted_is_what_was_presented(cents: int) -> None:
    feed = Feed()
    assert captured(feed, feed.approve(4_000), 4_000, 0, posted_cents=cents) == ["I10"]


@pytest.mark.parametrize("freed,found", [(0, 1), (2_999, 1), (3_000, 0), (3_001, 1), (10**9, 1), (-1, 2)])
def test_i10_a_final_capture_frees_what_is_left_of_the_hold(freed: int, found: int) -> None:
    feed = Feed()
    assert captured(feed, feed.approve(4_000, "a"), 1_000, freed) == ["I10"] * found


@pytest.mark.parametrize("other", ["before", "after", "reversal", "expiry"])
def test_i10_a_final_capture_may_free_nothing_where_something_else_may_have_ended_the_hold(other: str) -> None:
    feed = Feed(cents=20_000)
    ref = feed.approve(4_000)
    if other == "before":
        beside = feed.send(feed.batch((ref, 4_000, False)))
    batch = feed.send(feed.batch((ref, 1_000, True)))
    if other == "after":
        beside = feed.send(feed.batch((ref, 4_000, True)))
    elif other == "reversal":
        feed.send(ReversalRequest("r", ref, "ada-card", "visa", feed.now_ns))
    elif other == "expiry":
        feed.now_ns += feed.terms.holds.validity_ns["visa"]
    result = CaptureResult(batch.presentments[0].presentment_id, CaptureOutcome.POSTED, 1_000, 0, 0)
    feed.answer(batch, ClearingReceipt("file", (result,)))
    if other in ("before", "after"):
        feed.answer(beside, posted(beside))
    assert feed.found.count("I10") == 0


def test_i10_a_final_capture_of_the_last_part_frees_what_the_others_left() -> None:
    for freed, found in ((1_999, ["I10"]), (2_000, [])):
        feed = Feed(cents=20_000)
        ref = feed.approve(4_000)
        feed.capture(ref, 1_000, final=False)
        assert captured(feed, ref, 1_000, freed) == found


def test_i12_what_a_final_capture_ended_is_not_ended_again() -> None:
    feed = Feed()
    ref = feed.approve(4_000)
    feed.capture(ref, 1_000)
    feed.now_ns += feed.terms.holds.validity_ns["visa"]
    feed.burn(1_000)
    feed.expire(ref)
    assert "final presentment" in next(what for what in feed.auditor.findings if what.invariant == "I12").message


@pytest.mark.parametrize("freed,found", [(2_500, []), (2_501, ["I3"]), (6_000, ["I3"])])
def test_i3_a_reversal_frees_at_most_what_the_first_shipment_left(freed: int, found: list[str]) -> None:
    feed = Feed()
    ref = feed.approve(6_000)
    feed.capture(ref, 3_500, final=False)
    feed.reverse(ref, freed)
    assert feed.found == found


def test_i10_a_capture_beyond_its_hold_frees_nothing() -> None:
    feed = Feed()
    assert captured(feed, feed.approve(4_000), 5_000, 1) == ["I10"]


def test_i10_a_capture_that_leaves_its_hold_open_frees_nothing() -> None:
    feed = Feed()
    assert captured(feed, feed.approve(4_000), 1_000, 3_000, final=False) == ["I10"]


@pytest.mark.parametrize("freed,found", [(1_000, []), (1_001, ["I10"])])
def test_i10_what_earlier_parts_took_is_not_freed(freed: int, found: list[str]) -> None:
    feed = Feed()
    ref = feed.approve(4_000)
    assert captured(feed, ref, 2_000, 0, final=False) == []
    assert captured(feed, ref, 1_000, freed) == found


def test_i10_a_hold_that_is_over_is_not_freed_again() -> None:
    feed = Feed()
    ref = feed.approve(4_000)
    feed.reverse(ref, 4_000)
    assert captured(feed, ref, 1_000, 0) == []
    assert captured(feed, ref, 1_000, 1) == ["I10"]


def test_i10_what_was_declined_or_never_asked_for_frees_nothing() -> None:
    feed = Feed()
    assert captured(feed, feed.decline(4_000), 1_000, 1) == ["I10"]
    assert captured(feed, "never", 1_000, 1) == ["I10", "I10"]


@pytest.mark.parametrize("outcome", [CaptureOutcome.DUPLICATE, CaptureOutcome.UNKNOWN_CARD])
def test_i10_what_is_not_posted_frees_nothing(outcome: CaptureOutcome) -> None:
    feed = Feed()
    batch = feed.batch(("never", 1_000, True), card="nobody's")
    (right,) = posted(batch).results
    feed.send(batch)
    again = feed.send(replace(batch, idempotency_key="again"))
    result = replace(right, outcome=outcome, posted_cents=0)
    feed.answer(batch, ClearingReceipt("file", (result,)))
    assert feed.found == []
    feed.answer(again, ClearingReceipt("file", (replace(result, released_cents=1),)))
    assert feed.found == ["I10"]


def test_i10_answers_that_overtake_each_other_are_believed() -> None:
    """The later decisions are answered first: what each of them freed was there when it was sent."""
    feed = Feed()
    ref = feed.approve(4_000)
    first, second = feed.send(feed.batch((ref, 1_000, True))), feed.send(feed.batch((ref, 500, False)))
    reversal = feed.send(ReversalRequest("r", ref, "ada-card", "visa", feed.now_ns))
    feed.answer(reversal, ReversalResponse(ref, 0))
    feed.answer(second, posted(second))
    (result,) = posted(first).results
    feed.answer(first, ClearingReceipt("file", (replace(result, released_cents=3_000),)))
    assert feed.found == []


def test_i10_an_answer_that_outlives_the_memory_of_its_authorization_is_believed() -> None:
    feed = Feed(memory_ns=HOUR_NS)
    ref = feed.approve(4_000)
    batch = feed.send(feed.batch((ref, 1_000, True)))
    feed.reverse(ref, 0)
    for _ in range(4):
        feed.pass_(HOUR_NS)
        feed.deposit(1)
    assert ref not in feed.auditor._auths
    (result,) = posted(batch).results
    feed.answer(batch, ClearingReceipt("file", (replace(result, released_cents=3_000),)))
    assert feed.found == []


def test_an_unknown_card_may_be_answered_twice() -> None:
    feed = Feed()
    batch = feed.send(feed.batch(("never", 1_000, True), card="nobody's"))
    again = feed.send(replace(batch, idempotency_key="again"))
    (right,) = posted(batch).results
    refused = ClearingReceipt("file", (replace(right, outcome=CaptureOutcome.UNKNOWN_CARD, posted_cents=0),))
    feed.answer(batch, refused)
    feed.answer(again, refused)
    assert feed.found == []


# ---- batches on chain (I7) ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("users,found", [(2, []), (1, ["I7"])])
def test_i7_a_batch_settles_no_more_users_than_agreed(users: int, found: list[str]) -> None:
    feed = Feed(replace(TERMS, batch_users=users))
    feed.deposit(10_000, account_id="bob")
    feed.capture(feed.approve(4_000), 4_000)
    batch = feed.batch((feed.approve(4_000, card="bob-card"), 4_000, True), card="bob-card")
    feed.tell(batch, posted(batch))
    feed.chain("CardSettlement", 3_000 * USDC6, "0xs", "0xt:0")
    feed.chain("SettlementShortfall", 1_000 * USDC6, "0xs", "0xt:1")
    assert feed.found == []
    feed.chain("CardSettlement", 3_000 * USDC6, "0xs", "0xt:2", account_id="bob")
    feed.chain("SettlementShortfall", 1_000 * USDC6, "0xs", "0xt:3", account_id="bob")
    assert feed.found == found


def test_i7_users_of_two_batches_are_not_added() -> None:
    feed = Feed(Terms(batch_users=1))
    feed.chain("SettlementShortfall", 1, "0xs1", "0xt1:0")
    feed.chain("SettlementShortfall", 1, "0xs2", "0xt2:0", account_id="bob")
    assert feed.found == []
    feed.chain("SettlementShortfall", 1, "0xs2", "0xt2:1")
    assert feed.found == ["I7"]
