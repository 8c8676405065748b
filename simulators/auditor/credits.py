"""Money that comes back: refunds in clearing files, and disputes with their provisional credit. Judged: I3, I9, I10.

Rule. A refund posts once, for what was presented, and frees and leaves uncovered nothing; what it pays of a debt is at
most that debt. A dispute follows the table of its states, has one presentment (which has no other dispute) and one
amount, at most what was posted, and credits it from SUBMITTED on until it is LOST; anything else is refused and changes
nothing. What was refunded is not credited as well, nor kept by a dispute that is WON. What a refund pays of a debt: see
``debts``.

Evidence. Results and receipts as answered; the states that were answered as applied.

No false alarm. A credit may be spent as soon as it is sent, and is certain once it is answered; what is taken back is
gone once that is answered. What a dispute is to be answered is judged only where nothing else of it was in flight.
Of which sale a refund is, is not kept: it may be of any of its account's, if it names an authorization.
"""

from __future__ import annotations

from typing import Any

from engine.interface import (
    CaptureOutcome,
    ClearingBatch,
    DisputeNotice,
    DisputeOutcome,
    DisputeReceipt,
    DisputeState,
    Presentment,
)
from simulators.auditor import debts, exchanges, stories
from simulators.auditor.book import ACCOUNT_MASK, USDC6_PER_CENT, Account, Book
from simulators.auditor.hours import Hours
from simulators.auditor.words import usd, when

_ENDS = "won lost"
_TABLE = {
    None: "new submitted",
    "new": f"submitted {_ENDS}",
    "submitted": f"representment {_ENDS}",
    "representment": f"pre_arbitration {_ENDS}",
    "pre_arbitration": f"arbitration {_ENDS}",
    "arbitration": _ENDS,
    "won": "",
    "lost": "",
}
MAY_FOLLOW = {
    None if state is None else DisputeState(state): frozenset(map(DisputeState, following.split()))
    for state, following in _TABLE.items()
}
"""From each state (None: no dispute yet) to those that may follow."""


def is_credited(state: DisputeState | None) -> bool:
    """Whether the customer has the amount."""
    return state not in (None, DisputeState.NEW, DisputeState.LOST)


def _is_end(state: DisputeState) -> bool:
    return state in (DisputeState.WON, DisputeState.LOST)


class Credit:
    """A refund, or a dispute of a sale. ``flying``: notices sent and not answered; ``named``: a refund that names an
    authorization. When it was sent: ``found_usdc6``, the least that it can have found owed; ``payments``, how many
    there had been with it.
    """

    __slots__ = ("account", "cents", "dispute_id", "flying", "found_usdc6", "named", "payments", "posted", "state")

    def __init__(self, account: Account, cents: int, dispute_id: str = "", *, named: bool = False) -> None:
        self.account = account
        self.cents = cents
        self.dispute_id = dispute_id
        self.named = named
        self.state: DisputeState | None = None
        self.flying = self.found_usdc6 = self.payments = 0
        self.posted = False


# ---- the books ------------------------------------------------------------------------------------------------------


def _possible(book: Book, at_ns: int, credit: Credit) -> None:
    """From now on it may be spent, or pay what is owed."""
    account, amount_usdc6 = credit.account, credit.cents * USDC6_PER_CENT
    credit.found_usdc6 = debts.payment_sent(book, at_ns, account, amount_usdc6)
    credit.payments = debts.of(account).sent
    account.unresolved += 1
    account.crediting_cents += credit.cents
    account.free_usdc6 += amount_usdc6


def _not_after_all(credit: Credit) -> None:
    account = credit.account
    account.unresolved -= 1
    account.crediting_cents -= credit.cents
    account.free_usdc6 -= credit.cents * USDC6_PER_CENT
    debts.payment_answered(account, 0)


def _certain(hours: Hours, at_ns: int, credit: Credit, recovered_cents: int = 0) -> None:
    """It is booked: first it pays what is owed; ``recovered_cents``: so much, as its result says."""
    account = credit.account
    account.unresolved -= 1
    account.net_cents = max(account.net_cents, account.presented_cents - account.credit_cents)
    account.credit_cents += credit.cents
    account.credit_ever_cents += credit.cents
    account.raised_ns = at_ns
    debts.payment_answered(account, credit.cents * USDC6_PER_CENT, recovered_cents * USDC6_PER_CENT)
    hours.touched[account] = None


