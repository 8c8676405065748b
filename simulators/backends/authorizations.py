"""Authorizations, with the answers that approved them, in 102 bytes each.

A day of a million swipes leaves a million of them, and each is read a few times at most: so they are kept as packed
rows, and become objects again when somebody asks. What is read back equals what was put in.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from struct import Struct
from typing import Any

from engine.domain.authorization import Authorization, Status
from engine.domain.decline import APPROVED_CODE
from engine.domain.ledger import Answer
from engine.interface import AuthorizationResponse

_STATE = Struct("<8qIIHHB")
"""Cents authorized, instant of its end; cents held, captured, released, expired, refunded; instant counted; numbers of
account, card (with its counter and mandate), category, network, status."""
_TERMS = Struct("<2q")
"""The first two; an answer kept here is made of them, and of the id."""
_ROW = Struct(_STATE.format + "B16sq")
"""The state; whether the answer of the approval is kept here; its fingerprint; the account's row before, or -1."""
_KEPT_AT = _STATE.size
_HELD = Struct("<q")
_HELD_AT = _TERMS.size
_BEFORE = Struct("<q")
_BEFORE_AT = _ROW.size - _BEFORE.size
_STATUSES = tuple(Status)
_STATUS_NUMBERS = {status: number for number, status in enumerate(_STATUSES)}
_NO_FINGERPRINT = bytes(16)


class _Numbers(dict[Hashable, int]):
    """A number for every name, in the order in which they come; ``names`` leads back."""

    def __init__(self) -> None:
        self.names: list[Any] = []

    def __missing__(self, name: Hashable) -> int:
        number = self[name] = len(self.names)
        self.names.append(name)
        return number


class Authorizations:
    """Authorizations by id, and the answers under which they were approved, by key."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._ids: list[str] = []
        self._newest: dict[str, int] = {}
        """The newest row of each account."""
        self._packed = bytearray()
        self._accounts = _Numbers()
        self._cards = _Numbers()
        self._categories = _Numbers()
        self._networks = _Numbers()

    def __contains__(self, authorization_id: str) -> bool:
        return authorization_id in self._rows

    def get(self, authorization_id: str) -> Authorization | None:
        """The authorization as it stands."""
        at = self._rows.get(authorization_id)
        if at is None:
            return None
        (
            authorized,
            expires_at_ns,
            held,
            captured,
            released,
            expired,
            refunded,
            counted_at_ns,
            account,
            card,
            mcc,
            network,
            status,
        ) = _STATE.unpack_from(self._packed, at)
        card_id, counter_id, mandate_id = self._cards.names[card]
        return Authorization(
            authorization_id, self._accounts.names[account], self._networks.names[network], authorized, held, captured,
            _STATUSES[status], counted_at_ns, expires_at_ns, card_id, self._categories.names[mcc],
            released, expired, refunded, counter_id, mandate_id,
        )  # fmt: skip

    def held_cents(self, authorization_id: str) -> int:
        """What is held for it, 0 if it is unknown."""
        at = self._rows.get(authorization_id)
        return 0 if at is None else _HELD.unpack_from(self._packed, at + _HELD_AT)[0]

    def put(self, authorization: Authorization) -> Answer | None:
        """Insert or replace. The answer of an earlier approval stays, unless amount or end are others now: then it can
        no longer be kept here, and is handed out to be kept elsewhere.
        """
        at = self._rows.get(authorization.authorization_id)
        if at is None:
            self._append(authorization, False, _NO_FINGERPRINT)
            return None
        state = self._state_of(authorization)
        handed_out = None
        if self._packed[at + _KEPT_AT] and _TERMS.unpack_from(self._packed, at) != state[:2]:
            handed_out = self.answer(authorization.authorization_id)
            self._packed[at + _KEPT_AT] = False
        _STATE.pack_into(self._packed, at, *state)
        return handed_out

    def put_approved(self, authorization: Authorization, answer: Answer) -> bool:
        """Insert a new authorization; True where its answer is kept here as well.

        False where the answer is anything but the plain approval of all that was asked, under the authorization's own
        id: it has to be kept elsewhere.
        """
        plain = _is_plain_approval(authorization, answer)
        self._append(authorization, plain, answer.fingerprint if plain else _NO_FINGERPRINT)
        return plain

    def answer(self, key: str) -> Answer | None:
        """The answer under ``key``, if it is kept here."""
        at = self._rows.get(key)
        if at is None or not self._packed[at + _KEPT_AT]:
            return None
        authorized_cents, expires_at_ns, *_, fingerprint, _ = _ROW.unpack_from(self._packed, at)
        return Answer(
            key, fingerprint, AuthorizationResponse(key, True, authorized_cents, APPROVED_CODE, None, expires_at_ns)
        )

    def of(self, account_id: str) -> Iterator[Authorization]:
        """The account's authorizations, as they stand, the newest first."""
        at = self._newest.get(account_id, -1)
        while at >= 0:
            yield self.get(self._ids[at // _ROW.size])
            (at,) = _BEFORE.unpack_from(self._packed, at + _BEFORE_AT)

    def _append(self, authorization: Authorization, approved_here: bool, fingerprint: bytes) -> None:
        at = self._rows[authorization.authorization_id] = len(self._packed)
        self._ids.append(authorization.authorization_id)
        before = self._newest.get(authorization.account_id, -1)
        self._newest[authorization.account_id] = at
        self._packed += _ROW.pack(*self._state_of(authorization), approved_here, fingerprint, before)

    def _state_of(self, authorization: Authorization) -> tuple[int, ...]:
        (
            _, account_id, network, authorized, held, captured, status, counted_at_ns, expires_at_ns,
            card_id, mcc, released, expired, refunded, counter_id, mandate_id,
        ) = authorization  # fmt: skip
        return (
            authorized, expires_at_ns, held, captured, released, expired, refunded, counted_at_ns,
            self._accounts[account_id], self._cards[card_id, counter_id, mandate_id], self._categories[mcc],
            self._networks[network], _STATUS_NUMBERS[status],
        )  # fmt: skip


def _is_plain_approval(authorization: Authorization, answer: Answer) -> bool:
    key, fingerprint, response = answer
    return (
        response.__class__ is AuthorizationResponse
        and key == authorization.authorization_id == response.authorization_id
        and response.approved is True
        and response.approved_cents == authorization.authorized_cents
        and response.hold_expires_at_ns == authorization.expires_at_ns
        and response.response_code == APPROVED_CODE
        and response.reason is None
        and type(fingerprint) is bytes
        and len(fingerprint) == 16
    )
