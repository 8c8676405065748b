"""Whose address is it: from the chain's addresses back to accounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine.adapters.postgres.bulk import among
from engine.adapters.postgres.connection import transact
from engine.adapters.postgres.tables import ACCOUNTS, ADDRESS, HAS_ADDRESS


def account_ids(engine: AsyncEngine) -> Callable[[Sequence[str]], Awaitable[dict[str, str]]]:
    """A function from addresses to account ids by address in lower case; addresses of no account are left out.

    Raises PortUnavailable.
    """

    async def look(addresses: Sequence[str]) -> dict[str, str]:
        async def work(connection: AsyncConnection) -> dict[str, str]:
            return await owners_of(connection, addresses)

        return await transact(engine, work)

    return look


async def owners_of(connection: AsyncConnection, addresses: Sequence[str]) -> dict[str, str]:
    """The same, within a transaction."""
    if not addresses:
        return {}
    found = select(ADDRESS.label("lower"), ACCOUNTS.c.account_id).where(HAS_ADDRESS)
    found = found.where(among(ADDRESS, [address.lower() for address in addresses]))
    return {row.lower: row.account_id for row in await connection.execute(found)}
