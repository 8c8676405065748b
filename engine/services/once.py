"""Idempotency of everything that is not on the hot path: claimed, checked and stored in one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import md5
from typing import NamedTuple

from engine.domain.ledger import Answer, Commit, HoldChange, Rows, Touch
from engine.interface import IdempotencyConflict
from engine.ports import Ledger


class Once(NamedTuple):
    """``changes``, under the key as their ref, may not have been followed: after a crash also those of a replay."""

    response: object
    changes: Sequence[HoldChange]
    replayed: bool


async def answer_once(
    ledger: Ledger, key: str, body: str, touch: Touch, transition: Callable[[Rows], Commit]
) -> Once:  # fmt: skip
    """Run ``transition`` under ``key`` unless it has been answered.

    ``transition`` puts the answer into ``Commit.result``; it is stored. Raises IdempotencyConflict for another body.
    """
    replayed = False
    pending: Sequence[HoldChange] = ()
    fingerprint = md5(body.encode(), usedforsecurity=False).digest()

    def guarded(rows: Rows) -> Commit:
        nonlocal replayed, pending
        replayed = False
        stored = rows.answers.get(key)
        if stored is None:
            commit = transition(rows)
            return commit._replace(answers=(*commit.answers, Answer(key, fingerprint, commit.result)), ref=key)
        if stored.fingerprint != fingerprint:
            raise IdempotencyConflict(f"{key}: used before with another body")
        replayed, pending = True, rows.pending.get(key, ())
        return Commit(result=stored.response)

    commit = await ledger.update(touch._replace(keys=(*touch.keys, key)), guarded)
    return Once(commit.result, pending if replayed else commit.changes, replayed)
