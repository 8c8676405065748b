"""What a verb may raise, as a problem body, and back. The table of them is in ``engine/wire.py``."""

from __future__ import annotations

import json
from typing import Any

from engine.interface import (
    EngineError,
    IdempotencyConflict,
    NotSupported,
    Refused,
    RequestInFlight,
    UnknownAccount,
)
from engine.wire_codec import WireError

_STATUS: tuple[tuple[type[Exception], int, str], ...] = (
    (WireError, 400, "malformed"),
    (IdempotencyConflict, 422, "idempotency_conflict"),
    (RequestInFlight, 409, "request_in_flight"),
    (UnknownAccount, 404, "unknown_account"),
    (Refused, 422, "refused"),
    (NotSupported, 501, "not_supported"),
    (EngineError, 503, "engine_error"),
)
_ERRORS: dict[str, type[EngineError]] = {
    "idempotency_conflict": IdempotencyConflict,
    "request_in_flight": RequestInFlight,
    "unknown_account": UnknownAccount,
    "refused": Refused,
    "not_supported": NotSupported,
    "engine_error": EngineError,
}


def problem_of(error: WireError | EngineError) -> tuple[int, dict[str, Any]]:
    """Status and problem body for what a verb may raise; the first row of the table that fits."""
    for cls, status, name in _STATUS:
        if isinstance(error, cls):
            return status, {"type": name, "status": status, "detail": str(error)}
    raise TypeError(f"{type(error).__name__} does not cross the wire") from error


def error_of(status: int, body: bytes) -> EngineError:
    """The exception that a problem body stands for; any other body or status is an EngineError that says so."""
    try:
        raw = json.loads(body)
    except ValueError:
        raw = None
    if isinstance(raw, dict) and isinstance(raw.get("detail"), str):
        cls = _ERRORS.get(str(raw.get("type")))
        if cls is not None:
            return cls(raw["detail"])
        return EngineError(f"HTTP {status} {raw.get('type')}: {raw['detail']}")
    return EngineError(f"HTTP {status}: {body[:200]!r}")
