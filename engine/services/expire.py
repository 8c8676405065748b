"""Expire: a clock tick ends the holds whose time is over. Late presentments still post.

The same tick sweeps up what crashes have left, resets limit windows when a day is over, and forgets answers that are
owed to nobody any more.
"""

from __future__ import annotations

from engine.domain import ledger as journal
from engine.domain.authorization import Status
from engine.domain.debts import with_debts_paid
from engine.domain.ledger import Commit, Rows, Touch, change_of
from engine.domain.money import usdc6_of
from engine.interface import ExpiryReceipt
from engine.ports import Ports, PortUnavailable
from engine.services.follow import follow
from engine.services.forget import Forget
from engine.services.reset import Reset
from engine.services.sweep import Sweep

AT_ONCE = 500


class Expire:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports, sweep: Sweep, reset: Reset, forget: Forget) -> None:
        self._ports = ports
        self._sweep = sweep
        self._reset = reset
        self._forget = forget

    async def __call__(self, now_ns: int) -> ExpiryReceipt:
        """End every hold that is due at ``now_ns``; running it again ends nothing twice."""
        expired: list[str] = []
        while due := tuple(await self._ports.ledger.due(now_ns, AT_ONCE)):
            expired += await self._end(due, now_ns)
        try:
            await self._sweep(now_ns)
            await self._reset(now_ns)
            await self._forget()
        except PortUnavailable:
            pass  # what has expired is worth answering; the next tick goes on
        return ExpiryReceipt(tuple(expired))

    async def _end(self, due: tuple[str, ...], now_ns: int) -> tuple[str, ...]:
        """End those of ``due`` that are open; returns those that it ended."""

        def transition(rows: Rows) -> Commit:
            ending = [
                known
                for known in rows.authorizations.values()
                if known.status is Status.OPEN and known.expires_at_ns <= now_ns
            ]
            ended = tuple(known.authorization_id for known in ending)
            commit = Commit(
                entries=tuple(
                    journal.release(a.authorization_id, a.account_id, now_ns, usdc6_of(a.held_cents)) for a in ending
                ),
                authorizations=tuple(a.expired() for a in ending),
                ref=f"expire:{ended[0]}" if ended else "",  # nothing expires twice
                changes=tuple(change_of(a, a.expired(), usdc6_of(a.held_cents)) for a in ending),
                result=ended,
            )
            return with_debts_paid(commit, rows, now_ns, lambda release: f"expiry:{release.ref}")

        commit = await self._ports.ledger.update(Touch(authorizations=due), transition)
        await follow(self._ports, commit.ref, commit.changes)
        return commit.result
