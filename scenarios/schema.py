"""The JSON Schema of scenarios, for editors: published as scenarios/scenario.schema.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scenarios.fields import Part
from scenarios.model import Scenario

SCHEMA_FILE = Path(__file__).parent / "scenario.schema.json"

_GIVEN_IN_PART = ("Network", "Latency", "Backend")
"""Sections that always have a default above them, though their fields have none of their own."""


def scenario_schema() -> dict[str, Any]:
    """What a scenario file may hold. Of a section that has defaults nothing is required."""
    schema = Scenario.model_json_schema(mode="validation")
    sections = {"Scenario": schema, **schema["$defs"]}
    for model in _models(Part):
        if section := sections.get(model.__name__):
            _tidy(section, model)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Swipelab scenario"}


def _tidy(section: dict[str, Any], model: type[Part]) -> None:
    """Defaults as people write them (`30m`, not nanoseconds); no titles that only repeat the key."""
    optional = {name for name, info in model.model_fields.items() if not info.is_required()}
    defaults = model.model_construct().model_dump(mode="json", include=optional)
    for name, value in section["properties"].items():
        value.pop("title", None)
        if name in defaults:
            value["default"] = defaults[name]
    if model.__name__ in _GIVEN_IN_PART:
        section.pop("required", None)


def _models(model: type[Part]) -> list[type[Part]]:
    return [model, *(below for child in model.__subclasses__() for below in _models(child))]


def schema_text() -> str:
    """As it stands in the file."""
    return json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n"
