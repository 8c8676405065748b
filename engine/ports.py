"""What the services need from outside, each as small as one round trip.

The hold store may forget at any instant: everything, one account, or what it acknowledged last. How no approval ever
rests on what it forgot is told in docs/adr/0009-fast-store-may-forget.md.

Production adapters and simulated backends implement the same Protocols and pass the same
conformance suites. All amounts are millionths of a USDC (``*_usdc6``); all times UTC nanoseconds.
Every method may raise :class:`PortUnavailable` (the call did nothing, or nobody knows).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from engine.domain.accounts import Account, Card, Funds
from engine.domain.decline import DeclineReason
from engine.domain.ledger import (
    AccountSnapshot,
    Answer,
    Commit,
    HoldChange,
    OpenHold,
    Recorded,
    Rows,
    Standing,
    StatementLine,
    Touch,
)
from engine.domain.limits import Spend
from engine.domain.scopes import Scopes
from engine.domain.settlement import Settlement
from engine.interface import EngineError


class PortUnavailable(EngineError):
    """A store or a node did not answer; whether the call took effect is unknown. Out of an engine it is an EngineError:
    the caller may send the same message again."""


class Clock(Protocol):
    def now_ns(self) -> int:
        """UTC nanoseconds since the Unix epoch."""
        ...


class Opening(NamedTuple):
    """What the cache knows when a request comes in: was its key claimed before, and whom does the card belong to.

    ``card`` None: the cache does not know. ``view`` says how old its copies are; the ledger refuses what rests on an
    old one.
    """

    seen: bool
    card: Card | None
    account: Account | None
    view: int = 0


class Cache(Protocol):
    """Hot copies of what rarely changes, and the claim on an idempotency key. It may forget all of it, any time."""

    async def begin(self, key: str, card_id: str) -> Opening:
        """Claim ``key`` and read the card's view, in one round trip.

        A claim has to outlive a decision budget, and to lapse before the ledger forgets answers.
        """
        ...

    async def put_account(self, account: Account, cards: Sequence[Card], view: int) -> None:
        """Replace the cached view of an account and of these cards, unless a newer one is there."""
        ...


class Hold(NamedTuple):
    """Funds asked of an account, counted in the limit windows of ``at_ns``.

    ``counter_id`` and ``mandate_id`` are the card's. ``extends`` is the decision that an increment adds to, as it
    stands, and whose instant and card it has; None for a new one.
    """

    authorization_id: str
    account_id: str
    amount_usdc6: int
    amount_cents: int
    at_ns: int
    card_id: str = ""
    mcc: str = ""
    counter_id: str = ""
    mandate_id: str = ""
    extends: Spend | None = None

    @property
    def spend(self) -> Spend:
        """What it asks of the limits; the transaction limit holds for an increment with what it adds to."""
        before = self.extends
        return Spend(
            self.authorization_id, self.card_id, self.mcc, self.at_ns, self.amount_cents,
            before_cents=max(before.granted_cents - before.reversed_cents, 1) if before is not None else 0,
            counter_id=self.counter_id, mandate_id=self.mandate_id,
        )  # fmt: skip

    @property
    def granted(self) -> Spend:
        """The decision as it stands once this is placed: for an increment the whole of it."""
        before = self.extends
        if before is None:
            return self.spend
        return before._replace(granted_cents=before.granted_cents + self.amount_cents)


class Unplaced(StrEnum):
    """Why the hold store has nothing to say on a hold: the ledger has to be asked."""

    NOT_LOADED = "not_loaded"
    """It has no image of the account, one from before it lost its memory, or one that lacks what these limits need."""
    TAKEN = "taken"
    """A hold under this authorization id is there already (or, for one that extends, is not there)."""


class Placed(NamedTuple):
    """What became of a hold: ``refusal`` None where it was placed. ``epoch`` is that of the image it was judged on.

    ``available_usdc6`` is what the image had before, told where the funds did not suffice.
    """

    epoch: int
    refusal: DeclineReason | Unplaced | None
    available_usdc6: int = 0


class HoldStore(Protocol):
    """Images of accounts in fast memory: spendable balance, holds, limit windows. It may lose any of them, any time."""

    async def place(self, hold: Hold, scopes: Scopes) -> Placed:
        """Check funds, then the limits of every scope, and take both, atomically (``domain.scopes.Tally``)."""
        ...

    async def apply(self, ref: str, changes: Sequence[HoldChange]) -> Sequence[str]:
        """Follow what the ledger has committed under ``ref``; once, however often it is called.

        An image of the change's own epoch takes it, one of a later epoch has it already. Returns the accounts whose
        image is older or missing: they have to be outdated.
        """
        ...

    async def load(self, snapshot: AccountSnapshot) -> None:
        """Replace the image of an account, unless one of the same or a later epoch is there.

        A snapshot is sent at most once, so an adapter must not repeat the call.
        """
        ...

    async def compact(self, now_ns: int) -> None:
        """Forget the limit windows that are closed for good at ``now_ns``. It changes no decision, whenever it runs."""
        ...

    async def unswept(self, before_ns: int, limit: int) -> Sequence[OpenHold]:
        """The oldest holds placed before ``before_ns`` that nobody has looked after yet, as they are now.

        There may be more than are returned, also where these are fewer than ``limit``; where none is, there is none.
        """
        ...

    async def swept(self, authorization_ids: Sequence[str]) -> None:
        """These have been looked after."""
        ...


Transition = Callable[[Rows], Commit]
"""A pure function from locked rows to what is committed."""


class Ledger(Protocol):
    """The truth: accounts, authorizations, journal, stored answers, settlements. Every call is one durable commit."""

    async def record(self, commit: Commit) -> Recorded:
        """The hot path: insert one authorization with its hold entry and its answer, or a declined answer alone.

        Refuses, without committing, what the truth does not allow: see :class:`Recorded`, whose order is that of the
        checks, but for EXISTS and SHORT, which come last.
        """
        ...

    async def update(self, touch: Touch, transition: Transition) -> Commit:
        """Lock the rows of ``touch``, run ``transition`` on them, commit what it returns, return it.

        Returned ``changes`` carry their epochs; those of accounts that no hold store was ever given are left out.
        """
        ...

    async def answer(self, key: str) -> Answer | None:
        """The stored answer under an idempotency key."""
        ...

    async def forget_answers(self, age_ns: int, limit: int) -> int:
        """Drop answers that were stored more than ``age_ns`` ago by the ledger's own clock, the oldest first, at most
        ``limit``; returns how many. What they answered stays: authorizations, presentments, whatever is in ``posted``.
        An answer may be kept for longer where that costs nothing.
        """
        ...

    async def card(self, card_id: str) -> Standing | None:
        """A card with its account; None for a card that was never issued."""
        ...

    async def reload(self, account_id: str, since_ns: int) -> AccountSnapshot | None:
        """Begin a new epoch of the account and read it, atomically; spends counted from ``since_ns`` on.

        From here on nothing placed under an earlier epoch is recorded. None for an unknown account.
        """
        ...

    async def unheld(self, holds: Sequence[OpenHold]) -> Sequence[OpenHold]:
        """Those of ``holds`` that do not back an open authorization with just that amount."""
        ...

    async def unfollowed(self, limit: int) -> Sequence[tuple[str, tuple[HoldChange, ...]]]:
        """The oldest changes, by ref, that the hold store may not have followed."""
        ...

    async def followed(self, refs: Sequence[str], outdated: Sequence[str] = ()) -> None:
        """These refs are followed. The accounts in ``outdated`` begin a new epoch with it: no image of them counts."""
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
    chain: SettlementChain | None
    """None in a process that does not settle: captures queue for one that does."""
