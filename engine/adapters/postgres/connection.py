"""Transactions that are run again where the database could not serialize them; drivers' errors as the port's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.ports import PortUnavailable

Result = TypeVar("Result")
ATTEMPTS = 10
TAKEN = "23505"
_AGAIN = frozenset({"40001", "40P01", TAKEN})
"""Serialization failure, deadlock, unique violation: another transaction was first, and this one has to look again."""
_UNAVAILABLE = ("08", "25006", "53", "55P03", "57", "58", "XX")
"""Connection lost, read-only (a replica), out of resources, a lock that did not come, shut down by somebody, broken
machine. All else is ours."""
PATIENCE_S = 5
"""How long a call waits for a connection, or for a lock; a decision's own budget is shorter, and ends before."""
ANSWERS_S = 60.0
"""A statement not answered by then never will be: the server is gone, and the network does not say so."""


def connect(url: str, *, pool_size: int = 8, answers_s: float | None = ANSWERS_S) -> AsyncEngine:
    """A pool of connections to ``postgresql+asyncpg://...``. Nothing is opened yet.

    ``answers_s``: how long a statement may take at most; None for as long as it likes.

    READ COMMITTED: every row that a rule reads belongs to an account whose row is locked first, so that what follows is
    read as it is committed last; what does not exist yet cannot be locked, and is guarded by a primary key.

    Tables are never read in full where an index serves: a plan is kept, also one from when a table was still empty.
    """
    settings = {"lock_timeout": f"{PATIENCE_S}s", "plan_cache_mode": "auto", "enable_seqscan": "off"}
    return create_async_engine(
        url, pool_size=pool_size, max_overflow=0, pool_timeout=PATIENCE_S, isolation_level="READ COMMITTED",
        connect_args={"timeout": PATIENCE_S, "command_timeout": answers_s, "server_settings": settings},
    )  # fmt: skip


async def transact(engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
    """Run ``work`` in one transaction and commit it. Raises PortUnavailable; what ``work`` raises undoes it all."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with engine.begin() as connection:
                return await work(connection)
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None) or ""
            if error.connection_invalidated or state.startswith(_UNAVAILABLE):
                raise PortUnavailable(_told(error)) from error
            if state not in _AGAIN or (state == TAKEN and attempt == ATTEMPTS):
                raise  # what is taken every time was not looked at before: a bug, and no outage
        except (PoolTimeout, OSError) as error:
            raise PortUnavailable(_told(error)) from error
    raise PortUnavailable(f"PostgreSQL could not serialize a transaction in {ATTEMPTS} attempts")


def _told(error: Exception) -> str:
    """What went wrong, without the statement and its parameters: they may name customers."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return f"PostgreSQL: {type(origin).__name__}"
