"""The library: every scenario loads, resolves and says what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.library import library_scenarios
from scenarios.loader import load_scenario
from scenarios.resolve import resolve
from scenarios.runner import Order, run_scenario

EXPECTED = {
    "fuel_and_tips",
    "grocery_week",
    "million_day",
    "payday_rush",
    "slow_network",
    "two_cards_one_balance",
    "withdrawal_race",
}
SMALL = {"million_day": ("world.swipes=1000", "world.cardholders=100")}


def test_the_library_holds_what_is_promised() -> None:
    assert library_scenarios().keys() >= EXPECTED


@pytest.mark.parametrize("name", library_scenarios())
def test_a_library_scenario_resolves(name: str) -> None:
    resolved = resolve(load_scenario(name, SMALL.get(name, ())))
    acting = len(resolved.settings.script) + (0 if resolved.purchases is None else len(resolved.purchases))
    assert acting > 0
    assert resolved.settings.name == name


@pytest.mark.parametrize("name", library_scenarios())
def test_a_library_scenario_says_what_it_shows_and_is_judged(name: str) -> None:
    file = library_scenarios()[name]
    lines = file.read_text(encoding="utf-8").splitlines()
    scenario = load_scenario(name).scenario
    assert lines[0] == "# yaml-language-server: $schema=../scenario.schema.json"
    assert lines[1].startswith("# ")
    assert scenario.name == file.stem
    assert scenario.shows.endswith(".")
    assert scenario.budgets


SHORT = ("frozen_cards", "limits_at_midnight", "two_cards_one_balance", "withdrawal_race")


@pytest.mark.parametrize("name", SHORT)
def test_a_short_library_scenario_holds_whatever_the_seed(name: str, tmp_path: Path) -> None:
    order = Order(name, seed=1_000, explore=True, overrides=("chain.node=revm",))
    report = run_scenario(order, tmp_path / "run").report
    assert [check["detail"] for check in report["checks"] if not check["ok"]] == []


@pytest.mark.parametrize("name", SHORT)
def test_a_short_library_scenario_catches_the_naive_engine(name: str, tmp_path: Path) -> None:
    order = Order(name, engine="naive", overrides=("chain.node=revm",))
    assert not run_scenario(order, tmp_path / "run").ok


def test_seeds_of_the_library_differ() -> None:
    seeds = [load_scenario(name).scenario.seed for name in library_scenarios()]
    assert len(set(seeds)) == len(seeds)


def test_a_million_swipes_scale_with_one_override() -> None:
    assert len(resolve(load_scenario("million_day", ["world.swipes=5000"])).purchases) == 5_000
