"""Production wiring: the engine of ``services`` on PostgreSQL, Redis and a chain. One of it in each process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from engine.adapters import postgres, redis
from engine.domain.settlement import Settlement
from engine.interface import EngineKit, Terms
from engine.ports import BurnOutcome, Ports, PortUnavailable, SettlementChain
from engine.services.engine import ProductionEngine


class SystemClock:
    """The port ``Clock``: the machine's, which some daemon has to keep right."""

    def now_ns(self) -> int:
        return time.time_ns()


class NoChain:
    """The port ``SettlementChain`` where no node is configured: captures queue, and nothing is burned."""

    async def submit(self, settlement: Settlement, addresses: dict[str, str]) -> None:
        raise PortUnavailable("no chain is configured: give an RPC URL and a token address")

    async def outcome(self, settlement_id: str) -> BurnOutcome | None:
        raise PortUnavailable("no chain is configured: give an RPC URL and a token address")

    async def wait_block(self) -> None:
        await asyncio.sleep(1)


@dataclass(frozen=True, slots=True)
class Production:
    """An engine with what it runs on."""

    engine: ProductionEngine
    ports: Ports
    ledger: postgres.PostgresLedger
    database: AsyncEngine
    redis: Redis


@asynccontextmanager
async def production(
    database_url: str, redis_url: str, terms: Terms, chain: SettlementChain | None = None
) -> AsyncIterator[Production]:
    """The engine on stores that are there already (``postgres.migrate``), until the block ends."""
    database = postgres.connect(database_url)
    hot = redis.connect(redis_url)
    gatherer = redis.Gatherer(hot)
    ledger = postgres.PostgresLedger(database)
    ports = Ports(
        clock=SystemClock(),
        cache=redis.RedisCache(gatherer),
        holds=redis.RedisHoldStore(gatherer),
        ledger=ledger,
        chain=chain or NoChain(),
    )
    try:
        yield Production(ProductionEngine(EngineKit(terms, ports)), ports, ledger, database, hot)
    finally:
        await ledger.close()
        await gatherer.close()
        await database.dispose()
