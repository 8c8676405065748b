"""What is fuzzed: one scenario and one engine, made ready once a process and then run with many seeds."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scenarios.dump import resolved_yaml
from scenarios.engines_ref import find_engine
from scenarios.loader import Loaded, load_text
from scenarios.model import Scenario
from scenarios.resolve import Resolved, resolve


@dataclass(frozen=True, slots=True)
class Case:
    """``text`` is the scenario, written out in full, so that it means the same in another process."""

    text: str
    engine: str = "engine"

    @classmethod
    def of(cls, scenario: Scenario, engine: str = "engine") -> Case:
        return cls(resolved_yaml(scenario), engine)


@dataclass(frozen=True, slots=True)
class Ready:
    """A case with its scenario read and its engine imported."""

    loaded: Loaded
    engine: Any

    def world(self, seed: int | None = None) -> tuple[Scenario, Resolved]:
        """The scenario under this seed (or its own), and what a world is built from."""
        scenario = self.loaded.scenario
        if seed is not None:
            scenario = scenario.model_copy(update={"seed": seed})
        return scenario, resolve(dataclasses.replace(self.loaded, scenario=scenario))

    def changed(self, scenario: Scenario) -> Ready:
        """The same with another scenario, already checked."""
        return dataclasses.replace(self, loaded=dataclasses.replace(self.loaded, scenario=scenario))


@lru_cache(maxsize=4)
def ready(case: Case) -> Ready:
    """Once a process for each case. Raises BadInput, ScenarioError."""
    return Ready(load_text(case.text, "scenario"), find_engine(case.engine).factory)
