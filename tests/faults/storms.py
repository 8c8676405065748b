"""Worlds in bad weather, for tests."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "world"))

from worlds import QUIET, Run, run

from engine.services.engine import ProductionEngine
from simulators.faults.kinds import FaultKind
from simulators.settings import DAY_NS, HOUR_NS, SECOND_NS, Faults, Payday, Step

PEOPLE = tuple(f"person-{number}" for number in range(6))
BUSY = replace(
    QUIET,
    cardholders=PEOPLE,
    traffic_ns=HOUR_NS,
    drain_ns=3 * DAY_NS,
    script=tuple(
        Step(n // 2 * 45 * SECOND_NS + n % 2 * SECOND_NS, "swipe", PEOPLE[n * 7 % 6], amount_cents=100 + 37 * n)
        for n in range(150)
    ),
    funding=replace(QUIET.funding, opening_cents=80_000, paydays=(Payday(HOUR_NS // 2, 5_000),)),
)
"""150 swipes within an hour, two by two, a second apart; six people, a payday."""


def stormy(*kinds: str, seed: int = 1, storms: int = 2, engine: Any = None, **changes: Any) -> Run:
    """BUSY with these kinds of fault."""
    settings = replace(BUSY, seed=seed, faults=Faults(kinds, storms, swarm=False), **changes)
    return run(settings) if engine is None else run(settings, engine=engine)


def tally(done: Run) -> dict[str, dict[str, int]]:
    """How often each kind was planned, injected, observed, skipped."""
    counts: dict[str, dict[str, int]] = {}
    for row in done.of("fault"):
        kind = counts.setdefault(row["ref"], {"planned": 0, "injected": 0, "observed": 0, "skipped": 0})
        kind[row["result"]] += 1
    return counts


def struck(done: Run, kind: FaultKind) -> list[str]:
    """What a kind was done to."""
    return [row["detail"] for row in done.of("fault") if (row["ref"], row["result"]) == (kind, "injected")]


def heard(verb: str, *kinds: str, seed: int = 1) -> list[str]:
    """The ids of what the engine was told under a verb, in order, repeats included."""
    ids: list[str] = []

    class Ear(ProductionEngine):
        async def _listen(self, notice: Any) -> Any:
            ids.append(getattr(notice, f"{verb}_id"))
            return await super().__getattribute__(verb)(notice)

        def __getattribute__(self, name: str) -> Any:
            return super().__getattribute__("_listen" if name == verb else name)

    stormy(*kinds, seed=seed, engine=Ear)
    return ids
