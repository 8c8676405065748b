"""The hot path: decisions that arrive together are committed together.

While one transaction is on its way to the disk, whatever is asked meanwhile gathers for the next, so that under load
many decisions share one commit and none waits for more than the one before it. What becomes of each is decided,
within one transaction, in the order in which they came, as if each had one of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine.adapters.postgres.bulk import among
from engine.adapters.postgres.connection import transact
from engine.adapters.postgres.reading import lock
from engine.adapters.postgres.tables import ANSWERS, AUTHORIZATIONS
from engine.adapters.postgres.writing import insert_authorizations, write_answers, write_entries
from engine.domain.ledger import Commit, Recorded
from engine.ports import PortUnavailable

AT_ONCE = 200
"""At most so many decisions in one transaction."""


class Asked(NamedTuple):
    """A decision that waits to be committed, and who waits for it."""

    commit: Commit
    outcome: asyncio.Future[Recorded]


class Recorder:
    """Gathers decisions and commits them, up to ``writers`` transactions at a time."""

    def __init__(self, engine: AsyncEngine, writers: int = 2) -> None:
        self._engine = engine
        self._free = writers
        self._waiting: list[Asked] = []
        self._at_work: set[asyncio.Task[None]] = set()

    async def record(self, commit: Commit) -> Recorded:
        """Commit one decision with whatever else waits. Raises PortUnavailable."""
        asked = Asked(commit, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        self._go_on()
        return await asked.outcome

    def _go_on(self) -> None:
        while self._waiting and self._free:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            self._free -= 1
            task = asyncio.get_running_loop().create_task(self._commit(batch))
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)

    async def _commit(self, batch: Sequence[Asked]) -> None:
        try:
            if waiting := [asked for asked in batch if not asked.outcome.done()]:  # the others have given up
                await self._answer(waiting)
        finally:
            for asked in batch:
                asked.outcome.cancel()  # nothing, unless this task itself was ended
            self._free += 1
            self._go_on()

    async def _answer(self, batch: Sequence[Asked]) -> None:
        """Tell each what became of it. Where one breaks the transaction of all, each gets its own."""
        outcomes: Sequence[Recorded] = ()
        error: Exception | None = None
        try:
            outcomes = await transact(self._engine, lambda connection: record(connection, [a.commit for a in batch]))
        except Exception as broken:  # noqa: BLE001 - handed to whoever waits
            error = broken
            if len(batch) > 1 and not isinstance(error, PortUnavailable):
                for asked in batch:
                    await self._answer([asked])
                return
        for place, asked in enumerate(batch):
            if asked.outcome.done():
                continue  # given up meanwhile
            if error is not None:
                asked.outcome.set_exception(error)
            else:
                asked.outcome.set_result(outcomes[place])


async def record(connection: AsyncConnection, commits: Sequence[Commit]) -> list[Recorded]:
    """What becomes of each, in order; those that are DONE are written."""
    accounts = await lock(connection, {commit.account_id for commit in commits if commit.account_id})
    keys = {answer.key for commit in commits for answer in commit.answers}
    refs = {_named(commit) for commit in commits}
    taken = union_all(
        select(literal(True).label("is_key"), ANSWERS.c.key).where(among(ANSWERS.c.key, keys)),
        select(literal(False), AUTHORIZATIONS.c.authorization_id).where(among(AUTHORIZATIONS.c.authorization_id, refs)),
    )
    rows = (await connection.execute(taken)).all()
    seen = _Seen(accounts, {row.key for row in rows if row.is_key}, {row.key for row in rows if not row.is_key})
    outcomes = [seen.judge(commit) for commit in commits]
    done = [commit for commit, outcome in zip(commits, outcomes, strict=True) if outcome is Recorded.DONE]
    await write_entries(connection, [entry for commit in done for entry in commit.entries])
    await insert_authorizations(connection, [one for commit in done for one in commit.authorizations])
    await write_answers(connection, [answer for commit in done for answer in commit.answers])
    return outcomes


def _named(commit: Commit) -> str:
    """The authorization that a decision is about."""
    return commit.authorizations[0].authorization_id if commit.authorizations else commit.ref


class _Seen:
    """What the decisions before this one have left: as the database has it, and as this batch will."""

    def __init__(self, accounts: dict[str, Any], keys: set[str], authorization_ids: set[str]) -> None:
        self._accounts = accounts
        self._available_usdc6 = {account_id: row.available_usdc6 for account_id, row in accounts.items()}
        self._keys = keys
        self._authorization_ids = authorization_ids

    def judge(self, commit: Commit) -> Recorded:
        """The checks of ``Recorded``, in its order."""
        (answer,) = commit.answers
        if answer.key in self._keys:
            return Recorded.ANSWERED
        if commit.account_id:
            account = self._accounts[commit.account_id]
            if commit.view != account.view:
                return Recorded.OUTDATED
            if commit.epoch and commit.epoch != account.epoch:
                return Recorded.STALE
        if _named(commit) in self._authorization_ids:
            return Recorded.EXISTS
        if commit.authorizations:
            (entry,) = commit.entries
            if self._available_usdc6[entry.account_id] < entry.amount_usdc6:
                return Recorded.SHORT
            self._available_usdc6[entry.account_id] -= entry.amount_usdc6
            self._authorization_ids.add(_named(commit))
        self._keys.add(answer.key)
        return Recorded.DONE
