"""Can this process do its work? One check for each thing that it needs, in words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from engine.adapters.postgres import PostgresLedger
from engine.adapters.redis import Gatherer
from engine.http.service import Check
from engine.ports import PortUnavailable

PATIENCE_S = 2.0


async def health_of(ledger: PostgresLedger, gatherer: Gatherer) -> Sequence[Check]:
    """All checks, at once. Never raises for what it looks at. Settlement is none: without it captures wait."""
    database = _look(
        "database", ledger.look, "PostgreSQL does not answer: see that it runs and that SWIPELAB_DATABASE_URL is right"
    )
    hot = _look("redis", gatherer.look, "Redis does not answer: see that it runs and that SWIPELAB_REDIS_URL is right")
    return await asyncio.gather(database, hot)


async def _look(name: str, look: Callable[[], Awaitable[str]], advice: str) -> Check:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return Check(name, True, await look())
    except (PortUnavailable, TimeoutError) as error:
        return Check(name, False, f"{advice} ({error or 'no answer in time'})")
