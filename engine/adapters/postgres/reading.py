"""What a transition sees: the accounts behind a touch are locked, then all rows are read as they stand."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.adapters.postgres.bulk import among
from engine.adapters.postgres.owners import owners_of
from engine.adapters.postgres.rows import authorization_of, card_of, funds_of, settlement_of_row
from engine.adapters.postgres.tables import (
    ACCOUNTS,
    ANSWERS,
    AUTHORIZATIONS,
    CARDS,
    DISPUTES,
    LINES,
    OUTBOX,
    POSTED,
    SETTLEMENTS,
)
from engine.adapters.stored import load
from engine.domain.ledger import Answer, Posted, Rows, Touch
from engine.domain.money import usdc6_of


async def lock(connection: AsyncConnection, account_ids: Collection[str]) -> dict[str, Any]:
    """The rows of these accounts, locked until the transaction ends; always in one order, so that nobody deadlocks."""
    found = ACCOUNTS.select().where(among(ACCOUNTS.c.account_id, account_ids)).order_by(ACCOUNTS.c.account_id)
    return {row.account_id: row for row in await connection.execute(found.with_for_update(key_share=True))}


async def read(connection: AsyncConnection, touch: Touch) -> Rows:
    """Lock and read. Accounts behind rows that came into being meanwhile are locked too."""
    locked: dict[str, Any] = {}
    wanted = await _accounts_behind(connection, touch)
    while True:
        locked |= await lock(connection, wanted - locked.keys())
        rows = await _rows(connection, touch, locked)
        wanted = {*touch.accounts, *_owners(rows)}
        if await _exist(connection, wanted - locked.keys()):
            continue
        return rows


async def _accounts_behind(connection: AsyncConnection, touch: Touch) -> set[str]:
    """Cards lead to their accounts, and so do authorizations and sales."""
    ways: list[Select[Any]] = []
    if touch.cards:
        ways.append(select(CARDS.c.account_id).where(among(CARDS.c.card_id, touch.cards)))
    if touch.authorizations:
        known = among(AUTHORIZATIONS.c.authorization_id, touch.authorizations)
        ways.append(select(AUTHORIZATIONS.c.account_id).where(known))
    if touch.disputed:
        ways.append(select(LINES.c.account_id).where(among(LINES.c.ref, touch.disputed)))
    if not ways:
        return set(touch.accounts)
    return {*touch.accounts, *(await connection.scalars(union(*ways)))}


def _owners(rows: Rows) -> Iterable[str]:
    for table in (rows.authorizations, rows.cards, rows.presentments):
        yield from (row.account_id for row in table.values())


async def _exist(connection: AsyncConnection, account_ids: Collection[str]) -> bool:
    """Whether there is any of these accounts. What nobody has opened yet needs no lock."""
    if not account_ids:
        return False
    found = select(ACCOUNTS.c.account_id).where(among(ACCOUNTS.c.account_id, account_ids)).limit(1)
    return (await connection.scalar(found)) is not None


async def _rows(connection: AsyncConnection, touch: Touch, locked: dict[str, Any]) -> Rows:
    async def found(table: Any, key: Any, keys: tuple[str, ...], *more: ColumnElement[bool]) -> dict[str, Any]:
        if not keys:
            return {}
        rows = await connection.execute(table.select().where(among(key, keys), *more))
        return {getattr(row, key.name): row for row in rows}

    authorizations = await found(AUTHORIZATIONS, AUTHORIZATIONS.c.authorization_id, touch.authorizations)
    cards = await found(CARDS, CARDS.c.card_id, touch.cards)
    posted = await found(POSTED, POSTED.c.ref, touch.posted)
    answers = await found(ANSWERS, ANSWERS.c.key, touch.keys)
    pending = await found(OUTBOX, OUTBOX.c.ref, touch.keys)
    settlements = await found(SETTLEMENTS, SETTLEMENTS.c.settlement_id, touch.settlements, SETTLEMENTS.c.closed == 0)
    disputes = await found(DISPUTES, DISPUTES.c.presentment_id, touch.disputed)
    sales = await _sales(connection, touch.disputed)
    return Rows(
        authorizations={key: authorization_of(row) for key, row in authorizations.items()},
        funds={key: funds_of(row) for key, row in locked.items()},
        cards={key: card_of(row) for key, row in cards.items()},
        posted=frozenset(posted),
        answers={key: Answer(key, row.fingerprint, load(row.response)) for key, row in answers.items()},
        settlements={key: settlement_of_row(row) for key, row in settlements.items()},
        pending={key: load(row.changes) for key, row in pending.items()},
        epochs={key: row.epoch for key, row in locked.items()},
        presentments=sales,
        disputes={key: load(row.dispute) for key, row in disputes.items()},
        views={key: row.view for key, row in locked.items()},
        addresses={key: locked[key].address for key in touch.accounts if key in locked},
        owners=await owners_of(connection, touch.addresses),
    )


async def _sales(connection: AsyncConnection, presentment_ids: tuple[str, ...]) -> dict[str, Posted]:
    """The sales among these presentments, with what was sold and given back under their authorizations."""
    if not presentment_ids:
        return {}
    found = LINES.select().where(among(LINES.c.ref, presentment_ids), LINES.c.kind == "capture")
    return {row.ref: await _posted(connection, row) for row in (await connection.execute(found)).all()}


async def _posted(connection: AsyncConnection, sale: Any) -> Posted:
    if not sale.authorization_id:
        return Posted(sale.account_id, sale.amount_usdc6, sale.amount_usdc6)
    both = LINES.outerjoin(DISPUTES, DISPUTES.c.presentment_id == LINES.c.ref)
    found = select(LINES.c.ref, LINES.c.kind, LINES.c.amount_usdc6, DISPUTES.c.dispute).select_from(both)
    found = found.where(LINES.c.authorization_id == sale.authorization_id, LINES.c.account_id == sale.account_id)
    sold_usdc6 = returned_usdc6 = 0
    for line in await connection.execute(found):
        if line.kind == "refund":
            returned_usdc6 += line.amount_usdc6
            continue
        sold_usdc6 += line.amount_usdc6
        if line.dispute is not None and line.ref != sale.ref:
            returned_usdc6 += usdc6_of(load(line.dispute).credited_cents)
    return Posted(sale.account_id, sale.amount_usdc6, sold_usdc6, returned_usdc6)
