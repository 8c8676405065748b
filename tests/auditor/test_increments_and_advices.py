"""Increments, partial approvals, partial reversals, advices and inquiries: single faults are caught by name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from feed import DAY_NS, MS, Feed, declined

from engine.interface import (
    AdviceOutcome,
    AdviceReceipt,
    AuthorizationAdvice,
    AuthorizationKind,
    AuthorizationResponse,
    CaptureOutcome,
    CaptureResult,
    ClearingReceipt,
    DeclineReason,
    ReversalRequest,
    ReversalResponse,
)

INCREMENT = AuthorizationKind.INCREMENTAL


def increase(feed: Feed, ref: str, cents: int, until_ns: int) -> None:
    request = feed.request(cents, ref, key=feed.ref("k"), kind=INCREMENT)
    feed.tell(request, AuthorizationResponse(ref, True, cents, "00", None, until_ns))


def opened(feed: Feed, cents: int) -> tuple[str, int]:
    request = feed.request(cents)
    answer = feed.approval(request)
    feed.tell(request, answer)
    return request.authorization_id, answer.hold_expires_at_ns


@pytest.mark.parametrize("more,found", [(8_999, []), (9_000, []), (9_001, ["I2"])])
def test_i2_an_increment_takes_no_more_than_there_is(more: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    ref, until_ns = opened(feed, 1_000)
    increase(feed, ref, more, until_ns)
    assert feed.found == found


def test_i12_an_increment_does_not_prolong_its_hold() -> None:
    feed = Feed(cents=10_000)
    ref, until_ns = opened(feed, 1_000)
    increase(feed, ref, 100, until_ns + 1)
    assert feed.found == ["I12"]


def test_i9_nothing_is_added_to_what_has_ended_nor_refused_to_what_is_open() -> None:
    feed = Feed(cents=10_000)
    ref, until_ns = opened(feed, 1_000)
    request = feed.request(100, ref, key="k", kind=INCREMENT)
    feed.tell(request, declined(request, DeclineReason.INVALID_TRANSACTION))
    assert feed.found == ["I9"]
    feed.reverse(ref, 1_000)
    increase(feed, ref, 100, until_ns)
    assert feed.found == ["I9", "I9"]


def test_i9_what_an_advice_authorized_beside_a_declined_request_may_grow_days_later() -> None:
    """The decline is forgotten by then, and the advice stands."""
    feed = Feed(cents=10_000)
    request = feed.send(feed.request(1_000))
    ref, until_ns = request.authorization_id, feed.now_ns + 5 * DAY_NS
    advice = AuthorizationAdvice("adv", ref, "ada-card", True, 1_000, "visa", "m", "5411", feed.now_ns)
    feed.tell(advice, AdviceReceipt(ref, AdviceOutcome.ADOPTED, 1_000, until_ns))
    feed.answer(request, declined(request, DeclineReason.INVALID_TRANSACTION))
    for _ in range(5):
        feed.pass_(DAY_NS // 2)
        feed.approve(1)
    increase(feed, ref, 100, until_ns)
    assert feed.found == []


def test_i9_nothing_is_added_to_what_nobody_asked_for() -> None:
    feed = Feed(cents=10_000)
    increase(feed, "never", 100, feed.now_ns + DAY_NS)
    assert feed.found == ["I9"]


@pytest.mark.parametrize("slack_ns", [0, 5 * MS])
@pytest.mark.parametrize("late_ns,found", [(-1, []), (0, ["I9"]), (1, ["I9"])])
def test_i9_nothing_is_added_once_the_promised_end_is_past_for_certain(
    slack_ns: int, late_ns: int, found: list[str]
) -> None:
    feed = Feed(cents=10_000, slack_ns=slack_ns)
    ref, until_ns = opened(feed, 1_000)
    feed.now_ns = until_ns + slack_ns + late_ns
    increase(feed, ref, 100, until_ns)
    assert feed.found == found


@pytest.mark.parametrize("welcome,code,found", [(True, "10", []), (True, "00", ["I3"]), (False, "10", ["I3", "I2"])])
def test_i2_a_part_is_approved_only_where_it_is_welcome(welcome: bool, code: str, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    request = replace(feed.request(20_000), partial_supported=welcome)
    answer = replace(feed.approval(request, 10_000), response_code=code)
    feed.tell(request, answer)
    if welcome:
        assert feed.found == found
        feed.balance(held=10_000)
        assert feed.found == found
    else:
        assert feed.found[:2] == found


@pytest.mark.parametrize("freed,found", [(299, ["I3"]), (300, []), (301, ["I3"])])
def test_i3_a_part_taken_back_frees_just_that(freed: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    ref = feed.approve(1_000)
    request = ReversalRequest("r", ref, "ada-card", "visa", feed.now_ns, 300)
    feed.tell(request, ReversalResponse(ref, freed))
    assert sorted(set(feed.found)) == found


def advise(feed: Feed, ref: str, cents: int, held: int, until_ns: int, outcome: AdviceOutcome) -> None:
    advice = AuthorizationAdvice(feed.ref("adv"), ref, "ada-card", True, cents, "visa", "shop", "5411", feed.now_ns)
    feed.tell(advice, AdviceReceipt(ref, outcome, held, until_ns))


@pytest.mark.parametrize("held,found", [(10_049, ["I10"]), (10_050, []), (10_051, ["I10"])])
def test_i10_an_advice_is_adopted_to_the_cent_even_beyond_the_funds(held: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    ref, until_ns = opened(feed, 1_000)
    advise(feed, ref, 10_050, held, until_ns, AdviceOutcome.ADOPTED)
    assert feed.found == found
    feed.balance(available=-50, held=10_050)
    assert feed.found == found
    feed.approve(1)
    assert feed.found == [*found, "I2"]


def test_i9_an_open_authorization_adopts_what_is_advised() -> None:
    feed = Feed(cents=10_000)
    ref, until_ns = opened(feed, 1_000)
    advise(feed, ref, 500, 1_000, until_ns, AdviceOutcome.NOT_OPEN)
    assert feed.found == ["I9"]


@pytest.mark.parametrize("said,found", [(8_999, ["I3"]), (9_000, []), (9_001, ["I3"])])
def test_i3_an_inquiry_says_what_is_available(said: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    feed.approve(1_000)
    request = feed.request(0, "q", kind=AuthorizationKind.BALANCE_INQUIRY)
    feed.tell(request, AuthorizationResponse("q", True, 0, "00", None, 0, said))
    assert feed.found == found


@pytest.mark.parametrize("reason", [DeclineReason.ISSUER_UNAVAILABLE, DeclineReason.INVALID_TRANSACTION])
def test_i9_what_stands_by_an_advice_outlives_the_late_decline_of_its_own_request(reason: DeclineReason) -> None:
    feed = Feed(cents=10_000)
    request = feed.send(feed.request(1_000, "late"))
    until_ns = feed.now_ns + 10 * MS + feed.terms.holds.validity_ns["visa"]
    advise(feed, "late", 1_000, 1_000, until_ns, AdviceOutcome.ADOPTED)
    feed.answer(request, declined(request, reason))
    increase(feed, "late", 100, until_ns)
    batch = feed.send(feed.batch(("late", 700, True)))
    result = CaptureResult(batch.presentments[0].presentment_id, CaptureOutcome.POSTED, 700, 400, 0)
    feed.answer(batch, ClearingReceipt("file", (result,)))
    assert feed.found == []


@pytest.mark.parametrize("freed,found", [(699, ["I3"]), (700, []), (701, ["I3"])])
@pytest.mark.parametrize("before", ["increased", "reversed in part", "advised"])
def test_i3_a_reversal_frees_just_what_earlier_messages_have_left(before: str, freed: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    ref, until_ns = opened(feed, 1_000 if before == "reversed in part" else 400)
    if before == "increased":
        increase(feed, ref, 300, until_ns)
    elif before == "advised":
        advise(feed, ref, 700, 700, until_ns, AdviceOutcome.ADOPTED)
    else:
        part = ReversalRequest("part", ref, "ada-card", "visa", feed.now_ns, 300)
        feed.tell(part, ReversalResponse(ref, 300))
    feed.reverse(ref, freed)
    assert feed.found == found


@pytest.mark.parametrize("freed", [400, 700])
def test_i3_a_reversal_beside_an_increment_may_free_it_too(freed: int) -> None:
    """Whichever is decided first; where the reversal is, nothing can be added any more."""
    feed = Feed(cents=10_000)
    ref, until_ns = opened(feed, 400)
    request = feed.send(feed.request(300, ref, key="k", kind=INCREMENT))
    feed.reverse(ref, freed)
    late = declined(request, DeclineReason.INVALID_TRANSACTION)
    feed.answer(request, late if freed == 400 else AuthorizationResponse(ref, True, 300, "00", None, until_ns))
    assert feed.found == []


def test_i3_a_reversal_after_the_end_of_a_hold_may_free_nothing() -> None:
    feed = Feed(cents=10_000)
    ref, until_ns = opened(feed, 400)
    increase(feed, ref, 300, until_ns)
    feed.now_ns = until_ns - MS
    feed.reverse(ref, 0)
    assert feed.found == []
