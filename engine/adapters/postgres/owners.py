"""Whose address is it: from the chain's addresses back to accounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine.adapters.postgres.connection import transact
from engine.adapters.postgres.tables import ACCOUNTS


def account_ids(engine: AsyncEngine) -> Callable[[Sequence[str]], Awaitable[dict[str, str]]]:
    """A function from addresses to account ids by address in lower case; addresses of no account are left out.

    Where several accounts name one address, it is the first's by id. Raises PortUnavailable.
    """

    async def look(addresses: Sequence[str]) -> dict[str, str]:
        address = func.lower(ACCOUNTS.c.address).label("address")
        found = select(address, func.min(ACCOUNTS.c.account_id).label("account_id")).group_by(address)
        found = found.where(address.in_([each.lower() for each in addresses]))

        async def work(connection: AsyncConnection) -> dict[str, str]:
            return {row.address: row.account_id for row in await connection.execute(found)}

        return await transact(engine, work) if addresses else {}

    return look
