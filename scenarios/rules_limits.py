"""What has to fit together in the limits of a scenario."""

from __future__ import annotations

from collections.abc import Iterator

from engine.domain.controls import beyond, problems
from engine.domain.terms import SECOND_NS
from scenarios.model import Scenario
from scenarios.model_limits import limit_terms
from scenarios.violations import Violation, at


def limits(scenario: Scenario) -> Iterator[Violation]:
    """Each of the limits makes sense, and a card's are not above those of its mandate."""
    world = scenario.world
    mandate = world.mandate_limits and limit_terms(world.mandate_limits)
    for path, section in (
        ("engine.limits", scenario.engine.limits),
        ("world.card_limits", world.card_limits),
        ("world.mandate_limits", world.mandate_limits),
    ):
        if section is None:
            continue
        for index, velocity in enumerate(section.velocity):
            if velocity.window % SECOND_NS:
                yield at(f"{path}.velocity.{index}.window", "has to be whole seconds")
        terms = limit_terms(section)
        of_card = path == "world.card_limits" and mandate is not None
        for what in beyond(terms, mandate) if of_card else problems(terms):
            yield at(path, what)
