"""A plan stays sorted, whole and the same purchases, whatever is done to its time or its length."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.traces.plan import MerchantRow, PurchasePlan

TILLS = (MerchantRow("till-a", "5411", "grocery"), MerchantRow("till-b", "5542", "fuel"))
EPOCH = 1_500_000_000_000_000_000


def plan_at(*at_ns: int) -> PurchasePlan:
    count = len(at_ns)
    return PurchasePlan.of(
        np.array(at_ns, dtype=np.int64),
        np.arange(count) % 3,
        np.arange(count) % 2,
        np.arange(count) + 1,
        ("ann", "bob", "cid"),
        TILLS,
    )


def columns_of(plan: PurchasePlan) -> dict[str, np.ndarray]:
    names = ("at_ns", "cardholder", "merchant", "amount_cents", "authorized_cents", "network")
    return {name: getattr(plan, name) for name in names}


def test_rows_in_any_order_are_sorted_and_ties_keep_their_order():
    plan = plan_at(30, 10, 20, 10)
    assert plan.at_ns.tolist() == [10, 10, 20, 30]
    assert plan.amount_cents.tolist() == [2, 4, 3, 1]


def test_columns_cannot_be_written_and_the_given_arrays_stay_writable():
    at_ns = np.array([1, 2], dtype=np.int64)
    plan = PurchasePlan.of(at_ns, [0, 0], [0, 0], [5, 5], ("ann",), TILLS[:1])
    with pytest.raises(ValueError, match="read-only"):
        plan.amount_cents[0] = 7
    assert at_ns.flags.writeable


@pytest.mark.parametrize(
    ("column", "wrong", "says"),
    [
        ("at_ns", np.array([2, 1]), "not sorted"),
        ("at_ns", np.array([-1, 1]), "at_ns goes from -1"),
        ("at_ns", np.array([1.0, 2.0]), "at_ns is float64"),
        ("cardholder", np.array([0, 1], dtype=np.int32), "cardholder goes from 0 to 1"),
        ("merchant", np.array([-1, 0], dtype=np.int32), "merchant goes from -1"),
        ("amount_cents", np.array([0, 1]), "amount_cents goes from 0"),
        ("amount_cents", np.array([1]), "amount_cents has 1 rows"),
        ("authorized_cents", np.array([0, 1]), "neither positive nor -1"),
        ("network", np.array([0, 3], dtype=np.int8), "network goes from 0 to 3"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(column, wrong, says):
    good = columns_of(PurchasePlan.of(np.array([1, 2]), [0, 0], [0, 0], [5, 5], ("ann",), TILLS[:1]))
    with pytest.raises(ValueError, match=says):
        PurchasePlan(**(good | {column: wrong}), cardholders=("ann",), merchants=TILLS[:1])


def test_an_empty_plan_survives_every_helper():
    empty = plan_at(5).head(0)
    assert len(empty) == 0
    assert list(empty.rows()) == []
    for again in (empty.starting_at(9), empty.shifted(9), empty.at_speed(2), empty.between(0, 99), empty.compact()):
        assert len(again) == 0
    assert empty.compact().cardholders == ()


def test_rows_are_the_columns_side_by_side_over_block_borders():
    plan = plan_at(10, 20, 30, 40, 50)
    rows = list(plan.rows(block=2))
    assert rows[0] == (10, 0, 0, 1, -1, -1)
    assert rows[4] == (50, 1, 0, 5, -1, -1)
    assert len(rows) == 5
    assert all(type(value) is int for value in rows[0])


def test_head_takes_the_first_and_never_more_than_there_are():
    plan = plan_at(10, 20, 30)
    assert plan.head(2).at_ns.tolist() == [10, 20]
    assert plan.head(9) == plan
    with pytest.raises(ValueError, match="count is -1"):
        plan.head(-1)


def test_between_holds_its_start_and_not_its_end():
    plan = plan_at(10, 20, 20, 30)
    assert plan.between(20, 30).at_ns.tolist() == [20, 20]
    assert plan.between(21, 31).at_ns.tolist() == [30]
    assert len(plan.between(30, 10)) == 0


def test_starting_elsewhere_moves_everything_by_the_same_time():
    moved = plan_at(EPOCH, EPOCH + 7).starting_at(1_000)
    assert moved.at_ns.tolist() == [1_000, 1_007]
    with pytest.raises(ValueError, match="before 1970"):
        moved.shifted(-1_001)
    with pytest.raises(ValueError, match="beyond 64 bits"):
        moved.shifted(2**63 - 1_007)
    assert moved.shifted(2**63 - 1_008).at_ns[-1] == 2**63 - 1


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (1, [100, 160, 400]),
        (2, [100, 130, 250]),
        (0.5, [100, 220, 700]),
        (60, [100, 101, 105]),
        (Fraction(3, 2), [100, 140, 300]),
    ],
)
def test_speed_divides_every_distance_from_the_first_purchase(factor, expected):
    assert plan_at(100, 160, 400).at_speed(factor).at_ns.tolist() == expected


@pytest.mark.parametrize("factor", [0, -1, float("inf"), float("nan"), 1e-7, 2e9])
def test_an_impossible_speed_is_refused(factor):
    with pytest.raises(ValueError, match="speed is"):
        plan_at(1, 2).at_speed(factor)


def test_slowing_down_beyond_64_bits_is_refused():
    with pytest.raises(ValueError, match="beyond 64 bits"):
        plan_at(0, 2**62).at_speed(0.25)


year_ns = st.integers(0, 366 * 86_400 * 10**9)


@given(st.lists(year_ns, min_size=1, max_size=20), st.floats(1e-2, 1e9))
def test_speed_keeps_the_order_and_is_as_exact_as_its_fraction(gaps, factor):
    plan = plan_at(*(EPOCH + gap for gap in gaps))
    faster = plan.at_speed(factor)
    assert (np.diff(faster.at_ns) >= 0).all()
    assert faster.amount_cents.tolist() == plan.amount_cents.tolist()
    for before, after in zip(plan.at_ns.tolist(), faster.at_ns.tolist(), strict=True):
        wanted = Fraction(before - int(plan.at_ns[0])) / Fraction(factor)
        assert abs(after - int(plan.at_ns[0]) - wanted) <= 1 + wanted / 20_000


def test_compact_lists_only_who_takes_part_in_order_of_appearance():
    tills = (*TILLS, MerchantRow("till-c", "7011", "hotel"))
    plan = PurchasePlan.of(np.array([1, 2, 3]), [2, 0, 2], [2, 1, 1], [5, 6, 7], ("ann", "bob", "cid"), tills)
    compact = plan.compact()
    assert compact.cardholders == ("cid", "ann")
    assert [till.id for till in compact.merchants] == ["till-c", "till-b"]
    assert compact.cardholder.tolist() == [0, 1, 0]
    assert compact.compact() == compact
    assert compact != plan


def test_a_million_purchases_take_less_than_sixty_megabytes():
    count = 1_000_000
    zeros = np.zeros(count, dtype=np.int32)
    plan = PurchasePlan.of(np.arange(count), zeros, zeros, np.ones(count, dtype=np.int64), ("ann",), TILLS[:1])
    assert plan.nbytes == 33 * count
    assert plan.head(10).at_ns.base is not None  # a window, not a copy
