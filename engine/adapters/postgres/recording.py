"""The hot path: decisions that arrive together are committed together.

While one transaction is on its way to the disk, whatever is asked meanwhile gathers for the next, so that under load
many decisions share one commit and none waits for more than the one before it. What becomes of each is decided,
within one transaction, in the order in which they came, as if each had one of its own.

There are two lanes. The quick one waits for no lock: decisions on accounts that somebody else has locked just now go
to the patient one, so that one busy account does not hold up all others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Text, any_, bindparam, literal, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine.adapters.postgres.connection import transact
from engine.adapters.postgres.tables import ACCOUNTS, ANSWERS, AUTHORIZATIONS
from engine.adapters.postgres.writing import insert_authorizations, write_answers, write_entries
from engine.domain.ledger import Commit, Recorded
from engine.ports import PortUnavailable

AT_ONCE = 200
"""At most so many decisions in one transaction."""


MOST_WAITING = 20_000
"""Further ones are turned away: they would only be answered when nobody waits for them any more."""


class Asked(NamedTuple):
    """A decision that waits to be committed, and who waits for it."""

    commit: Commit
    outcome: asyncio.Future[Recorded]


class Recorder:
    """Gathers decisions and commits them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._patient = Lane(engine, None)
        self._quick = Lane(engine, self._patient)

    async def record(self, commit: Commit) -> Recorded:
        """Commit one decision with whatever else waits. Raises PortUnavailable."""
        asked = Asked(commit, asyncio.get_running_loop().create_future())
        self._quick.add((asked,))
        return await asked.outcome

    async def close(self) -> None:
        """Return when all that was asked has been answered."""
        await self._quick.rest()
        await self._patient.rest()


class Lane:
    """One transaction at a time. What meets a lock goes to the ``patient`` lane; without one it waits."""

    def __init__(self, engine: AsyncEngine, patient: Lane | None) -> None:
        self._engine = engine
        self._patient = patient
        self._waiting: list[Asked] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, asked: Sequence[Asked]) -> None:
        """Have these committed. Raises PortUnavailable where too many wait already."""
        if len(self._waiting) >= MOST_WAITING:
            raise PortUnavailable(f"PostgreSQL: {MOST_WAITING} decisions wait to be committed")
        self._waiting += asked
        self._go_on()

    async def rest(self) -> None:
        """Return when nothing waits here."""
        while self._task is not None:
            await asyncio.wait((self._task,))

    def _go_on(self) -> None:
        if self._waiting and self._task is None:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            self._task = asyncio.get_running_loop().create_task(self._commit(batch))

    async def _commit(self, batch: Sequence[Asked]) -> None:
        left: Sequence[Asked] = ()
        try:
            if waiting := [asked for asked in batch if not asked.outcome.done()]:  # the others have given up
                left = await self._answer(waiting)
        finally:
            self._task = None
            for asked in batch:
                if asked not in left:
                    asked.outcome.cancel()  # nothing, unless this task itself was ended
            self._go_on()
        if left and self._patient is not None:
            self._patient.add(left)

    async def _answer(self, batch: Sequence[Asked]) -> Sequence[Asked]:
        """Tell each what became of it; returns those that met a lock. Where one breaks the transaction of all, each
        gets its own."""
        outcomes: Sequence[Recorded | None] = ()
        error: Exception | None = None
        commits = [asked.commit for asked in batch]
        try:
            outcomes = await transact(
                self._engine, lambda connection: record(connection, commits, waits=self._patient is None)
            )
        except Exception as broken:  # noqa: BLE001 - handed to whoever waits
            error = broken
            if len(batch) > 1 and not isinstance(error, PortUnavailable):
                left: list[Asked] = []
                for asked in batch:
                    left += await self._answer([asked])
                return left
        for place, asked in enumerate(batch):
            if asked.outcome.done():
                continue  # given up meanwhile
            if error is not None:
                asked.outcome.set_exception(error)
            elif (outcome := outcomes[place]) is not None:
                asked.outcome.set_result(outcome)
        return [asked for asked in batch if not asked.outcome.done()]


_OWN = ACCOUNTS.c.account_id == any_(bindparam("account_ids", type_=ARRAY(Text)))
_BOOKS = select(ACCOUNTS.c.account_id, ACCOUNTS.c.view, ACCOUNTS.c.epoch, ACCOUNTS.c.available_usdc6).where(_OWN)
_LOCK = _BOOKS.order_by(ACCOUNTS.c.account_id).with_for_update(key_share=True)
_LOCK_FREE = _BOOKS.order_by(ACCOUNTS.c.account_id).with_for_update(key_share=True, skip_locked=True)
_TAKEN = union_all(
    select(literal(True).label("is_key"), ANSWERS.c.key).where(
        ANSWERS.c.key == any_(bindparam("keys", type_=ARRAY(Text)))
    ),
    select(literal(False), AUTHORIZATIONS.c.authorization_id).where(
        AUTHORIZATIONS.c.authorization_id == any_(bindparam("refs", type_=ARRAY(Text)))
    ),
)
"""Built once: making a statement anew costs more than running it."""


async def record(connection: AsyncConnection, commits: Sequence[Commit], *, waits: bool) -> list[Recorded | None]:
    """What becomes of each, in order; those that are DONE are written. Unless it ``waits`` for locks, it has nothing to
    say (None) on decisions of accounts that are locked.
    """
    own = {"account_ids": list({commit.account_id for commit in commits if commit.account_id})}
    locked = await connection.execute(_LOCK if waits else _LOCK_FREE, own) if own["account_ids"] else ()
    accounts = {row.account_id: row for row in locked}
    ours = [commit for commit in commits if not commit.account_id or commit.account_id in accounts or waits]
    asked = {
        "keys": [answer.key for commit in ours for answer in commit.answers],
        "refs": [_named(commit) for commit in ours],
    }
    rows = (await connection.execute(_TAKEN, asked)).all()
    seen = _Seen(accounts, {row.key for row in rows if row.is_key}, {row.key for row in rows if not row.is_key})
    mine = {id(commit) for commit in ours}
    outcomes = [seen.judge(commit) if id(commit) in mine else None for commit in commits]
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
