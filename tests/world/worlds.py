"""Small worlds for tests, and a reader of their events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.interface import EngineFactory
from engine.services.engine import build
from simulators.events import COLUMNS
from simulators.settings import (
    DAY_NS,
    HOUR_NS,
    MS_NS,
    SECOND_NS,
    Chain,
    Funding,
    Latency,
    Network,
    Step,
    WorldSettings,
)
from simulators.world import World, WorldResult

START_NS = 1_488_844_800 * SECOND_NS
"""2017-03-07T00:00:00Z"""

LEG = Latency(10 * MS_NS, 0.0)
VISA = Network("visa", 1.0, LEG, LEG, 2 * SECOND_NS, 5 * HOUR_NS)

QUIET = WorldSettings(
    "test", 1, START_NS, DAY_NS, chain=Chain(node="revm"), networks=(VISA,), funding=Funding(opening_cents=10_000),
    cardholders=("ada", "bob"),
)  # fmt: skip


@dataclass
class Run:
    """What a world left: its result and its rows as dictionaries."""

    result: WorldResult
    rows: list[dict[str, Any]] = field(default_factory=list)

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["kind"] in kinds]

    def last_funds(self) -> dict[str, int]:
        return {row["ref"]: row["amount_usdc6"] for row in self.of("funds")}


def run(settings: WorldSettings, purchases: Any = None, engine: EngineFactory = build) -> Run:
    rows: list[dict[str, Any]] = []
    names = [column.name for column in COLUMNS]

    def sink(chunk: Any) -> None:
        rows.extend(dict(zip(names, values, strict=True)) for values in zip(*chunk.columns, strict=True))

    result = World(settings, purchases, engine, sink).run()
    return Run(result, rows)


def scripted(*steps: Step, **changes: Any) -> Run:
    return run(replace(QUIET, script=tuple(steps), **changes))


def swipe(at_ns: int, cents: int, who: str = "ada", **more: Any) -> Step:
    return Step(at_ns, "swipe", who, amount_cents=cents, **more)


def results(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [row["result"] for row in rows]
