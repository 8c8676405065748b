"""Production wiring: the engine of ``services`` on PostgreSQL, Redis and a chain, behind HTTP. Once in each process."""

from __future__ import annotations

import gc
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from engine.adapters import postgres, redis
from engine.health import health_of
from engine.http.app import create_app
from engine.http.front import Front
from engine.http.service import Service, TransactionLine
from engine.interface import EngineKit, Terms
from engine.ports import Ports, SettlementChain
from engine.services.engine import ProductionEngine
from engine.settings import Settings, SettingsError, load_settings

MS_NS = 1_000_000


class SystemClock:
    """The port ``Clock``: the machine's, which some daemon has to keep right."""

    def now_ns(self) -> int:
        return time.time_ns()


@dataclass(frozen=True, slots=True)
class Production:
    """An engine with what it runs on. Nothing is connected before it is used."""

    engine: ProductionEngine
    ports: Ports
    ledger: postgres.PostgresLedger
    gatherer: redis.Gatherer
    feed: redis.Feed

    async def close(self) -> None:
        """Answer what has been asked, then let go of all connections."""
        await self.feed.close()
        await self.ledger.close()
        await self.gatherer.close()
        await self.ledger.dispose()


NEW_OBJECTS = 50_000
"""Between two collections of the youngest; Python's own figure is 700."""
MakeChain = Callable[[postgres.PostgresLedger], SettlementChain]


def production(settings: Settings, chain: MakeChain | None = None) -> Production:
    """The engine on the stores that the settings name; PostgreSQL has its tables already (``migrate``).

    Raises SettingsError where one is not named.
    """
    database_url, redis_url = needed(settings, "database_url"), needed(settings, "redis_url")
    gatherer = redis.Gatherer(redis.connect(redis_url))
    ledger = postgres.PostgresLedger.at(asyncpg_url(database_url))
    ports = Ports(
        clock=SystemClock(),
        cache=redis.RedisCache(gatherer),
        holds=redis.RedisHoldStore(gatherer),
        ledger=ledger,
        chain=None if chain is None else chain(ledger),
    )
    engine = ProductionEngine(EngineKit(terms_of(settings), ports))
    feed = redis.Feed(redis.connect(redis_url))
    return Production(engine, ports, ledger, gatherer, feed)


def terms_of(settings: Settings) -> Terms:
    """What the engine honours."""
    return Terms(decision_budget_ns=settings.decision_budget_ms * MS_NS)


def create() -> Front:
    """The application of one worker process, by its environment: what uvicorn is told to run."""
    settings = load_settings()
    made = production(settings)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await made.close()

    async def transactions(account_id: str, before: int | None, limit: int) -> Sequence[TransactionLine]:
        lines = await made.ledger.lines_of(account_id, before, limit)
        return [TransactionLine(line_id, line.kind, line.ref, line.amount_usdc6, line.at_ns) for line_id, line in lines]

    app = create_app(
        Service(
            engine=made.engine,
            clock=made.ports.clock,
            settings=settings,
            health=lambda: health_of(made.ledger, made.gatherer),
            transactions=transactions,
            changes=made.feed.changes,
            running=running,
        )
    )
    _spare_collections()
    return app


def _spare_collections() -> None:
    """Look for cycles of garbage less often, and not in what is there for good: it took a tenth of a worker's time.

    What a request leaves behind goes by its reference counts; a few cycles more are in memory at a time, no more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)


def asyncpg_url(url: str) -> str:
    """The address of a database as people write it, for the driver that is used."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+asyncpg://{rest}" if separator and scheme in ("postgres", "postgresql") else url


def needed(settings: Settings, name: str) -> str:
    """A secret that there has to be. Raises SettingsError."""
    value = getattr(settings, name)
    if not isinstance(value, SecretStr):
        raise SettingsError(f"SWIPELAB_{name.upper()}: not set")
    return value.get_secret_value()
