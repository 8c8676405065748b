"""Expire: a clock tick ends the holds whose time is over. Late presentments still post."""

from __future__ import annotations

from engine.domain import ledger as journal
from engine.domain.authorization import Status
from engine.domain.ledger import Commit, Rows, Touch
from engine.domain.money import usdc6_of
from engine.interface import ExpiryReceipt
from engine.ports import Ports

AT_ONCE = 500


class Expire:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def __call__(self, now_ns: int) -> ExpiryReceipt:
        """End every hold that is due at ``now_ns``; running it again ends nothing twice."""
        expired: list[str] = []
        while due := await self._ports.ledger.due(now_ns, AT_ONCE):

            def transition(rows: Rows, due=tuple(due)) -> Commit:
                ending = [
                    known
                    for authorization_id in due
                    if (known := rows.authorizations.get(authorization_id)) is not None
                    and known.status is Status.OPEN
                    and known.expires_at_ns <= now_ns
                ]
                return Commit(
                    entries=tuple(
                        journal.release(a.authorization_id, a.account_id, now_ns, usdc6_of(a.held_cents))
                        for a in ending
                    ),
                    authorizations=tuple(a.expired() for a in ending),
                    result=tuple(a.authorization_id for a in ending),
                )

            commit = await self._ports.ledger.update(Touch(authorizations=tuple(due)), transition)
            await self._ports.holds.drop(commit.result)
            expired += commit.result
        return ExpiryReceipt(tuple(expired))
