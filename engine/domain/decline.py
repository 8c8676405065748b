"""Why an authorization was refused: one fixed ladder, one ISO 8583 response code each."""

from __future__ import annotations

from enum import StrEnum


class DeclineReason(StrEnum):
    """The reasons, highest precedence first: where several hold, the first one is answered.

    The order is part of the seam: card, then customer, then funds, then limits; last what
    only the issuer's own state can cause.
    """

    INVALID_TRANSACTION = "invalid_transaction"
    INVALID_AMOUNT = "invalid_amount"
    CARD_NOT_FOUND = "card_not_found"
    CARD_CANCELLED = "card_cancelled"
    CARD_FROZEN = "card_frozen"
    CARD_EXPIRED = "card_expired"
    ACCOUNT_SUSPENDED = "account_suspended"
    KYC_REQUIRED = "kyc_required"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    TRANSACTION_LIMIT = "transaction_limit"
    DAILY_LIMIT = "daily_limit"
    MONTHLY_LIMIT = "monthly_limit"
    REVERSED_BEFORE_ARRIVAL = "reversed_before_arrival"
    ISSUER_UNAVAILABLE = "issuer_unavailable"
    SYSTEM_MALFUNCTION = "system_malfunction"


APPROVED_CODE = "00"

RESPONSE_CODES: dict[DeclineReason, str] = {
    DeclineReason.INVALID_TRANSACTION: "12",
    DeclineReason.INVALID_AMOUNT: "13",
    DeclineReason.CARD_NOT_FOUND: "14",
    DeclineReason.CARD_CANCELLED: "46",
    DeclineReason.CARD_FROZEN: "62",
    DeclineReason.CARD_EXPIRED: "54",
    DeclineReason.ACCOUNT_SUSPENDED: "05",
    DeclineReason.KYC_REQUIRED: "57",
    DeclineReason.INSUFFICIENT_FUNDS: "51",
    DeclineReason.TRANSACTION_LIMIT: "61",
    DeclineReason.DAILY_LIMIT: "61",
    DeclineReason.MONTHLY_LIMIT: "61",
    DeclineReason.REVERSED_BEFORE_ARRIVAL: "94",
    DeclineReason.ISSUER_UNAVAILABLE: "91",
    DeclineReason.SYSTEM_MALFUNCTION: "96",
}
"""ISO 8583 data element 39 for each reason."""
