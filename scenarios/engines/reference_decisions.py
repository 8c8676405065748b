"""The reference engine on authorizations: decided, told by the network, taken back, over."""

from __future__ import annotations

from engine.interface import (
    APPROVED_CODE,
    PARTIAL_CODE,
    RESPONSE_CODES,
    AccountStatus,
    AdviceOutcome,
    AdviceReceipt,
    AuthorizationAdvice,
    AuthorizationKind,
    AuthorizationRequest,
    AuthorizationResponse,
    CardStatus,
    DeclineReason,
    EngineError,
    LimitTerms,
    MandateStatus,
    ReversalRequest,
)
from scenarios.engines import reference_limits
from scenarios.engines.reference_book import USDC6_PER_CENT, Account, Authorization, Book, Spend, Step

_INQUIRIES = (AuthorizationKind.BALANCE_INQUIRY, AuthorizationKind.REFUND)
_OF_CARD = {
    CardStatus.CANCELLED: DeclineReason.CARD_CANCELLED,
    CardStatus.LOST: DeclineReason.CARD_LOST,
    CardStatus.STOLEN: DeclineReason.CARD_STOLEN,
    CardStatus.FROZEN: DeclineReason.CARD_FROZEN,
    CardStatus.PENDING: DeclineReason.CARD_INACTIVE,
}


