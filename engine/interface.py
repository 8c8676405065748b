"""The seam: what a network, a processor, a chain watcher and a clock can say to a card engine.

Read this file first. Everything that the simulated world, the auditor and the reports know of an
engine is here: one Protocol, :class:`CardEngine`, and the messages that cross it. An engine is
plugged in as a Python object, as an ASGI app or as a URL; the messages are the same
(``engine/wire.py`` gives them as JSON).

Units: ``*_cents`` are US cents; ``*_usdc6`` are millionths of a USDC (1 cent = 10,000); ``*_ns``
are nanoseconds, and an ``*_at_ns`` is UTC since the Unix epoch.

Rules that hold for every message:

* ``idempotency_key`` names one request. The same key with the same body gets the first answer
  again, to the letter; with another body :class:`IdempotencyConflict` is raised.
* A decline is a value. An exception means that the engine could not answer; the caller may send
  the same request again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from engine.domain.accounts import AccountStatus, CardStatus
from engine.domain.decline import APPROVED_CODE, RESPONSE_CODES, DeclineReason
from engine.domain.terms import HoldTerms, LimitTerms, Terms

if TYPE_CHECKING:
    from engine.ports import Ports

__all__ = [
    "APPROVED_CODE",
    "RESPONSE_CODES",
    "AccountOpening",
    "AccountStatus",
    "AuthorizationKind",
    "AuthorizationRequest",
    "AuthorizationResponse",
    "Balance",
    "CaptureOutcome",
    "CaptureResult",
    "CardEngine",
    "CardOpening",
    "CardStatus",
    "ClearingBatch",
    "ClearingReceipt",
    "DeclineReason",
    "DepositNotice",
    "EngineError",
    "EngineFactory",
    "EngineKit",
    "ExpiryReceipt",
    "HoldTerms",
    "IdempotencyConflict",
    "LimitTerms",
    "NoticeReceipt",
    "Presentment",
    "RequestInFlight",
    "ReversalRequest",
    "ReversalResponse",
    "SettlementReceipt",
    "StatementEntry",
    "StatementKind",
    "StatementPage",
    "Terms",
    "WithdrawalNotice",
    "WithdrawalStage",
]


class EngineError(Exception):
    """The engine could not answer. Sending the same request again is safe."""


class IdempotencyConflict(EngineError):
    """The idempotency key was used before, with another body (HTTP 422)."""


class RequestInFlight(EngineError):
    """A twin of this request is still being answered (HTTP 409)."""


class AuthorizationKind(StrEnum):
    """What the merchant asks for; the amount of a pre-authorization is an estimate."""

    PURCHASE = "purchase"
    PREAUTHORIZATION = "preauthorization"


@dataclass(frozen=True, slots=True)
class CardOpening:
    """A card as issued. ``expires_at_ns``: the first instant at which it is no longer valid."""

    card_id: str
    network: str
    expires_at_ns: int
    status: CardStatus = CardStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class AccountOpening:
    """A customer with one on-chain balance and any number of cards that spend it.

    ``address`` is the 0x address whose CardToken balance backs the account. Opening an account
    again replaces its status, KYC level and cards, never its funds.
    """

    account_id: str
    address: str
    cards: tuple[CardOpening, ...]
    kyc_level: int = 1
    status: AccountStatus = AccountStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A network asks: may this card spend this amount here (ISO 8583 0100)?

    ``authorization_id`` names the authorization for its whole life; reversals and presentments
    carry it. ``sent_at_ns`` is when the network sent it.
    """

    idempotency_key: str
    authorization_id: str
    card_id: str
    amount_cents: int
    network: str
    merchant_id: str
    mcc: str
    sent_at_ns: int
    kind: AuthorizationKind = AuthorizationKind.PURCHASE


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """The answer (0110). Declined: ``approved_cents`` is 0, ``reason`` is set, no hold exists.

    ``hold_expires_at_ns`` is when the hold ends by itself if nothing is captured (0 if declined).
    """

    authorization_id: str
    approved: bool
    approved_cents: int
    response_code: str
    reason: DeclineReason | None
    hold_expires_at_ns: int


@dataclass(frozen=True, slots=True)
class ReversalRequest:
    """The network takes an authorization back in full (0400/0420); it may overtake its original."""

    idempotency_key: str
    authorization_id: str
    card_id: str
    network: str
    sent_at_ns: int


@dataclass(frozen=True, slots=True)
class ReversalResponse:
    """``released_cents`` is what the reversal freed: 0 where there was no hold (any more)."""

    authorization_id: str
    released_cents: int


@dataclass(frozen=True, slots=True)
class Presentment:
    """One record of a clearing file: the merchant's true amount. A capture always posts.

    ``final``: no further presentment follows, so what is left of the hold is released.
    Several presentments may share one ``authorization_id``; ``presentment_id`` is unique.
    """

    presentment_id: str
    authorization_id: str
    card_id: str
    network: str
    amount_cents: int
    final: bool = True


@dataclass(frozen=True, slots=True)
class ClearingBatch:
    """A part of a network's clearing file, in file order (a file is cut into batches of at most 500)."""

    idempotency_key: str
    network: str
    file_id: str
    sent_at_ns: int
    presentments: tuple[Presentment, ...]


