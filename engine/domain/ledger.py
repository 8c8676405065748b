"""Double entry: every change of money is an entry whose postings sum to zero in each asset.

Books of a customer (credit is positive): ``available``, ``held``, ``unsettled``, ``withdrawing``; ``receivable`` is
negative while the customer owes. Books of the house: ``chain`` (USDC behind CardToken, negative as we hold it),
``uncovered`` (what the house advanced), and in US cents ``owed`` to each network against ``clearing``.

The records here are named tuples, not dataclasses: as immutable, and at a third of the cost; several are made for
every swipe.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from engine.domain.accounts import Account, Card, Funds
from engine.domain.authorization import Authorization
from engine.domain.disputes import Dispute
from engine.domain.limits import Spend
from engine.domain.money import usdc6_of
from engine.domain.settlement import Settlement

USDC = "usdc6"
USD = "cents"


class Posting(NamedTuple):
    """One line of an entry: ``owner`` is an account id or a network, ``amount`` signed, in units of ``asset``."""

    book: str
    owner: str
    asset: str
    amount: int


class EntryKind(StrEnum):
    HOLD = "hold"
    RELEASE = "release"
    CAPTURE = "capture"
    DEPOSIT = "deposit"
    RECOVERY = "recovery"
    WITHDRAWAL_REQUEST = "withdrawal_request"
    WITHDRAWAL_RETURN = "withdrawal_return"
    WITHDRAWAL = "withdrawal"
    SETTLEMENT = "settlement"
    REFUND = "refund"
    DISPUTE_CREDIT = "dispute_credit"
    DISPUTE_RETURN = "dispute_return"
    DISPUTE_WON = "dispute_won"


class Entry(NamedTuple):
    """A journal entry, append-only. ``amount_usdc6`` is its size, ``receivable_usdc6`` what nobody's funds covered.

    ``authorization_id``: of a sale or a refund, the one that it names, known or not.
    """

    kind: EntryKind
    ref: str
    account_id: str
    at_ns: int
    amount_usdc6: int
    receivable_usdc6: int
    postings: tuple[Posting, ...]
    authorization_id: str = ""


class UnbalancedEntry(Exception):
    """A journal entry does not sum to zero: the engine is broken, nothing may go on."""


class Queued(NamedTuple):
    """Captured money that waits to be burned; a credit, which is burned less, is negative."""

    ref: str
    account_id: str
    amount_usdc6: int


class Posted(NamedTuple):
    """A sale that was posted, and what became of its authorization.

    ``sold_usdc6``: all sales that name the same authorization, of this account; ``returned_usdc6``: what refunds that
    name it, and disputes of its other sales, have given back by now.
    """

    account_id: str
    amount_usdc6: int
    sold_usdc6: int
    returned_usdc6: int = 0

    @property
    def left_usdc6(self) -> int:
        """What of it the customer has not got back: a dispute gives no more. Below zero where refunds gave too much."""
        return min(self.amount_usdc6, self.sold_usdc6 - self.returned_usdc6)


class StatementLine(NamedTuple):
    """One line of the ledger export; ``kind`` as in the seam's StatementKind."""

    kind: str
    ref: str
    account_id: str
    amount_usdc6: int
    at_ns: int


LINE_KINDS = {
    EntryKind.CAPTURE: "capture",
    EntryKind.DEPOSIT: "deposit",
    EntryKind.RECOVERY: "recovery",
    EntryKind.WITHDRAWAL: "withdrawal",
    EntryKind.SETTLEMENT: "settlement",
    EntryKind.REFUND: "refund",
    EntryKind.DISPUTE_CREDIT: "dispute_credit",
    EntryKind.DISPUTE_RETURN: "dispute_return",
}
"""The entries that the ledger export tells, as what."""


