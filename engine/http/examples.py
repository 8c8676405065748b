"""One example of each request, as the document of the service shows it; together they are a day of one customer."""

from __future__ import annotations

from typing import Any

from engine.interface import (
    AccountOpening,
    AuthorizationAdvice,
    AuthorizationRequest,
    CardOpening,
    ClearingBatch,
    DepositNotice,
    DisputeNotice,
    DisputeState,
    Presentment,
    ReversalRequest,
    WithdrawalNotice,
    WithdrawalStage,
)
from engine.wire import AccountQuery, StatementQuery, Tick

ACCOUNT, CARD, ADDRESS = "acct-1", "card-1", "0x" + "a1" * 20
_MORNING_NS = 1_772_323_200_000_000_000
_BLOCK = 21_000_000

EXAMPLES: dict[str, Any] = {
    "open_account": AccountOpening(ACCOUNT, ADDRESS, (CardOpening(CARD, "visa", 1_900_000_000_000_000_000),)),
    "authorize": AuthorizationRequest(
        "req-1", "auth-1", CARD, 1_250, "visa", "merchant-7", "5411", _MORNING_NS, partial_supported=True
    ),
    "advise": AuthorizationAdvice(
        "adv-1", "auth-1", CARD, True, 1_400, "visa", "merchant-7", "5411", _MORNING_NS + 60_000_000_000
    ),
    "reverse": ReversalRequest("rev-1", "auth-1", CARD, "visa", _MORNING_NS + 90_000_000_000),
    "capture": ClearingBatch(
        "clear-1", "visa", "file-2026-03-01", _MORNING_NS, (Presentment("pres-1", "auth-1", CARD, "visa", 1_400),)
    ),
    "dispute": DisputeNotice("disp-key-1", "disp-1", "pres-1", CARD, "visa", DisputeState.NEW, 1_400, _MORNING_NS),
    "deposit": DepositNotice("0x" + "d0" * 32 + ":0", ACCOUNT, 250_000_000, _BLOCK),
    "withdraw": WithdrawalNotice("0x" + "e0" * 32 + ":1", ACCOUNT, WithdrawalStage.REQUESTED, 5_000_000, _BLOCK + 9),
    "expire": Tick(_MORNING_NS),
    "settle": Tick(_MORNING_NS),
    "balance": AccountQuery(ACCOUNT),
    "statement": StatementQuery(0),
}

EVENT: dict[str, Any] = {
    "id": "evt_1",
    "type": "issuing_authorization.request",
    "created": 1_772_323_200,
    "data": {
        "object": {
            "id": "iauth_1",
            "amount": 0,
            "approved": False,
            "authorization_method": "chip",
            "currency": "usd",
            "card": {"id": CARD, "brand": "Visa"},
            "merchant_data": {"category_code": "5411", "name": "Corner shop", "network_id": "merchant-7"},
            "pending_request": {"amount": 1_250, "currency": "usd", "is_amount_controllable": True},
        }
    },
}
