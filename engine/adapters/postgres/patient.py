"""Decisions judged one after the other, behind the locks of their accounts: slower, and always with an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.adapters.postgres.bulk import among
from engine.adapters.postgres.reading import lock
from engine.adapters.postgres.tables import ANSWERS, AUTHORIZATIONS
from engine.adapters.postgres.writing import insert_authorizations, write_answers, write_entries
from engine.domain.ledger import Commit, Recorded


async def record(connection: AsyncConnection, commits: Sequence[Commit]) -> Sequence[Recorded]:
    """What becomes of each, in order; those that are DONE are written."""
    accounts = await lock(connection, {commit.account_id for commit in commits if commit.account_id})
    keys = [answer.key for commit in commits for answer in commit.answers]
    taken = union_all(
        select(literal(True).label("is_key"), ANSWERS.c.key).where(among(ANSWERS.c.key, keys)),
        select(literal(False), AUTHORIZATIONS.c.authorization_id).where(
            among(AUTHORIZATIONS.c.authorization_id, [named(commit) for commit in commits])
        ),
    )
    rows = (await connection.execute(taken)).all()
    seen = _Seen(accounts, {row.key for row in rows if row.is_key}, {row.key for row in rows if not row.is_key})
    outcomes = [seen.judge(commit) for commit in commits]
    done = [commit for commit, outcome in zip(commits, outcomes, strict=True) if outcome is Recorded.DONE]
    await write_entries(connection, [entry for commit in done for entry in commit.entries])
    await insert_authorizations(connection, [one for commit in done for one in commit.authorizations])
    await write_answers(connection, [answer for commit in done for answer in commit.answers])
    return outcomes


def named(commit: Commit) -> str:
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
        if named(commit) in self._authorization_ids:
            return Recorded.EXISTS
        if commit.authorizations:
            (entry,) = commit.entries
            if self._available_usdc6[entry.account_id] < entry.amount_usdc6:
                return Recorded.SHORT
            self._available_usdc6[entry.account_id] -= entry.amount_usdc6
            self._authorization_ids.add(named(commit))
        self._keys.add(answer.key)
        return Recorded.DONE
