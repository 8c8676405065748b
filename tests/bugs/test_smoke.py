"""A part of the benchmark, small enough for every run of the tests: these bugs are caught under these seeds."""

from __future__ import annotations

import pytest

from scenarios.bugs.benchmark import run
from scenarios.bugs.catalogue import CATALOGUE
from scenarios.bugs.orders import Wanted
from scenarios.bugs.page import page
from scenarios.bugs.trial import attempt
from scenarios.bugs.unit_tests import UNIT_TESTS

SEEDS = (1, 2, 3)
SMOKE = (
    "money-tip-beyond-the-purse-is-not-owed",
    "idempotency-repeat-gets-a-fresh-expiry",
    "limits-day-in-local-time",
    "limits-equal-is-over",
    "lifecycle-estimate-ends-like-a-purchase",
    "messages-early-reversal-leaves-no-mark",
    "settlement-last-capture-wins",
    "funding-equal-deposits-are-one",
    "funding-withdrawal-spendable-until-paid",
    "stand_in-amount-is-added",
    "cache_loss-windows-start-empty",
    "secrecy-replacement-is-logged",
)
"""One or more of each family; each is caught in at least one of the seeds."""


@pytest.mark.parametrize("bug_id", SMOKE)
def test_the_named_invariant_catches_it(bug_id: str) -> None:
    bug = CATALOGUE[bug_id]
    trials = [attempt(bug, bug.world, seed) for seed in SEEDS]
    assert any(bug.invariant in trial.alarms for trial in trials), [trial.broke or trial.said for trial in trials]


@pytest.mark.parametrize("world", sorted({CATALOGUE[bug_id].world for bug_id in SMOKE}))
def test_the_right_engine_is_not_accused_in_the_same_worlds(world: str) -> None:
    for seed in SEEDS:
        trial = attempt(None, world, seed)
        assert not trial.broke, seed
        assert not trial.alarms, (seed, trial.said)


def test_the_benchmark_is_the_same_with_any_number_of_workers() -> None:
    bugs = tuple(CATALOGUE[bug_id] for bug_id in ("limits-equal-is-over", "limits-day-in-local-time"))
    wanted = Wanted(bugs, seeds=2, right_seeds=3, ablation_seeds=0)
    results = [run(Wanted(bugs, 2, 3, 0, jobs)) for jobs in (1, 2)]
    assert results[0].figures == results[1].figures
    assert [one.bug.id for one in results[0].figures] == [bug.id for bug in wanted.bugs]
    assert results[0].right_seeds == 3
    assert results[0].ok
    text = page(results[0])
    assert "`limits-equal-is-over`" in text
    assert "- The right engine raises no alarm in 3 seeds (3 runs of 1 worlds)." in text


def test_what_is_not_run_in_time_is_said_and_fails() -> None:
    bugs = (CATALOGUE["limits-equal-is-over"],)
    result = run(Wanted(bugs, 2, 2, 0, 1, 0.0))
    assert result.left_out == ("limits-equal-is-over",)
    assert not result.figures
    assert not result.ok


def test_seeds_beyond_those_of_the_bugs_are_shared_out_among_the_worlds() -> None:
    bugs = tuple(CATALOGUE[bug_id] for bug_id in ("limits-equal-is-over", "races-orphans-are-kept"))
    result = run(Wanted(bugs, 1, 6, 0, 1))
    assert len(result.worlds) == 2
    assert (result.right_seeds, result.right_runs) == (6, 2 * 1 + 5)
    assert not result.false_alarms


def test_the_other_ways_are_compared_on_the_same_seeds() -> None:
    bug = CATALOGUE["limits-equal-is-over"]
    result = run(Wanted((bug,), 2, 2, 1, 1, unit_tests=UNIT_TESTS / "test_decide.py"))
    (found,) = result.figures
    assert (found.seeds, found.few, found.no_faults, found.fifo, found.unit_tests) == (2, 1, 1, 1, True)
    text = page(result)
    assert "| what each part brings, in 1 seeds of 1 bugs | bugs caught at all | of all seeds |" in text
    assert "| the unit tests alone | 1 of 1 | |" in text