def lines_of(entry: Entry) -> tuple[StatementLine, ...]:
    """What the ledger export says of an entry: itself, and what of it nobody's funds covered."""
    lines = []
    if (kind := LINE_KINDS.get(entry.kind)) is not None:
        lines.append(StatementLine(kind, entry.ref, entry.account_id, entry.amount_usdc6, entry.at_ns))
    if entry.receivable_usdc6:
        lines.append(StatementLine("receivable", entry.ref, entry.account_id, entry.receivable_usdc6, entry.at_ns))
    return tuple(lines)


class Recorded(StrEnum):
    """What became of a hot-path commit."""

    DONE = "done"
    ANSWERED = "answered"
    """The idempotency key has an answer already; nothing was committed."""
    EXISTS = "exists"
    """The authorization id is taken; nothing was committed."""
    SHORT = "short"
    """The account has less than the hold store believed; nothing was committed."""
    STALE = "stale"
    """The hold was placed on an image of the account that no longer counts (another epoch); nothing was committed."""
    OUTDATED = "outdated"
    """The decision saw an older view of the card or its account; nothing was committed."""


class Answer(NamedTuple):
    """A stored answer: the same key with the same fingerprint gets ``response`` again."""

    key: str
    fingerprint: bytes
    response: object


class HoldChange(NamedTuple):
    """What a commit means for the account's image in the hold store.

    ``authorization_id`` "" where no hold is concerned; else ``hold_left_usdc6`` is what remains of it (0 drops it).
    ``available_usdc6`` is the signed change of what can be spent. ``spend`` is what the limits have to know of a
    decision from now on, and ``spent`` what they knew before: None for one that is new; both None where that is the
    same. ``epoch`` is the account's when the change was committed; the ledger sets it.
    """

    account_id: str
    authorization_id: str = ""
    hold_left_usdc6: int = 0
    available_usdc6: int = 0
    spent: Spend | None = None
    spend: Spend | None = None
    epoch: int = 0


def change_of(before: Authorization, after: Authorization, available_usdc6: int) -> HoldChange:
    """What the step of an authorization from ``before`` to ``after`` means for the hold store."""
    spent, spend = before.spend, after.spend
    if spent == spend:
        spent = spend = None
    return HoldChange(
        after.account_id, after.authorization_id, usdc6_of(after.held_cents), available_usdc6, spent, spend
    )


class OpenHold(NamedTuple):
    """What is left of a hold."""

    authorization_id: str
    account_id: str
    left_usdc6: int


class AccountSnapshot(NamedTuple):
    """An account as the ledger has it, from which the hold store makes its image. No epoch is ever used twice."""

    account_id: str
    epoch: int
    available_usdc6: int
    holds: tuple[OpenHold, ...]
    spends: tuple[Spend, ...]
    """By ``counted_at_ns``, from the instant that was asked for."""


class Standing(NamedTuple):
    """A card and its account as the ledger has them; ``view`` counts how often the account has been opened."""

    card: Card
    account: Account
    view: int


class Commit(NamedTuple):
    """Everything that becomes durable at once."""

    entries: tuple[Entry, ...] = ()
    authorizations: tuple[Authorization, ...] = ()
    answers: tuple[Answer, ...] = ()
    queued: tuple[Queued, ...] = ()
    posted: tuple[str, ...] = ()
    """What is hereby done, for good: presentments by id, deposits, withdrawals and what else must not be done twice by
    key. Nothing is posted twice."""
    accounts: tuple[Account, ...] = ()
    cards: tuple[Card, ...] = ()
    closed: tuple[str, ...] = ()
    """Settlements that are final."""
    disputes: tuple[Dispute, ...] = ()
    forced: tuple[tuple[str, Spend], ...] = ()
    """By account, captures without an authorization: some policies count them."""
    result: object = None
    """What the transition tells its caller; not stored."""
    ref: str = ""
    """Names ``changes``, for good. For ``record``, of a decline: the authorization that was asked for."""
    changes: tuple[HoldChange, ...] = ()
    """What the hold store has to follow: pending in the ledger until ``Ledger.followed``."""
    account_id: str = ""
    """Whose decision ``record`` is asked to keep; "" where no account was found."""
    epoch: int = 0
    """Under which the hold was placed, or refused; 0 where the hold store was not asked."""
    view: int = 0
    """The view of the account that was decided on; of an opening, the ledger returns the one that it made."""


