"""The JSON Schema of the events that ``stripe_event.py`` reads, and of what they are answered with."""

from __future__ import annotations

from typing import Any

from engine.http.stripe_event import LATEST_S
from engine.interface import STRIPE_REASONS, DeclineReason
from engine.wire_bounds import LARGEST_AMOUNT_CENTS, LONGEST_ID, LONGEST_TEXT, NO_NUL

_ID = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "pattern": NO_NUL}
_TEXT = {"type": ["string", "null"], "maxLength": LONGEST_TEXT, "pattern": NO_NUL}
_LINKED = {**_TEXT, "maxLength": LONGEST_ID}
_CENTS = {"type": "integer", "minimum": 0, "maximum": LARGEST_AMOUNT_CENTS}
_FLAG = {"type": ["boolean", "null"]}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


EVENT_SCHEMA: dict[str, Any] = _object(
    {
        "id": _ID,
        "type": {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": NO_NUL},
        "created": {"type": "integer", "minimum": 0, "maximum": LATEST_S},
        "data": _object(
            {
                "object": _object(
                    {
                        "id": _ID,
                        "currency": {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": NO_NUL},
                        "amount": _CENTS,
                        "card": _object({"id": _ID}, {"brand": _TEXT}),
                        "merchant_data": _object(
                            {}, {"network_id": _LINKED, "name": _TEXT, "category_code": _TEXT, "mcc": _TEXT}
                        ),
                    },
                    {
                        "pending_request": _object({"amount": _CENTS}, {"is_amount_controllable": _FLAG}),
                        "authorization_method": _TEXT,
                        "approved": _FLAG,
                    },
                )
            }
        ),
    }
)
"""Of an authorization request; other events need id, type and created alone."""

_METADATA = _object(
    {
        "reason": {"type": "string", "enum": sorted({"webhook_approved", *STRIPE_REASONS.values()})},
        "response_code": {"type": "string"},
    },
    {"decline_reason": {"type": "string", "enum": list(DeclineReason)}},
)
EVENT_ANSWER: dict[str, Any] = {
    "anyOf": [
        _object({"approved": {"type": "boolean"}, "metadata": _METADATA}, {"amount": _CENTS}),
        _object({"received": {"type": "boolean"}}),
    ]
}
