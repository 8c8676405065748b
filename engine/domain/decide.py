"""The decision on an authorization: a flat ladder, whose order is its precedence."""

from __future__ import annotations

from engine.domain.accounts import Account, AccountStatus, Card, CardStatus, Mandate, MandateStatus
from engine.domain.decline import DeclineReason
from engine.domain.terms import LimitTerms, Terms

_CARD_REASONS = {
    CardStatus.CANCELLED: DeclineReason.CARD_CANCELLED,
    CardStatus.LOST: DeclineReason.CARD_LOST,
    CardStatus.STOLEN: DeclineReason.CARD_STOLEN,
    CardStatus.FROZEN: DeclineReason.CARD_FROZEN,
    CardStatus.PENDING: DeclineReason.CARD_INACTIVE,
}


def standing(card: Card | None, account: Account | None, at_ns: int, terms: Terms) -> DeclineReason | None:
    """What speaks against the card, its holder or its mandate at ``at_ns``, whatever the amount; None if nothing."""
    if card is None or account is None:
        return DeclineReason.CARD_NOT_FOUND
    if card.status is not CardStatus.ACTIVE:
        return _CARD_REASONS[card.status]
    if at_ns >= card.expires_at_ns:
        return DeclineReason.CARD_EXPIRED
    if account.status is not AccountStatus.ACTIVE:
        return DeclineReason.ACCOUNT_SUSPENDED
    if account.kyc_level < terms.minimum_kyc_level:
        return DeclineReason.KYC_REQUIRED
    return _mandate_standing(card.mandate_id, account, at_ns) if card.mandate_id else None


def mandate_of(mandate_id: str, account: Account) -> Mandate | None:
    """The mandate of this id, if the account has it."""
    return next((mandate for mandate in account.mandates if mandate.mandate_id == mandate_id), None)


def _mandate_standing(mandate_id: str, account: Account, at_ns: int) -> DeclineReason | None:
    mandate = mandate_of(mandate_id, account)
    if mandate is None or mandate.status is not MandateStatus.ACTIVE:
        return DeclineReason.MANDATE_INACTIVE
    return DeclineReason.MANDATE_EXPIRED if at_ns >= mandate.expires_at_ns else None


def numeric(
    amount_cents: int, amount_usdc6: int, available_usdc6: int, day_cents: int, month_cents: int, limits: LimitTerms
) -> DeclineReason | None:
    """What speaks against the amount: funds first, then plain limits. Equal to a bound is allowed.

    ``day_cents`` and ``month_cents`` are what already counts in the windows of the decision. Whoever keeps those
    figures runs this and takes the amount in one atomic step.
    """
    if amount_usdc6 > available_usdc6:
        return DeclineReason.INSUFFICIENT_FUNDS
    if limits.per_transaction_cents is not None and amount_cents > limits.per_transaction_cents:
        return DeclineReason.TRANSACTION_LIMIT
    if limits.daily_cents is not None and day_cents + amount_cents > limits.daily_cents:
        return DeclineReason.DAILY_LIMIT
    if limits.monthly_cents is not None and month_cents + amount_cents > limits.monthly_cents:
        return DeclineReason.MONTHLY_LIMIT
    return None


def is_plain(limits: LimitTerms) -> bool:
    """Whether :func:`numeric` sees all of these limits: an amount, UTC days and months by the default policy."""
    return limits == LimitTerms(limits.per_transaction_cents, limits.daily_cents, limits.monthly_cents)
