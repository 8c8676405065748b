"""Idempotency of everything that is not on the hot path: claimed, checked and stored in one commit."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import md5

from engine.domain.ledger import Answer, Commit, Rows, Touch
from engine.interface import IdempotencyConflict
from engine.ports import Ledger


async def answer_once(
    ledger: Ledger, key: str, body: str, touch: Touch, transition: Callable[[Rows], Commit]
) -> tuple[object, Commit | None]:
    """Run ``transition`` under ``key`` unless it has been answered; (answer, commit), commit None for a replay.

    ``transition`` puts the answer into ``Commit.result``; it is stored. Raises IdempotencyConflict for another body.
    """
    replayed = False
    fingerprint = md5(body.encode(), usedforsecurity=False).digest()

    def guarded(rows: Rows) -> Commit:
        nonlocal replayed
        stored = rows.answers.get(key)
        if stored is None:
            commit = transition(rows)
            return commit._replace(answers=(*commit.answers, Answer(key, fingerprint, commit.result)))
        if stored.fingerprint != fingerprint:
            raise IdempotencyConflict(f"{key}: used before with another body")
        replayed = True
        return Commit(result=stored.response)

    commit = await ledger.update(touch._replace(keys=(*touch.keys, key)), guarded)
    return commit.result, None if replayed else commit
