"""Courses are drawn row by row, in the shares that the habits say; card numbers are sound and stay secret."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.interface import AuthorizationKind, CardOpening, DisputeState, Initiator, Presence
from simulators.actors.cardholders import pan_of
from simulators.actors.courses import ESTIMATE, PLAIN, Act, Course, Courses
from simulators.habits import Habits

ROWS = 4_000
LIVELY = Habits(
    fuel_advice_share=0.5, stay_share=0.5, void_share=0.1, part_reversed_share=0.1, late_share=0.1, drift_share=0.1,
    force_share=0.1, partial_share=0.3, remote_share=0.2, subscription_share=0.1, inquiry_share=0.1,
    dispute_share=0.2, refund_share=0.3, stand_in_share=0.4,
)  # fmt: skip


def courses(habits: Habits = LIVELY, mcc: str = "5411", estimate: bool = False, rows: int = ROWS) -> list[Course]:
    drawn = Courses(habits, rows, np.random.default_rng(1))
    return [drawn.of(row, mcc, 1_000, 1_000, estimate) for row in range(rows)]


def share(found: list[Course], says) -> float:
    return sum(map(says, found)) / len(found)


def near(measured: float, expected: float) -> bool:
    return abs(measured - expected) < 0.03


def test_a_plain_world_has_plain_courses() -> None:
    assert set(map(id, courses(Habits()))) == {id(PLAIN)}
    assert courses(Habits(), estimate=True)[0] is ESTIMATE


def test_each_habit_befalls_its_share() -> None:
    found = courses()
    assert near(share(found, lambda c: c.voided), 0.1)
    assert near(share(found, lambda c: any(deed.act is Act.REVERSE_PART for deed in c.deeds)), 0.1)
    assert near(share(found, lambda c: c.days == LIVELY.late_days), 0.1)
    assert near(share(found, lambda c: c.drift_per_mille != 0), 0.1)
    assert near(share(found, lambda c: c.forced), 0.1)
    assert near(share(found, lambda c: c.partial), 0.3)
    assert near(share(found, lambda c: c.initiator is Initiator.MERCHANT), 0.1)
    assert near(share(found, lambda c: c.presence is Presence.NOT_PRESENT), 0.3)
    assert near(share(found, lambda c: c.contest is not None), 0.2 * 0.9)
    assert near(share(found, lambda c: c.refund is not None), 0.3 * 0.9)
    assert near(share(found, lambda c: c.stand_in_cents >= 0), 0.4)


def test_at_most_one_thing_befalls_a_purchase_on_its_way() -> None:
    for course in courses():
        odd = (course.forced, bool(course.deeds), course.days > 1, course.drift_per_mille != 0)
        assert sum(odd) <= 1


def test_a_row_is_drawn_alike_whatever_becomes_of_the_others() -> None:
    drawn = Courses(LIVELY, ROWS, np.random.default_rng(1))
    assert [drawn.of(row, "5411", 1_000, 1_000, False) for row in (7, 3)] == [courses()[7], courses()[3]]


def test_a_habit_that_is_given_up_leaves_the_others_as_they_were() -> None:
    without = courses(replace(LIVELY, stand_in_share=0.0, inquiry_share=0.0))
    assert [replace(c, stand_in_cents=-1, inquires=False) for c in courses()] == without


def test_cash_is_cash_and_a_pump_tells_its_amount() -> None:
    assert {c.kind for c in courses(mcc="6011")} == {AuthorizationKind.CASH_WITHDRAWAL}
    assert near(share(courses(estimate=True), lambda c: [d.cents for d in c.deeds] == [1_000]), 0.5)


def test_a_stay_never_asks_for_more_than_its_bill() -> None:
    stays = [c for c in courses(mcc="7011") if c.kind is AuthorizationKind.PREAUTHORIZATION]
    assert near(len(stays) / ROWS, 0.5)
    for stay in stays:
        grown = stay.asks_cents + sum(deed.cents for deed in stay.deeds if deed.act is Act.INCREMENT)
        assert 400 <= stay.asks_cents <= 700
        assert 998 <= grown <= 1_000


def test_disputes_take_no_step_that_the_table_does_not_allow() -> None:
    from engine.domain.disputes import NEXT

    ends = set()
    for course in courses(replace(LIVELY, dispute_share=1.0, refund_share=0.0)):
        if course.contest is None:
            continue
        before = None
        for state in course.contest.states:
            assert state in NEXT[before]
            before = state
        ends.add(before)
    assert ends == {DisputeState.WON, DisputeState.LOST}


def luhn(number: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def test_card_numbers_are_sound_by_seed_and_not_shown() -> None:
    for network, first, length in (("visa", "400000", 16), ("mastercard", "555555", 16), ("amex", "378282", 15)):
        numbers = [pan_of(seed, f"card-{n}", network) for seed in (1, 2) for n in range(200)]
        assert all(luhn(number) and number.startswith(first) and len(number) == length for number in numbers)
        assert len(set(numbers)) == 400
    assert pan_of(1, "card-1", "visa") == pan_of(1, "card-1", "visa")
    assert pan_of(1, "card-1", "visa") not in repr(CardOpening("card-1", "visa", 0, pan=pan_of(1, "card-1", "visa")))
