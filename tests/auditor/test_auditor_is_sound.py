"""A right engine is never accused, whatever overlaps with whatever."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from little_world import HOUR_NS, MS, SECOND_NS, USDC6, Leg, World, world

from engine.interface import AuthorizationKind, CardStatus, DisputeState, HoldTerms, LimitTerms, Terms, WithdrawalStage

TERMS = Terms(limits=LimitTerms(per_transaction_cents=8_000, daily_cents=15_000, monthly_cents=40_000))
HASTY = Terms(
    limits=TERMS.limits,
    holds=HoldTerms({"visa": 2 * SECOND_NS, "amex": HOUR_NS}, HOUR_NS, preauthorization_ns=3 * HOUR_NS),
    settlement_bound_ns=2 * HOUR_NS,
)
"""Holds that end before their answers arrive, or within the day."""
TIGHT = Terms(limits=LimitTerms(per_transaction_cents=2_000, daily_cents=4_000, monthly_cents=9_000))

cents = st.integers(1, 2_500) | st.sampled_from([1, 10, 100, 1_000, 2_000, 8_000, 8_001, 10_000])
delays = st.sampled_from([0, 1, 5, 40, 900, 30_000]).map(lambda ms: ms * MS)
legs = st.builds(Leg, delays, delays, st.sampled_from(["", "", "", "", "before", "after"]))
who = st.sampled_from(["ada", "bob", "cleo"])
back = st.integers(-1, 8)
"""Which authorization: 0 is the newest, 1 the one before; -1 has not been sent yet."""
swipes = [st.tuples(st.just("swipe"), cents, legs, st.just(estimate)) for estimate in 5 * [False] + [True]]
waits = st.tuples(st.just("wait"), st.sampled_from([1, 20, 1_000, 60_000]).map(lambda ms: ms * MS))
steps = st.one_of(
    *swipes,
    st.tuples(st.just("repeat"), back, legs),
    st.tuples(st.just("reverse"), back, legs),
    st.tuples(st.just("reverse as asked anew"), back, legs),
    st.tuples(st.just("clear"), back, st.sampled_from([-100, -1, 0, 0, 0, 1, 100, 3_000]), st.booleans(), legs),
    st.tuples(st.just("present"), st.lists(st.tuples(back, cents, st.booleans()), min_size=1, max_size=3), legs),
    st.tuples(st.just("batch again"), st.integers(0, 10), legs),
    st.tuples(st.just("deposit"), who, st.sampled_from([1, 9_999, 10**6, 10**8, 3 * 10**8])),
    st.tuples(st.just("withdraw"), who, st.sampled_from([10**6, 10**7, 10**7, 10**8, 3 * 10**8])),
    st.tuples(st.just("withdrawn"), who, st.sampled_from([WithdrawalStage.CANCELLED, WithdrawalStage.COMPLETED])),
    st.tuples(st.just("settle or ask"), who, st.booleans()),
    st.tuples(st.just("part"), cents, legs, st.booleans()),
    st.tuples(st.just("increase"), back, cents, legs),
    st.tuples(st.just("increase"), back, cents, legs),
    st.tuples(st.just("inquire"), who, legs),
    st.tuples(
        st.just("advise"), back, cents | st.sampled_from([20_000, 40_000]), legs, st.sampled_from([True, True, False])
    ),
    st.tuples(st.just("reverse a part"), back, cents, legs),
    st.tuples(st.just("refund"), back, cents, legs),
    st.tuples(
        st.just("dispute"), st.integers(0, 10), st.sampled_from(list(DisputeState)), st.sampled_from([1, 100, 0]), legs
    ),
    st.just(("die",)),
    st.tuples(st.just("open"), who, st.sampled_from(list(CardStatus)), st.sampled_from([0, 1]), legs),
    st.tuples(st.just("open"), who, st.just(CardStatus.ACTIVE), st.just(1), legs),
    waits,
    waits,
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 25, 5 * 24 + 1]).map(lambda hours: hours * HOUR_NS)),
)


def ref_of(little: World, back: int) -> str:
    return f"a{max(len(little.requests) - 1 - back, 0)}"


def owner(ref: str) -> tuple[str, str]:
    """Account and network of an authorization, before it exists too."""
    number = int(ref[1:])
    return ("ada", "ada", "bob", "cleo")[number % 4], ("visa", "amex", "visa")[number % 3]


def present(little: World, parts: list[tuple[str, int, bool]], leg: Leg) -> None:
    little.present(*parts, cards={ref: "-".join(owner(ref)) for ref, _, _ in parts}, leg=leg)


def do(little: World, step: tuple[Any, ...]) -> None:
    """One step of a history."""
    match step:
        case ("swipe", amount, leg, estimate):
            ref = ref_of(little, -1)
            account_id, network = owner(ref)
            little.swipe(ref, amount, account_id, network, leg, estimate=estimate)
        case ("repeat", back, leg) if little.requests and back >= 0:
            little.send(little.requests[ref_of(little, back)], leg)
        case ("reverse", back, leg):
            little.reverse(ref_of(little, back), leg, card="-".join(owner(ref_of(little, back))))
        case ("reverse as asked anew", back, leg):
            ref = ref_of(little, back)
            little.reverse(ref, leg, key=f"{ref}:{little.now_ns}", card="-".join(owner(ref)))
        case ("clear", back, more, final, leg) if little.requests and back >= 0:
            ref = ref_of(little, back)
            present(little, [(ref, max(little.requests[ref].amount_cents + more, 1), final)], leg)
        case ("present", parts, leg):
            present(little, [(ref_of(little, back), amount, final) for back, amount, final in parts], leg)
        case ("part", amount, leg, in_person):
            ref = ref_of(little, -1)
            account_id, network = owner(ref)
            little.swipe(ref, amount, account_id, network, leg, partial=True, present=in_person)
        case ("increase", back, amount, leg):
            ref = ref_of(little, back)
            little.ask(AuthorizationKind.INCREMENTAL, ref, amount, "-".join(owner(ref)), leg)
        case ("inquire", account_id, leg):
            little.ask(AuthorizationKind.BALANCE_INQUIRY, f"q{little.now_ns}", 0, f"{account_id}-visa", leg)
            little.ask(AuthorizationKind.REFUND, f"r{little.now_ns}", 100, f"{account_id}-visa", leg)
        case ("advise", back, amount, leg, approved):
            ref = ref_of(little, back)
            little.advise(ref, amount, "-".join(owner(ref)), leg, approved)
        case ("reverse a part", back, amount, leg):
            ref = ref_of(little, back)
            little.reverse(ref, leg, f"{ref}:part:{little.now_ns}:{amount}", amount, "-".join(owner(ref)))
        case ("refund", back, amount, leg):
            ref = ref_of(little, back)
            little.refund(ref, amount, "-".join(owner(ref)), leg)
        case ("dispute", index, state, amount, leg) if little.batches:
            presentment = little.batches[index % len(little.batches)].presentments[0]
            little.dispute(presentment, state, amount or presentment.amount_cents, leg)
        case ("die",):
            little.die()
        case ("open", account_id, status, kyc_level, leg):
            little.open(little.opening(account_id, status, kyc_level=kyc_level), leg)
        case ("batch again", index, leg) if little.batches:
            little.send(little.batches[index % len(little.batches)], leg)
        case ("deposit", account_id, usdc6):
            little.deposit(account_id, usdc6)
        case ("withdraw", account_id, usdc6):
            little.withdrawal(account_id, WithdrawalStage.REQUESTED, usdc6)
        case ("withdrawn", account_id, stage):
            little.withdrawal(account_id, stage)
        case ("settle or ask", _, True):
            little.settle()
        case ("settle or ask", account_id, False):
            little.run(2 * 60 * SECOND_NS)  # the auditor is told of a balance when nothing is in flight
            little.auditor.balance(little.now_ns, little.desk.balance(account_id))
        case ("wait", for_ns):
            little.run(for_ns)


def histories(shortest: int, longest: int) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    return st.lists(steps, min_size=shortest, max_size=longest)


INSTANT = Leg(0, 0)
SLOW = Leg(900 * MS, 0)
MINUTE = ("wait", 60 * SECOND_NS)
FOUND: dict[str, list[tuple[Any, ...]]] = {
    "an increment beside an advice that failed: what the advice says is held, whichever came first": [
        *4 * [("swipe", 1, INSTANT, False)],
        ("wait", MS),
        ("advise", 3, 1, Leg(0, 0, "before"), True),
        ("increase", 3, 1, Leg(0, MS)),
    ],
    "an advice beside its own request, and another after the decline: the first one's hold is the older": [
        ("part", 10, SLOW, True),
        ("advise", 3, 10_000, INSTANT, True),
        ("wait", SECOND_NS),
        ("advise", 7, 546, INSTANT, True),
    ],
    "two notices of one dispute at once: the first to be sent is not judged either": [
        ("present", [(1, 20_000, True)], INSTANT),
        MINUTE,
        ("dispute", 0, DisputeState.LOST, 0, Leg(900 * MS, 30 * SECOND_NS)),
        ("dispute", 0, DisputeState.NEW, 100, INSTANT),
    ],
    "a dispute of a sale whose posting is not answered yet: its credit may be spent at once": [
        ("part", 8_000, INSTANT, False),
        ("present", [(0, 31_000, False)], INSTANT),
        ("dispute", 9, DisputeState.SUBMITTED, 0, Leg(30 * SECOND_NS, 5 * MS)),
        ("swipe", 1_000, Leg(30 * SECOND_NS, 0), False),
    ],
    "two disputes crossed, and a recovery of an amount that nobody can tell": [
        ("present", [(2, 20_000, True)], INSTANT),
        ("dispute", 3, DisputeState.LOST, 1, INSTANT),
        ("dispute", 10, DisputeState.SUBMITTED, 0, Leg(30 * SECOND_NS, 0)),
        ("present", [(-1, 31_000, False)], INSTANT),
    ],
    "two disputes crossed, and a receivable of one that nobody can tell": [
        ("present", [(1, 30_000, False)], INSTANT),
        ("dispute", 0, DisputeState.SUBMITTED, 100, INSTANT),
        ("present", [(2, 30_000, False)], INSTANT),
        ("wait", SECOND_NS),
        ("dispute", 0, DisputeState.LOST, 100, INSTANT),
    ],
    "an increment before its authorization, and a part taken back beside it": [
        ("increase", -1, 1_000, Leg(40 * MS, 0)),
        ("swipe", 1_000, INSTANT, True),
        ("wait", MS),
        ("reverse a part", 0, 1_436, Leg(30 * SECOND_NS, 0)),
    ],
    "a refund that pays a debt beside an advice: the advice took what the refund had not brought yet": [
        ("present", [(2, 31_000, True)], INSTANT),
        ("present", [(-1, 20_000, False)], INSTANT),
        ("advise", -1, 1_000, INSTANT, True),
        ("part", 100, INSTANT, False),
        ("clear", 0, 1, True, INSTANT),
        ("refund", -1, 20_000, INSTANT),
        ("die",),
    ],
    "an advice answered late: what it took is gone before": [
        *5 * [("swipe", 10, INSTANT, False)],
        ("present", [(2, 31_000, False)], INSTANT),
        ("advise", 0, 20_000, Leg(0, 30 * SECOND_NS), True),
        ("wait", 20 * MS),
        ("present", [(0, 30_000, True)], INSTANT),
    ],
    "a capture sent before its authorization was told of: its landing is none of the story's": [
        ("swipe", 100, Leg(40 * MS, 0), False),
        ("clear", 2, 3_000, True, INSTANT),
        ("increase", 1, 8_001, INSTANT),
        ("settle or ask", "ada", False),
        ("increase", 1, 1_343, Leg(40 * MS, 0)),
        ("advise", 1, 40_000, INSTANT, True),
        ("settle or ask", "ada", False),
    ],
    "an increment on a declined authorization, which an advice beside it opens": [
        ("swipe", 8_001, INSTANT, False),
        MINUTE,
        ("increase", 2, 10, Leg(40 * MS, 0)),
        ("advise", 2, 1_000, INSTANT, True),
    ],
    "a swipe whose answer was lost, and an advice that used the day's limit up before it came again": [
        ("swipe", 8_000, INSTANT, True),
        ("swipe", 1_000, Leg(900 * MS, 30 * SECOND_NS, "after"), False),
        MINUTE,
        ("swipe", 827, INSTANT, False),
        ("swipe", 10, INSTANT, True),
        ("swipe", 312, INSTANT, False),
        ("swipe", 8_000, INSTANT, True),
        ("wait", 20 * MS),
        ("die",),
        ("swipe", 1_000, INSTANT, False),
        ("advise", 1, 40_000, INSTANT, True),
    ],
    "a hold that was captured before it was known, and a reversal that frees nothing more": [
        ("advise", -1, 40_000, INSTANT, True),
        ("present", [(-1, 31_000, True)], INSTANT),
        ("die",),
        ("reverse", -1, Leg(30 * SECOND_NS, 0)),
        ("present", [(-1, 20_000, True)], Leg(900 * MS, 30 * SECOND_NS)),
    ],
    "an advice that was refused, and the declined request come again: that was answered before": [
        ("swipe", 8_001, INSTANT, False),
        ("reverse a part", 1, 273, INSTANT),
        ("settle or ask", "ada", False),
        ("open", "ada", CardStatus.CANCELLED, 0, INSTANT),
        ("advise", 2, 40_000, INSTANT, True),
        ("settle or ask", "bob", False),
        ("repeat", 7, INSTANT),
    ],
    "a part taken back of an authorization that an advice opened as well: it has not ended": [
        ("swipe", 195, INSTANT, False),
        ("advise", 2, 20_000, INSTANT, True),
        ("reverse a part", 0, 885, INSTANT),
        ("settle or ask", "cleo", False),
        ("advise", 0, 1_233, INSTANT, True),
    ],
    "an authorization muddled by an advice under its id: what a reversal finds held is either's": [
        ("advise", 2, 1, Leg(0, 900 * MS, "before"), True),
        ("swipe", 1_817, INSTANT, True),
        ("reverse", 2, SLOW),
        ("reverse a part", 2, 2_318, Leg(40 * MS, 900 * MS)),
    ],
    "two advices of one authorization with its reversal between them: neither was alone": [
        ("advise", -1, 20_000, Leg(40 * MS, 40 * MS), True),
        ("reverse a part", -1, 666, INSTANT),
        ("advise", -1, 20_000, INSTANT, True),
    ],
}
"""Histories, shortened, in which the auditor at some time accused a right engine."""


def accused(terms: Terms, auditing: dict[str, int], history: list[tuple[Any, ...]]) -> list[Any]:
    """What the auditor finds in a history under right rules."""
    little = world(terms, cents=30_000, **auditing)
    for step in history:
        do(little, step)
    return little.close().findings


CASES = [
    pytest.param(TERMS, {}, id="usual"),
    pytest.param(HASTY, {}, id="short holds"),
    pytest.param(HASTY, {"memory_ns": HOUR_NS, "slack_ns": 50 * MS}, id="short memory"),
    pytest.param(TERMS, {"slack_ns": SECOND_NS}, id="slack"),
    pytest.param(TIGHT, {"patience_ns": 0}, id="tight limits, no patience"),
]


@pytest.mark.parametrize("terms,auditing", CASES)
@pytest.mark.parametrize("name", FOUND)
def test_no_history_that_was_once_accused_is_accused_again(terms: Terms, auditing: dict[str, int], name: str) -> None:
    assert accused(terms, auditing, FOUND[name]) == []


@pytest.mark.parametrize("terms,auditing", CASES)
@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories(1, 30) | histories(40, 80))
def test_a_right_engine_is_never_accused(
    terms: Terms, auditing: dict[str, int], history: list[tuple[Any, ...]]
) -> None:
    assert accused(terms, auditing, history) == []


@settings(max_examples=100, deadline=None)
@given(amounts=st.lists(st.tuples(cents, legs, delays), min_size=2, max_size=20))
def test_a_crowd_on_one_balance_is_never_taken_for_an_overspend(amounts: list[tuple[int, Leg, int]]) -> None:
    """Everything at once on one account that cannot pay it all, then all of it taken back at once."""
    little = world(TERMS)
    for n, (amount, leg, gap_ns) in enumerate(amounts):
        little.swipe(f"x{n}", amount, leg=leg)
        little.run(gap_ns // 8)
        if n % 3 == 2:
            little.reverse(f"x{n - 1}", leg)
    assert little.close().findings == []


def test_midnight_between_sending_and_answering_is_in_neither_window() -> None:
    """Ten swipes fill the old day's limit; ten more are decided after midnight though sent before."""
    terms = Terms(limits=LimitTerms(1_000, 10_000, 10**9))
    little = world(terms, cents=100_000)
    little.run(23 * HOUR_NS - little.now_ns % (24 * HOUR_NS) + 59 * 60 * SECOND_NS)
    for n in range(10):
        little.swipe(f"old{n}", 1_000)
    little.run(SECOND_NS)
    for n in range(10):
        little.swipe(f"new{n}", 1_000, leg=Leg(60 * SECOND_NS, SECOND_NS))
    little.run(120 * SECOND_NS)
    held = little.desk.balance("ada").held_usdc6
    assert held == 20 * 1_000 * USDC6
    assert little.close().findings == []
