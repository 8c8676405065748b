"""Answers off the wire, told apart quickly: the usual ones as figures, all others as they stand."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from scenarios.load.samples import OUTCOME_INDEX, REASON_INDEX, Ending

_DECISION = {
    "authorization_id": str, "approved": bool, "approved_cents": int, "response_code": str, "hold_expires_at_ns": int,
}  # fmt: skip
_RESULT = {
    "presentment_id": str, "outcome": str, "posted_cents": int, "released_cents": int, "receivable_cents": int,
}  # fmt: skip
LONGEST_TEXT = 2_000
LARGEST = 2**62


class Decision(NamedTuple):
    """An answer to an authorization. ``code`` in at most four bytes; ``reason`` an index."""

    approved: bool
    cents: int
    code: bytes
    reason: int
    hold_expires: int


def decision(body: bytes, authorization_id: str) -> Decision | None:
    """None where the answer is not one of the usual: then it has to be read in full."""
    found = _object(body, _DECISION)
    if found is None or found["authorization_id"] != authorization_id or found.get("available_cents") is not None:
        return None
    if found.keys() - {*_DECISION, "reason", "available_cents"}:
        return None
    reason, code = REASON_INDEX.get(found.get("reason", 0)), found["response_code"].encode()
    if reason is None or len(code) > 4 or b"\0" in code:
        return None
    return Decision(found["approved"], found["approved_cents"], code, reason, found["hold_expires_at_ns"])


def released(body: bytes, authorization_id: str) -> int | None:
    """What a reversal freed, in cents; None as above."""
    found = _object(body, {"authorization_id": str, "released_cents": int})
    usual = found is not None and len(found) == 2 and found["authorization_id"] == authorization_id
    return found["released_cents"] if found is not None and usual else None


def results(body: bytes, file_id: str, presentments: list[str]) -> list[dict[str, Any]] | None:
    """One result for each presentment, in order; None as above."""
    found = _object(body, {"file_id": str, "results": list})
    if found is None or len(found) != 2 or found["file_id"] != file_id or len(found["results"]) != len(presentments):
        return None
    for result, presentment_id in zip(found["results"], presentments, strict=True):
        usual = isinstance(result, dict) and _typed(result, _RESULT) and result["presentment_id"] == presentment_id
        if not usual or result["outcome"] not in OUTCOME_INDEX or not result.keys() <= {*_RESULT, "recovered_cents"}:
            return None
        if type(result.get("recovered_cents", 0)) is not int:
            return None
    return found["results"]


def problem(status: int, body: bytes) -> tuple[Ending, Any]:
    """How an exchange ended that brought no answer, and what is to be noted of it."""
    text = body[:LONGEST_TEXT].decode("utf-8", "replace")
    if not status:
        return Ending.SILENCE, text
    if status == 200:
        return Ending.UNUSUAL, text if len(body) <= LONGEST_TEXT else body.decode("utf-8", "replace")
    found = _object(body, {"type": str})
    return (Ending.SHED if status == 503 and found and found["type"] == "overloaded" else Ending.PROBLEM), text


def _object(body: bytes, fields: dict[str, type]) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) and _typed(found, fields) else None


def _typed(found: dict[str, Any], fields: dict[str, type]) -> bool:
    for name, kind in fields.items():
        value = found.get(name)
        if type(value) is not kind or (kind is int and not -LARGEST <= value <= LARGEST):
            return False
    return True
