"""Single faults, planted into random histories of an engine that is otherwise right: each is caught, under its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from little_world import DAY_NS, HOUR_NS, SECOND_NS, USDC6, Desk, Leg, World, world

from engine.domain.settlement import Settlement
from engine.interface import (
    AuthorizationRequest,
    AuthorizationResponse,
    DeclineReason,
    DepositNotice,
    LimitTerms,
    NoticeReceipt,
    Presentment,
    ReversalRequest,
    Terms,
    WithdrawalNotice,
    WithdrawalStage,
)

TERMS = Terms(limits=LimitTerms(per_transaction_cents=10**6, daily_cents=10**6, monthly_cents=10**6))
cents = st.integers(1, 2_500)
serial = st.lists(
    st.one_of(
        st.tuples(st.just("swipe"), cents),
        st.tuples(st.just("swipe"), cents),
        st.tuples(st.just("capture"), st.integers(0, 5), st.sampled_from([-50, 0, 0, 50]), st.booleans()),
        st.tuples(st.just("reverse"), st.integers(0, 5)),
        st.tuples(st.just("deposit"), st.integers(1, 5_000)),
        st.tuples(st.just("wait"), st.integers(1, 3)),
    ),
    max_size=15,
)
"""Histories in which one thing ends before the next begins."""


def play(little: World, history: list[tuple[Any, ...]]) -> None:
    """A history, each message answered before the next is sent."""
    for step in history:
        newest = len(little.requests) - 1
        match step:
            case ("swipe", amount):
                little.swipe(f"a{newest + 1}", amount)
            case ("capture", back, more, final) if newest >= 0:
                ref = f"a{max(newest - back, 0)}"
                little.present((ref, max(little.requests[ref].amount_cents + more, 1), final))
            case ("reverse", back) if newest >= 0:
                little.reverse(f"a{max(newest - back, 0)}")
            case ("deposit", amount):
                little.deposit("ada", amount * USDC6)
            case ("wait", hours):
                little.run(hours * HOUR_NS)
        little.run(60 * SECOND_NS)


class Armed(Desk):
    """Right until a test arms it; then wrong in the first way that comes along, once."""

    armed = False

    def fire(self) -> bool:
        armed, self.armed = self.armed, False
        return armed


def caught(desk: type[Armed], history: list[tuple[Any, ...]], plant: Any, terms: Terms = TERMS) -> set[str]:
    """Play, arm, plant, close; the invariants that broke, and none of them before the fault was planted."""
    little = world(terms, desk)
    play(little, history)
    assert little.auditor.findings == []
    assert isinstance(little.desk, Armed)
    little.desk.armed = True
    plant(little)
    little.run(60 * SECOND_NS)
    counts = little.close().counts
    assert not little.desk.armed, "the fault was never committed"
    return set(counts)


def free_of(little: World, account_id: str) -> int:
    return max(little.desk.balance(account_id).available_usdc6, 0) // USDC6


each = settings(max_examples=40, deadline=None, derandomize=True)


class ApprovesTooMuch(Armed):
    def reason(self, message: AuthorizationRequest, now_ns: int) -> DeclineReason | None:
        reason = super().reason(message, now_ns)
        return None if reason is not None and self.fire() else reason


@each
@given(history=serial)
def test_i2_one_approval_a_cent_too_high(history: list[tuple[Any, ...]]) -> None:
    found = caught(ApprovesTooMuch, history, lambda little: little.swipe("one-too-many", free_of(little, "ada") + 1))
    assert {"I2"} <= found <= {"I2", "I8"}  # what is not there is not on chain either


@each
@given(history=serial)
def test_i2_one_approval_that_fits_is_no_fault(history: list[tuple[Any, ...]]) -> None:
    little = world(TERMS, Armed)
    play(little, history)
    if free_of(little, "ada"):
        little.swipe("the-last-cent", free_of(little, "ada"))
    assert little.close().findings == []


class TakesTwice(Armed):
    """Executes a repeat as if it had never been seen, and answers alike."""

    def again(self, answer: Any, now_ns: int) -> Any:
        if isinstance(answer, AuthorizationResponse) and self.fire():
            request, _ = self.answers["repeated"]
            self.state.hold(request, now_ns)
        return answer


@each
@given(history=serial)
def test_i3_one_repeat_executed_twice(history: list[tuple[Any, ...]]) -> None:
    def plant(little: World) -> None:
        request = little.swipe("repeated", 1, "bob")
        little.run(SECOND_NS)
        little.send(request, Leg())

    assert caught(TakesTwice, history, plant) == {"I3"}


class AnswersOtherwise(Armed):
    def again(self, answer: Any, now_ns: int) -> Any:
        if isinstance(answer, AuthorizationResponse) and self.fire():
            return replace(answer, hold_expires_at_ns=answer.hold_expires_at_ns + 1)
        return answer


@each
@given(history=serial)
def test_i3_one_repeat_answered_otherwise(history: list[tuple[Any, ...]]) -> None:
    def plant(little: World) -> None:
        request = little.swipe("repeated", 1, "bob")
        little.run(SECOND_NS)
        little.send(request, Leg())

    assert caught(AnswersOtherwise, history, plant) == {"I3"}


class CreditsAgain(Armed):
    def act(self, message: Any, now_ns: int) -> Any:
        answer = super().act(message, now_ns)
        if isinstance(message, DepositNotice) and not answer.applied and self.fire():
            self.state.account(message.account_id).available += message.amount_usdc6
        return answer


@each
@given(history=serial)
def test_i11_one_deposit_credited_twice(history: list[tuple[Any, ...]]) -> None:
    def plant(little: World) -> None:
        ref = little.deposit("ada", 7)
        little.run(60 * SECOND_NS)
        little.send(DepositNotice(ref, "ada", 7, 1), Leg())

    assert caught(CreditsAgain, history, plant) == {"I11"}


class ForgetsALimit(Armed):
    def reason(self, message: AuthorizationRequest, now_ns: int) -> DeclineReason | None:
        reason = super().reason(message, now_ns)
        return None if reason is not None and self.fire() else reason


@pytest.mark.parametrize("window", ["transaction", "daily", "monthly"])
@each
@given(history=serial)
def test_i4_one_limit_exceeded_by_a_cent(window: str, history: list[tuple[Any, ...]]) -> None:
    """The history runs on bob's and cleo's side of the limits; the fault is on a fresh account."""
    limits = {
        "transaction": LimitTerms(5_000, 10**6, 10**6),
        "daily": LimitTerms(10**6, 5_000, 10**6),
        "monthly": LimitTerms(10**6, 10**6, 5_000),
    }[window]
    terms = Terms(limits=limits)

    def plant(little: World) -> None:
        little.desk.armed = False  # type: ignore[attr-defined]
        little.deposit("cleo", 10_000 * USDC6)
        into_day = little.now_ns % DAY_NS
        if into_day > DAY_NS - HOUR_NS:
            little.run(HOUR_NS)
        little.run(60 * SECOND_NS)
        if window != "transaction":
            little.swipe("fills", 4_000, "cleo")
            little.run(SECOND_NS)
        little.desk.armed = True  # type: ignore[attr-defined]
        little.swipe("exceeds", 5_001 if window == "transaction" else 1_001, "cleo")

    assert caught(ForgetsALimit, history, plant, terms) == {"I4"}


class BurnsTwice(Armed):
    """Sends a settlement once more under another id."""

    def burns(self, settlements: list[Settlement]) -> list[Settlement]:
        if settlements and self.fire():
            return [*settlements, *(replace(one, settlement_id=f"{one.settlement_id}again") for one in settlements)]
        return settlements


@each
@given(history=serial)
def test_i7_one_double_burn(history: list[tuple[Any, ...]]) -> None:
    """More is burned than was presented; nor has it a line in the ledger (I10), nor is it in the balance (I3)."""

    def plant(little: World) -> None:
        little.present(("force-post", 100, True))
        little.deposit("ada", 10**9)
        little.run(60 * SECOND_NS)

    assert {"I7", "I10"} <= caught(BurnsTwice, history, plant) <= {"I3", "I7", "I8", "I10"}


class ForgetsToBurn(Armed):
    def burns(self, settlements: list[Settlement]) -> list[Settlement]:
        return [] if settlements and self.fire() else settlements


@each
@given(history=serial)
def test_i7_one_settlement_booked_and_never_sent(history: list[tuple[Any, ...]]) -> None:
    def plant(little: World) -> None:
        little.deposit("ada", 10**9)
        little.run(60 * SECOND_NS)
        little.present(("force-post", 100, True))
        little.run(7 * HOUR_NS)

    found = caught(ForgetsToBurn, history, plant)
    assert {"I7", "I10", "I12"} <= found


class PostsMore(Armed):
    def post(self, presentment: Presentment, now_ns: int) -> Any:
        if not self.fire():
            return super().post(presentment, now_ns)
        altered = replace(presentment, amount_cents=presentment.amount_cents + 1)
        return super().post(altered, now_ns)


@each
@given(history=serial)
def test_i10_one_altered_amount(history: list[tuple[Any, ...]]) -> None:
    found = caught(PostsMore, history, lambda little: little.present(("force-post", 100, True)))
    assert "I10" in found


class SpendsWhatIsLeaving(Armed):
    def act(self, message: Any, now_ns: int) -> Any:
        if isinstance(message, WithdrawalNotice) and message.stage is WithdrawalStage.REQUESTED and self.fire():
            return NoticeReceipt(message.event_id, True)
        return super().act(message, now_ns)


@each
@given(history=serial)
def test_i8_one_withdrawal_that_was_not_followed(history: list[tuple[Any, ...]]) -> None:
    """The request is acknowledged and ignored, so its money is spent as well as paid out."""

    def plant(little: World) -> None:
        little.withdrawal("bob", WithdrawalStage.REQUESTED, 10_000 * USDC6)
        little.run(60 * SECOND_NS)
        little.swipe("spent", free_of(little, "bob"), "bob")
        little.run(SECOND_NS)
        little.withdrawal("bob", WithdrawalStage.COMPLETED)

    found = caught(SpendsWhatIsLeaving, history, plant)
    assert {"I2", "I8"} <= found


class NeverExpires(Armed):
    def act(self, message: Any, now_ns: int) -> Any:
        if getattr(message, "verb", "") == "expire" and self.state.expire(0) == ():
            due = [a for a in self.state._authorizations.values() if a.held_cents and a.expires_at_ns <= message.now_ns]
            if due and self.fire():
                due[0].expires_at_ns = 2**62  # lost from the list of what is due
        return super().act(message, now_ns)


@each
@given(history=serial)
def test_i12_one_hold_that_is_never_ended(history: list[tuple[Any, ...]]) -> None:
    def plant(little: World) -> None:
        little.swipe("for-ever", 100, "bob")
        little.run(5 * DAY_NS + 3 * HOUR_NS)

    assert caught(NeverExpires, history, plant) >= {"I12"}


class KeepsTheLimit(Armed):
    """A reversal frees the money and forgets the limit."""

    def first(self, message: Any, now_ns: int) -> Any:
        answer = super().first(message, now_ns)
        if isinstance(message, ReversalRequest) and answer.released_cents and self.fire():
            self.state._authorizations[message.authorization_id].spend.story.pop()
        return answer


class KeepsTheMoney(Armed):
    """A reversal is answered, and its money stays where nobody can use it: the fast copy never hears of it."""

    stuck = 0

    def first(self, message: Any, now_ns: int) -> Any:
        answer = super().first(message, now_ns)
        if isinstance(message, ReversalRequest) and answer.released_cents and self.fire():
            self.stuck = answer.released_cents * USDC6
        return answer

    def reason(self, message: AuthorizationRequest, now_ns: int) -> DeclineReason | None:
        free = self.state.account("cleo").available - self.stuck
        if message.card_id.startswith("cleo") and message.amount_cents * USDC6 > free:
            return DeclineReason.INSUFFICIENT_FUNDS
        return super().reason(message, now_ns)


@pytest.mark.parametrize("desk", [KeepsTheLimit, KeepsTheMoney])
@each
@given(history=serial)
def test_i12_one_reversal_that_gives_nothing_back(desk: type[Armed], history: list[tuple[Any, ...]]) -> None:
    terms = Terms(limits=LimitTerms(10**6, 5_000, 10**6)) if desk is KeepsTheLimit else TERMS

    def plant(little: World) -> None:
        if little.now_ns % DAY_NS > DAY_NS - HOUR_NS:
            little.run(HOUR_NS)
        amount = 5_000 if desk is KeepsTheLimit else free_of(little, "cleo")
        little.swipe("taken-back", amount, "cleo")
        little.run(SECOND_NS)
        little.reverse("taken-back")
        little.run(15 * 60 * SECOND_NS)
        little.swipe("refused", amount, "cleo")

    assert caught(desk, history, plant, terms) == {"I12"}