def _taken_back(hours: Hours, credit: Credit, cents: int, owed_cents: int) -> None:
    """So much of the sale stands after all; what the funds did not cover is owed."""
    account = credit.account
    account.unresolved -= 1
    account.net_cents = max(account.net_cents, account.presented_cents - account.credit_cents)
    account.credit_cents -= cents
    account.crediting_cents -= cents
    account.free_usdc6 -= cents * USDC6_PER_CENT
    debts.reported(account, owed_cents)
    hours.touched[account] = None


# ---- refunds --------------------------------------------------------------------------------------------------------


def refund_sent(book: Book, at_ns: int, presentment: Presentment) -> None:
    """A refund in a clearing file; one of no amount does nothing."""
    ref = presentment.presentment_id
    if ref in book.credits or ref in book.presented:
        book.presented_again.add(ref)
        return
    account = book.cards.get(presentment.card_id, book.nobody)
    credit = book.credits[ref] = Credit(
        account, max(presentment.amount_cents, 0), named=bool(presentment.authorization_id)
    )  # fmt: skip
    book.tallies.may_refund(presentment.authorization_id, credit.cents)
    _possible(book, at_ns, credit)


def refund_answered(
    book: Book, hours: Hours, at_ns: int, batch: ClearingBatch, presentment: Presentment, result: Any
) -> None:
    """Its result."""
    ref, cents = presentment.presentment_id, presentment.amount_cents
    credit = book.credits.get(ref)
    if credit is None or credit.cents != max(cents, 0):
        return
    account = credit.account
    if result.outcome is CaptureOutcome.POSTED:
        if credit.posted or cents <= 0:
            _found(book, "I3" if credit.posted else "I10", at_ns, ref, account, f"a refund of {usd(cents)} was posted"
                   + (" again" if credit.posted else ""))  # fmt: skip
            return
        credit.posted = True
        if (result.posted_cents, result.released_cents, result.receivable_cents) != (cents, 0, 0):
            _found(
                book, "I10", at_ns, ref, account,
                f"a refund of {usd(cents)} posted {usd(result.posted_cents)}, freed {usd(result.released_cents)} and "
                f"left {usd(result.receivable_cents)} uncovered",
            )  # fmt: skip
        paid_cents = result.recovered_cents
        debts.judge_refund(book, at_ns, ref, account, cents * USDC6_PER_CENT, paid_cents, credit)
        _certain(hours, at_ns, credit, min(max(paid_cents, 0), cents))
    elif result.outcome is CaptureOutcome.DUPLICATE:
        if not credit.posted and ref in book.presented_again:
            credit.posted = True  # another answer told of it, and was lost
            _certain(hours, at_ns, credit)
    elif not credit.posted:
        if cents > 0 and account is not book.nobody:
            _found(book, "I10", at_ns, ref, account, f"a refund of {usd(cents)} was refused ({result.outcome})")
        _not_after_all(credit)
        del book.credits[ref]


# ---- disputes -------------------------------------------------------------------------------------------------------


def dispute_sent(book: Book, hours: Hours, at_ns: int, message: DisputeNotice) -> None:
    """A dispute may have reached another state."""
    exchange = exchanges.sent(book, message)
    ref = message.presentment_id
    account = book.cards.get(message.card_id, book.nobody)
    if exchange is None:
        if book.exchanges[message.idempotency_key].muddled:
            stories.give_up_on(account)
            book.untold.add(message.dispute_id)
        return
    known = book.disputes.get(ref)
    if known is None:
        known = book.disputes[ref] = Credit(account, message.amount_cents, message.dispute_id)
    known.flying += 1
    alone = known.flying == 1
    expected = _expected(book, known, message)
    if not alone or expected is None:
        _give_up_on(book, message, known)  # two at once, or what is expected hangs on what is in flight
    exchange.mark = (known, alone, expected, known.state)
    if expected is not DisputeOutcome.APPLIED:
        return
    known.cents, known.dispute_id = message.amount_cents, message.dispute_id
    if is_credited(message.state) and not is_credited(known.state):
        _possible(book, at_ns, known)
    elif is_credited(known.state) and _is_end(message.state):
        known.account.unresolved += 1