class Touch(NamedTuple):
    """The rows that an update reads and locks. Cards lead to their accounts, and so do authorizations and sales."""

    authorizations: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()
    posted: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    settlements: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()
    """Ids of presentments, with what is disputed of them, and what else was given back of their authorizations."""
    addresses: tuple[str, ...] = ()
    """On chain; whose they are is read, and nothing is locked for it: an account stays at its address."""


class Rows(NamedTuple):
    """What those rows hold; what does not exist is absent."""

    authorizations: dict[str, Authorization]
    funds: dict[str, Funds]
    cards: dict[str, Card]
    posted: frozenset[str]
    answers: dict[str, Answer]
    settlements: dict[str, Settlement]
    """Those of the settlements asked for that are still open."""
    pending: dict[str, tuple[HoldChange, ...]]
    """By key of those asked for: changes under that ref which the hold store may not have followed."""
    epochs: dict[str, int]
    """Of the accounts in ``funds``."""
    presentments: dict[str, Posted]
    """Of those in ``disputed``, the sales that were posted."""
    disputes: dict[str, Dispute]
    """By presentment, of those in ``disputed``."""
    views: dict[str, int]
    """Of the accounts in ``funds``: how often each has been opened."""
    addresses: dict[str, str]
    """On chain, of the accounts that were asked for by id."""
    owners: dict[str, str]
    """By address of those asked for, in lower case: the account that is there. The empty one is nobody's."""


def hold(ref: str, account_id: str, at_ns: int, amount_usdc6: int) -> Entry:
    """A hold is a pending posting: available funds are set aside."""
    return Entry(
        EntryKind.HOLD, ref, account_id, at_ns, amount_usdc6, 0,
        (Posting("available", account_id, USDC, -amount_usdc6), Posting("held", account_id, USDC, amount_usdc6)),
    )  # fmt: skip


def release(ref: str, account_id: str, at_ns: int, amount_usdc6: int) -> Entry:
    """The pending posting is voided or has expired."""
    return Entry(
        EntryKind.RELEASE, ref, account_id, at_ns, amount_usdc6, 0,
        (Posting("held", account_id, USDC, -amount_usdc6), Posting("available", account_id, USDC, amount_usdc6)),
    )  # fmt: skip


def capture(
    ref: str, account_id: str, network: str, at_ns: int, *,
    amount_cents: int, from_hold_usdc6: int, freed_usdc6: int, from_available_usdc6: int, authorization_id: str = "",
) -> Entry:  # fmt: skip
    """The pending posting becomes final, with the merchant's true amount.

    Of the hold, ``from_hold`` is spent and ``freed`` goes back; ``from_available`` is what the capture takes beyond the
    hold; what neither covers is advanced by the house and owed by the customer.
    """
    amount_usdc6 = usdc6_of(amount_cents)
    covered = from_hold_usdc6 + from_available_usdc6
    short = amount_usdc6 - covered
    available = freed_usdc6 - from_available_usdc6
    postings = [
        Posting("unsettled", account_id, USDC, covered),
        Posting("owed", network, USD, amount_cents),
        Posting("clearing", network, USD, -amount_cents),
    ]
    if from_hold_usdc6 or freed_usdc6:
        postings.append(Posting("held", account_id, USDC, -from_hold_usdc6 - freed_usdc6))
    if available:
        postings.append(Posting("available", account_id, USDC, available))
    if short:
        postings += (Posting("receivable", account_id, USDC, -short), Posting("uncovered", "", USDC, short))
    return Entry(EntryKind.CAPTURE, ref, account_id, at_ns, amount_usdc6, short, tuple(postings), authorization_id)


