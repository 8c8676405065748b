"""From a YAML file to a :class:`Scenario`, or to every problem in it at once, each with file, line and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from scenarios import library
from scenarios.fields import merged
from scenarios.model import RULES_LATER, Scenario
from scenarios.overrides import apply_override
from scenarios.problems import Path, Place, Problem, ScenarioError
from scenarios.rules import violations
from scenarios.wording import worded
from scenarios.yaml_source import Source, parse


@dataclass(frozen=True, slots=True)
class Loaded:
    """A sound scenario and where each of its values was written."""

    scenario: Scenario
    source: Source

    def problem(self, path: Path, what: str) -> Problem:
        """A problem that shows later (a name that the trace doesn't hold), at its place in the file."""
        return Problem(self.source.value_place(path), path, what)


def load_scenario(reference: str | FilePath, overrides: Sequence[str] = (), seed: int | None = None) -> Loaded:
    """Read a scenario by path or by library name; ``overrides`` are `path=value`, ``seed`` goes before the file's.

    Raises BadInput where there is no such file, ScenarioError with every problem in it.
    """
    file = library.find_scenario(str(reference))
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        what = f"not UTF-8 text (byte {error.start}): {error.reason}"
        raise ScenarioError([Problem(Place(str(file)), (), what)]) from error
    return load_text(text, str(file), file.parent, overrides, seed)


def load_text(
    text: str,
    name: str,
    folder: FilePath | None = None,
    overrides: Sequence[str] = (),
    seed: int | None = None,
) -> Loaded:
    """The same from text. ``name`` is the file in messages; a trace path is looked for from ``folder``."""
    source = parse(text, name)
    if source.data is None:
        what = "is empty: the first keys are `name`, `shows` and `world`"
        raise ScenarioError([Problem(Place(name, 1, 1), (), what)])
    if not isinstance(source.data, dict):
        what = "a scenario is made of keys, like `name: my_scenario`"
        raise ScenarioError([Problem(source.value_place(()), (), what)])
    for override in overrides:
        apply_override(source, override)
    if seed is not None:
        source.data["seed"] = seed
        source.keys[("seed",)] = source.values[("seed",)] = Place("--seed")
    problems = list(source.problems)
    problems += _trace_found(source, folder or FilePath.cwd())
    scenario = _validated(source, problems)
    if problems or scenario is None:
        raise ScenarioError(problems)
    return Loaded(scenario, source)


def _trace_found(source: Source, folder: FilePath) -> list[Problem]:
    """Make the trace's path absolute in the data; a problem where there is no such file."""
    path = ("world", "traffic", "trace")
    world = source.data.get("world")
    traffic = world.get("traffic") if isinstance(world, dict) else None
    written = traffic.get("trace") if isinstance(traffic, dict) else None
    if not isinstance(written, str):
        return []
    place = source.value_place(path)
    found, complaint = library.find_trace(written, FilePath.cwd() if place.source.startswith("--set") else folder)
    if found is None:
        return [Problem(place, path, complaint)]
    traffic["trace"] = str(found)
    return []


def _validated(source: Source, problems: list[Problem]) -> Scenario | None:
    """The model, with all problems added: of single values, and of what does not fit together in the rest."""
    data, kept = source.data, _Kept()
    broken: list[Path] = [problem.path for problem in problems if problem.path]
    scenario = None
    for _ in range(3):  # leaving out what is broken may leave a section without what it needs: then that goes too
        try:
            scenario = Scenario.model_validate(data, context={RULES_LATER: True})
            break
        except ValidationError as error:
            details = error.errors(include_url=False)
            if data is source.data:
                problems += [worded(detail, source) for detail in details]
            broken += map(_to_leave_out, details)
            data = kept.without(source.data, broken)
    if scenario is not None:
        for violation in violations(scenario):
            path = kept.original(violation.path)
            concerned = (path, *violation.judged_by)
            if not any(_overlap(one, other) for one in concerned for other in broken):
                problems.append(Problem(source.value_place(path), path, violation.what))
    return scenario


def _to_leave_out(detail: Any) -> Path:
    """The broken value; where one is missing, the section that misses it (at the top there is a stub)."""
    path = tuple(detail["loc"])
    return path[:-1] if detail["type"] == "missing" and len(path) > 1 else path


def _overlap(one: Path, other: Path) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


class _Kept:
    """Data without its broken parts, so that the rest can still be checked; remembers how list items moved."""

    def __init__(self) -> None:
        self.moved: dict[Path, list[int]] = {}

    def without(self, data: Any, broken: Sequence[Path], path: Path = ()) -> Any:
        if isinstance(data, dict):
            kept = {
                key: self.without(value, broken, (*path, key))
                for key, value in data.items()
                if (*path, key) not in broken
            }
            return kept if path else merged(_STUBS, kept)
        if isinstance(data, list):
            whole = [index for index in range(len(data)) if not any(_overlap((*path, index), one) for one in broken)]
            self.moved[path] = whole
            return [self.without(data[index], broken, (*path, index)) for index in whole]
        return data

    def original(self, path: Path) -> Path:
        """The path in the file of a path in the data that was kept."""
        result: Path = ()
        for step in path:
            moved = self.moved.get(result)
            result = (
                *result,
                moved[step] if moved is not None and isinstance(step, int) and step < len(moved) else step,
            )
        return result


_STUBS = {"name": "unnamed", "shows": "?", "world": {"duration": "1d"}}
"""In place of required keys that are missing or broken."""