def _expected(book: Book, known: Credit, message: DisputeNotice) -> DisputeOutcome | None:
    """What is to be answered; None where that cannot be told."""
    packed = book.presented.get(message.presentment_id)
    if known.posted:
        return None  # given up on
    if packed is None:
        return DisputeOutcome.UNKNOWN_PRESENTMENT
    account = book.by_index[packed >> 2 & ACCOUNT_MASK]
    if book.cards.get(message.card_id, book.nobody) is not account:
        return DisputeOutcome.UNKNOWN_PRESENTMENT
    if not packed & 3:
        return None  # not answered as posted yet
    known.account = account
    if known.state is not None and known.dispute_id != message.dispute_id:
        return DisputeOutcome.NOT_ALLOWED
    namesakes = [
        other for other in book.disputes.values() if other is not known and other.dispute_id == message.dispute_id
    ]
    if known.state is None and any(other.state is not None for other in namesakes):
        return DisputeOutcome.NOT_ALLOWED
    if any(other.flying or other.posted for other in namesakes):
        return None  # whether the id is another sale's by now, nobody can tell
    if message.state not in MAY_FOLLOW[known.state]:
        return DisputeOutcome.NOT_ALLOWED
    other = known.state is not None and known.cents != message.amount_cents
    if other or not 0 < message.amount_cents <= packed >> 26:
        return DisputeOutcome.INVALID_AMOUNT
    return DisputeOutcome.APPLIED


def dispute_answered(book: Book, hours: Hours, at_ns: int, message: DisputeNotice, answer: DisputeReceipt) -> None:
    """It has, or not."""
    exchange = exchanges.answered(book, at_ns, message, answer, message.dispute_id)
    if exchange is None:
        return
    known, alone, expected, before = exchange.mark
    known.flying -= 1
    if known.posted:
        return  # given up on
    if not alone or known.flying:
        _give_up_on(book, message, known)
        return
    if expected is None:
        if answer.outcome is DisputeOutcome.APPLIED:
            _give_up_on(book, message, known)
        return
    if expected is DisputeOutcome.APPLIED and _refused_for_a_refund(book, known, message, answer):
        if is_credited(message.state):
            _not_after_all(known)
        return
    if answer.outcome is not expected:
        _found(
            book, "I9", at_ns, message.dispute_id, known.account,
            f"the dispute of {message.presentment_id}, {before or 'new'}, was answered {answer.outcome} for "
            f"{message.state}; the table of its states says {expected}",
        )  # fmt: skip
        _give_up_on(book, message, known)
        return
    if expected is not DisputeOutcome.APPLIED:
        return
    known.state = message.state
    credited_cents = known.cents if is_credited(known.state) else 0
    if known.state is DisputeState.WON and is_credited(before):
        least = max(known.cents - _refunded_cents(book, known.account), 0)
        credited_cents = min(max(answer.credited_cents, least), known.cents)
    if (answer.state, answer.credited_cents) != (known.state, credited_cents):
        _found(
            book, "I10", at_ns, message.dispute_id, known.account,
            f"the dispute of {message.presentment_id} stands at {answer.state} with {usd(answer.credited_cents)} "
            f"credited; it is {known.state} with {usd(credited_cents)}",
        )  # fmt: skip
    if is_credited(known.state) and not is_credited(before):
        _certain(hours, at_ns, known)
        book.dispute_lines.add(("dispute_credit", known.dispute_id, known.account.account_id, known.cents))
    elif is_credited(before) and _is_end(known.state):
        back = known.cents - credited_cents
        if answer.receivable_cents:
            book.dispute_owed[message.dispute_id] = (known.account.account_id, answer.receivable_cents)
        _taken_back(hours, known, back, answer.receivable_cents)
        if back:
            book.dispute_lines.add(("dispute_return", known.dispute_id, known.account.account_id, back))


def _refused_for_a_refund(book: Book, known: Credit, message: DisputeNotice, answer: DisputeReceipt) -> bool:
    """Whether it was refused with a right to it: a refund may have given back what it asks for."""
    if answer.outcome is not DisputeOutcome.INVALID_AMOUNT or is_credited(known.state):
        return False
    most = (book.presented[message.presentment_id] >> 26) - _refunded_cents(book, known.account)
    return message.state is not DisputeState.LOST and message.amount_cents > most


def _refunded_cents(book: Book, account: Account) -> int:
    """The most that may have been refunded of any one sale of the account."""
    return sum(credit.cents for credit in book.credits.values() if credit.named and credit.account is account)


def _give_up_on(book: Book, message: DisputeNotice, known: Credit) -> None:
    """Whether it was followed, nobody can tell."""
    known.posted = True
    stories.give_up_on(known.account)
    book.untold.add(message.dispute_id)


def _found(book: Book, invariant: str, at_ns: int, ref: str, account: Account, what: str) -> None:
    book.found(invariant, at_ns, ref, account.account_id, f"{what}, at {when(at_ns)}")
