"""The decision on an authorization: a flat ladder, whose order is its precedence."""

from __future__ import annotations

from engine.domain.accounts import Account, AccountStatus, Card, CardStatus
from engine.domain.decline import DeclineReason
from engine.domain.terms import LimitTerms, Terms


def standing(card: Card | None, account: Account | None, at_ns: int, terms: Terms) -> DeclineReason | None:
    """What speaks against the card or its holder at ``at_ns``, whatever the amount; None if nothing does."""
    if card is None or account is None:
        return DeclineReason.CARD_NOT_FOUND
    if card.status is not CardStatus.ACTIVE:
        return DeclineReason.CARD_FROZEN if card.status is CardStatus.FROZEN else DeclineReason.CARD_CANCELLED
    if at_ns >= card.expires_at_ns:
        return DeclineReason.CARD_EXPIRED
    if account.status is not AccountStatus.ACTIVE:
        return DeclineReason.ACCOUNT_SUSPENDED
    if account.kyc_level < terms.minimum_kyc_level:
        return DeclineReason.KYC_REQUIRED
    return None


def numeric(
    amount_cents: int, amount_usdc6: int, available_usdc6: int, day_cents: int, month_cents: int, limits: LimitTerms
) -> DeclineReason | None:
    """What speaks against the amount: funds first, then limits. Equal to a bound is allowed.

    ``day_cents`` and ``month_cents`` are what already counts in the windows of the decision. Whoever keeps those
    figures runs this and takes the amount in one atomic step.
    """
    if amount_usdc6 > available_usdc6:
        return DeclineReason.INSUFFICIENT_FUNDS
    if amount_cents > limits.per_transaction_cents:
        return DeclineReason.TRANSACTION_LIMIT
    if day_cents + amount_cents > limits.daily_cents:
        return DeclineReason.DAILY_LIMIT
    if month_cents + amount_cents > limits.monthly_cents:
        return DeclineReason.MONTHLY_LIMIT
    return None
