"""Response codes (ISO 8583, data element 39), written down a second time."""

from __future__ import annotations

from engine.interface import DeclineReason

APPROVED = "00"
PARTIAL = "10"

_REASONS = {
    "05": "account_suspended mandate_inactive mandate_expired",
    "12": "invalid_transaction",
    "13": "invalid_amount",
    "14": "card_not_found",
    "41": "card_lost",
    "43": "card_stolen",
    "46": "card_cancelled",
    "51": "insufficient_funds",
    "54": "card_expired",
    "57": "kyc_required category_not_allowed category_blocked",
    "61": "transaction_limit daily_limit weekly_limit monthly_limit yearly_limit lifetime_limit",
    "62": "card_frozen card_inactive",
    "65": "velocity_limit",
    "91": "issuer_unavailable",
    "94": "reversed_before_arrival",
    "96": "system_malfunction",
}

CODE_OF: dict[DeclineReason | None, str] = {
    None: APPROVED,
    **{DeclineReason(reason): code for code, reasons in _REASONS.items() for reason in reasons.split()},
}
"""The response code by reason; no reason is an approval in full."""
