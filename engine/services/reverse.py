"""Reverse: the network takes an authorization back; what is left of its hold is free again."""

from __future__ import annotations

from engine.domain import ledger as journal
from engine.domain.authorization import Status, reversed_before_arrival
from engine.domain.ledger import Commit, Rows, Touch
from engine.domain.money import usdc6_of
from engine.interface import ReversalRequest, ReversalResponse
from engine.ports import Ports
from engine.services.once import answer_once


class Reverse:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def __call__(self, request: ReversalRequest) -> ReversalResponse:
        """Always answers; one that overtakes its original leaves a mark that refuses it. Raises IdempotencyConflict."""
        authorization_id = request.authorization_id
        now_ns = self._ports.clock.now_ns()

        def transition(rows: Rows) -> Commit:
            known = rows.authorizations.get(authorization_id)
            if known is None:
                mark = reversed_before_arrival(authorization_id, request.network, now_ns)
                return Commit(authorizations=(mark,), result=ReversalResponse(authorization_id, 0))
            if known.status is not Status.OPEN:
                return Commit(result=ReversalResponse(authorization_id, 0))
            entry = journal.release(authorization_id, known.account_id, now_ns, usdc6_of(known.held_cents))
            return Commit(
                entries=(entry,),
                authorizations=(known.reversed(),),
                result=ReversalResponse(authorization_id, known.held_cents),
            )

        answer, commit = await answer_once(
            self._ports.ledger,
            request.idempotency_key,
            f"reverse|{authorization_id}|{request.card_id}|{request.network}",
            Touch(authorizations=(authorization_id,)),
            transition,
        )
        if commit is None or commit.authorizations:
            # Also on a replay: dropping twice is nothing, and the first time may not have come this far.
            await self._ports.holds.drop((authorization_id,))
        return answer
