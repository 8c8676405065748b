"""Why an authorization was refused: one fixed ladder, and what each reason is called elsewhere."""

from __future__ import annotations

from enum import StrEnum


class DeclineReason(StrEnum):
    """The reasons, highest precedence first: where several hold, the first one is answered.

    The order is part of the seam: the message, the card, the customer, the mandate, funds, amount limits from the
    shortest window to the longest, velocity, merchant categories; last what only the issuer's own state can cause.
    """

    INVALID_TRANSACTION = "invalid_transaction"
    INVALID_AMOUNT = "invalid_amount"
    CARD_NOT_FOUND = "card_not_found"
    CARD_CANCELLED = "card_cancelled"
    CARD_LOST = "card_lost"
    CARD_STOLEN = "card_stolen"
    CARD_FROZEN = "card_frozen"
    CARD_INACTIVE = "card_inactive"
    CARD_EXPIRED = "card_expired"
    ACCOUNT_SUSPENDED = "account_suspended"
    KYC_REQUIRED = "kyc_required"
    MANDATE_INACTIVE = "mandate_inactive"
    MANDATE_EXPIRED = "mandate_expired"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    TRANSACTION_LIMIT = "transaction_limit"
    DAILY_LIMIT = "daily_limit"
    WEEKLY_LIMIT = "weekly_limit"
    MONTHLY_LIMIT = "monthly_limit"
    YEARLY_LIMIT = "yearly_limit"
    LIFETIME_LIMIT = "lifetime_limit"
    VELOCITY_LIMIT = "velocity_limit"
    CATEGORY_NOT_ALLOWED = "category_not_allowed"
    CATEGORY_BLOCKED = "category_blocked"
    REVERSED_BEFORE_ARRIVAL = "reversed_before_arrival"
    ISSUER_UNAVAILABLE = "issuer_unavailable"
    SYSTEM_MALFUNCTION = "system_malfunction"


APPROVED_CODE = "00"
PARTIAL_CODE = "10"
"""Approved for less than was asked."""

VOCABULARY: dict[DeclineReason, tuple[str, str]] = {
    DeclineReason.INVALID_TRANSACTION: ("12", "not_allowed"),
    DeclineReason.INVALID_AMOUNT: ("13", "not_allowed"),
    DeclineReason.CARD_NOT_FOUND: ("14", "verification_failed"),
    DeclineReason.CARD_CANCELLED: ("46", "card_canceled"),
    DeclineReason.CARD_LOST: ("41", "card_canceled"),
    DeclineReason.CARD_STOLEN: ("43", "card_canceled"),
    DeclineReason.CARD_FROZEN: ("62", "card_inactive"),
    DeclineReason.CARD_INACTIVE: ("62", "card_inactive"),
    DeclineReason.CARD_EXPIRED: ("54", "card_expired"),
    DeclineReason.ACCOUNT_SUSPENDED: ("05", "account_disabled"),
    DeclineReason.KYC_REQUIRED: ("57", "cardholder_inactive"),
    DeclineReason.MANDATE_INACTIVE: ("05", "cardholder_blocked"),
    DeclineReason.MANDATE_EXPIRED: ("05", "cardholder_blocked"),
    DeclineReason.INSUFFICIENT_FUNDS: ("51", "insufficient_funds"),
    DeclineReason.TRANSACTION_LIMIT: ("61", "spending_controls"),
    DeclineReason.DAILY_LIMIT: ("61", "spending_controls"),
    DeclineReason.WEEKLY_LIMIT: ("61", "spending_controls"),
    DeclineReason.MONTHLY_LIMIT: ("61", "spending_controls"),
    DeclineReason.YEARLY_LIMIT: ("61", "spending_controls"),
    DeclineReason.LIFETIME_LIMIT: ("61", "spending_controls"),
    DeclineReason.VELOCITY_LIMIT: ("65", "spending_controls"),
    DeclineReason.CATEGORY_NOT_ALLOWED: ("57", "spending_controls"),
    DeclineReason.CATEGORY_BLOCKED: ("57", "spending_controls"),
    DeclineReason.REVERSED_BEFORE_ARRIVAL: ("94", "not_allowed"),
    DeclineReason.ISSUER_UNAVAILABLE: ("91", "webhook_timeout"),
    DeclineReason.SYSTEM_MALFUNCTION: ("96", "webhook_error"),
}
"""ISO 8583 data element 39, and Stripe Issuing's ``request_history.reason``, for each reason."""

RESPONSE_CODES: dict[DeclineReason, str] = {reason: iso for reason, (iso, _) in VOCABULARY.items()}
"""ISO 8583 data element 39 for each reason."""

STRIPE_REASONS: dict[DeclineReason, str] = {reason: stripe for reason, (_, stripe) in VOCABULARY.items()}
"""Stripe Issuing's word for each reason."""
