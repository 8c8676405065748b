"""Bring a database to the tables that this version expects; several processes may ask for it at once."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

ONE_AT_A_TIME = 7_316_020_101
"""The key of the lock under which a database is migrated."""


async def migrate(engine: AsyncEngine) -> None:
    """All migrations that are missing, in one transaction: afterwards the tables are there, or nothing has changed."""
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(files("engine.adapters.postgres") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
