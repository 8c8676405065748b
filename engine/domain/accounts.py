"""Customers, their cards, and what they have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class CardStatus(StrEnum):
    ACTIVE = "active"
    FROZEN = "frozen"
    CANCELLED = "cancelled"


class AccountStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Card:
    """A card as issued; ``expires_at_ns`` is the first instant at which it is no longer valid."""

    card_id: str
    account_id: str
    network: str
    expires_at_ns: int
    status: CardStatus


@dataclass(frozen=True, slots=True)
class Account:
    """A customer; ``address`` is where the chain keeps the balance that backs the account."""

    account_id: str
    address: str
    status: AccountStatus
    kyc_level: int


class Funds(NamedTuple):
    """What the ledger says an account has, in millionths of a USDC; ``receivable`` is what it owes."""

    available_usdc6: int = 0
    held_usdc6: int = 0
    unsettled_usdc6: int = 0
    withdrawing_usdc6: int = 0
    receivable_usdc6: int = 0
