"""`--set path=value`: one value of a scenario, changed from the command line with the same checks as the file's."""

from __future__ import annotations

from typing import Any

from scenarios.problems import Path, Place, Problem, ScenarioError
from scenarios.yaml_source import Source, parse


def apply_override(source: Source, override: str) -> None:
    """Put one `path=value` into the source; the value is read as YAML. What has no place becomes a problem.

    Raises ScenarioError where the value is no YAML.
    """
    name, equals, text = override.partition("=")
    name = name.strip()
    place = Place(f"--set {name}" if equals else f"--set {override}")
    if not equals or not all(name.split(".")):
        source.problems.append(Problem(place, (), "is written path=value, like --set world.swipes=5000"))
        return
    path = _path(name)
    try:
        parsed = parse(text, place.source)
    except ScenarioError as error:
        raise ScenarioError([Problem(place, (), problem.what) for problem in error.problems]) from error
    source.problems += [Problem(place, problem.path, problem.what) for problem in parsed.problems]
    _forget(source, path)
    if _put(source, path, parsed.data, place):
        source.keys[path] = source.values[path] = place


def _path(name: str) -> Path:
    first, _, rest = name.partition(".")
    if first == "budgets" and rest:
        return (first, rest)  # a budget's name has dots of its own
    return tuple(int(step) if step.isascii() and step.isdigit() else step for step in name.split("."))


def _put(source: Source, path: Path, value: Any, place: Place) -> bool:
    target = source.data
    for depth, step in enumerate(path):
        here = ".".join(map(str, path[:depth]))
        if isinstance(target, list):
            if not isinstance(step, int) or step >= len(target):
                what = f"{here} has {len(target)} items: the next step is a number from 0 to {len(target) - 1}"
                source.problems.append(Problem(place, (), what if target else f"{here} is an empty list"))
                return False
        elif isinstance(target, dict):
            step = str(step)
        else:
            source.problems.append(Problem(place, (), f"{here} is {target!r}: there is nothing under it"))
            return False
        if depth == len(path) - 1:
            target[step] = value
            return True
        if isinstance(target, dict) and target.get(step) is None:
            target[step] = {}
        target = target[step]
    raise AssertionError("a path has at least one step")


def _forget(source: Source, path: Path) -> None:
    """The file's places at and under ``path``, and its problems there, are no longer meant."""
    for places in (source.keys, source.values):
        for old in [known for known in places if known[: len(path)] == path]:
            del places[old]
    source.problems[:] = [problem for problem in source.problems if not path or problem.path[: len(path)] != path]
