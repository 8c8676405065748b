"""What is available pays what is owed, at once: nobody goes on spending who owes.

Deposits, refunds and disputes pay a debt out of what they bring. Here is what frees funds: a hold that ends or shrinks,
a withdrawal that does not leave, a burn that took less than it was to take.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.domain.ledger import Commit, Entry, HoldChange, Queued, Rows, recovery


def payable_usdc6(available_usdc6: int, receivable_usdc6: int) -> int:
    """How much of a debt what is available pays; a negative balance pays nothing, and is no debt."""
    return max(min(available_usdc6, receivable_usdc6), 0)


def with_debts_paid(commit: Commit, rows: Rows, now_ns: int, name_of: Callable[[Entry], str] | None = None) -> Commit:
    """The commit, with a recovery behind each entry that leaves both something available and something owed.

    ``name_of`` an entry is what its recovery is named after; None: its ref. It has to be new, since a settlement is
    named after what it burns. What is recovered waits to be burned, like a capture.
    """
    if not _may_owe(commit, rows):
        return commit
    running: dict[str, tuple[int, int]] = {}
    entries: list[Entry] = []
    queued: list[Queued] = []
    changes: list[HoldChange] = []
    for entry in commit.entries:
        account_id = entry.account_id
        funds = rows.funds[account_id]
        available, owed = running.get(account_id, (funds.available_usdc6, funds.receivable_usdc6))
        available += _sum_of(entry, "available")
        owed -= _sum_of(entry, "receivable")
        entries.append(entry)
        paid = payable_usdc6(available, owed)
        if paid:
            ref = f"recovery:{name_of(entry) if name_of is not None else entry.ref}"
            entries.append(recovery(ref, account_id, now_ns, paid))
            queued.append(Queued(ref, account_id, paid))
            changes.append(HoldChange(account_id, available_usdc6=-paid))
        running[account_id] = (available - paid, owed - paid)
    return commit._replace(
        entries=tuple(entries), queued=(*commit.queued, *queued), changes=(*commit.changes, *changes)
    )  # fmt: skip


def _may_owe(commit: Commit, rows: Rows) -> bool:
    return any(entry.receivable_usdc6 or rows.funds[entry.account_id].receivable_usdc6 for entry in commit.entries)


def _sum_of(entry: Entry, book: str) -> int:
    return sum(posting.amount for posting in entry.postings if posting.book == book)