def deposit(ref: str, account_id: str, at_ns: int, amount_usdc6: int) -> Entry:
    """The chain holds more for the customer."""
    return Entry(
        EntryKind.DEPOSIT, ref, account_id, at_ns, amount_usdc6, 0,
        (Posting("chain", "", USDC, -amount_usdc6), Posting("available", account_id, USDC, amount_usdc6)),
    )  # fmt: skip


def recovery(ref: str, account_id: str, at_ns: int, amount_usdc6: int) -> Entry:
    """New funds pay first what the customer owes; that part is then burned like any capture."""
    return Entry(
        EntryKind.RECOVERY, ref, account_id, at_ns, amount_usdc6, 0,
        (
            Posting("available", account_id, USDC, -amount_usdc6),
            Posting("unsettled", account_id, USDC, amount_usdc6),
            Posting("receivable", account_id, USDC, amount_usdc6),
            Posting("uncovered", "", USDC, -amount_usdc6),
        ),
    )  # fmt: skip


def withdrawal_request(ref: str, account_id: str, at_ns: int, amount_usdc6: int) -> Entry:
    """Funds on their way out can no longer be spent."""
    return Entry(
        EntryKind.WITHDRAWAL_REQUEST, ref, account_id, at_ns, amount_usdc6, 0,
        (Posting("available", account_id, USDC, -amount_usdc6), Posting("withdrawing", account_id, USDC, amount_usdc6)),
    )  # fmt: skip


def withdrawal_return(ref: str, account_id: str, at_ns: int, amount_usdc6: int) -> Entry:
    """Cancelled, or reduced because a settlement came first."""
    return Entry(
        EntryKind.WITHDRAWAL_RETURN, ref, account_id, at_ns, amount_usdc6, 0,
        (Posting("withdrawing", account_id, USDC, -amount_usdc6), Posting("available", account_id, USDC, amount_usdc6)),
    )  # fmt: skip


def withdrawal(
    ref: str, account_id: str, at_ns: int, *, from_withdrawing_usdc6: int, from_available_usdc6: int
) -> Entry:
    """Paid out on chain; what was not set aside before comes from what is available."""
    amount_usdc6 = from_withdrawing_usdc6 + from_available_usdc6
    return Entry(
        EntryKind.WITHDRAWAL, ref, account_id, at_ns, amount_usdc6, 0,
        (
            Posting("withdrawing", account_id, USDC, -from_withdrawing_usdc6),
            Posting("available", account_id, USDC, -from_available_usdc6),
            Posting("chain", "", USDC, amount_usdc6),
        ),
    )  # fmt: skip


def settlement(ref: str, account_id: str, at_ns: int, *, burned_usdc6: int, missing_usdc6: int) -> Entry:
    """Burned on chain. What the chain balance did not cover is advanced by the house and owed by the customer.

    It can only be missing where a payout, or an adopted advice, took more than was available; that negative balance is
    made good here.
    """
    postings = [
        Posting("unsettled", account_id, USDC, -burned_usdc6 - missing_usdc6),
        Posting("chain", "", USDC, burned_usdc6),
    ]
    if missing_usdc6:
        postings += (
            Posting("available", account_id, USDC, missing_usdc6),
            Posting("receivable", account_id, USDC, -missing_usdc6),
            Posting("uncovered", "", USDC, missing_usdc6),
        )
    return Entry(EntryKind.SETTLEMENT, ref, account_id, at_ns, burned_usdc6, missing_usdc6, tuple(postings))


def unbalanced(entry: Entry) -> dict[str, int]:
    """The assets in which an entry does not sum to zero, with what is left over; empty for a sound entry."""
    sums: dict[str, int] = {}
    for posting in entry.postings:
        sums[posting.asset] = sums.get(posting.asset, 0) + posting.amount
    return {asset: left for asset, left in sums.items() if left}
