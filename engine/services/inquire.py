"""Inquire: what is asked of an engine that holds nothing afterwards: a balance, and whether a refund is welcome."""

from __future__ import annotations

from engine.domain.credits import cents_down
from engine.domain.decide import standing
from engine.domain.decline import APPROVED_CODE
from engine.domain.ledger import Answer, Commit, Recorded
from engine.domain.terms import Terms
from engine.interface import AuthorizationKind, AuthorizationRequest, AuthorizationResponse
from engine.ports import Ports
from engine.services.answering import declined


class Inquire:
    """Decides requests of the kinds BALANCE_INQUIRY and REFUND: by the card's standing alone, from the ledger."""

    def __init__(self, ports: Ports, terms: Terms) -> None:
        self._ports = ports
        self._terms = terms

    async def __call__(self, request: AuthorizationRequest, fingerprint: bytes) -> AuthorizationResponse | None:
        """The decision, committed; None where this key has been answered before."""
        recorded = Recorded.OUTDATED
        while recorded is Recorded.OUTDATED:
            response, commit = await self._decided(request, fingerprint)
            recorded = await self._ports.ledger.record(commit)
        return response if recorded is Recorded.DONE else None

    async def _decided(
        self, request: AuthorizationRequest, fingerprint: bytes
    ) -> tuple[AuthorizationResponse, Commit]:  # fmt: skip
        """The decision on what the ledger says of the card now, and how to keep it while that is still so."""
        ledger = self._ports.ledger
        found = await ledger.card(request.card_id)
        card, account, view = (None, None, 0) if found is None else found
        account_id = "" if account is None else account.account_id
        reason = standing(card, account, self._ports.clock.now_ns(), self._terms)
        if reason is not None:
            response = declined(request.authorization_id, reason)
        else:
            available_cents = None
            if request.kind is AuthorizationKind.BALANCE_INQUIRY:
                funds = await ledger.funds(account.account_id)
                available_cents = max(cents_down(funds.available_usdc6), 0)
            response = AuthorizationResponse(
                request.authorization_id, True, request.amount_cents, APPROVED_CODE, None, 0, available_cents
            )
        answer = Answer(request.idempotency_key, fingerprint, response)
        return response, Commit(answers=(answer,), account_id=account_id, view=view)
