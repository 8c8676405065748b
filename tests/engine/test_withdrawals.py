"""What the steps of a withdrawal post: only what really moves, and never less than nothing."""

from __future__ import annotations

import pytest

from engine.domain.accounts import Funds
from engine.interface import WithdrawalNotice, WithdrawalStage
from engine.services.withdraw import entries_of

ASIDE = 6_000


def moved(stage: WithdrawalStage, amount: int, aside: int = ASIDE) -> list[tuple[str, int]]:
    """Book and amount of every posting to the customer, entry by entry."""
    entries = entries_of(WithdrawalNotice("w:1", "ada", stage, amount, 1), Funds(withdrawing_usdc6=aside), 0)
    assert all(entry.amount_usdc6 > 0 for entry in entries)
    return [(posting.book, posting.amount) for entry in entries for posting in entry.postings if posting.owner]


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (5_999, [("withdrawing", -5_999), ("available", 0), ("withdrawing", -1), ("available", 1)]),
        (6_000, [("withdrawing", -6_000), ("available", 0)]),
        (6_001, [("withdrawing", -6_000), ("available", -1)]),
    ],
)
def test_a_payout_takes_what_was_set_aside_first(amount, expected) -> None:
    assert moved(WithdrawalStage.COMPLETED, amount) == expected


@pytest.mark.parametrize(
    ("amount", "expected"), [(5_999, [("withdrawing", -1), ("available", 1)]), (6_000, []), (6_001, [])]
)
def test_a_reduction_gives_back_what_it_is_smaller_by(amount, expected) -> None:
    assert moved(WithdrawalStage.REDUCED, amount) == expected


@pytest.mark.parametrize("aside", [0, 1])
def test_a_cancellation_gives_back_what_was_set_aside(aside) -> None:
    expected = [("withdrawing", -1), ("available", 1)] if aside else []
    assert moved(WithdrawalStage.CANCELLED, 9, aside) == expected
