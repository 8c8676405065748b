"""The figures of the benchmark say what was seen."""

from __future__ import annotations

import pytest

from scenarios.bugs.catalogue import CATALOGUE
from scenarios.bugs.figures import SEEDS, figures, median_to_alarm
from scenarios.bugs.trial import Trial

BUG = next(iter(CATALOGUE.values()))


@pytest.mark.parametrize(
    "alarms, median",
    [
        ([], None),
        ([(5, True)], 5),
        ([(5, False)], None),
        ([(1, True), (2, True), (3, True)], 2),
        ([(1, True), (2, True), (3, True), (4, True)], 2),  # exactly a half is without alarm after the second
        ([(9, True), (200, False)], 9),
        ([(9, True), (200, False), (200, False)], None),
        # Freireich's 6-MP group (1963): the textbook's example of the estimate, whose median is 23 weeks.
        (
            [(t, True) for t in (6, 6, 6, 7, 10, 13, 16, 22, 23)]
            + [(t, False) for t in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)],
            23,
        ),
    ],
)  # fmt: skip
def test_the_median_is_that_of_kaplan_and_meier(alarms: list[tuple[int, bool]], median: int | None) -> None:
    assert median_to_alarm(alarms) == median
    assert median_to_alarm(reversed(alarms)) == median


def test_only_the_named_alarm_counts() -> None:
    named, other = BUG.invariant, "I14"
    right = {1: "a", 2: "b", 3: "c", 4: "d"}
    trials = [
        Trial(1, 200, 3, "x", {named: 40, other: 20}),
        Trial(2, 200, 0, "b", {}),
        Trial(3, 200, 1, "y", {other: 10}),
        Trial(4, 200, 1, "", {}, "WorldError: no end"),
    ]
    found = figures(BUG, trials, right)
    assert (found.seeds, found.reached, found.triggered, found.caught) == (4, 3, 3, 1)
    assert (found.median_swipes, found.worst_swipes) == (None, 40)
    assert found.others == (other,)
    assert found.broke == 1


def test_fifty_nine_seeds_without_a_miss_are_95_percent_with_95_percent_confidence() -> None:
    assert 0.95**SEEDS < 0.05 < 0.95 ** (SEEDS - 1)
