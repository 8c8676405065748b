"""What docs/SCENARIOS.md shows is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scenarios.library import library_scenarios
from scenarios.loader import load_text
from scenarios.model import Scenario, World
from scenarios.model_world import Network
from scenarios.problems import ScenarioError
from scenarios.units import parse_duration

TEXT = (Path(__file__).parents[2] / "docs" / "SCENARIOS.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def test_the_smallest_scenario_loads() -> None:
    scenario = load_text(BLOCKS[0], "docs").scenario
    assert (scenario.name, len(scenario.world.script)) == ("two_coffees", 2)


def test_the_limits_load() -> None:
    head = "name: a\nshows: B.\n"
    traffic = "world:\n  duration: 1d\n  cardholders: 1\n  swipes: 1\n  traffic: {synthetic: {}}\n"
    scenario = load_text(head + BLOCKS[1].replace("world:\n", traffic), "docs").scenario
    assert (scenario.engine.limits.weekly_cents, scenario.world.card_limits.policy) == (200_000, "lithic")


def test_the_budgets_load() -> None:
    head = "name: a\nshows: B.\nworld: {duration: 1d, cardholders: 1, swipes: 1, traffic: {synthetic: {}}}\n"
    assert len(load_text(head + BLOCKS[2], "docs").scenario.budgets) == 6


def test_the_durations_are_read() -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith("| duration "))
    written, refused = re.findall(r"`([^`]+)`", row.split("|")[2]), re.findall(r"`([^`]+)`", row.split("|")[3])
    assert [parse_duration(one) > 0 for one in written] == [True] * 5
    for one in refused:
        with pytest.raises(ValueError, match=r"no duration"):
            parse_duration(one)


def test_the_messages_are_those_that_are_given() -> None:
    broken = BLOCKS[0].replace("  duration: 1h\n", "  swipse: 5\n  duration: 7 days\n")
    with pytest.raises(ScenarioError) as error:
        load_text(broken, "mine.yaml", None, ["engine.limits.daly_cents=5"])
    shown = re.search(r"```\n(mine\.yaml.*?)```", TEXT, re.DOTALL)[1].splitlines()
    assert sorted(shown) == sorted(str(problem) for problem in error.value.problems)


def test_every_section_and_every_library_scenario_is_named() -> None:
    for name in (*Scenario.model_fields, *World.model_fields, *Network.model_fields):
        assert re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", TEXT), name
    for name in library_scenarios():
        assert f"| `{name}` |" in TEXT
