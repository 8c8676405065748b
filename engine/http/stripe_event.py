"""An event of Stripe Issuing, read as what it asks of a card engine.

Stripe adds fields as it likes, so unknown ones are passed over; those that are read are read strictly.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from engine.interface import AuthorizationKind, AuthorizationRequest, Presence
from engine.wire import DEEPEST, WireError, depth
from engine.wire_bounds import LARGEST_AMOUNT_CENTS, text_bounds, wrong_text

REQUEST_TYPE = "issuing_authorization.request"
LATEST_S = 2**33 - 1
"""In the year 2242: in nanoseconds it still fits 64 bits."""
_NOT_PRESENT = frozenset({"online", "keyed_in"})
_CURRENCY = "usd"


@dataclass(frozen=True, slots=True)
class Event:
    """``request`` None: an event that asks nothing. ``foreign``: in a currency in which no account is kept."""

    event_id: str
    type: str
    created_s: int
    request: AuthorizationRequest | None = None
    foreign: bool = False


def read_event(body: bytes) -> Event:
    """The event in a body. Raises WireError, with the path of the field."""
    if depth(body) > DEEPEST:
        raise WireError("", f"not JSON: nested more than {DEEPEST} deep")
    try:
        raw = json.loads(body.decode())
    except ValueError:
        raise WireError("", "not JSON in UTF-8") from None
    event = _Reader(raw, "")
    event_id, kind, created_s = event.text("id", 1), event.text("type", 1), event.integer("created", LATEST_S)
    if kind != REQUEST_TYPE:
        return Event(event_id, kind, created_s)
    asked = event.child("data").child("object")
    request = _request_of(event_id, created_s, asked)
    return Event(event_id, kind, created_s, request, asked.text("currency", 1).lower() != _CURRENCY)


def _request_of(event_id: str, created_s: int, asked: _Reader) -> AuthorizationRequest:
    card, merchant = asked.child("card"), asked.child("merchant_data")
    pending = asked.maybe_child("pending_request")
    standing_cents = asked.integer("amount", LARGEST_AMOUNT_CENTS) if pending is None or asked.has("amount") else 0
    amount_cents = standing_cents if pending is None else pending.integer("amount", LARGEST_AMOUNT_CENTS)
    # With a pending request the amount beside it is what was approved before: then this asks for more of the same.
    more = pending is not None and standing_cents > 0 and asked.flag("approved")
    kind = AuthorizationKind.INCREMENTAL if more else AuthorizationKind.PURCHASE
    if amount_cents == 0:
        kind = AuthorizationKind.BALANCE_INQUIRY  # a check whether the card is good; nothing is held
    return AuthorizationRequest(
        idempotency_key=event_id,
        authorization_id=asked.text("id", 1),
        card_id=card.text("id", 1),
        amount_cents=amount_cents,
        network=(card.maybe_text("brand") or "stripe").lower(),
        merchant_id=merchant.maybe_text("network_id") or merchant.maybe_text("name"),
        mcc=merchant.maybe_text("category_code") or merchant.maybe_text("mcc"),
        sent_at_ns=created_s * 1_000_000_000,
        kind=kind,
        partial_supported=pending is not None and pending.flag("is_amount_controllable"),
        presence=Presence.NOT_PRESENT if asked.maybe_text("authorization_method") in _NOT_PRESENT else Presence.PRESENT,
    )


class _Reader:
    """One object of the event, which knows where it is."""

    def __init__(self, raw: Any, path: str) -> None:
        if type(raw) is not dict:
            raise WireError(path, "expected an object")
        self._raw: dict[str, Any] = raw
        self._prefix = f"{path}." if path else ""

    def has(self, name: str) -> bool:
        return self._raw.get(name) is not None

    def child(self, name: str) -> _Reader:
        return _Reader(self._raw.get(name), self._prefix + name)

    def maybe_child(self, name: str) -> _Reader | None:
        return self.child(name) if self.has(name) else None

    def text(self, name: str, shortest: int) -> str:
        value = self._raw.get(name)
        if type(value) is not str:
            raise WireError(self._prefix + name, "expected a string")
        # Ids of theirs become ids of ours.
        bounds = text_bounds("idempotency_key" if name == "id" else name)._replace(shortest=shortest)
        wrong = wrong_text(value, bounds)
        if wrong is not None:
            raise WireError(self._prefix + name, wrong)
        return value

    def maybe_text(self, name: str) -> str:
        """Empty where there is none."""
        return self.text(name, 0) if self.has(name) else ""

    def integer(self, name: str, largest: int) -> int:
        value = self._raw.get(name)
        if type(value) is not int or not 0 <= value <= largest:
            raise WireError(self._prefix + name, f"expected an integer from 0 to {largest}")
        return value

    def flag(self, name: str) -> bool:
        """False where there is none."""
        value = self._raw.get(name)
        if value is not None and type(value) is not bool:
            raise WireError(self._prefix + name, "expected true or false")
        return bool(value)
