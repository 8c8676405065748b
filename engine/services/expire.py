"""Expire: a clock tick ends the holds whose time is over. Late presentments still post."""

from __future__ import annotations

from engine.domain import ledger as journal
from engine.domain.authorization import Status
from engine.domain.ledger import Commit, Rows, Touch
from engine.domain.money import usdc6_of
from engine.interface import ExpiryReceipt
from engine.ports import Ports, PortUnavailable
from engine.services.background import Background

AT_ONCE = 500


class Expire:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports, background: Background) -> None:
        self._ports = ports
        self._background = background

    async def __call__(self, now_ns: int) -> ExpiryReceipt:
        """End every hold that is due at ``now_ns``; running it again ends nothing twice."""
        expired: list[str] = []
        while due := tuple(await self._ports.ledger.due(now_ns, AT_ONCE)):
            try:
                expired += await self._end(due, now_ns)
            except PortUnavailable:
                # Some may have ended in the ledger and not in the hold store: that is finished behind the answer.
                self._background.until_done(lambda due=due: self._end(due, now_ns), f"expiry of {len(due)}")
                raise
        return ExpiryReceipt(tuple(expired))

    async def _end(self, due: tuple[str, ...], now_ns: int) -> tuple[str, ...]:
        """End those of ``due`` that are open, drop the holds of all that are over; returns those that it ended."""

        def transition(rows: Rows) -> Commit:
            ending = [
                known
                for known in rows.authorizations.values()
                if known.status is Status.OPEN and known.expires_at_ns <= now_ns
            ]
            ended = tuple(known.authorization_id for known in ending)
            over = tuple(a.authorization_id for a in rows.authorizations.values() if a.status is Status.EXPIRED)
            return Commit(
                entries=tuple(
                    journal.release(a.authorization_id, a.account_id, now_ns, usdc6_of(a.held_cents)) for a in ending
                ),
                authorizations=tuple(a.expired() for a in ending),
                result=(ended, over),
            )

        ended, over = (await self._ports.ledger.update(Touch(authorizations=due), transition)).result
        await self._ports.holds.drop((*ended, *over))
        return ended
