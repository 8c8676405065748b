"""What cannot be answered."""

from __future__ import annotations

from engine.interface import EngineError
from scenarios.conformance.bench import Bench
from scenarios.conformance.registry import case
from scenarios.conformance.verdicts import refused


@case("Errors")
async def strangers_are_refused(bench: Bench) -> None:
    with refused(EngineError, "nobody"):
        await bench.engine.balance("nobody")
