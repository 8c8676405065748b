"""`swipelab run --exhaust`: every order of what is tied, what was covered, and the order that fails."""

from __future__ import annotations

from math import prod
from pathlib import Path

import pytest

from scenarios.cli import main
from scenarios.cli.codes import BAD_INPUT, FAILED, PASSED
from scenarios.fuzz.case import ready
from scenarios.fuzz.exhaust import Coverage, every_order
from scenarios.fuzz.failure import read_failure
from scenarios.fuzz.trial import attempt
from scenarios.library import library_scenarios
from tests.fuzz.small import case

RACE = library_scenarios()["racing_cards"].read_text()
FEW = RACE.replace("card: 2, amount_cents: 6_000", "card: 2, amount_cents: 6_000, mcc: '5411'").replace(
    "{at: 10s, do: swipe, cardholder: ada, card: 2", "{at: 10s2ms, do: swipe, cardholder: ada, card: 2"
)
FEW = FEW.replace("holds: {median: 1ms", "holds: {median: 2ms").replace("ledger: {median: 1ms", "ledger: {median: 4ms")
"""The second card two milliseconds behind: hardly anything falls on one instant."""


def orders(text: str, engine: str, bound: int) -> tuple[Coverage, list[tuple[tuple[int, ...], set[str]]]]:
    coverage = Coverage()
    found = every_order(ready(case(engine, text)), bound, coverage)
    return coverage, [(choices, {one.invariant for one in trial.found}) for choices, trial in found]


def test_every_order_is_run_once() -> None:
    coverage, run = orders(FEW, "engine", 500)
    assert coverage.complete
    assert coverage.unseen == 0
    assert len({choices for choices, _ in run}) == len(run) == coverage.orders > 1
    departures = [sum(map(bool, choices)) for choices, _ in run]
    assert departures == sorted(departures)
    assert not coverage.failed
    assert coverage.words().startswith(f"all {coverage.orders:,} orders of what was tied")


def test_a_bound_is_kept_and_what_is_left_is_said() -> None:
    coverage, run = orders(RACE, "engine", 5)
    assert len(run) == coverage.orders == 5
    assert not coverage.complete
    assert coverage.unseen > 0
    likely = prod(coverage.first_options)
    assert coverage.words().startswith(f"5 orders of at least {5 + coverage.unseen:,}, and some {likely:,} if all are")


def test_the_bound_may_be_exactly_all_there_is() -> None:
    every = orders(FEW, "engine", 500)[0].orders
    assert orders(FEW, "engine", every)[0].complete
    assert not orders(FEW, "engine", every - 1)[0].complete


def test_the_naive_engine_spends_twice_and_the_production_engine_does_not() -> None:
    naive, run = orders(RACE, "naive", 40)
    assert naive.failed == 40
    assert "I2" in run[0][1]
    right, _ = orders(RACE, "engine", 200)
    assert right.failed == 0
    assert len(right.traces) > 1  # they are not all the same world


def test_an_order_that_first_in_first_out_never_shows_is_found_kept_and_shrunk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wants_order = "tests.fuzz.crashing:WantsOrder"
    assert attempt(ready(case(wants_order, RACE))).found == ()
    file = tmp_path / "race.yaml"
    file.write_text(RACE)
    arguments = ["--engine", wants_order, "--exhaust", "30", "--out", str(tmp_path / "kept")]
    assert main(["run", str(file), *arguments]) == FAILED
    assert "orders: crash" in capsys.readouterr().out.splitlines()[-1]
    (kept,) = (tmp_path / "kept").glob("*-crash.failure.yaml")
    assert main(["replay", str(kept)]) == PASSED
    least = tmp_path / "least.failure.yaml"
    assert main(["shrink", str(kept), "--out", str(least)]) == PASSED
    shrunk = ready(read_failure(least).case).loaded.scenario.shrunk
    assert sum(map(bool, shrunk.choices)) == 1
    assert main(["replay", str(least)]) == PASSED


def test_the_first_order_is_that_of_a_plain_world() -> None:
    _, ((choices, _),) = orders(RACE, "engine", 1)
    assert not any(choices)
    prepared = ready(case("engine", RACE))
    (_, first), *_ = list(every_order(prepared, 1, Coverage()))
    assert first.trace_sha256 == attempt(prepared).trace_sha256


def test_a_bound_below_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "racing_cards", "--exhaust", "0"]) == BAD_INPUT
    assert "--exhaust" in capsys.readouterr().err
