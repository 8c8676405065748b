"""What an authorization is answered with, and what makes two requests the same."""

from __future__ import annotations

from hashlib import md5

from engine.domain.decline import APPROVED_CODE, PARTIAL_CODE, RESPONSE_CODES, DeclineReason
from engine.domain.ledger import Answer, Rows
from engine.interface import AuthorizationRequest, AuthorizationResponse, IdempotencyConflict


def approved(request: AuthorizationRequest, approved_cents: int, hold_expires_at_ns: int) -> AuthorizationResponse:
    """The answer that grants all that was asked, or a part of it."""
    code = APPROVED_CODE if approved_cents == request.amount_cents else PARTIAL_CODE
    return AuthorizationResponse(request.authorization_id, True, approved_cents, code, None, hold_expires_at_ns)


def unavailable(request: AuthorizationRequest) -> Answer:
    """The decline of a request that could not be decided in time."""
    response = declined(request.authorization_id, DeclineReason.ISSUER_UNAVAILABLE)
    return Answer(request.idempotency_key, fingerprint_of(request), response)


def same(stored: Answer, request: AuthorizationRequest) -> AuthorizationResponse:
    """The stored answer, to the request that it was given to. Raises IdempotencyConflict for another one."""
    if stored.fingerprint != fingerprint_of(request):
        raise IdempotencyConflict(f"{request.idempotency_key}: used before with another body")
    return stored.response


def account_in(rows: Rows, request: AuthorizationRequest) -> str:
    """The account of the request's card, "" if there is no such card."""
    card = rows.cards.get(request.card_id)
    return "" if card is None else card.account_id


def declined(authorization_id: str, reason: DeclineReason) -> AuthorizationResponse:
    """The answer that refuses, with its ISO 8583 response code."""
    return AuthorizationResponse(authorization_id, False, 0, RESPONSE_CODES[reason], reason, 0)


def fingerprint_of(request: AuthorizationRequest) -> bytes:
    """16 bytes that stand for the body of a request, without its key and its instant: what a repeat has to match."""
    body = repr(
        (request.authorization_id, request.card_id, request.amount_cents, request.network, request.merchant_id,
         request.mcc, request.kind.value, request.partial_supported, request.presence.value, request.initiator.value)
    )  # fmt: skip
    return md5(body.encode(), usedforsecurity=False).digest()