class CaptureOutcome(StrEnum):
    POSTED = "posted"
    DUPLICATE = "duplicate"
    """This presentment was posted before; nothing was done."""
    UNKNOWN_CARD = "unknown_card"
    """No such card: nothing was posted, the record waits for a person."""
    INVALID_AMOUNT = "invalid_amount"
    """Zero or less: nothing was posted, the record waits for a person."""


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """What one presentment did. ``receivable_cents`` is the part that the customer's funds did not cover."""

    presentment_id: str
    outcome: CaptureOutcome
    posted_cents: int
    released_cents: int
    receivable_cents: int


@dataclass(frozen=True, slots=True)
class ClearingReceipt:
    """One result for each presentment, in the order of the batch."""

    file_id: str
    results: tuple[CaptureResult, ...]


@dataclass(frozen=True, slots=True)
class DepositNotice:
    """The chain watcher saw a final CardDeposit. ``deposit_id`` is ``transaction hash:log index``."""

    deposit_id: str
    account_id: str
    amount_usdc6: int
    block_number: int


class WithdrawalStage(StrEnum):
    REQUESTED = "requested"
    CANCELLED = "cancelled"
    REDUCED = "reduced"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class WithdrawalNotice:
    """The chain watcher saw a step of a two-step withdrawal; ``event_id`` is ``transaction hash:log index``.

    ``amount_usdc6`` is the amount requested, cancelled or paid out; for REDUCED what is still pending
    after a settlement took its share first.
    """

    event_id: str
    account_id: str
    stage: WithdrawalStage
    amount_usdc6: int
    block_number: int


@dataclass(frozen=True, slots=True)
class NoticeReceipt:
    """``applied`` is False where the notice had been applied before."""

    ref: str
    applied: bool


@dataclass(frozen=True, slots=True)
class ExpiryReceipt:
    """The authorizations whose holds a clock tick ended."""

    expired: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettlementReceipt:
    """What one settlement tick burned for good. Amounts in millionths of a USDC."""

    batches: int
    transactions: int
    users: int
    settled_usdc6: int
    gas_used: int


@dataclass(frozen=True, slots=True)
class Balance:
    """An account as the engine sees it, in millionths of a USDC.

    ``available`` can be spent; ``held`` backs open holds; ``unsettled`` is captured and not yet burned on chain;
    ``withdrawing`` is on its way out; ``receivable`` is owed by the customer.
    """

    account_id: str
    available_usdc6: int
    held_usdc6: int
    unsettled_usdc6: int
    withdrawing_usdc6: int
    receivable_usdc6: int


class StatementKind(StrEnum):
    DEPOSIT = "deposit"
    CAPTURE = "capture"
    SETTLEMENT = "settlement"
    WITHDRAWAL = "withdrawal"
    RECEIVABLE = "receivable"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One line of the engine's ledger export, by which network, ledger and chain are reconciled.

    ``ref``: deposit id, presentment id, settlement id (0x..., one line per user), or withdrawal event id; for a
    receivable the presentment (or settlement) that caused it; for a recovery ``recovery:`` and the deposit that paid.
    Amounts are positive; the withdrawal line is the payout.
    """

    kind: StatementKind
    ref: str
    account_id: str
    amount_usdc6: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class StatementPage:
    """``next_cursor`` is -1 on the last page."""

    entries: tuple[StatementEntry, ...]
    next_cursor: int


class CardEngine(Protocol):
    """A card engine. Every method may raise :class:`EngineError`; then nothing is known to the caller."""

    async def open_account(self, opening: AccountOpening) -> None:
        """Create or update an account and its cards."""
        ...

    async def authorize(self, request: AuthorizationRequest) -> AuthorizationResponse:
        """Decide, place a hold, make both durable, answer. Raises IdempotencyConflict, RequestInFlight."""
        ...

    async def reverse(self, request: ReversalRequest) -> ReversalResponse:
        """Release what is left of a hold. Raises IdempotencyConflict."""
        ...

    async def capture(self, batch: ClearingBatch) -> ClearingReceipt:
        """Post presentments; each at most once. Raises IdempotencyConflict."""
        ...

    async def deposit(self, notice: DepositNotice) -> NoticeReceipt:
        """Credit a final deposit, once."""
        ...

    async def withdraw(self, notice: WithdrawalNotice) -> NoticeReceipt:
        """Follow a withdrawal seen on chain, once."""
        ...

    async def expire(self, now_ns: int) -> ExpiryReceipt:
        """A clock tick: end the holds whose time is over."""
        ...

    async def settle(self, now_ns: int) -> SettlementReceipt:
        """A clock tick: burn what is captured, finish what an earlier tick began."""
        ...

    async def balance(self, account_id: str) -> Balance:
        """Raises EngineError for an unknown account."""
        ...

    async def statement(self, cursor: int) -> StatementPage:
        """The ledger export from ``cursor`` on (0 = the beginning), in posting order."""
        ...


@dataclass(frozen=True, slots=True)
class EngineKit:
    """What the world hands to a factory: the terms to honour and the ports to reach the outside.

    An engine with storage of its own needs only ``ports.clock`` and ``ports.chain``.
    """

    terms: Terms
    ports: Ports


EngineFactory = Callable[[EngineKit], CardEngine]
"""What ``--engine package.module:factory`` names."""
