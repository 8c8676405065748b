"""A database made ready: the tables of this version, and the sandbox's people."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from engine.adapters import postgres
from engine.adapters.postgres.migrate import migrate
from engine.bootstrap import asyncpg_url, needed, production
from engine.interface import AccountOpening, CardOpening, DepositNotice
from engine.settings import Settings
from scenarios.problems import BadInput
from scenarios.service.sandbox import EXPIRES_AT_NS, FUNDS_USDC6, PEOPLE


async def prepare(settings: Settings) -> None:
    """All migrations that are missing. Raises BadInput."""
    engine = postgres.connect(asyncpg_url(needed(settings, "database_url")), answers_s=None)
    try:
        await migrate(engine)
    except (SQLAlchemyError, OSError) as error:
        origin = getattr(error, "orig", None) or error
        raise BadInput(
            f"--database-url: PostgreSQL cannot be used there ({type(origin).__name__}); "
            "is it running, and are the name and the password right?"
        ) from error
    finally:
        await engine.dispose()


async def seed(settings: Settings, *, told: bool) -> None:
    """Open the sandbox's accounts; what is there already stays as it is. ``told``: their first deposit is told to the
    engine, for there is no chain to see it on."""
    made = production(settings)
    try:
        for person in PEOPLE:
            if await made.ledger.funds(person.account_id) is not None:
                continue
            card = CardOpening(person.card_id, person.network, EXPIRES_AT_NS)
            await made.engine.open_account(AccountOpening(person.account_id, person.address, (card,)))
            if told:
                deposit = DepositNotice(f"sandbox:{person.account_id}", person.account_id, FUNDS_USDC6, 1)
                await made.engine.deposit(deposit)
    finally:
        await made.close()
