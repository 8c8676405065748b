"""What is kept as JSON by position stays readable: fields may be added at the end, and not be moved."""

from __future__ import annotations

import pytest

from engine.adapters.stored import dump, load
from engine.domain.ledger import HoldChange
from engine.domain.limits import Spend
from engine.domain.terms import NO_LIMITS, LimitTerms, Velocity
from engine.interface import AuthorizationResponse, DeclineReason

SPEND = Spend("a", "c", "5411", 7, 100, 1, 2, 3, 4, "line", "m", True)
KEPT = [
    (
        AuthorizationResponse("a", False, 0, "51", DeclineReason.INSUFFICIENT_FUNDS, 9, 5),
        {"AuthorizationResponse": ["a", False, 0, "51", {"DeclineReason": "insufficient_funds"}, 9, 5]},
    ),
    (SPEND, {"Spend": ["a", "c", "5411", 7, 100, 1, 2, 3, 4, "line", "m", True]}),
    (HoldChange("ada", "a", 1, -2, None, SPEND, 3), {"HoldChange": ["ada", "a", 1, -2, None, dump(SPEND), 3]}),
    (Velocity(60, 3, 500), {"Velocity": [60, 3, 500]}),
]


@pytest.mark.parametrize(("record", "kept"), KEPT)
def test_a_record_is_kept_as_it_always_was_and_comes_back(record, kept) -> None:
    assert dump(record) == kept
    assert load(kept) == record


def test_a_record_from_before_a_field_was_added_has_its_default() -> None:
    assert load({"HoldChange": ["ada", "a", 1, -2, None, None]}) == HoldChange("ada", "a", 1, -2)


def test_limits_are_kept_in_one_order_of_fields() -> None:
    names = ("per_transaction_cents", "daily_cents", "monthly_cents", "weekly_cents", "yearly_cents", "lifetime_cents",
             "daily_count", "velocity", "allowed_mccs", "blocked_mccs", "policy")  # fmt: skip
    assert tuple(LimitTerms.__dataclass_fields__) == names
    assert load(dump(NO_LIMITS)) == NO_LIMITS