class Decisions(Book):
    """Requests, advices, reversals and the end of holds."""

    # ---- requests -------------------------------------------------------------------------------------------------

    def authorize(self, request: AuthorizationRequest, now_ns: int) -> AuthorizationResponse:
        """Decide, and set aside what is granted."""
        granted_cents = self._granted_cents(request)
        reason = self.reason_against(request, now_ns, granted_cents)
        if reason is not None:
            return declined(request, reason)
        if request.kind in _INQUIRIES:
            return self._told(request)
        expires_at_ns = self.hold(request, now_ns, granted_cents)
        code = APPROVED_CODE if granted_cents == request.amount_cents else PARTIAL_CODE
        return AuthorizationResponse(request.authorization_id, True, granted_cents, code, None, expires_at_ns)

    def reason_against(
        self, request: AuthorizationRequest, now_ns: int, granted_cents: int | None = None
    ) -> DeclineReason | None:
        """The ladder, top to bottom; its order is that of DeclineReason. Equal to a bound is allowed.

        ``granted_cents``: what a partial approval would grant, where it is less than the amount.
        """
        cents = request.amount_cents if granted_cents is None else granted_cents
        known = self._authorizations.get(request.authorization_id)
        is_inquiry, is_increment = request.kind in _INQUIRIES, request.kind is AuthorizationKind.INCREMENTAL
        if is_increment and not _may_grow(known, request, now_ns):
            return DeclineReason.INVALID_TRANSACTION
        if not is_increment and not is_inquiry and known is not None and not known.reversed:
            return DeclineReason.INVALID_TRANSACTION
        reason = self._standing(request.card_id, now_ns)
        if reason is not None or is_inquiry:
            return reason
        card, account = self._cards[request.card_id]
        if cents * USDC6_PER_CENT > account.available:
            return DeclineReason.INSUFFICIENT_FUNDS
        at_ns, mcc, before_cents = now_ns, request.mcc, None
        if is_increment:  # counts where its original counted
            at_ns, mcc = known.spend.at_ns, known.spend.mcc
            before_cents = known.authorized_cents - known.released_cents
        scopes = self._scopes(card.card_id, account)
        reason = reference_limits.reason_against(scopes, cents, at_ns, mcc, before_cents=before_cents)
        if reason is None and known is not None and known.reversed:
            return DeclineReason.REVERSED_BEFORE_ARRIVAL
        return reason

    def hold(self, request: AuthorizationRequest, now_ns: int, granted_cents: int | None = None) -> int:
        """Set the amount aside and count it in the limits; when the hold will end."""
        cents = request.amount_cents if granted_cents is None else granted_cents
        if request.kind is AuthorizationKind.INCREMENTAL:
            authorization = self._authorizations[request.authorization_id]
        else:
            authorization = self._begin(request, now_ns)
        authorization.authorized_cents += cents
        authorization.spend.story.append((Step.TOLD, cents))
        self._change_hold(authorization, authorization.held_cents + cents)
        return authorization.expires_at_ns

    def _granted_cents(self, request: AuthorizationRequest) -> int:
        """The amount; where funds do not suffice and less is welcome, the whole cents that there are, if any."""
        if not request.partial_supported or request.card_id not in self._cards:
            return request.amount_cents
        if request.kind is AuthorizationKind.INCREMENTAL or request.kind in _INQUIRIES:
            return request.amount_cents
        there_cents = self._cards[request.card_id][1].available // USDC6_PER_CENT
        return min(there_cents, request.amount_cents) if there_cents > 0 else request.amount_cents

    def _told(self, request: AuthorizationRequest) -> AuthorizationResponse:
        """Approved, and nothing is held: what is available, or that a refund is welcome."""
        available_cents = None
        if request.kind is AuthorizationKind.BALANCE_INQUIRY:
            available_cents = max(self._cards[request.card_id][1].available // USDC6_PER_CENT, 0)
        return AuthorizationResponse(
            request.authorization_id, True, request.amount_cents, APPROVED_CODE, None, 0, available_cents
        )

    def _standing(self, card_id: str, now_ns: int) -> DeclineReason | None:
        """What speaks against the card, its holder or its mandate, whatever the amount."""
        if card_id not in self._cards:
            return DeclineReason.CARD_NOT_FOUND
        card, account = self._cards[card_id]
        if card.status is not CardStatus.ACTIVE:
            return _OF_CARD[card.status]
        if now_ns >= card.expires_at_ns:
            return DeclineReason.CARD_EXPIRED
        if account.opening.status is AccountStatus.SUSPENDED:
            return DeclineReason.ACCOUNT_SUSPENDED
        if account.opening.kyc_level < self._terms.minimum_kyc_level:
            return DeclineReason.KYC_REQUIRED
        if not card.mandate_id:
            return None
        mandate = account.mandates.get(card.mandate_id)
        if mandate is None or mandate.status is not MandateStatus.ACTIVE:
            return DeclineReason.MANDATE_INACTIVE
        if now_ns >= mandate.expires_at_ns:
            return DeclineReason.MANDATE_EXPIRED
        return None

    def _scopes(self, card_id: str, account: Account) -> list[tuple[LimitTerms, list[Spend]]]:
        """The limits that hold for a spend with this card, each with the spends that count in it."""
        scopes = [(self._terms.limits, account.spends)]
        card = self._cards[card_id][0]
        if card.limits is not None:
            own = {card_id}
            while card.limits.policy.follows_replacement and card_id in self._forerunners:
                card_id = self._forerunners[card_id]
                if card_id in own:
                    break
                own.add(card_id)
            scopes.append((card.limits, [spend for spend in account.spends if spend.card_id in own]))
        mandate = account.mandates.get(card.mandate_id)
        if mandate is not None and mandate.limits is not None:
            under = [spend for spend in account.spends if spend.mandate_id == mandate.mandate_id]
            scopes.append((mandate.limits, under))
        return scopes

    def _begin(self, message: AuthorizationRequest | AuthorizationAdvice, now_ns: int) -> Authorization:
        """An authorization with nothing authorized yet."""
        card, account = self._cards[message.card_id]
        lifetime_ns = self._terms.holds.lifetime_ns(
            message.network,
            preauthorization=message.kind is AuthorizationKind.PREAUTHORIZATION,
            presence=message.presence,
            initiator=message.initiator,
            mcc=message.mcc,
        )
        spend = Spend(card.card_id, card.mandate_id, message.mcc, now_ns, False, [])
        account.spends.append(spend)
        authorization = Authorization(account, card.card_id, message.network, spend, expires_at_ns=now_ns + lifetime_ns)
        self._authorizations[message.authorization_id] = authorization
        return authorization

    # ---- what the network tells, and the clock --------------------------------------------------------------------

    def advise(self, advice: AuthorizationAdvice, now_ns: int) -> AdviceReceipt:
        """Adopt what the network decided, whatever funds, limits and the card's state are."""
        known = self._authorizations.get(advice.authorization_id)
        cents = advice.amount_cents if advice.approved else 0
        if advice.card_id not in self._cards or (known is not None and not _is_for(known, advice)):
            return AdviceReceipt(advice.authorization_id, AdviceOutcome.UNKNOWN_CARD, 0, 0)
        if advice.amount_cents < 0 or (known is None and advice.approved and not cents):
            return _acknowledged(advice, known, AdviceOutcome.INVALID_AMOUNT)
        if known is not None and not known.is_open(now_ns):
            return _acknowledged(advice, known, AdviceOutcome.NOT_OPEN)
        if advice.kind is AuthorizationKind.REFUND and known is None:  # nothing is held for a refund
            return _acknowledged(advice, None, AdviceOutcome.ADOPTED)
        if known is None and not cents:  # the request, should it come, is refused
            known = Authorization(None, advice.card_id, advice.network, reversed=True)
            self._authorizations[advice.authorization_id] = known
            return _acknowledged(advice, known, AdviceOutcome.ADOPTED)
        known = known or self._begin(advice, now_ns)
        known.spend.story.append((Step.TOLD, cents - known.authorized_cents))
        known.authorized_cents = cents
        self._change_hold(known, max(cents - known.released_cents - known.captured_cents, 0))
        known.reversed = not known.held_cents
        self._pay_debt(known.account, f"advice:{advice.idempotency_key}", now_ns)
        return _acknowledged(advice, known, AdviceOutcome.ADOPTED)

    def reverse(self, request: ReversalRequest, now_ns: int) -> int:
        """The cents that it frees; one that comes first leaves a mark that refuses its original.

        Raises EngineError for an amount below zero.
        """
        if request.amount_cents < 0:
            raise EngineError(f"reversal of {request.authorization_id}: an amount is not negative")
        known = self._authorizations.get(request.authorization_id)
        if known is None:
            mark = Authorization(None, request.card_id, request.network, reversed=True)
            self._authorizations[request.authorization_id] = mark
            return 0
        if not known.held_cents or not _is_for(known, request):
            return 0
        freed_cents = min(request.amount_cents or known.held_cents, known.held_cents)
        self._change_hold(known, known.held_cents - freed_cents)
        known.released_cents += freed_cents
        known.spend.story.append((Step.REVERSAL, -freed_cents))
        known.reversed = not known.held_cents
        self._pay_debt(known.account, f"reversal:{request.idempotency_key}", now_ns)
        return freed_cents

    def expire(self, now_ns: int) -> tuple[str, ...]:
        """End every hold that is over; their ids."""
        over = [
            authorization_id
            for authorization_id, authorization in self._authorizations.items()
            if authorization.held_cents and authorization.expires_at_ns <= now_ns
        ]
        for authorization_id in over:
            authorization = self._authorizations[authorization_id]
            freed_cents = self._change_hold(authorization, 0)
            authorization.spend.story.append((Step.EXPIRY, -freed_cents))
            self._pay_debt(authorization.account, f"expiry:{authorization_id}", now_ns)
        return tuple(over)


def _may_grow(known: Authorization | None, request: AuthorizationRequest, now_ns: int) -> bool:
    return known is not None and known.is_open(now_ns) and _is_for(known, request)


def _is_for(known: Authorization, message: AuthorizationRequest | AuthorizationAdvice | ReversalRequest) -> bool:
    return (known.card_id, known.network) == (message.card_id, message.network)


def _acknowledged(
    advice: AuthorizationAdvice, known: Authorization | None, outcome: AdviceOutcome
) -> AdviceReceipt:  # fmt: skip
    held_cents = known.held_cents if known is not None else 0
    return AdviceReceipt(advice.authorization_id, outcome, held_cents, known.expires_at_ns if held_cents else 0)


def declined(request: AuthorizationRequest, reason: DeclineReason) -> AuthorizationResponse:
    """The answer that refuses, with its ISO 8583 code."""
    return AuthorizationResponse(request.authorization_id, False, 0, RESPONSE_CODES[reason], reason, 0)
