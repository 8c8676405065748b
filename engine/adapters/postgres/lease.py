"""A lease that one process holds at a time, as long as it lives: an advisory lock of PostgreSQL."""

from __future__ import annotations

from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from engine.adapters.postgres.connection import PATIENCE_S
from engine.ports import PortUnavailable

_NOTICES_A_DEAD_HOST = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
"""A process that is killed closes its connection; a machine that loses its power does not, and is asked."""


class Lease:
    """Held by the session of one connection, which is not of any pool and must not go through a pooler of transactions.

    It says who does the work, and keeps others from doing it again in vain. It is no guard: a holder that is cut off
    works on until it asks again, beside its successor. What must not happen twice has a guard of its own.
    """

    def __init__(self, url: str, key: int) -> None:
        self._engine = create_async_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT",
            connect_args={
                "timeout": PATIENCE_S, "command_timeout": PATIENCE_S, "server_settings": _NOTICES_A_DEAD_HOST
            },
        )  # fmt: skip
        self._key = key
        self._connection: AsyncConnection | None = None

    async def hold(self) -> bool:
        """Take the lease, or see that it is held still; False: somebody else has it. Raises PortUnavailable."""
        try:
            if self._connection is not None:
                try:
                    await self._connection.execute(text("SELECT 1"))
                    return True
                except (DBAPIError, OSError):
                    await self.release()  # the session is gone, and the lease with it
            return await self._take()
        except (DBAPIError, OSError) as error:
            raise PortUnavailable(f"PostgreSQL: {type(error).__name__}: the lease could not be asked for") from None

    async def _take(self) -> bool:
        connection = await self._engine.connect()
        taken = False
        try:
            found = await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key})
            taken = found.scalar_one()
        finally:
            if not taken:
                await connection.close()
        self._connection = connection if taken else None
        return taken

    async def release(self) -> None:
        """Give it back; harmless where it is not held."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()
