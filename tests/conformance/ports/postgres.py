"""A real PostgreSQL for the conformance suites: one server a process, one set of empty tables a scenario."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import text

from engine.adapters.embedded import embedded_postgres
from engine.adapters.postgres import PostgresLedger
from engine.adapters.postgres.connection import connect
from engine.adapters.postgres.migrate import migrate
from engine.adapters.postgres.tables import METADATA

_ENDS_WITH_US = ExitStack()
atexit.register(_ENDS_WITH_US.close)


@cache
def url() -> str:
    """The address of a server that ends with this process, its tables made."""
    address = _ENDS_WITH_US.enter_context(embedded_postgres(Path(mkdtemp(prefix="swipelab-pg-")), keep=False))
    with ThreadPoolExecutor(1) as aside:  # the caller may have a loop running
        aside.submit(asyncio.run, _migrated(address)).result()
    return address


async def _migrated(address: str) -> None:
    engine = connect(address)
    await migrate(engine)
    await engine.dispose()


class OnPostgres:
    """The ledger of production, on tables that are empty when a scenario begins."""

    def __init__(self) -> None:
        self._ledger: PostgresLedger | None = None

    def __call__(self, _kernel: object) -> PostgresLedger:
        """The one of this scenario."""
        assert self._ledger is not None
        return self._ledger

    def run(self, scenario: Callable[[None], Coroutine[Any, Any, Any]]) -> Any:
        """Run one coroutine to its end, in real time."""
        return asyncio.run(self._within(scenario, url()))

    async def _within(self, scenario: Callable[[None], Coroutine[Any, Any, Any]], address: str) -> Any:
        engine = connect(address)
        try:
            async with engine.begin() as connection:
                tables = ", ".join(METADATA.tables)
                await connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
            self._ledger = PostgresLedger(engine)
            return await scenario(None)
        finally:
            self._ledger = None
            await engine.dispose()
