"""A rule's finding: what does not fit, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scenarios.model import Scenario
from scenarios.problems import Path
from scenarios.units import format_duration


class Violation(NamedTuple):
    """What does not fit: its place, what to change, and the other places by which it was judged."""

    path: Path
    what: str
    judged_by: tuple[Path, ...] = ()


def at(path: str | Path, what: str, *judged_by: str) -> Violation:
    """``path`` dotted, or as a tuple where a key has dots or a step is a number."""
    steps = tuple(path.split(".")) if isinstance(path, str) else path
    return Violation(steps, what, tuple(tuple(other.split(".")) for other in judged_by))


def too_late(scenario: Scenario, path: Path, after: int) -> Iterator[Violation]:
    """Where something is planned for after the end."""
    world = scenario.world
    if world.duration is None:  # the trace decides
        return
    end = world.duration + world.drain
    if after > end:
        what = f"{format_duration(after)} is after the end: duration and drain make {format_duration(end)}"
        yield at(path, what, "world.duration", "world.drain")
