"""What a commit makes durable, table by table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Text, Update, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.adapters.postgres.bulk import among, insert_rows, upsert_rows
from engine.adapters.postgres.rows import (
    BOOKS,
    moved,
    row_of_account,
    row_of_authorization,
    row_of_card,
    row_of_entry,
)
from engine.adapters.postgres.tables import (
    ACCOUNTS,
    ANSWERS,
    AUTHORIZATIONS,
    CARDS,
    DISPUTES,
    ENTRIES,
    FORCED,
    LINES,
    OUTBOX,
    POSTED,
    QUEUED,
    SETTLEMENTS,
)
from engine.adapters.stored import dump
from engine.domain.accounts import Card
from engine.domain.authorization import Authorization
from engine.domain.ledger import (
    LINE_KINDS,
    Answer,
    Commit,
    Entry,
    HoldChange,
    Rows,
    StatementLine,
    UnbalancedEntry,
    lines_of,
    unbalanced,
)


async def write(connection: AsyncConnection, commit: Commit, rows: Rows) -> Commit:
    """Store a commit that rests on ``rows``; returned with what only the ledger knows: the epochs of changes, the view
    that it made."""
    for account in commit.accounts:
        commit = commit._replace(
            view=await _open(connection, row_of_account(account), known=account.account_id in rows.funds)
        )
    await _cards(connection, commit.cards, rows)
    await write_entries(connection, commit.entries)
    await _authorizations(connection, commit.authorizations, rows)
    await write_answers(connection, commit.answers)
    await insert_rows(connection, QUEUED, [queued._asdict() for queued in commit.queued])
    await insert_rows(
        connection, POSTED, [{"ref": ref} for ref in dict.fromkeys(commit.posted) if ref not in rows.posted]
    )
    if commit.closed:
        closed = among(SETTLEMENTS.c.settlement_id, commit.closed)
        await connection.execute(update(SETTLEMENTS).where(closed).values(closed=1))
    if commit.disputes:
        disputes = [{"presentment_id": dispute.presentment_id, "dispute": dump(dispute)} for dispute in commit.disputes]
        await upsert_rows(connection, DISPUTES, disputes)
    forced = [
        {"account_id": account_id, "counted_at_ns": spend.counted_at_ns, "spend": dump(spend)}
        for account_id, spend in commit.forced
    ]
    await insert_rows(connection, FORCED, forced)
    return commit._replace(changes=await _outbox(connection, commit, rows))


async def write_entries(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Append to the journal, move the books, tell the statement. An entry that does not balance stops the engine."""
    for entry in entries:
        if left := unbalanced(entry):
            raise UnbalancedEntry(f"{entry.kind} {entry.ref}: {left} left over in {entry.postings}")
    await insert_rows(connection, ENTRIES, [row_of_entry(entry) for entry in entries])
    lines = [
        line._asdict() | {"authorization_id": _named(entry, line)} for entry in entries for line in lines_of(entry)
    ]
    await insert_rows(connection, LINES, lines)
    changes = sorted(moved(entries).items())
    if not changes:
        return
    owners = [owner for owner, _ in changes]
    moves = {book: [books[place] for _, books in changes] for place, book in enumerate(BOOKS)}
    moved_rows = await connection.execute(_MOVE, {"owners": owners, **moves})
    if moved_rows.rowcount != len(owners):
        raise LookupError(f"entries of accounts that do not exist, among {', '.join(owners)}")


def _move() -> Update:
    """Takes an array of owners, and for each book one of what it changes by."""
    arrays = func.unnest(
        bindparam("owners", type_=ARRAY(Text)), *(bindparam(book, type_=ARRAY(BigInteger)) for book in BOOKS)
    )
    moves = arrays.table_valued("owner", *BOOKS, name="moves").render_derived()
    new = {f"{book}_usdc6": ACCOUNTS.c[f"{book}_usdc6"] + moves.c[book] for book in BOOKS}
    return update(ACCOUNTS).values(new).where(ACCOUNTS.c.account_id == moves.c.owner)


_MOVE = _move()


def _named(entry: Entry, line: StatementLine) -> str:
    """The authorization of a sale or a refund; what of it is owed has a line of its own, and no name."""
    return entry.authorization_id if line.kind == LINE_KINDS.get(entry.kind) else ""


async def write_answers(connection: AsyncConnection, answers: Sequence[Answer]) -> None:
    """Keep answers under their keys. A key that is taken meanwhile is a unique violation: look again."""
    stored = [
        {"key": answer.key, "fingerprint": answer.fingerprint, "response": dump(answer.response)} for answer in answers
    ]
    await insert_rows(connection, ANSWERS, stored)


async def insert_authorizations(connection: AsyncConnection, authorizations: Iterable[Authorization]) -> None:
    """New ones. An id that is taken meanwhile is a unique violation: look again."""
    await insert_rows(connection, AUTHORIZATIONS, [row_of_authorization(one) for one in authorizations])


async def _open(connection: AsyncConnection, row: dict[str, Any], *, known: bool) -> int:
    """Insert or replace an account; its new view. One that others open meanwhile, or whose address they
    take, is a unique violation: look again."""
    if not known:
        await connection.execute(insert(ACCOUNTS).values(row | {"view": 1}))
        return 1
    changed = update(ACCOUNTS).where(ACCOUNTS.c.account_id == row["account_id"])
    kept = changed.values(row | {"view": ACCOUNTS.c.view + 1}).returning(ACCOUNTS.c.view)
    return (await connection.execute(kept)).scalar_one()


async def _cards(connection: AsyncConnection, cards: Sequence[Card], rows: Rows) -> None:
    """As for authorizations: a card that others issue meanwhile is a unique violation."""
    await insert_rows(connection, CARDS, [row_of_card(card) for card in cards if card.card_id not in rows.cards])
    if known := [row_of_card(card) for card in cards if card.card_id in rows.cards]:
        await upsert_rows(connection, CARDS, known)


async def _authorizations(connection: AsyncConnection, authorizations: Sequence[Authorization], rows: Rows) -> None:
    known = [one for one in authorizations if one.authorization_id in rows.authorizations]
    await insert_authorizations(
        connection, [one for one in authorizations if one.authorization_id not in rows.authorizations]
    )
    if known:
        await upsert_rows(connection, AUTHORIZATIONS, [row_of_authorization(one) for one in known])


async def _outbox(connection: AsyncConnection, commit: Commit, rows: Rows) -> tuple[HoldChange, ...]:
    """The changes with their epochs; those of accounts that no hold store was ever given are left out."""
    if not commit.changes:
        return ()
    epochs = dict(rows.epochs)
    if others := {change.account_id for change in commit.changes} - epochs.keys():
        found = select(ACCOUNTS.c.account_id, ACCOUNTS.c.epoch).where(among(ACCOUNTS.c.account_id, others))
        epochs |= {row.account_id: row.epoch for row in await connection.execute(found)}
    changes = tuple(
        change._replace(epoch=epochs[change.account_id]) for change in commit.changes if epochs.get(change.account_id)
    )
    if changes:
        await upsert_rows(connection, OUTBOX, [{"ref": commit.ref, "changes": dump(changes)}])
    return changes
