"""The library: every scenario loads, resolves and says what it shows."""

from __future__ import annotations

import pytest

from scenarios.library import library_scenarios
from scenarios.loader import load_scenario
from scenarios.resolve import resolve

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


def test_seeds_of_the_library_differ() -> None:
    seeds = [load_scenario(name).scenario.seed for name in library_scenarios()]
    assert len(set(seeds)) == len(seeds)


def test_a_million_swipes_scale_with_one_override() -> None:
    assert len(resolve(load_scenario("million_day", ["world.swipes=5000"])).purchases) == 5_000
