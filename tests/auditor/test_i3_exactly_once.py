"""I3: one key, one effect, one answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from feed import DAY_NS, HOUR_NS, START_NS, USDC6, Feed, declined, posted

from engine.interface import (
    AuthorizationRequest,
    CaptureOutcome,
    CaptureResult,
    ClearingReceipt,
    DeclineReason,
    DepositNotice,
    IdempotencyConflict,
    NoticeReceipt,
    ReversalRequest,
    ReversalResponse,
    WithdrawalNotice,
    WithdrawalStage,
)

# ---- one answer --------------------------------------------------------------------------------------------


def answers(feed: Feed, request: AuthorizationRequest) -> dict[str, Any]:
    approval = feed.approval(request, until_ns=START_NS + 6 * DAY_NS)
    return {
        "approved": approval,
        "held longer": replace(approval, hold_expires_at_ns=approval.hold_expires_at_ns + 1),
        "another amount": replace(approval, approved_cents=99),
        "insufficient_funds": declined(request, DeclineReason.INSUFFICIENT_FUNDS),
        "daily_limit": declined(request, DeclineReason.DAILY_LIMIT),
    }


@pytest.mark.parametrize("key", ["a1", "some-key"], ids=["key is the id", "another key"])
@pytest.mark.parametrize("second", ["approved", "held longer", "another amount", "insufficient_funds", "daily_limit"])
@pytest.mark.parametrize("first", ["approved", "insufficient_funds"])
def test_i3_a_repeat_gets_the_first_answer_to_the_letter(first: str, second: str, key: str) -> None:
    feed = Feed()
    feed.now_ns = START_NS + DAY_NS
    request = feed.request(100, "a1", key=key)
    given = answers(feed, request)
    feed.tell(request, given[first])
    feed.pass_(HOUR_NS)
    feed.tell(request, given[second])
    assert feed.found == ([] if first == second else ["I3"])


def test_i3_both_answers_are_told() -> None:
    feed = Feed()
    request = feed.request(100, "a1")
    feed.tell(request, feed.approval(request))
    feed.tell(request, declined(request, DeclineReason.INSUFFICIENT_FUNDS))
    assert feed.message == (
        "two answers under key 'a1': first approved, held until 2026-03-06T01:00:00.010Z, at 2026-03-01T01:00:00.030Z "
        "declined (insufficient_funds)"
    )


def test_i3_a_repeat_adds_nothing_to_the_books() -> None:
    feed = Feed(cents=10_000)
    request = feed.request(6_000, "a1")
    answer = feed.approval(request)
    for _ in range(3):
        feed.tell(request, answer)
    feed.balance(available=4_000, held=6_000)
    assert feed.found == []


def test_i3_after_a_failure_the_answer_may_be_any() -> None:
    feed = Feed()
    request = feed.request(100, "a1")
    feed.send(request)
    feed.fail(request)
    feed.tell(request, feed.approval(request))
    assert feed.found == []
    feed.tell(request, declined(request, DeclineReason.INSUFFICIENT_FUNDS))
    assert feed.found == ["I3"]


def test_i3_twins_in_flight_have_to_agree() -> None:
    feed = Feed()
    request = feed.request(100, "a1")
    feed.send(request)
    feed.send(request)
    end_ns = feed.now_ns + 5 * DAY_NS
    feed.answer(request, feed.approval(request, until_ns=end_ns))
    feed.answer(request, feed.approval(request, until_ns=end_ns + 1))
    assert feed.found == ["I3"]


@pytest.mark.parametrize("how", ["another amount", "another card", "another authorization", "the key of a reversal"])
def test_i3_a_key_with_another_body_is_refused(how: str) -> None:
    def history(refused: bool) -> Feed:
        feed = Feed()
        if how == "the key of a reversal":
            feed.reverse("a0", 0, key="k")
        else:
            feed.approve(100, "a1", key="k")
        other = {
            "another amount": feed.request(101, "a1", key="k"),
            "another card": feed.request(100, "a1", key="k", card="bob-card"),
            "another authorization": feed.request(100, "a2", key="k"),
            "the key of a reversal": feed.request(100, "a2", key="k"),
        }[how]
        feed.send(other)
        if refused:
            feed.auditor.failed(feed.now_ns, other, IdempotencyConflict("k"))
        else:
            feed.answer(other, feed.approval(other))
        return feed

    assert history(refused=False).found == ["I3"]
    feed = history(refused=True)
    feed.auditor.finish(feed.now_ns)
    assert feed.found == []


def test_i3_two_bodies_in_flight_under_one_key_are_not_judged() -> None:
    """Whichever the engine took first is right to be answered, and the other to be refused."""
    feed = Feed(cents=10_000)
    one, other = feed.request(100, "a1"), feed.request(200, "a1")
    feed.send(one)
    feed.send(other)
    feed.answer(other, feed.approval(other))
    feed.auditor.failed(feed.now_ns, one, IdempotencyConflict("a1"))
    for held in (100, 200):
        feed.balance(available=10_000 - held, held=held)
    assert feed.found == []
    feed.balance(available=9_799, held=201)
    assert feed.found == ["I3"]


def test_i3_another_key_changes_nothing_of_an_authorization() -> None:
    feed = Feed(cents=10_000)
    feed.approve(100, "a1")
    other = feed.request(100, "a1", key="other")
    feed.tell(other, declined(other, DeclineReason.INVALID_TRANSACTION))
    feed.balance(available=9_900, held=100)
    feed.reverse("a1", 100)
    feed.balance(available=10_000)
    assert feed.found == []


def test_i3_an_invalid_amount_leaves_its_key_free() -> None:
    feed = Feed(cents=10_000)
    invalid = feed.request(0, "a1")
    feed.tell(invalid, declined(invalid, DeclineReason.INVALID_AMOUNT))
    feed.approve(100, "a1")
    feed.balance(available=9_900, held=100)
    assert feed.found == []


def test_i3_a_repeat_from_long_ago_is_not_taken_for_a_new_purchase() -> None:
    """It was captured and forgotten; the same message, days old, gets the same answer."""
    feed = Feed(cents=10_000)
    request = feed.request(6_000, "a1")
    answer = feed.approval(request)
    feed.tell(request, answer)
    feed.capture("a1", 6_000)
    feed.burn(6_000)
    for _ in range(4):
        feed.pass_(12 * HOUR_NS)
        feed.decline(9_999)
    feed.tell(request, answer)
    feed.approve(4_000)
    feed.balance(available=0, held=4_000)
    assert feed.found == []


@pytest.mark.parametrize("second", [99, 100, 101])
def test_i3_a_repeated_reversal_gets_the_first_answer(second: int) -> None:
    feed = Feed()
    ref = feed.approve(200)
    request = ReversalRequest("r", ref, "ada-card", "visa", feed.now_ns)
    feed.tell(request, ReversalResponse(ref, 100))
    feed.tell(request, ReversalResponse(ref, second))
    assert feed.found == ([] if second == 100 else ["I3"])


def test_i3_a_repeated_batch_gets_the_first_receipt() -> None:
    feed = Feed()
    batch = feed.batch((feed.approve(200), 100, True))
    feed.tell(batch, posted(batch))
    feed.tell(batch, posted(batch))
    assert feed.found == []
    result = CaptureResult(batch.presentments[0].presentment_id, CaptureOutcome.DUPLICATE, 0, 0, 0)
    feed.tell(batch, ClearingReceipt("file", (result,)))
    assert feed.found == ["I3"]


# ---- one effect --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("freed,found", [(0, []), (99, []), (100, []), (101, ["I3"]), (-1, ["I3"])])
def test_i3_a_reversal_frees_at_most_what_was_held(freed: int, found: list[str]) -> None:
    feed = Feed()
    feed.reverse(feed.approve(100), freed)
    assert feed.found == found


@pytest.mark.parametrize("ended", ["reversed", "captured", "expired", "declined", "never seen"])
@pytest.mark.parametrize("freed,found", [(0, []), (1, ["I3"])])
def test_i3_what_has_ended_is_not_freed_again(ended: str, freed: int, found: list[str]) -> None:
    feed = Feed()
    ref = "a9"
    if ended == "declined":
        ref = feed.decline(100)
    elif ended != "never seen":
        ref = feed.approve(100)
    if ended == "reversed":
        feed.reverse(ref, 100)
    elif ended == "captured":
        feed.capture(ref, 40)
    elif ended == "expired":
        feed.pass_(5 * DAY_NS)
        feed.expire(ref)
    feed.reverse(ref, freed, key="once more")
    assert feed.found == found


def test_i3_a_reversal_and_a_capture_in_flight_may_come_in_either_order() -> None:
    for freed in (0, 60, 100):
        feed = Feed(cents=10_000)
        ref = feed.approve(100)
        reversal = feed.send(ReversalRequest("r", ref, "ada-card", "visa", feed.now_ns))
        batch = feed.send(feed.batch((ref, 40, True)))
        feed.answer(batch, posted(batch))
        feed.answer(reversal, ReversalResponse(ref, freed))
        feed.balance(available=9_960, unsettled=40)
        assert feed.found == []


def test_i3_a_presentment_is_posted_once() -> None:
    feed = Feed()
    batch = feed.batch((feed.approve(200), 100, True))
    feed.tell(batch, posted(batch))
    again = replace(batch, idempotency_key="another batch")
    ref = batch.presentments[0].presentment_id
    duplicate = ClearingReceipt("file", (CaptureResult(ref, CaptureOutcome.DUPLICATE, 0, 0, 0),))
    feed.tell(again, duplicate)
    assert feed.found == []
    third = replace(batch, idempotency_key="yet another")
    feed.tell(third, posted(third))
    assert feed.found == ["I3"]
    assert feed.message.startswith("$1.00 was posted again at ")


def test_i3_of_two_batches_in_flight_one_posts_a_presentment() -> None:
    def both(first: CaptureOutcome, second: CaptureOutcome) -> list[str]:
        feed = Feed(cents=10_000)
        batch = feed.batch((feed.approve(200), 200, True))
        again = replace(batch, idempotency_key="twin")
        feed.send(batch)
        feed.send(again)
        ref = batch.presentments[0].presentment_id
        for one, outcome in ((batch, first), (again, second)):
            cents = 200 if outcome is CaptureOutcome.POSTED else 0
            feed.answer(one, ClearingReceipt("file", (CaptureResult(ref, outcome, cents, 0, 0),)))
        feed.balance(available=9_800, unsettled=200)
        return feed.found

    yes, no = CaptureOutcome.POSTED, CaptureOutcome.DUPLICATE
    assert both(yes, no) == both(no, yes) == []
    assert both(yes, yes) == ["I3"]


def test_i3_what_came_once_is_no_duplicate() -> None:
    feed = Feed()
    batch = feed.batch(("a1", 100, True))
    ref = batch.presentments[0].presentment_id
    feed.tell(batch, ClearingReceipt("file", (CaptureResult(ref, CaptureOutcome.DUPLICATE, 0, 0, 0),)))
    assert feed.found == ["I3"]
    assert "had been sent only once" in feed.message


@pytest.mark.parametrize("kind", ["deposit", "withdrawal"])
def test_i3_a_notice_is_applied_once(kind: str) -> None:
    feed = Feed()
    notice: Any = DepositNotice("0xn:1", "ada", 5, 1)
    if kind == "withdrawal":
        notice = WithdrawalNotice("0xn:1", "ada", WithdrawalStage.REQUESTED, 5, 1)
    feed.tell(notice, NoticeReceipt("0xn:1", True))
    feed.tell(notice, NoticeReceipt("0xn:1", False))
    assert feed.found == []
    feed.tell(notice, NoticeReceipt("0xn:1", True))
    assert feed.found == ["I3"]


def test_i3_a_notice_that_came_once_is_no_duplicate_and_one_that_failed_may_be() -> None:
    feed = Feed()
    failed = DepositNotice("0xn:1", "ada", 5, 1)
    feed.send(failed)
    feed.fail(failed)
    feed.tell(failed, NoticeReceipt("0xn:1", False))
    assert feed.found == []
    feed.tell(DepositNotice("0xn:2", "ada", 5, 1), NoticeReceipt("0xn:2", False))
    assert feed.found == ["I3"]


def test_i3_a_tick_ends_only_holds_that_exist() -> None:
    feed = Feed()
    feed.expire("a-stranger")
    assert feed.found == ["I3"]


# ---- the balance -------------------------------------------------------------------------------------------


def busy() -> Feed:
    """A hold of 20 $, captures of 65 $ of which 5 $ are owed and 10 $ burned, 7 $ on their way out, 8 $ free."""
    feed = Feed(cents=9_500)
    feed.approve(2_000)
    feed.capture("force-post", 6_500, owed_cents=500)
    feed.burn(1_000)
    feed.deposit(500)
    feed.deposit(1_500)
    feed.withdraw(WithdrawalStage.REQUESTED, 700)
    feed.pass_(2 * HOUR_NS)
    return feed


SOUND = {"available": 2_300, "held": 2_000, "unsettled": 5_500, "withdrawing": 700}


def test_i3_a_sound_balance_is_let_pass() -> None:
    feed = busy()
    feed.balance(**SOUND)
    assert feed.found == []


@pytest.mark.parametrize("change", [-1, 1])
@pytest.mark.parametrize("component", ["available", "held", "unsettled", "withdrawing", "receivable"])
def test_i3_no_component_of_a_balance_may_be_off_by_a_cent(component: str, change: int) -> None:
    feed = busy()
    feed.balance(**SOUND | {component: SOUND.get(component, 0) + change})
    owes = ["I10"] if (component, change) == ("receivable", 1) else []  # with funds left to pay it
    assert feed.found == ["I3", *owes]


@pytest.mark.parametrize("more", [-1, 1])
def test_i3_a_balance_may_not_be_off_by_a_millionth(more: int) -> None:
    feed = busy()
    feed.balance(**SOUND, more_usdc6=more)
    assert feed.found == ["I3"]


@pytest.mark.parametrize("one,other", [("unsettled", "available"), ("held", "unsettled"), ("withdrawing", "held")])
def test_i3_money_may_not_stand_in_the_wrong_place(one: str, other: str) -> None:
    feed = busy()
    feed.balance(**SOUND | {one: SOUND[one] - 100, other: SOUND[other] + 100})
    assert feed.found == ["I3"]


@pytest.mark.parametrize("aside", [500, 800])
def test_i3_just_what_is_on_its_way_out_is_set_aside(aside: int) -> None:
    feed = busy()
    feed.balance(**SOUND | {"available": 3_000 - aside, "withdrawing": aside})
    assert feed.found == ["I3"]
    assert f"withdrawing is {aside // 100}.00 USDC, 7.00 USDC is on its way out" in feed.message


@pytest.mark.parametrize("aside,found", [(700, []), (200, ["I3"])])
def test_i3_a_withdrawal_of_more_than_is_free_is_set_aside_in_full(aside: int, found: list[str]) -> None:
    feed = Feed(cents=1_000)
    feed.approve(800)
    feed.withdraw(WithdrawalStage.REQUESTED, 700)
    feed.balance(available=200 - aside, held=800, withdrawing=aside)
    assert feed.found == found


@pytest.mark.parametrize(
    "stage,told,aside",
    [
        (WithdrawalStage.REDUCED, 300, 300),
        (WithdrawalStage.CANCELLED, 700, 0),
        (WithdrawalStage.COMPLETED, 700, 0),
    ],
)
@pytest.mark.parametrize("more", [-100, 0, 100])
def test_i3_each_step_of_a_withdrawal_leaves_set_aside_what_it_leaves(
    stage: WithdrawalStage, told: int, aside: int, more: int
) -> None:
    feed = Feed(cents=1_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 700)
    feed.withdraw(stage, told)
    funds = 300 if stage is WithdrawalStage.COMPLETED else 1_000
    feed.balance(available=funds - aside - more, withdrawing=aside + more)
    assert feed.found == (["I3"] if more else [])


@pytest.mark.parametrize("first,aside", [(WithdrawalStage.REQUESTED, 0), (WithdrawalStage.CANCELLED, 700)])
def test_i3_of_two_steps_at_once_either_may_be_taken_first(first: WithdrawalStage, aside: int) -> None:
    """A cancellation in flight beside the next request: it may end either."""
    feed = Feed(cents=1_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 700)
    steps = [feed.withdraw(stage, 700, told=False) for stage in (WithdrawalStage.CANCELLED, WithdrawalStage.REQUESTED)]
    for step in steps:
        feed.send(step)
    for step in sorted(steps, key=lambda step: step.stage is not first):
        feed.answer(step, NoticeReceipt(step.event_id, True))
    feed.balance(available=1_000 - aside, withdrawing=aside)
    assert feed.found == []
    feed.withdraw(WithdrawalStage.CANCELLED, 700)
    feed.balance(available=900, withdrawing=100)
    assert feed.found == ["I3"]


@pytest.mark.parametrize("after_ns,found", [(HOUR_NS // 2, ["I10"]), (2 * HOUR_NS, ["I3", "I10"])])
def test_i3_what_a_burn_missed_is_owed_when_it_is_final(after_ns: int, found: list[str]) -> None:
    """A deposit in between may find the debt, or come before it was booked: it pays it either way, at once (I10)."""
    feed = Feed(cents=10_000)
    feed.capture(feed.approve(6_000), 6_000)
    feed.withdraw(WithdrawalStage.REQUESTED, 10_000)
    feed.withdraw(WithdrawalStage.COMPLETED, 10_000)
    feed.chain("SettlementShortfall", 6_000 * USDC6, "0xs", "0xs-tx:0")
    feed.pass_(after_ns)
    feed.deposit(6_000)
    feed.balance(unsettled=6_000)
    assert feed.found == []
    feed.balance(available=6_000, receivable=6_000)
    assert feed.found == found


def test_i3_no_more_is_owed_than_was_reported() -> None:
    feed = Feed(cents=1_000)
    feed.capture("force-post", 1_500, owed_cents=500)
    feed.balance(unsettled=1_000, receivable=500)
    assert feed.found == []
    feed.balance(available=1, unsettled=999, receivable=501)
    assert feed.found == ["I3", "I10"]


def test_i3_a_balance_is_not_judged_while_something_of_it_is_unanswered() -> None:
    feed = Feed(cents=10_000)
    batch = feed.send(feed.batch(("a1", 100, True)))
    feed.balance(available=1)
    feed.answer(batch, posted(batch))
    notice = feed.send(DepositNotice("0xn:1", "ada", 5 * USDC6, 1))
    feed.balance(available=1)
    feed.fail(notice)
    feed.balance(available=1)
    assert feed.found == []
    feed.tell(notice, NoticeReceipt("0xn:1", True))
    feed.balance(available=9_905, unsettled=100)
    assert feed.found == []
    feed.balance(available=9_904, unsettled=100)
    assert feed.found == ["I3"]


@pytest.mark.parametrize("held,found", [(0, []), (100, []), (101, ["I6"])])
def test_i3_what_failed_may_or_may_not_be_held(held: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    request = feed.send(feed.request(100))
    feed.fail(request)
    feed.balance(available=10_000 - held, held=held)
    assert feed.found == found


@pytest.mark.parametrize("after_ns,unsettled,found", [(HOUR_NS // 2, 100, []), (2 * HOUR_NS, 100, ["I3"])])
def test_i3_a_burn_may_be_new_to_the_engine_until_it_is_final(after_ns: int, unsettled: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    feed.capture(feed.approve(100), 100)
    feed.burn(100)
    feed.pass_(after_ns)
    feed.balance(available=9_900, unsettled=unsettled)
    assert feed.found == found
