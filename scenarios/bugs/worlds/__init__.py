"""The scenarios in which bugs are hunted, and the three ways to run each."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from functools import cache
from pathlib import Path

from scenarios.loader import Loaded, load_scenario
from scenarios.resolve import Resolved, resolve
from simulators.settings import Faults

FOLDER = Path(__file__).parent


class Way(StrEnum):
    """How a world is run: as it is, or with one thing taken away to see what that brings."""

    WHOLE = "whole"
    """Faults as the scenario has them; the seed shuffles ties in time."""
    NO_FAULTS = "faults off"
    """Nothing is lost, doubled, late or broken, and no network repeats a request or a key."""
    FIFO = "FIFO ties"
    """Faults, but what happens at one instant happens in the order in which it was asked for."""


def names() -> tuple[str, ...]:
    """All of them, in order."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


def file_of(world: str) -> Path:
    """The scenario file of a world, which ``swipelab run`` takes as well."""
    return FOLDER / f"{world}.yaml"


@cache
def _loaded(world: str) -> Loaded:
    return load_scenario(file_of(world))


def resolved(world: str, seed: int, way: Way = Way.WHOLE) -> Resolved:
    """The world of one seed. Raises BadInput, ScenarioError."""
    loaded = _loaded(world)
    scenario = loaded.scenario.model_copy(update={"seed": seed, "explore": way is not Way.FIFO})
    ready = resolve(dataclasses.replace(loaded, scenario=scenario))
    if way is Way.NO_FAULTS:
        right = {"repeat_share": 0.0, "reused_key_share": 0.0}
        networks = tuple(dataclasses.replace(network, **right) for network in ready.settings.networks)
        settings = dataclasses.replace(ready.settings, faults=Faults(), networks=networks)
        ready = dataclasses.replace(ready, settings=settings)
    return ready
