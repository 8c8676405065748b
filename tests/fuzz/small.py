"""A small world for these tests: seconds of work for dozens of seeds."""

from __future__ import annotations

from pathlib import Path

from scenarios.fuzz.case import Case
from scenarios.loader import load_text

SMALL = """\
name: small
shows: Few swipes of people with little money, two cards each.
seed: 5
world:
  duration: 20m
  drain: 30h
  swipes: 40
  cardholders: 3
  cards: 2
  traffic: {synthetic: {hour_weights: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}}
  funding: {opening_cents: 20_000}
chain: {node: revm}
"""


def case(engine: str = "engine", text: str = SMALL) -> Case:
    """The small world, with another engine or changed."""
    return Case.of(load_text(text, "small.yaml").scenario, engine)


def written(folder: Path, text: str = SMALL) -> str:
    """As a file, for the command line."""
    file = folder / "small.yaml"
    file.write_text(text)
    return str(file)
