"""What the reference engine keeps: accounts, cards, authorizations, sales and the statement, in plain containers.

Money is in millionths of a USDC unless a name says cents. An account's ``available`` is negative while more of it is
on its way out, or told by an advice, than is free.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from engine.domain.settlement import Settlement
from engine.interface import (
    AccountOpening,
    CardOpening,
    CardStatus,
    DisputeState,
    EngineError,
    IdempotencyConflict,
    MandateOpening,
    StatementEntry,
    StatementKind,
    Terms,
)

USDC6_PER_CENT = 10_000

FINAL = (CardStatus.CANCELLED, CardStatus.LOST, CardStatus.STOLEN)


class Step(StrEnum):
    """Why what an authorization counts in the limits has changed."""

    TOLD = "told"
    """Granted, or told by an advice: counts, with its sign, whatever the policy."""
    REVERSAL = "reversal"
    EXPIRY = "expiry"
    REFUND = "refund"


@dataclass(slots=True)
class Spend:
    """What counts in the limits: one authorization, or one capture that had none (``forced``).

    ``story`` is everything that happened to its amount, in cents; each limit reads it by its own policy.
    """

    card_id: str
    mandate_id: str
    mcc: str
    at_ns: int
    forced: bool
    story: list[tuple[Step, int]]


@dataclass(slots=True)
class Account:
    """``to_burn`` is the part of ``unsettled`` that is in no settlement yet; below zero it is credit."""

    opening: AccountOpening
    available: int = 0
    held: int = 0
    unsettled: int = 0
    withdrawing: int = 0
    receivable: int = 0
    to_burn: int = 0
    spends: list[Spend] = field(default_factory=list)
    mandates: dict[str, MandateOpening] = field(default_factory=dict)


@dataclass(slots=True)
class Authorization:
    """``held_cents`` is 0 once it has ended; ``account`` None where only its reversal has been seen."""

    account: Account | None
    card_id: str
    network: str
    spend: Spend | None = None
    authorized_cents: int = 0
    released_cents: int = 0
    captured_cents: int = 0
    held_cents: int = 0
    expires_at_ns: int = 0
    reversed: bool = False
    """All that was left of it was taken back, by a reversal or an advice."""

    def is_open(self, now_ns: int) -> bool:
        """Whether it may still change: something is held, and its time is not over, ended by a tick or not yet."""
        return self.held_cents > 0 and now_ns < self.expires_at_ns


class Sale(NamedTuple):
    """A presentment that was posted: a sale, or a refund of one; ``name`` is the authorization that it names, or ""."""

    account: Account
    card_id: str
    amount_cents: int
    name: str


@dataclass(slots=True)
class Dispute:
    """``credited_cents`` is what the customer has of it."""

    dispute_id: str
    amount_cents: int
    state: DisputeState
    credited_cents: int = 0


class Book:
    """The containers, and the few things that every verb does with them. No method awaits."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._cards: dict[str, tuple[CardOpening, Account]] = {}
        self._forerunners: dict[str, str] = {}
        """By card, the one whose place it took."""
        self._authorizations: dict[str, Authorization] = {}
        self._posted: set[str] = set()
        self._sales: dict[str, Sale] = {}
        self._refunds: list[Sale] = []
        self._disputes: dict[str, Dispute] = {}
        self._notices: dict[tuple[str, str], object] = {}
        self._formed = 0
        self._owners: dict[str, str] = {}
        """Account ids by address in lower case."""
        self.accounts: dict[str, Account] = {}
        self.statement: list[StatementEntry] = []
        self.open_settlements: list[Settlement] = []

    def account(self, account_id: str) -> Account:
        """Raises EngineError for a stranger."""
        account = self.accounts.get(account_id)
        if account is None:
            raise EngineError(f"no account {account_id!r}")
        return account

    def open(self, opening: AccountOpening) -> None:
        """Status, KYC level, cards and mandates are replaced; funds and what has been counted stay.

        Raises EngineError for a card of another account, for another address than before, and for another's address.
        """
        known = self.accounts.get(opening.account_id)
        if known is not None and known.opening.address.lower() != opening.address.lower():
            raise EngineError(f"{opening.account_id} is at {known.opening.address}, not at {opening.address}")
        address = opening.address.lower()
        if self._owners.get(address, opening.account_id) != opening.account_id:
            raise EngineError(f"{opening.address} is the address of another account than {opening.account_id}")
        for card in opening.cards:
            if card.card_id in self._cards and self._cards[card.card_id][1].opening.account_id != opening.account_id:
                raise EngineError(f"{card.card_id} is a card of another account than {opening.account_id}")
        cards = tuple([replace(card, pan="", status=self._status_of(card)) for card in opening.cards])
        account = self.accounts.setdefault(opening.account_id, Account(opening))
        account.opening = replace(opening, cards=cards)
        if address:
            self._owners[address] = opening.account_id
        account.mandates = {mandate.mandate_id: mandate for mandate in opening.mandates}
        for card in cards:
            self._cards[card.card_id] = (card, account)
            if card.replaces:
                self._forerunners[card.card_id] = card.replaces

    def _status_of(self, card: CardOpening) -> CardStatus:
        """What is cancelled, lost or stolen stays so."""
        known = self._cards.get(card.card_id)
        return known[0].status if known is not None and known[0].status in FINAL else card.status

    def _first_notice(self, kind: str, ref: str, body: object) -> bool:
        """Whether this notice is told for the first time. Raises IdempotencyConflict where it said something else."""
        if (kind, ref) not in self._notices:
            self._notices[kind, ref] = body
            return True
        if self._notices[kind, ref] != body:
            raise IdempotencyConflict(f"{kind} {ref}: told before with another body")
        return False

    def _change_hold(self, authorization: Authorization, held_cents: int) -> int:
        """Hold so much from now on; the cents by which that is less than before."""
        freed_cents = authorization.held_cents - held_cents
        authorization.held_cents = held_cents
        if authorization.account is not None:
            authorization.account.held -= freed_cents * USDC6_PER_CENT
            authorization.account.available += freed_cents * USDC6_PER_CENT
        return freed_cents

    def _take(self, account: Account, amount: int) -> int:
        """Take it from what the customer has here and burn it some day; what that did not cover, which is owed.

        Funds on their way out are still the customer's: what a settlement burns first can no longer leave.
        """
        covered = min(amount, max(account.available + account.withdrawing, 0))
        account.available -= covered
        account.unsettled += covered
        account.to_burn += covered
        account.receivable += amount - covered
        return amount - covered

    def _give(self, account: Account, ref: str, kind: StatementKind, amount: int, now_ns: int) -> int:
        """A credit: it pays first what is owed, the rest can be spent and need not be burned; what was paid."""
        paid = min(account.receivable, amount)
        account.receivable -= paid
        account.available += amount - paid
        account.unsettled -= amount - paid
        account.to_burn -= amount - paid
        self._write(kind, ref, account, amount, now_ns)
        if paid:
            self._write(StatementKind.RECOVERY, f"recovery:{ref}", account, paid, now_ns)
        return paid

    def _pay_debt(self, account: Account, name: str, now_ns: int) -> None:
        """What is available pays what is owed, and is burned some day; to be called wherever something comes free."""
        paid = min(account.receivable, max(account.available, 0))
        if paid:
            account.receivable -= paid
            account.available -= paid
            account.unsettled += paid
            account.to_burn += paid
            self._write(StatementKind.RECOVERY, f"recovery:{name}", account, paid, now_ns)

    def _write(self, kind: StatementKind, ref: str, account: Account, amount_usdc6: int, now_ns: int) -> None:
        self.statement.append(StatementEntry(kind, ref, account.opening.account_id, amount_usdc6, now_ns))


def cents_up(amount_usdc6: int) -> int:
    """Whole cents of what is missing."""
    return -(-amount_usdc6 // USDC6_PER_CENT)
