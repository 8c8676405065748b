"""What the services need from outside, each as small as one round trip.

Production adapters and simulated backends implement the same Protocols and pass the same
conformance suites. All amounts are millionths of a USDC (``*_usdc6``); all times UTC nanoseconds.
Every method may raise :class:`PortUnavailable` (the call did nothing, or nobody knows).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.domain.accounts import Account, Card
from engine.domain.authorization import Authorization
from engine.domain.decline import DeclineReason
from engine.domain.ledger import Commit, Recorded, StatementLine
from engine.domain.settlement import Settlement
from engine.domain.terms import LimitTerms


class PortUnavailable(Exception):
    """A store or a node did not answer; whether the call took effect is unknown."""


class Clock(Protocol):
    def now_ns(self) -> int:
        """UTC nanoseconds since the Unix epoch."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """What the cache knows when a request comes in: has its key been seen, and whom does the card belong to.

    ``seen``: the key was claimed before (now this caller has not claimed it). ``fingerprint`` is then the first body's.
    """

    seen: bool
    fingerprint: str
    card: Card | None
    account: Account | None


class Cache(Protocol):
    """Hot copies of what rarely changes, and the claim on an idempotency key."""

    async def begin(self, key: str, fingerprint: str, card_id: str) -> Opening:
        """Claim ``key`` for this body and read the card's view, in one round trip."""
        ...

    async def abandon(self, key: str) -> None:
        """Give a claim back: its request was not answered and may be sent again."""
        ...

    async def put_account(self, account: Account, cards: Sequence[Card]) -> None:
        """Replace the cached view of an account and its cards."""
        ...


@dataclass(frozen=True, slots=True)
class Hold:
    """Funds asked of an account, counted in the windows of ``at_ns``."""

    authorization_id: str
    account_id: str
    amount_usdc6: int
    amount_cents: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class FundsChange:
    """A signed change of what an account may spend, and what its limit windows get back (cents, windows of ``counted_at_ns``)."""

    account_id: str
    available_usdc6: int
    restored_cents: int = 0
    counted_at_ns: int = 0


class HoldStore(Protocol):
    """Spendable balances and limit windows, in fast memory; only ever more cautious than the ledger."""

    async def place(self, hold: Hold, limits: LimitTerms) -> DeclineReason | None:
        """Check funds, then limits, and take both, atomically; None when placed."""
        ...

    async def change(self, changes: Sequence[FundsChange]) -> None:
        """Apply the changes, all of them."""
        ...


Transition = Callable[[Sequence[Authorization | None], Sequence[Account | None]], Commit]
"""A pure function from locked rows (None = no such row) to what is committed."""


class Ledger(Protocol):
    """The truth: authorizations, accounts, journal, stored answers, settlements. Every call is one durable commit."""

    async def record(self, commit: Commit) -> Recorded:
        """Commit inserts of the hot path; refuses what the truth does not allow (see :class:`Recorded`)."""
        ...

    async def update(self, authorization_ids: Sequence[str], account_ids: Sequence[str], transition: Transition) -> Commit:
        """Lock those rows, run ``transition`` on them, commit what it returns, return it."""
        ...

    async def answer(self, key: str) -> tuple[str, object] | None:
        """The stored (fingerprint, answer) under an idempotency key."""
        ...

    async def due(self, now_ns: int, limit: int) -> Sequence[Authorization]:
        """Open authorizations whose holds end at or before ``now_ns``, oldest first."""
        ...

    async def form_settlement(self, now_ns: int, max_users: int) -> Settlement | None:
        """Net queued captures per account into one settlement, durably, before anything is sent; None if none is queued."""
        ...

    async def open_settlements(self) -> Sequence[Settlement]:
        """Formed and not yet closed, oldest first."""
        ...

    async def account(self, account_id: str) -> Account | None: ...

    async def statement(self, cursor: int, limit: int) -> Sequence[StatementLine]:
        """Ledger lines from ``cursor`` on, in posting order."""
        ...


@dataclass(frozen=True, slots=True)
class BurnOutcome:
    """A settlement that is final on chain. ``missing_usdc6`` by address: what balances did not cover."""

    settlement_id: str
    transaction: str
    gas_used: int
    burned_usdc6: int
    missing_usdc6: dict[str, int]


class SettlementChain(Protocol):
    """CardToken, as the settler sees it."""

    async def submit(self, settlement: Settlement, addresses: dict[str, str]) -> None:
        """Broadcast settleBatch for this settlement; sending it again is harmless."""
        ...

    async def outcome(self, settlement_id: str) -> BurnOutcome | None:
        """The final outcome, or None while there is none."""
        ...

    async def wait_block(self) -> None:
        """Return when the chain may have moved on."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """All of them, wired once."""

    clock: Clock
    cache: Cache
    holds: HoldStore
    ledger: Ledger
    chain: SettlementChain
