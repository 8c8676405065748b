"""A scenario written out in full, as YAML that loads again to the same scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from scenarios.library import LIBRARY
from scenarios.model import Scenario
from scenarios.yaml_source import plain_value

SHORT = 40
"""Characters: a list of nothing longer stands on one line."""


class _Dumper(yaml.SafeDumper):
    """Quotes text that would be read as something else, here or by a YAML 1.1 reader; keeps small lists on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    resolved = dumper.resolve(yaml.ScalarNode, text, (True, False))
    quoted = plain_value(text) != text or resolved != "tag:yaml.org,2002:str" or ":" in text or not text.isprintable()
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted else None)


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.Node:
    short = all(item is None or (isinstance(item, str | int | float) and len(str(item)) <= SHORT) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=short)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


def resolved_yaml(scenario: Scenario) -> str:
    """All of it, defaults included. A trace of the library is named from there, any other by its absolute path."""
    data = scenario.model_dump(mode="json")
    traffic = data["world"]["traffic"]
    if traffic is not None and traffic["trace"] is not None:
        traffic["trace"] = portable_trace(traffic["trace"])
    return to_yaml(data)


def to_yaml(data: Any) -> str:
    """Plain data as YAML, in its own order, quoted where another reader would take text for something else."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000, default_flow_style=False)


def portable_trace(trace: str) -> str:
    """The path by which a trace is found again from any folder."""
    path = Path(trace).resolve()
    return path.relative_to(LIBRARY.resolve()).as_posix() if path.is_relative_to(LIBRARY.resolve()) else str(path)
