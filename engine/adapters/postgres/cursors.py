"""How far something outside has been read: the last block, by name."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine.adapters.postgres.bulk import upsert_rows
from engine.adapters.postgres.connection import transact
from engine.adapters.postgres.tables import CURSORS


class Cursor:
    """One of them. Every call may raise PortUnavailable."""

    def __init__(self, engine: AsyncEngine, name: str) -> None:
        self._engine = engine
        self._name = name

    async def read(self) -> int:
        """Where it stands; -1 if it was never set."""

        async def work(connection: AsyncConnection) -> int:
            found = await connection.scalar(select(CURSORS.c.position).where(CURSORS.c.name == self._name))
            return -1 if found is None else found

        return await transact(self._engine, work)

    async def move(self, position: int) -> None:
        """From now on it stands here."""

        async def work(connection: AsyncConnection) -> None:
            await upsert_rows(connection, CURSORS, [{"name": self._name, "position": position}])

        await transact(self._engine, work)
