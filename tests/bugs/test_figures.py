"""The figures of the benchmark say what was seen."""

from __future__ import annotations

import dataclasses

import pytest

from scenarios.bugs.catalogue import CATALOGUE
from scenarios.bugs.figures import SEEDS, Figures, figures, median_to_alarm
from scenarios.bugs.trial import CUT_SHORT, Trial

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
    right = {seed: Trial(seed, 200, 0, trace, {}) for seed, trace in enumerate("abcd", 1)}
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


def figures_of(caught: int, *, few: int | None = None, no_faults: int | None = None) -> Figures:
    plain = dataclasses.replace(BUG, hard="")
    return Figures(plain, 8, 8, 8, caught, None, None, (), 0, few=few, no_faults=no_faults)


@pytest.mark.parametrize(
    "found, hard",
    [
        (figures_of(8), ""),
        (figures_of(3), ""),
        (figures_of(2), "seldom"),  # exactly a quarter
        (figures_of(0), ""),  # missed, which is worse
        (figures_of(8, few=4, no_faults=0), "faults alone"),
        (figures_of(8, few=4, no_faults=1), ""),
        (figures_of(8, few=0, no_faults=0), ""),
    ],
)
def test_hard_is_what_is_measured_to_be(found: Figures, hard: str) -> None:
    assert found.hard == hard


def test_hard_by_design_is_hard_however_often_it_is_caught() -> None:
    assert dataclasses.replace(figures_of(8), bug=dataclasses.replace(BUG, hard="date")).hard == "one date"


def test_a_crash_is_counted_and_is_no_alarm() -> None:
    trials = [Trial(1, 200, 3, "x", {}, crashes=2), Trial(2, 200, 3, "y", {})]
    found = figures(BUG, trials, {seed: Trial(seed, 200, 0, "a", {}) for seed in (1, 2)})
    assert (found.caught, found.crashed, found.broke) == (0, 1, 0)


def test_an_alarm_that_the_right_engine_raises_too_does_not_count() -> None:
    named = BUG.invariant
    trials = [Trial(seed, 200, 1, CUT_SHORT, {named: 40}) for seed in (1, 2)]
    found = figures(BUG, trials, {1: Trial(1, 200, 0, "a", {named: 60}), 2: Trial(2, 200, 0, "b", {"I14": 60})})
    assert (found.triggered, found.caught, found.worst_swipes) == (2, 1, 40)
