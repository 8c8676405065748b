"""Decisions committed by one statement: a round trip costs more than all that the statement does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.adapters.postgres.patient import named
from engine.adapters.stored import dump
from engine.domain.authorization import Authorization, Status
from engine.domain.ledger import Commit, EntryKind, Recorded, UnbalancedEntry, unbalanced

_RECORD = text((files("engine.adapters.postgres") / "record.sql").read_text())
_OUTCOMES = {str(outcome): outcome for outcome in Recorded}
_COLUMNS = (
    "key", "fingerprint", "response", "ref", "owner", "view", "epoch", "hold_usdc6", "postings", "network", "cents",
    "counted_at_ns", "expires_at_ns", "card_id", "mcc", "counter_id", "mandate_id",
)  # fmt: skip
_json = json.JSONEncoder(separators=(",", ":")).encode
_NO_AUTHORIZATION = (0, None, "", 0, 0, 0, "", "", "", "")


async def record(connection: AsyncConnection, commits: Sequence[Commit]) -> Sequence[Recorded | None]:
    """What becomes of each, in order; None for those that need a closer look. Outside a transaction it is one."""
    is_plain = [_is_plain(commit) for commit in commits]
    plain = [commit for commit, plainly in zip(commits, is_plain, strict=True) if plainly]
    if not plain:
        return [None] * len(commits)
    arrays: dict[str, Any] = dict(zip(_COLUMNS, map(list, zip(*map(_row, plain), strict=True)), strict=True))
    arrays["owners"] = list({commit.account_id for commit in plain})
    outcomes = iter([_OUTCOMES.get(outcome) for outcome in await connection.scalars(_RECORD, arrays)])
    return [next(outcomes) if plainly else None for plainly in is_plain]


def _row(commit: Commit) -> tuple[Any, ...]:
    (answer,) = commit.answers
    decision = (
        answer.key, answer.fingerprint, _json(dump(answer.response)), named(commit), commit.account_id, commit.view,
        commit.epoch,
    )  # fmt: skip
    if not commit.authorizations:
        return decision + _NO_AUTHORIZATION
    (authorization,), (entry,) = commit.authorizations, commit.entries
    if left := unbalanced(entry):
        raise UnbalancedEntry(f"{entry.kind} {entry.ref}: {left} left over in {entry.postings}")
    return (
        *decision, entry.amount_usdc6, _json(entry.postings), authorization.network, authorization.authorized_cents,
        authorization.counted_at_ns, authorization.expires_at_ns, authorization.card_id, authorization.mcc,
        authorization.counter_id, authorization.mandate_id,
    )  # fmt: skip


def _is_plain(commit: Commit) -> bool:
    """Whether it is all that the statement can write: an answer, with the hold of a new authorization or without."""
    if not commit.authorizations:
        return not commit.entries
    (authorization,), (entry,) = commit.authorizations, commit.entries
    fresh = Authorization(
        entry.ref, entry.account_id, authorization.network, authorization.authorized_cents,
        authorization.authorized_cents, 0, Status.OPEN, entry.at_ns, authorization.expires_at_ns, authorization.card_id,
        authorization.mcc, counter_id=authorization.counter_id, mandate_id=authorization.mandate_id,
    )  # fmt: skip
    return entry.kind is EntryKind.HOLD and authorization == fresh and entry.amount_usdc6 > 0
