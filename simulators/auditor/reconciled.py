"""I10, the auditor's share: the engine's statement agrees with what crossed the wire, line by line.

Rule. Each posted presentment, credited deposit, booked payout and burn on chain has exactly one line of its kind, with
its reference, its account and its amount; no line is without its cause. A receivable line repeats what the capture's
result, or the chain's shortfall, said. A recovery names what paid: a deposit or a credit, and is not larger than it,
or what freed the funds, a message or an event of that account. What the engine says it settled is not more than the
chain burned. (A result that posts another amount than was presented is I10 too; see ``captures``.)

Evidence. Results and receipts as answered, notices, chain events, the statement's pages.

No false alarm. Lines are demanded only for what was answered, and burns only after ``finality_ns``; what was sent and
not answered may have a line or none. Nothing is demanded of an engine whose statement was never read.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.interface import StatementEntry, StatementKind
from simulators.auditor import totals
from simulators.auditor.book import ACCOUNT_MASK, USDC6_PER_CENT, Book
from simulators.auditor.captures import LISTED, SENT
from simulators.auditor.words import usd, usdc, when

RECOVERY = "recovery:"
FREEING = ("reversal:", "advice:", "expiry:")


def statement(book: Book, entries: Iterable[StatementEntry]) -> None:
    """A page, in order. The other half of the rule waits for ``missing``."""
    book.statement_read = True
    for entry in entries:
        kind = entry.kind
        totals.line(book, entry)
        if kind is StatementKind.CAPTURE:
            _capture(book, entry)
            continue
        mark = (kind, entry.ref, entry.account_id)
        if mark in book.lines:
            _break(book, entry, f"a second {kind} line for {entry.ref}; there is one already")
            continue
        book.lines.add(mark)
        if kind is StatementKind.SETTLEMENT:
            _settlement(book, entry)
        elif kind is StatementKind.RECEIVABLE:
            _receivable(book, entry)
        elif kind is StatementKind.RECOVERY:
            _recovery(book, entry)
        elif kind is StatementKind.REFUND:
            _refund(book, entry)
        elif kind in (StatementKind.DISPUTE_CREDIT, StatementKind.DISPUTE_RETURN):
            _dispute(book, entry)
        else:
            _notice(book, entry)


def _break(book: Book, entry: StatementEntry, message: str) -> None:
    book.found("I10", entry.at_ns, entry.ref, entry.account_id, f"statement of {when(entry.at_ns)}: {message}")


def _capture(book: Book, entry: StatementEntry) -> None:
    packed = book.presented.get(entry.ref)
    told = f"capture of {usdc(entry.amount_usdc6)} for {entry.ref}"
    if packed is None:
        _break(book, entry, f"{told}; no such presentment was sent")
        return
    cents, account = packed >> 26, book.by_index[packed >> 2 & ACCOUNT_MASK]
    if packed & 3 == LISTED:
        _break(book, entry, f"{told}; it is in the statement already")
    elif entry.amount_usdc6 != cents * USDC6_PER_CENT:
        _break(book, entry, f"{told}; {usd(cents)} was presented")
    elif entry.account_id != account.account_id:
        _break(book, entry, f"{told} of account {entry.account_id}; its card is account {account.account_id}'s")
    book.presented[entry.ref] = packed | LISTED


def _settlement(book: Book, entry: StatementEntry) -> None:
    _, _, amounts = book.settlements.get(entry.ref, ("", 0, {}))
    account = book.accounts.get(entry.account_id)
    burned = amounts.get(account.index, 0) if account is not None else 0
    if entry.amount_usdc6 != burned:
        told = f"settlement {entry.ref} of {usdc(entry.amount_usdc6)} for account {entry.account_id}"
        _break(book, entry, f"{told}; the chain burned {usdc(burned)}")


def _receivable(book: Book, entry: StatementEntry) -> None:
    told = f"receivable of {usdc(entry.amount_usdc6)} for {entry.ref}"
    cents = book.receivables.get(entry.ref)
    if cents is None and entry.ref in book.dispute_owed:
        cents = book.dispute_owed[entry.ref][1]
    short = book.shortfalls.get((entry.ref, entry.account_id))
    if cents is not None:
        if abs(entry.amount_usdc6 - cents * USDC6_PER_CENT) >= USDC6_PER_CENT:
            _break(book, entry, f"{told}; its capture reported {usd(cents)}")
    elif short is not None:
        if entry.amount_usdc6 != short:
            _break(book, entry, f"{told}; the chain was short of {usdc(short)}")
    elif book.presented.get(entry.ref, SENT) & 3 != SENT and entry.ref not in book.presented_again:
        _break(book, entry, f"{told}; its capture reported none")
    elif entry.ref not in book.presented and entry.ref not in book.untold:
        _break(book, entry, f"{told}; nothing by that name was ever short")


def _refund(book: Book, entry: StatementEntry) -> None:
    credit = book.credits.get(entry.ref)
    told = f"refund {entry.ref} of {usdc(entry.amount_usdc6)} for account {entry.account_id}"
    if credit is None:
        _break(book, entry, f"{told}; no such refund was presented")
    elif credit.account.account_id != entry.account_id or credit.cents * USDC6_PER_CENT != entry.amount_usdc6:
        _break(book, entry, f"{told}; {usd(credit.cents)} was presented for account {credit.account.account_id}")


def _dispute(book: Book, entry: StatementEntry) -> None:
    cents, odd = divmod(entry.amount_usdc6, USDC6_PER_CENT)
    if not odd and (str(entry.kind), entry.ref, entry.account_id, cents) in book.dispute_lines:
        return
    disputes = [dispute for dispute in book.disputes.values() if dispute.dispute_id == entry.ref]
    if entry.ref in book.untold or any(dispute.flying for dispute in disputes):
        return
    told = f"{entry.kind} {entry.ref} of {usdc(entry.amount_usdc6)} for account {entry.account_id}"
    _break(book, entry, f"{told}; no answer told of that")


def _recovery(book: Book, entry: StatementEntry) -> None:
    ref = entry.ref.removeprefix(RECOVERY)
    if ref in book.credits or any(dispute.dispute_id == ref for dispute in book.disputes.values()):
        _recovery_of_a_credit(book, entry, ref)
        return
    notice = book.notices.get(ref)
    told = f"recovery {entry.ref} of {usdc(entry.amount_usdc6)}"
    if _freed(book, entry, ref):
        return
    if notice is None or notice.account.account_id != entry.account_id:
        _break(book, entry, f"{told}; account {entry.account_id} had no such deposit")
    elif entry.amount_usdc6 > notice.amount_usdc6:
        _break(book, entry, f"{told}; the deposit was {usdc(notice.amount_usdc6)}")


def _freed(book: Book, entry: StatementEntry, ref: str) -> bool:
    """Whether this is something of the account that may have freed funds: how much, the statement's lines do not say.
    Of what exactly a hold was freed is not kept for long.
    """
    if ref.startswith(FREEING):
        return entry.account_id in book.accounts
    notice, packed = book.notices.get(ref), book.presented.get(ref)
    if notice is not None:
        return notice.kind is not StatementKind.DEPOSIT and notice.account.account_id == entry.account_id
    if packed is not None:
        return book.by_index[packed >> 2 & ACCOUNT_MASK].account_id == entry.account_id
    return (ref, entry.account_id) in book.shortfalls


def _recovery_of_a_credit(book: Book, entry: StatementEntry, ref: str) -> None:
    credit = book.credits.get(ref)
    if credit is None and ref in book.untold:
        return
    if credit is None:
        credit = next(dispute for dispute in book.disputes.values() if dispute.dispute_id == ref)
    if credit.account.account_id != entry.account_id or entry.amount_usdc6 > credit.cents * USDC6_PER_CENT:
        told = f"recovery {entry.ref} of {usdc(entry.amount_usdc6)} for account {entry.account_id}"
        _break(book, entry, f"{told}; the credit was {usd(credit.cents)} for account {credit.account.account_id}")


def _notice(book: Book, entry: StatementEntry) -> None:
    """A deposit, or the payout of a withdrawal."""
    notice = book.notices.get(entry.ref)
    told = f"{entry.kind} {entry.ref} of {usdc(entry.amount_usdc6)} for account {entry.account_id}"
    if notice is None or not notice.sent or notice.kind != entry.kind:
        _break(book, entry, f"{told}; the chain told of none")
    elif notice.account.account_id != entry.account_id or notice.amount_usdc6 != entry.amount_usdc6:
        told_of = f"{usdc(notice.amount_usdc6)} for account {notice.account.account_id}"
        _break(book, entry, f"{told}; the chain told of {told_of}")


def missing(book: Book, at_ns: int) -> None:
    """What has no line, and what the engine claims beyond the chain; once the whole statement is in."""
    if book.settled_usdc6 > book.burned_usdc6:
        book.found(
            "I10", at_ns, "", "",
            f"settlement ticks answered {usdc(book.settled_usdc6)} as burned; the chain burned "
            f"{usdc(book.burned_usdc6)}",
        )  # fmt: skip
    if not book.statement_read:
        return
    totals.judge(book, at_ns)
    for ref, packed in book.presented.items():
        if packed & 3 not in (SENT, LISTED):
            account_id = book.by_index[packed >> 2 & ACCOUNT_MASK].account_id
            _no_line(book, at_ns, "capture", ref, account_id, usd(packed >> 26))
    for ref in book.receivables:
        packed = book.presented[ref]
        account_id = book.by_index[packed >> 2 & ACCOUNT_MASK].account_id
        if (StatementKind.RECEIVABLE, ref, account_id) not in book.lines:
            _no_line(book, at_ns, "receivable", ref, account_id, usd(book.receivables[ref]))
    for ref, (account_id, cents) in book.dispute_owed.items():
        if (StatementKind.RECEIVABLE, ref, account_id) not in book.lines:
            _no_line(book, at_ns, "receivable", ref, account_id, usd(cents))
    for ref, credit in book.credits.items():
        account_id = credit.account.account_id
        if credit.posted and (StatementKind.REFUND, ref, account_id) not in book.lines:
            _no_line(book, at_ns, "refund", ref, account_id, usd(credit.cents))
    for kind, ref, account_id, cents in sorted(book.dispute_lines):
        if (kind, ref, account_id) not in book.lines:
            _no_line(book, at_ns, kind, ref, account_id, usd(cents))
    for ref, notice in book.notices.items():
        account_id = notice.account.account_id
        if notice.answered and notice.kind and (notice.kind, ref, account_id) not in book.lines:
            _no_line(book, at_ns, notice.kind, ref, account_id, usdc(notice.amount_usdc6))
    for ref, (_, burned_at_ns, amounts) in book.settlements.items():
        if at_ns - burned_at_ns <= book.finality_ns:
            continue
        for index, amount_usdc6 in amounts.items():
            account_id = book.by_index[index].account_id
            if (StatementKind.SETTLEMENT, ref, account_id) not in book.lines:
                _no_line(book, at_ns, "settlement", ref, account_id, usdc(amount_usdc6))


def _no_line(book: Book, at_ns: int, kind: str, ref: str, account_id: str, amount: str) -> None:
    book.found(
        "I10", at_ns, ref, account_id, f"the statement has no {kind} line for {ref}, {amount} of account {account_id}"
    )
