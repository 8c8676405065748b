"""The port ``Ledger`` on PostgreSQL: every call is one durable transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import BigInteger, Text, cast, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine.adapters.postgres.bulk import among
from engine.adapters.postgres.connection import PATIENCE_S, connect, transact
from engine.adapters.postgres.cursors import Cursor
from engine.adapters.postgres.owners import account_ids
from engine.adapters.postgres.reading import lock, read
from engine.adapters.postgres.recording import LANES, Recorder
from engine.adapters.postgres.rows import account_of, authorization_of, card_of, funds_of, settlement_of_row
from engine.adapters.postgres.tables import (
    ACCOUNTS,
    ANSWERS,
    AUTHORIZATIONS,
    CARDS,
    FORCED,
    LINES,
    OUTBOX,
    QUEUED,
    SETTLEMENTS,
)
from engine.adapters.postgres.writing import write
from engine.adapters.stored import dump, load
from engine.domain.accounts import Funds
from engine.domain.authorization import Status
from engine.domain.ledger import (
    AccountSnapshot,
    Answer,
    Commit,
    HoldChange,
    OpenHold,
    Standing,
    StatementLine,
    Touch,
)
from engine.domain.money import usdc6_of
from engine.domain.settlement import Settlement, settlement_of
from engine.ports import Transition

NS_PER_US = 1_000


class PostgresLedger:
    """The truth. ``engine`` is a pool (``connection.connect``); the tables are there (``migrate``).

    ``hot``: a pool for decisions alone, which then wait behind nothing else; the same one if None.
    """

    def __init__(self, engine: AsyncEngine, hot: AsyncEngine | None = None) -> None:
        self._engine = engine
        self._hot = engine if hot is None else hot
        self._recorder = Recorder(self._hot)
        self.record = self._recorder.record
        self.account_ids = account_ids(engine)

    @classmethod
    def at(cls, url: str) -> PostgresLedger:
        """The one of production: decisions have connections of their own, one a lane, and wait for no dead server."""
        return cls(connect(url), connect(url, pool_size=LANES, answers_s=PATIENCE_S))

    def cursor(self, name: str) -> Cursor:
        """How far something outside has been read."""
        return Cursor(self._engine, name)

    async def close(self) -> None:
        """Return when every decision that was handed in has been answered."""
        await self._recorder.close()

    async def dispose(self) -> None:
        """Let go of all connections."""
        await self._hot.dispose()
        await self._engine.dispose()

    async def look(self) -> str:
        """Which PostgreSQL answers, and that its tables are there. Raises PortUnavailable."""

        async def work(connection: AsyncConnection) -> str:
            version = await connection.scalar(select(func.current_setting("server_version")))
            await connection.execute(select(ACCOUNTS.c.account_id).limit(1))
            return f"PostgreSQL {version}"

        return await transact(self._engine, work)

    async def update(self, touch: Touch, transition: Transition) -> Commit:
        async def work(connection: AsyncConnection) -> Commit:
            rows = await read(connection, touch)
            return await write(connection, transition(rows), rows)

        return await transact(self._engine, work)

    async def answer(self, key: str) -> Answer | None:
        async def work(connection: AsyncConnection) -> Answer | None:
            row = (await connection.execute(ANSWERS.select().where(ANSWERS.c.key == key))).one_or_none()
            return None if row is None else Answer(key, row.fingerprint, load(row.response))

        return await transact(self._engine, work)

    async def forget_answers(self, age_ns: int, limit: int) -> int:
        before = func.clock_timestamp() - timedelta(microseconds=age_ns // NS_PER_US)
        old = select(ANSWERS.c.key).where(ANSWERS.c.stored_at < before).order_by(ANSWERS.c.stored_at).limit(limit)

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(delete(ANSWERS).where(ANSWERS.c.key.in_(old)))).rowcount

        return await transact(self._engine, work)

    async def card(self, card_id: str) -> Standing | None:
        both = select(CARDS, ACCOUNTS).join_from(CARDS, ACCOUNTS).where(CARDS.c.card_id == card_id)
        both = both.with_only_columns(
            *CARDS.c, ACCOUNTS.c.address, ACCOUNTS.c.kyc_level, ACCOUNTS.c.mandates, ACCOUNTS.c.view,
            ACCOUNTS.c.status.label("account_status"),
        )  # fmt: skip

        async def work(connection: AsyncConnection) -> Standing | None:
            row = (await connection.execute(both)).one_or_none()
            if row is None:
                return None
            return Standing(card_of(row), account_of(row, row.account_status), row.view)

        return await transact(self._engine, work)

    async def reload(self, account_id: str, since_ns: int) -> AccountSnapshot | None:
        async def work(connection: AsyncConnection) -> AccountSnapshot | None:
            begun = update(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id).values(epoch=ACCOUNTS.c.epoch + 1)
            account = (await connection.execute(begun.returning(ACCOUNTS))).one_or_none()
            if account is None:
                return None
            return await self._snapshot(connection, account_id, account.epoch, account.available_usdc6, since_ns)

        return await transact(self._engine, work)

    async def _snapshot(
        self, connection: AsyncConnection, account_id: str, epoch: int, available_usdc6: int, since_ns: int
    ) -> AccountSnapshot:
        """Read behind the account's lock: nothing of it changes meanwhile."""
        counts = AUTHORIZATIONS.c.counted_at_ns >= since_ns
        matters = or_(AUTHORIZATIONS.c.held_cents > 0, counts)
        found = AUTHORIZATIONS.select().where(AUTHORIZATIONS.c.account_id == account_id, matters)
        known = [authorization_of(row) for row in await connection.execute(found)]
        forced = select(FORCED.c.spend).where(FORCED.c.account_id == account_id, FORCED.c.counted_at_ns >= since_ns)
        spends = [one.spend for one in known if one.authorized_cents and one.counted_at_ns >= since_ns]
        spends += [load(spend) for spend in await connection.scalars(forced.order_by(FORCED.c.forced_id))]
        held = [one for one in known if one.held_cents]
        return AccountSnapshot(
            account_id, epoch, available_usdc6,
            tuple(OpenHold(one.authorization_id, account_id, usdc6_of(one.held_cents)) for one in held),
            tuple(sorted(spends, key=lambda spend: spend.counted_at_ns)),
        )  # fmt: skip

    async def unheld(self, holds: Sequence[OpenHold]) -> Sequence[OpenHold]:
        ids = [hold.authorization_id for hold in holds]
        found = select(AUTHORIZATIONS.c.authorization_id, AUTHORIZATIONS.c.held_cents)

        async def work(connection: AsyncConnection) -> Sequence[OpenHold]:
            rows = await connection.execute(found.where(among(AUTHORIZATIONS.c.authorization_id, ids)))
            held_usdc6 = {row.authorization_id: usdc6_of(row.held_cents) for row in rows}
            return [hold for hold in holds if held_usdc6.get(hold.authorization_id, 0) != hold.left_usdc6]

        return await transact(self._engine, work)

    async def unfollowed(self, limit: int) -> Sequence[tuple[str, tuple[HoldChange, ...]]]:
        async def work(connection: AsyncConnection) -> Sequence[tuple[str, tuple[HoldChange, ...]]]:
            rows = await connection.execute(OUTBOX.select().order_by(OUTBOX.c.outbox_id).limit(limit))
            return [(row.ref, load(row.changes)) for row in rows]

        return await transact(self._engine, work)

    async def followed(self, refs: Sequence[str], outdated: Sequence[str] = ()) -> None:
        async def work(connection: AsyncConnection) -> None:
            if outdated:
                await lock(connection, set(outdated))
                stale = update(ACCOUNTS).where(among(ACCOUNTS.c.account_id, outdated))
                await connection.execute(stale.values(epoch=ACCOUNTS.c.epoch + 1))
            await connection.execute(delete(OUTBOX).where(among(OUTBOX.c.ref, refs)))

        await transact(self._engine, work)

    async def due(self, now_ns: int, limit: int) -> Sequence[str]:
        ended = select(AUTHORIZATIONS.c.authorization_id).where(
            AUTHORIZATIONS.c.status == Status.OPEN.value, AUTHORIZATIONS.c.expires_at_ns <= now_ns
        )
        ended = ended.order_by(AUTHORIZATIONS.c.expires_at_ns, AUTHORIZATIONS.c.authorization_id).limit(limit)

        async def work(connection: AsyncConnection) -> Sequence[str]:
            return (await connection.scalars(ended)).all()

        return await transact(self._engine, work)

    async def form_settlement(self, now_ns: int, max_users: int) -> Settlement | None:
        async def work(connection: AsyncConnection) -> Settlement | None:
            while account_ids := await _owing(connection, max_users):
                await lock(connection, set(account_ids))
                first = {account_id: place for place, account_id in enumerate(account_ids)}
                found = QUEUED.select().where(among(QUEUED.c.account_id, account_ids)).order_by(QUEUED.c.queued_id)
                waiting = sorted(await connection.execute(found), key=lambda row: first[row.account_id])
                net_usdc6 = dict.fromkeys(account_ids, 0)
                for row in waiting:
                    net_usdc6[row.account_id] += row.amount_usdc6
                taken = [row for row in waiting if net_usdc6[row.account_id] > 0]
                if not taken:
                    continue  # others have netted them meanwhile, or a credit came first
                settlement = settlement_of(((row.ref, row.account_id, row.amount_usdc6) for row in taken), now_ns)
                ids = [row.queued_id for row in taken]
                await connection.execute(delete(QUEUED).where(among(QUEUED.c.queued_id, ids)))
                formed = {
                    "settlement_id": settlement.settlement_id,
                    "at_ns": now_ns,
                    "amounts_usdc6": dump(settlement.amounts_usdc6),
                }
                await connection.execute(insert(SETTLEMENTS).values(formed))
                return settlement
            return None

        return await transact(self._engine, work)

    async def open_settlements(self) -> Sequence[Settlement]:
        found = SETTLEMENTS.select().where(SETTLEMENTS.c.closed == 0).order_by(SETTLEMENTS.c.formed_id)

        async def work(connection: AsyncConnection) -> Sequence[Settlement]:
            return [settlement_of_row(row) for row in await connection.execute(found)]

        return await transact(self._engine, work)

    async def addresses(self, account_ids: Sequence[str]) -> dict[str, str]:
        found = select(ACCOUNTS.c.account_id, ACCOUNTS.c.address).where(among(ACCOUNTS.c.account_id, account_ids))

        async def work(connection: AsyncConnection) -> dict[str, str]:
            return {row.account_id: row.address for row in await connection.execute(found)}

        return await transact(self._engine, work)

    async def funds(self, account_id: str) -> Funds | None:
        async def work(connection: AsyncConnection) -> Funds | None:
            row = (await connection.execute(ACCOUNTS.select().where(ACCOUNTS.c.account_id == account_id))).one_or_none()
            return None if row is None else funds_of(row)

        return await transact(self._engine, work)

    async def statement(self, cursor: int, limit: int) -> Sequence[StatementLine]:
        """By the transactions that wrote them, and only of those before all that are still running: so what is read
        once keeps its place, and nothing comes in between later.
        """
        settled = LINES.c.written < cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger)
        found = LINES.select().where(settled).order_by(LINES.c.written, LINES.c.line_id).offset(cursor).limit(limit)

        async def work(connection: AsyncConnection) -> Sequence[StatementLine]:
            rows = await connection.execute(found)
            return [StatementLine(row.kind, row.ref, row.account_id, row.amount_usdc6, row.at_ns) for row in rows]

        return await transact(self._engine, work)

    async def lines_of(self, account_id: str, before: int | None, limit: int) -> Sequence[tuple[int, StatementLine]]:
        """The newest lines of an account with their ids, or the newest before the id ``before``; at most ``limit``."""
        found = LINES.select().where(LINES.c.account_id == account_id).order_by(LINES.c.line_id.desc()).limit(limit)
        if before is not None:
            found = found.where(LINES.c.line_id < before)

        async def work(connection: AsyncConnection) -> Sequence[tuple[int, StatementLine]]:
            rows = await connection.execute(found)
            return [
                (row.line_id, StatementLine(row.kind, row.ref, row.account_id, row.amount_usdc6, row.at_ns))
                for row in rows
            ]

        return await transact(self._engine, work)


async def _owing(connection: AsyncConnection, max_users: int) -> Sequence[str]:
    """Accounts with something to burn, whoever waits longest first."""
    found = select(QUEUED.c.account_id).group_by(QUEUED.c.account_id).having(func.sum(QUEUED.c.amount_usdc6) > 0)
    return (await connection.scalars(found.order_by(func.min(QUEUED.c.queued_id)).limit(max_users))).all()
