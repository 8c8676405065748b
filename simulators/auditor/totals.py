"""I10: the lines of the statement, added up, are the balance.

Rule. Of each account: deposits less payouts and settlements are what is available, held, unsettled and on its way out
together; receivables less recoveries are what is owed; captures and what was returned of disputes, less refunds and
their credits, less what is owed and what was settled, are what is unsettled.

Evidence. The statement, read to its end, against the last balance.

No false alarm. Judged only where the last balance was told while nothing of the account was in flight, nothing of it
was sent, answered or burned since, and the engine surely knew by then how its latest settlement had ended. A balance
that is wrong by itself is told of as that alone.
"""

from __future__ import annotations

from typing import Any

from engine.interface import Balance, StatementEntry, StatementKind
from simulators.auditor.book import Account, Book
from simulators.auditor.words import usdc


def told(book: Book, at_ns: int, account: Account, said: Balance | None) -> None:
    """A balance, while nothing of the account is in flight; None for one that is wrong, and is told of already."""
    heard = book.has_heard(at_ns, account.burned_at_ns) and book.has_heard(at_ns, account.short_at_ns)
    account.last_said = (said, _books_of(account)) if heard and said is not None else None


def _books_of(account: Account) -> tuple[int, ...]:
    """What changes with everything that a statement has a line for."""
    return (
        account.presented_cents, account.captured_cents, account.crediting_cents, account.credit_cents,
        account.paid_in_usdc6, account.paid_out_usdc6, account.burned_usdc6, account.short_usdc6, account.unresolved,
    )  # fmt: skip


def line(book: Book, entry: StatementEntry) -> None:
    """Add up one line."""
    sums = book.sums.get(entry.account_id)
    if sums is None:
        sums = book.sums[entry.account_id] = dict.fromkeys(StatementKind, 0)
    sums[entry.kind] += entry.amount_usdc6


def judge(book: Book, at_ns: int) -> None:
    """Once the statement has been read to its end."""
    for account in book.by_index:
        if account.last_said is None:
            continue
        said, books = account.last_said
        if books != _books_of(account):
            continue
        sums = book.sums.get(account.account_id) or dict.fromkeys(StatementKind, 0)
        wrong = [
            f"{what} are {usdc(lines)}, the balance has {usdc(balance)}"
            for what, lines, balance in _equations(said, sums)
            if lines != balance
        ]
        if wrong:
            book.found(
                "I10", at_ns, "", account.account_id,
                f"the lines of the statement of account {account.account_id} do not add up to its last balance: "
                + "; ".join(wrong),
            )  # fmt: skip


def _equations(said: Balance, sums: dict[Any, int]) -> tuple[tuple[str, int, int], ...]:
    """In words, what lines come to, what the balance says."""
    kind = StatementKind
    owed = sums[kind.RECEIVABLE] - sums[kind.RECOVERY]
    sold = sums[kind.CAPTURE] + sums[kind.DISPUTE_RETURN] - sums[kind.REFUND] - sums[kind.DISPUTE_CREDIT]
    on_chain = sums[kind.DEPOSIT] - sums[kind.WITHDRAWAL] - sums[kind.SETTLEMENT]
    together = said.available_usdc6 + said.held_usdc6 + said.unsettled_usdc6 + said.withdrawing_usdc6
    return (
        ("deposits less payouts and settlements", on_chain, together),
        ("receivables less recoveries", owed, said.receivable_usdc6),
        (
            "captures and returns less credits, what is owed and settlements",
            sold - owed - sums[kind.SETTLEMENT],
            said.unsettled_usdc6,
        ),
    )
