"""What the services need from outside, each as small as one round trip.

Production adapters and simulated backends implement the same Protocols and pass the same
conformance suites. All amounts are millionths of a USDC (``*_usdc6``); all times UTC nanoseconds.
Every method may raise :class:`PortUnavailable` (the call did nothing, or nobody knows).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from engine.domain.accounts import Account, Card, Funds
from engine.domain.decline import DeclineReason
from engine.domain.ledger import Answer, Commit, Recorded, Rows, StatementLine, Touch
from engine.domain.settlement import Settlement
from engine.domain.terms import LimitTerms
from engine.interface import EngineError


class PortUnavailable(EngineError):
    """A store or a node did not answer; whether the call took effect is unknown. Out of an engine it is an EngineError:
    the caller may send the same message again."""


class Clock(Protocol):
    def now_ns(self) -> int:
        """UTC nanoseconds since the Unix epoch."""
        ...


class Opening(NamedTuple):
    """What the cache knows when a request comes in: was its key claimed before, and whom does the card belong to."""

    seen: bool
    card: Card | None
    account: Account | None


class Cache(Protocol):
    """Hot copies of what rarely changes, and the claim on an idempotency key."""

    async def begin(self, key: str, card_id: str) -> Opening:
        """Claim ``key`` and read the card's view, in one round trip."""
        ...

    async def put_account(self, account: Account, cards: Sequence[Card]) -> None:
        """Replace the cached view of an account and its cards."""
        ...


class Hold(NamedTuple):
    """Funds asked of an account, counted in the limit windows of ``at_ns``."""

    authorization_id: str
    account_id: str
    amount_usdc6: int
    amount_cents: int
    at_ns: int


class HoldChange(NamedTuple):
    """What a posting in the ledger means for the spendable balance.

    ``authorization_id`` "" where no hold is concerned; else ``hold_left_usdc6`` is what remains of it (0 drops it).
    ``available_usdc6`` is the signed change of what can be spent.
    """

    account_id: str
    authorization_id: str
    hold_left_usdc6: int
    available_usdc6: int


class HoldStore(Protocol):
    """Spendable balances, holds and limit windows in fast memory; only ever more cautious than the ledger."""

    async def place(self, hold: Hold, limits: LimitTerms) -> DeclineReason | None:
        """Check funds, then limits, and take both, atomically (``domain.decide.numeric``); None when placed.

        Placing the same authorization id again changes nothing.
        """
        ...

    async def drop(self, authorization_ids: Sequence[str]) -> None:
        """Give back what is left of these holds, to the balance and to the limit windows; unknown ids are nothing."""
        ...

    async def apply(self, ref: str, changes: Sequence[HoldChange]) -> None:
        """Follow what the ledger has committed under ``ref``; once, however often it is called."""
        ...


Transition = Callable[[Rows], Commit]
"""A pure function from locked rows to what is committed."""


class Ledger(Protocol):
    """The truth: accounts, authorizations, journal, stored answers, settlements. Every call is one durable commit."""

    async def record(self, commit: Commit) -> Recorded:
        """The hot path: insert one authorization with its hold entry and its answer, or a declined answer alone.

        Refuses, without committing, what the truth does not allow: see :class:`Recorded`.
        """
        ...

    async def update(self, touch: Touch, transition: Transition) -> Commit:
        """Lock the rows of ``touch``, run ``transition`` on them, commit what it returns, return it."""
        ...

    async def answer(self, key: str) -> Answer | None:
        """The stored answer under an idempotency key."""
        ...

    async def due(self, now_ns: int, limit: int) -> Sequence[str]:
        """Ids of open authorizations whose holds end at or before ``now_ns``; at most ``limit``."""
        ...

    async def form_settlement(self, now_ns: int, max_users: int) -> Settlement | None:
        """Net queued captures of at most ``max_users`` accounts, durably, before anything is sent; None if none is."""
        ...

    async def open_settlements(self) -> Sequence[Settlement]:
        """Formed and not yet closed, oldest first."""
        ...

    async def addresses(self, account_ids: Sequence[str]) -> dict[str, str]:
        """The on-chain address of each account."""
        ...

    async def funds(self, account_id: str) -> Funds | None: ...

    async def statement(self, cursor: int, limit: int) -> Sequence[StatementLine]:
        """Ledger lines from ``cursor`` on, in posting order."""
        ...


@dataclass(frozen=True, slots=True)
class BurnOutcome:
    """A settlement that is final on chain. ``missing_usdc6`` by account id: what balances did not cover."""

    settlement_id: str
    transaction: str
    gas_used: int
    missing_usdc6: dict[str, int]


class SettlementChain(Protocol):
    """CardToken, as the settler sees it."""

    async def submit(self, settlement: Settlement, addresses: dict[str, str]) -> None:
        """Broadcast settleBatch for this settlement (``addresses`` by account id); sending it again is harmless."""
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
