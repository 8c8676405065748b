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
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from engine.domain.accounts import AccountStatus, CardStatus, MandateStatus
from engine.domain.decline import APPROVED_CODE, PARTIAL_CODE, RESPONSE_CODES, STRIPE_REASONS, DeclineReason
from engine.domain.disputes import DisputeState
from engine.domain.terms import HoldTerms, Initiator, LimitTerms, Presence, Terms

if TYPE_CHECKING:
    from engine.ports import Ports

__all__ = [
    "APPROVED_CODE",
    "PARTIAL_CODE",
    "RESPONSE_CODES",
    "STRIPE_REASONS",
    "AccountOpening",
    "AccountStatus",
    "AdviceOutcome",
    "AdviceReceipt",
    "AuthorizationAdvice",
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
    "DisputeNotice",
    "DisputeOutcome",
    "DisputeReceipt",
    "DisputeState",
    "EngineError",
    "EngineFactory",
    "EngineKit",
    "ExpiryReceipt",
    "HoldTerms",
    "IdempotencyConflict",
    "Initiator",
    "LimitTerms",
    "MandateOpening",
    "MandateStatus",
    "NotSupported",
    "NoticeReceipt",
    "Presence",
    "Presentment",
    "PresentmentKind",
    "Refused",
    "RequestInFlight",
    "ReversalRequest",
    "ReversalResponse",
    "SettlementReceipt",
    "StatementEntry",
    "StatementKind",
    "StatementPage",
    "Terms",
    "UnknownAccount",
    "WithdrawalNotice",
    "WithdrawalStage",
]


class EngineError(Exception):
    """The engine could not answer. Sending the same request again is safe."""


class IdempotencyConflict(EngineError):
    """The idempotency key was used before, with another body (HTTP 422)."""


class RequestInFlight(EngineError):
    """A twin of this request is still being answered (HTTP 409)."""


class UnknownAccount(EngineError):
    """Nobody has opened this account (HTTP 404): nothing was done. Once it is open, the same request may succeed."""


class Refused(EngineError):
    """A well formed request that can never be done as it stands (HTTP 422): nothing was done, and why is said."""


class NotSupported(EngineError):
    """The engine does not offer this (HTTP 501): nothing was done, and nothing will be on another try."""


class AuthorizationKind(StrEnum):
    """What the merchant asks for."""

    PURCHASE = "purchase"
    PREAUTHORIZATION = "preauthorization"
    """The amount is an estimate; the final amount comes with increments, an advice, or the presentments."""
    INCREMENTAL = "incremental"
    """So much more on an open authorization, under its id and a key of its own; a new decision, the same hold."""
    CASH_WITHDRAWAL = "cash_withdrawal"
    BALANCE_INQUIRY = "balance_inquiry"
    """Amount 0; nothing is held, the answer says what is available."""
    REFUND = "refund"
    """The merchant announces a credit: checked against the card's standing, nothing is held and no limit touched."""


@dataclass(frozen=True, slots=True)
class CardOpening:
    """A card as issued. ``expires_at_ns``: the first instant at which it is no longer valid.

    ``limits`` of this card alone, beside those of the account; ``mandate_id`` names the mandate that it spends under.
    ``replaces`` is the card whose place it takes. ``pan`` is secret: an engine may keep its last four digits.
    """

    card_id: str
    network: str
    expires_at_ns: int
    status: CardStatus = CardStatus.ACTIVE
    limits: LimitTerms | None = None
    mandate_id: str = ""
    replaces: str = ""
    pan: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class MandateOpening:
    """What the customer lets somebody spend: ``limits`` count over all cards that spend under it."""

    mandate_id: str
    expires_at_ns: int
    status: MandateStatus = MandateStatus.ACTIVE
    limits: LimitTerms | None = None


