"""The books of a trial notice what is lost, given twice, overspent or burned twice."""

from __future__ import annotations

import pytest

from engine.interface import AuthorizationResponse, Balance, DeclineReason
from scenarios.chaos.books import (
    Attempt,
    Burned,
    Recovery,
    Swipe,
    burned_wrong,
    out_of_step,
    recovery,
    two_answers,
)

FUNDS = {"ada": 1_000_000}
YES = AuthorizationResponse("a", True, 30, "00", None, 9)
NO = AuthorizationResponse("a", False, 0, "51", DeclineReason.INSUFFICIENT_FUNDS, 0)


def said(available_usdc6: int, held_usdc6: int, receivable_usdc6: int = 0) -> dict[str, Balance]:
    return {"ada": Balance("ada", available_usdc6, held_usdc6, 0, 0, receivable_usdc6)}


SWIPES = [Swipe("k1", "ada", 30), Swipe("k2", "ada", 0), Swipe("k3", "ada", None, reversed=True)]


def test_a_balance_that_is_what_was_answered_is_in_step() -> None:
    assert out_of_step(SWIPES, FUNDS, said(700_000, 300_000)) == []


@pytest.mark.parametrize(
    ("balance", "words"),
    [
        (said(700_001, 299_999), "approvals are lost"),
        (said(699_999, 300_001), "only 300000 were answered"),
        (said(700_001, 300_000), "are not its funds"),
        (said(-1, 1_000_001), "spent more"),
        (said(700_000, 300_000, 1), "spent more"),
    ],
)
def test_a_balance_that_is_off_by_one_unit_is_found(balance, words) -> None:
    assert any(words in finding for finding in out_of_step(SWIPES, FUNDS, balance))


def test_a_swipe_that_nobody_knows_the_end_of_is_found() -> None:
    assert "without an answer" in out_of_step([Swipe("k", "ada", None)], FUNDS, said(1_000_000, 0))[0]


def test_a_key_with_two_answers_is_found_and_one_with_the_same_twice_is_not() -> None:
    tries = [Attempt("k", 0, 1, None), Attempt("k", 1, 2, YES), Attempt("k", 2, 3, None), Attempt("k", 3, 4, YES)]
    assert two_answers(tries) == []
    assert len(two_answers([*tries, Attempt("k", 5, 6, NO)])) == 1


def test_recovery_counts_from_the_end_of_the_fault_to_a_good_second() -> None:
    bad = [Attempt(f"b{n}", 10 + n / 10, 12 + n / 10, None) for n in range(10)]
    slow = [Attempt("s", 11, 11.8, YES)]
    good = [Attempt(f"g{n}", 11.1 + n / 10, 11.15 + n / 10, YES) for n in range(30)]
    back = recovery([*bad, *slow, *good], 10.0)
    assert back.first_s == pytest.approx(1.15)
    assert back.steady_s == pytest.approx(1.1)
    assert recovery(bad, 10.0) == Recovery(None, None)


@pytest.mark.parametrize(("of", "wrong"), [((5, 5, 5), 0), ((5, 5, 10), 1), ((5, 10, 5), 1), ((5, 0, 0), 1)])
def test_what_was_captured_is_burned_once(of, wrong) -> None:
    assert len(burned_wrong({"ada": Burned(*of)})) == wrong
