"""Reverse: the network takes an authorization back; what is left of its hold is free again."""

from __future__ import annotations

from engine.domain import ledger as journal
from engine.domain.authorization import Status, reversed_before_arrival
from engine.domain.debts import with_debts_paid
from engine.domain.ledger import Commit, Rows, Touch, change_of
from engine.domain.money import usdc6_of
from engine.interface import Refused, ReversalRequest, ReversalResponse
from engine.ports import Ports
from engine.services.follow import follow
from engine.services.once import answer_once


class Reverse:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def __call__(self, request: ReversalRequest) -> ReversalResponse:
        """Always answers; one that overtakes its original leaves a mark that refuses it.

        Raises IdempotencyConflict, and EngineError for an amount below zero.
        """
        now_ns = self._ports.clock.now_ns()
        if request.amount_cents < 0:
            raise Refused(f"reversal of {request.authorization_id}: an amount is not negative")
        body = (request.authorization_id, request.card_id, request.network, request.amount_cents)
        answer, changes, _ = await answer_once(
            self._ports.ledger,
            request.idempotency_key,
            repr(("reverse", *body)),
            Touch(authorizations=(request.authorization_id,), posted=(_name(request),)),
            lambda rows: taken_back(request, rows, now_ns),
        )
        await follow(self._ports, request.idempotency_key, changes)
        return answer


def taken_back(request: ReversalRequest, rows: Rows, now_ns: int) -> Commit:
    """What the reversal does; nothing, where it names another card or network than its authorization."""
    authorization_id = request.authorization_id
    known = rows.authorizations.get(authorization_id)
    if rows.posted:
        return Commit(result=ReversalResponse(authorization_id, 0))  # the answer is forgotten, what it freed is not
    if known is None:
        mark = reversed_before_arrival(authorization_id, request.network, now_ns, request.card_id)
        return Commit(authorizations=(mark,), result=ReversalResponse(authorization_id, 0))
    if known.status is not Status.OPEN or (known.card_id, known.network) != (request.card_id, request.network):
        return Commit(result=ReversalResponse(authorization_id, 0))
    after = known.reversed(request.amount_cents or None)
    released_cents = known.held_cents - after.held_cents
    released_usdc6 = usdc6_of(released_cents)
    commit = Commit(
        entries=(journal.release(authorization_id, known.account_id, now_ns, released_usdc6),),
        authorizations=(after,),
        posted=(_name(request),),
        changes=(change_of(known, after, released_usdc6),),
        result=ReversalResponse(authorization_id, released_cents),
    )
    return with_debts_paid(commit, rows, now_ns, lambda _: _name(request))


def _name(request: ReversalRequest) -> str:
    """Under which the ledger knows for good that it was done."""
    return f"reversal:{request.idempotency_key}"