@dataclass(frozen=True, slots=True)
class AccountOpening:
    """A customer with one on-chain balance and any number of cards that spend it.

    ``address`` is the 0x address whose CardToken balance backs the account, for good (small and capital letters are the
    same): with another one it is refused, since deposits and burns may be under way for the first. Opening an account
    again replaces its status, KYC level, cards and mandates, never its funds nor what its limits have counted. A card
    that is not named stays as it was; one that is cancelled, lost or stolen stays so.
    """

    account_id: str
    address: str
    cards: tuple[CardOpening, ...]
    kyc_level: int = 1
    status: AccountStatus = AccountStatus.ACTIVE
    mandates: tuple[MandateOpening, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A network asks: may this card spend this amount here (ISO 8583 0100)?

    ``authorization_id`` names the authorization for its whole life; increments, advices, reversals and presentments
    carry it. ``sent_at_ns`` is when the network sent it. ``partial_supported``: less than the amount is welcome.
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
    partial_supported: bool = False
    presence: Presence = Presence.PRESENT
    initiator: Initiator = Initiator.CARDHOLDER


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """The answer (0110). Declined: ``approved_cents`` is 0, ``reason`` is set, no hold was placed for it.

    ``approved_cents`` below the amount is a partial approval, with code 10: only for funds that do not suffice, and
    only where the request supports it. ``hold_expires_at_ns`` is when the hold ends by itself if nothing is captured (0
    if declined, and where nothing is held); an increment does not prolong it. From that instant on, by the engine's
    clock, the authorization is over: an increment is declined and an advice NOT_OPEN, while captures and reversals find
    what is held until a tick frees it. ``available_cents`` answers a balance
    inquiry (whole cents, rounded down, never below 0) and is None otherwise.
    """

    authorization_id: str
    approved: bool
    approved_cents: int
    response_code: str
    reason: DeclineReason | None
    hold_expires_at_ns: int
    available_cents: int | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationAdvice:
    """The network tells what is so, and asks nothing (0120).

    ``approved``: the authorization exists and ``amount_cents`` is authorized, absolutely, whatever was before: decided
    in the issuer's stead, or the true amount of an estimate. The engine adopts it even where it would have declined, or
    the funds do not suffice: then ``available`` falls below zero. It counts in the limits, and no limit refuses it.
    Not ``approved``: the network declined in the issuer's stead (amount 0); what the engine holds for it is released.
    """

    idempotency_key: str
    authorization_id: str
    card_id: str
    approved: bool
    amount_cents: int
    network: str
    merchant_id: str
    mcc: str
    sent_at_ns: int
    kind: AuthorizationKind = AuthorizationKind.PURCHASE
    presence: Presence = Presence.PRESENT
    initiator: Initiator = Initiator.CARDHOLDER


class AdviceOutcome(StrEnum):
    ADOPTED = "adopted"
    NOT_OPEN = "not_open"
    """The authorization has ended, or its time is over: nothing was changed."""
    UNKNOWN_CARD = "unknown_card"
    """No such card, or not this authorization's: nothing was changed, the record waits for a person."""
    INVALID_AMOUNT = "invalid_amount"
    """Below zero, or zero for an authorization that nobody knows: nothing was changed."""


@dataclass(frozen=True, slots=True)
class AdviceReceipt:
    """The acknowledgement (0130). ``held_cents`` is what is held for the authorization now."""

    authorization_id: str
    outcome: AdviceOutcome
    held_cents: int
    hold_expires_at_ns: int


@dataclass(frozen=True, slots=True)
class ReversalRequest:
    """The network takes an authorization back (0400/0420); it may overtake its original.

    ``amount_cents`` 0 takes back all that is still held, otherwise so much of it. One that names another card or
    network than its authorization frees nothing.
    """

    idempotency_key: str
    authorization_id: str
    card_id: str
    network: str
    sent_at_ns: int
    amount_cents: int = 0


@dataclass(frozen=True, slots=True)
class ReversalResponse:
    """``released_cents`` is what the reversal freed: 0 where there was no hold (any more)."""

    authorization_id: str
    released_cents: int


class PresentmentKind(StrEnum):
    SALE = "sale"
    REFUND = "refund"
    """A credit; ``authorization_id`` names the sale that it refunds, or is "" where nobody knows."""


@dataclass(frozen=True, slots=True)
class Presentment:
    """One record of a clearing file: the merchant's true amount. A capture always posts, and so does a refund.

    ``final``: no further presentment follows, so what is left of the hold is released.
    Several presentments may share one ``authorization_id``; ``presentment_id`` is unique. A sale whose authorization is
    unknown or has ended is a force post: it takes what is available and, beyond that, is owed.
    A refund pays first what the customer owes, then it can be spent; it shrinks what is burned on chain.
    """

    presentment_id: str
    authorization_id: str
    card_id: str
    network: str
    amount_cents: int
    final: bool = True
    kind: PresentmentKind = PresentmentKind.SALE


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
    """What one presentment did. ``receivable_cents`` is the part that the customer's funds did not cover, rounded up;
    ``recovered_cents`` the part of a refund that paid what the customer owed, rounded down.
    """

    presentment_id: str
    outcome: CaptureOutcome
    posted_cents: int
    released_cents: int
    receivable_cents: int
    recovered_cents: int = 0


@dataclass(frozen=True, slots=True)
class ClearingReceipt:
    """One result for each presentment, in the order of the batch."""

    file_id: str
    results: tuple[CaptureResult, ...]


@dataclass(frozen=True, slots=True)
class DisputeNotice:
    """A dispute of a posted sale has reached ``state`` (chargeback cycle of the networks).

    From SUBMITTED on the customer has a provisional credit of ``amount_cents`` (at most the presentment's); WON makes
    it final, LOST takes it back, as a receivable where the funds are gone. ``engine/domain/disputes.py`` has the table
    of the states. There is one dispute for a presentment, and one presentment for a dispute.

    Nothing is given back twice: a dispute is opened, and credited, for no more than is left of the sales that name its
    presentment's authorization after what refunds that name it and disputes of its other sales gave back; of a credit,
    WON keeps no more than is left then, and takes back the rest as LOST takes all. A refund posts all the same, at any
    time: one that comes after WON is the merchant's to give, one that names no authorization is of no sale.
    """

    idempotency_key: str
    dispute_id: str
    presentment_id: str
    card_id: str
    network: str
    state: DisputeState
    amount_cents: int
    sent_at_ns: int


class DisputeOutcome(StrEnum):
    APPLIED = "applied"
    NOT_ALLOWED = "not_allowed"
    """The dispute is in no state from which this one can be reached, or the presentment has another dispute, or the
    dispute is about another presentment."""
    UNKNOWN_PRESENTMENT = "unknown_presentment"
    """Not posted, or not with this card: nothing was done, the record waits for a person."""
    INVALID_AMOUNT = "invalid_amount"
    """Zero or less, another amount than before, or more than is left of the sale: nothing was done."""


@dataclass(frozen=True, slots=True)
class DisputeReceipt:
    """Where the dispute stands now (``state`` None: there is none), and the credit that the customer has of it.

    ``receivable_cents`` is what of a credit taken back the customer's funds did not cover, rounded up.
    """

    dispute_id: str
    outcome: DisputeOutcome
    state: DisputeState | None
    credited_cents: int
    receivable_cents: int


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

    ``available`` can be spent (below zero where an adopted advice or a withdrawal took more than there was); ``held``
    backs open holds; ``unsettled`` is captured, less what was refunded, and not yet burned on chain (below zero: credit
    that later captures use up); ``withdrawing`` is on its way out; ``receivable`` is owed by the customer. Together the
    first four are what the chain holds for the account.

    Nobody spends while owing: what becomes available (of a hold that ends or shrinks, a withdrawal that does not leave,
    a burn that took less) pays at once what is owed, as deposits and credits do, and is burned like a capture; so
    ``available`` and ``receivable`` are never both above zero.
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
    REFUND = "refund"
    DISPUTE_CREDIT = "dispute_credit"
    DISPUTE_RETURN = "dispute_return"


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One line of the engine's ledger export, by which network, ledger and chain are reconciled.

    ``ref``: deposit id, presentment id, settlement id (0x..., one line per user), or withdrawal event id; for a
    receivable the presentment (settlement, or dispute id) that caused it; for a recovery ``recovery:`` and the deposit,
    refund, dispute, sale, withdrawal or settlement that paid or freed it, or ``reversal:``, ``advice:`` with a key, or
    ``expiry:`` with an authorization id; for a dispute its id. Amounts are positive; the withdrawal line is the payout.
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
    """A card engine. Every method may raise :class:`EngineError`; then nothing is known to the caller.

    An engine that does not offer a verb or a kind raises :class:`NotSupported`.
    """

    async def open_account(self, opening: AccountOpening) -> None:
        """Create or update an account and its cards.

        A card never changes its account, and an account never its address, which no other account has: EngineError
        (Refused), nothing is done.
        """
        ...

    async def authorize(self, request: AuthorizationRequest) -> AuthorizationResponse:
        """Decide, place a hold, make both durable, answer. Raises IdempotencyConflict, RequestInFlight.

        A kind that is new to the engine raises NotSupported.
        """
        ...

    async def advise(self, advice: AuthorizationAdvice) -> AdviceReceipt:
        """Adopt what the network decided. Raises IdempotencyConflict."""
        ...

    async def reverse(self, request: ReversalRequest) -> ReversalResponse:
        """Release what is left of a hold, or a part of it. Raises IdempotencyConflict."""
        ...

    async def capture(self, batch: ClearingBatch) -> ClearingReceipt:
        """Post presentments; each at most once. Raises IdempotencyConflict."""
        ...

    async def dispute(self, notice: DisputeNotice) -> DisputeReceipt:
        """Follow a dispute from state to state. Raises IdempotencyConflict."""
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
        """Raises EngineError (UnknownAccount) for an unknown account."""
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
