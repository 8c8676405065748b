"""The published JSON Schema: current, and of one mind with the loader about the library."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest

from scenarios.library import library_scenarios
from scenarios.schema import SCHEMA_FILE, scenario_schema, schema_text
from scenarios.yaml_source import parse

SCHEMA = scenario_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def read(name: str) -> Any:
    file = library_scenarios()[name]
    return parse(file.read_text(), name).data


def test_the_published_schema_is_current() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), (
        "write it again: swipelab schema > scenarios/scenario.schema.json"
    )


def test_the_schema_is_itself_sound() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", library_scenarios())
def test_the_library_fits_the_schema(name: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(read(name))] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("sed",), 5),
        (("world", "duration"), 7),
        (("world", "duration"), "seven days"),
        (("world", "cards"), 0),
        (("start",), "2025-01-06"),
        (("chain",), {"node": "geth"}),
        (("world", "networks"), {"visa": {"clearing_at": "25:00"}}),
        (("budgets",), {"latency.authorize.p99_ms": "fast"}),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(path: tuple[str, ...], value: object) -> None:
    data = copy.deepcopy(read("two_cards_one_balance"))
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not VALIDATOR.is_valid(data)


def test_every_key_is_described_by_itself_or_by_its_section() -> None:
    for name, section in [("Scenario", SCHEMA), *SCHEMA["$defs"].items()]:
        assert section.get("description"), name
    assert "description" in SCHEMA["$defs"]["World"]["properties"]["drain"]


def test_defaults_are_given_as_people_write_them() -> None:
    world = SCHEMA["$defs"]["World"]["properties"]
    assert world["drain"]["default"] == "2d"
    assert SCHEMA["$defs"]["Settlement"]["properties"]["interval"]["default"] == "1h"
    assert world["networks"]["default"]["visa"]["clearing_at"] == "05:00"
