"""Authorize: decide, set the funds aside, make both durable, answer.

Three port calls on the way: the cache (key claimed, card read), the hold store (funds and limits taken), the ledger
(hold and answer committed). An approval is answered only after that commit. Whatever goes wrong on the way, the network
gets a decline within the decision budget, and what may have been taken is given back behind the answer.
"""

from __future__ import annotations

import asyncio
from hashlib import md5

from engine.domain import ledger as journal
from engine.domain.authorization import Authorization, Status
from engine.domain.decide import standing
from engine.domain.decline import APPROVED_CODE, RESPONSE_CODES, DeclineReason
from engine.domain.ledger import Answer, Commit, Recorded, Rows, Touch
from engine.domain.money import usdc6_of
from engine.domain.terms import SECOND_NS, Terms
from engine.interface import (
    AuthorizationKind,
    AuthorizationRequest,
    AuthorizationResponse,
    IdempotencyConflict,
    RequestInFlight,
)
from engine.ports import Hold, Ports, PortUnavailable
from engine.services.background import Background
from engine.services.budget import Budget

_ESTIMATE = AuthorizationKind.PREAUTHORIZATION
TWIN_POLL_S = 0.020
"""How often a request asks whether its twin has been answered."""


class Authorize:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports, terms: Terms, background: Background) -> None:
        self._ports = ports
        self._terms = terms
        self._background = background
        self._budget = Budget(terms.decision_budget_ns / SECOND_NS)
        self._budget_s = terms.decision_budget_ns / SECOND_NS

    async def __call__(self, request: AuthorizationRequest) -> AuthorizationResponse:
        """Answer within the decision budget. Raises IdempotencyConflict, RequestInFlight."""
        if request.amount_cents <= 0:
            return declined(request.authorization_id, DeclineReason.INVALID_AMOUNT)
        try:
            with self._budget.limit():
                response = await self._decide(request)
        except (TimeoutError, PortUnavailable):
            return self._give_up(request)
        return response if response is not None else await self._replay(request)

    async def _decide(self, request: AuthorizationRequest) -> AuthorizationResponse | None:
        """The decision, committed; None where this key has been claimed or answered before."""
        ports, terms = self._ports, self._terms
        fingerprint = fingerprint_of(request)
        opening = await ports.cache.begin(request.idempotency_key, request.card_id)
        if opening.seen:
            return None
        at_ns = ports.clock.now_ns()
        reason = standing(opening.card, opening.account, at_ns, terms)
        if reason is not None:
            return await self._decline(request, fingerprint, reason)
        account_id = opening.account.account_id
        amount_usdc6 = usdc6_of(request.amount_cents)
        hold = Hold(request.authorization_id, account_id, amount_usdc6, request.amount_cents, at_ns)
        reason = await ports.holds.place(hold, terms.limits)
        if reason is not None:
            return await self._decline(request, fingerprint, reason)
        lifetime_ns = terms.holds.lifetime_ns(request.network, preauthorization=request.kind is _ESTIMATE)
        response = AuthorizationResponse(
            request.authorization_id, True, request.amount_cents, APPROVED_CODE, None, at_ns + lifetime_ns
        )
        authorization = Authorization(
            request.authorization_id, account_id, request.network, request.amount_cents, request.amount_cents, 0,
            Status.OPEN, at_ns, response.hold_expires_at_ns,
        )  # fmt: skip
        recorded = await ports.ledger.record(
            Commit(
                (journal.hold(request.authorization_id, account_id, at_ns, amount_usdc6),),
                (authorization,),
                (Answer(request.idempotency_key, fingerprint, response),),
            )
        )
        if recorded is Recorded.DONE:
            return response
        return await self._refused(request, fingerprint, recorded)

    async def _decline(
        self, request: AuthorizationRequest, fingerprint: bytes, reason: DeclineReason
    ) -> AuthorizationResponse | None:
        """A decline is an answer like any other: it is stored, so that a repeat gets it again."""
        response = declined(request.authorization_id, reason)
        answer = Answer(request.idempotency_key, fingerprint, response)
        recorded = await self._ports.ledger.record(Commit(answers=(answer,)))
        return response if recorded is Recorded.DONE else None

    async def _refused(
        self, request: AuthorizationRequest, fingerprint: bytes, recorded: Recorded
    ) -> AuthorizationResponse | None:
        """The truth did not take what the cache allowed: give the hold back and say why."""
        authorization_id = request.authorization_id
        touch = Touch(authorizations=(authorization_id,))
        rows: Rows = (await self._ports.ledger.update(touch, lambda rows: Commit(result=rows))).result
        known = rows.authorizations.get(authorization_id)
        if known is None or known.status is not Status.OPEN:
            await self._ports.holds.drop((authorization_id,))
        if recorded is Recorded.ANSWERED:
            return None
        if recorded is Recorded.SHORT:
            return await self._decline(request, fingerprint, DeclineReason.INSUFFICIENT_FUNDS)
        if known is not None and known.authorized_cents == 0:
            return await self._decline(request, fingerprint, DeclineReason.REVERSED_BEFORE_ARRIVAL)
        # Another key speaks for an authorization that lives: its hold stays, this request is refused.
        return await self._decline(request, fingerprint, DeclineReason.INVALID_TRANSACTION)

    async def _replay(self, request: AuthorizationRequest) -> AuthorizationResponse:
        """The answer of the first request under this key, waiting for it a while where it is still in flight."""
        waited_s = 0.0
        while waited_s <= self._budget_s:
            try:
                async with asyncio.timeout(self._budget_s):
                    stored = await self._ports.ledger.answer(request.idempotency_key)
            except (TimeoutError, PortUnavailable) as error:
                raise RequestInFlight(f"{request.idempotency_key}: the first answer cannot be read now") from error
            if stored is None:
                await asyncio.sleep(TWIN_POLL_S)
                waited_s += TWIN_POLL_S
                continue
            if stored.fingerprint != fingerprint_of(request):
                raise IdempotencyConflict(f"{request.idempotency_key}: used before with another body")
            return stored.response
        raise RequestInFlight(f"{request.idempotency_key}: a twin is still being answered")

    def _give_up(self, request: AuthorizationRequest) -> AuthorizationResponse:
        """Out of time, or a store did not answer: decline, and undo behind the answer whatever may have been done."""
        response = declined(request.authorization_id, DeclineReason.ISSUER_UNAVAILABLE)
        answer = Answer(request.idempotency_key, fingerprint_of(request), response)
        self._background.until_done(
            lambda: self._undo(request.authorization_id, answer), f"undo {request.authorization_id}"
        )
        return response

    async def _undo(self, authorization_id: str, answer: Answer) -> None:
        """Void the authorization if this request made one; store the decline; give the hold back."""

        def void(rows: Rows) -> Commit:
            stored = rows.answers.get(answer.key)
            ours = stored is None or stored.fingerprint == answer.fingerprint
            known = rows.authorizations.get(authorization_id)
            made_here = ours and stored is not None and stored.response.approved
            if not ours:
                return Commit(result=False)
            if known is None or not made_here:
                return Commit(answers=(answer,), result=known is None)
            freed = usdc6_of(known.held_cents)
            entry = journal.release(authorization_id, known.account_id, self._ports.clock.now_ns(), freed)
            return Commit(
                entries=(entry,) if freed else (), authorizations=(known.reversed(),), answers=(answer,), result=True
            )

        touch = Touch(authorizations=(authorization_id,), keys=(answer.key,))
        if (await self._ports.ledger.update(touch, void)).result:
            await self._ports.holds.drop((authorization_id,))


def declined(authorization_id: str, reason: DeclineReason) -> AuthorizationResponse:
    """The answer that refuses, with its ISO 8583 response code."""
    return AuthorizationResponse(authorization_id, False, 0, RESPONSE_CODES[reason], reason, 0)


def fingerprint_of(request: AuthorizationRequest) -> bytes:
    """16 bytes that stand for the body of a request, without its key: what a repeat has to match."""
    body = repr(
        (request.authorization_id, request.card_id, request.amount_cents, request.network, request.merchant_id,
         request.mcc, request.kind is _ESTIMATE)
    )  # fmt: skip
    return md5(body.encode(), usedforsecurity=False).digest()
