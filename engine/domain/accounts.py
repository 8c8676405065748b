"""Customers, their cards, and what they have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from engine.domain.terms import LimitTerms


class CardStatus(StrEnum):
    """``PENDING`` is issued and not activated yet; the last three are for good."""

    PENDING = "pending"
    ACTIVE = "active"
    FROZEN = "frozen"
    CANCELLED = "cancelled"
    LOST = "lost"
    STOLEN = "stolen"


class AccountStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


FINAL = frozenset({CardStatus.CANCELLED, CardStatus.LOST, CardStatus.STOLEN})
"""What a card never leaves again."""


class MandateStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a customer has agreed that somebody else may spend with certain cards; limits count over all of those."""

    mandate_id: str
    expires_at_ns: int
    status: MandateStatus = MandateStatus.ACTIVE
    limits: LimitTerms | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A card as issued; ``expires_at_ns`` is the first instant at which it is no longer valid.

    Of its PAN only the last four digits are known here. ``counter_id`` names the limit counters: those of the card that
    it replaces, or its own.
    """

    card_id: str
    account_id: str
    network: str
    expires_at_ns: int
    status: CardStatus
    limits: LimitTerms | None = None
    mandate_id: str = ""
    counter_id: str = ""
    last4: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A customer; ``address`` is where the chain keeps the balance that backs the account."""

    account_id: str
    address: str
    status: AccountStatus
    kyc_level: int
    mandates: tuple[Mandate, ...] = ()


class Funds(NamedTuple):
    """What the ledger says an account has, in millionths of a USDC; ``receivable`` is what it owes."""

    available_usdc6: int = 0
    held_usdc6: int = 0
    unsettled_usdc6: int = 0
    withdrawing_usdc6: int = 0
    receivable_usdc6: int = 0
