"""What happens on chain, as blocks show it. Judged after each event: I7 and I8."""

from __future__ import annotations

from engine.interface import WithdrawalStage
from simulators.auditor import backing, debts, settled_once
from simulators.auditor.book import Book
from simulators.auditor.notices import deposit_seen, step_possible
from simulators.auditor.records import ChainEvent

_STEPS = {
    "WithdrawalCancelled": WithdrawalStage.CANCELLED,
    "WithdrawalReduced": WithdrawalStage.REDUCED,
    "WithdrawalCompleted": WithdrawalStage.COMPLETED,
}


def event(book: Book, at_ns: int, seen: ChainEvent) -> None:
    """Book one event, then see whether the account is still backed. Raises ValueError for an unknown kind."""
    account = book.account(seen.account_id)
    amount = seen.amount_usdc6
    kind = seen.kind
    if kind == "CardDeposit":
        account.chain_in_usdc6 += amount
        deposit_seen(book, seen.ref, account, amount)
    elif kind == "CardSettlement":
        book.burned_usdc6 += amount
        settled_once.burned(book, at_ns, account, seen)
    elif kind == "SettlementShortfall":
        _short(book, at_ns, seen)
    elif kind in _STEPS:
        if kind == "WithdrawalCompleted":
            account.chain_out_usdc6 += amount
            backing.excuse_payout(account, amount)
        else:
            step_possible(account, _STEPS[kind], amount)
        if kind != "WithdrawalReduced" or not amount:
            account.withdrawals_ended += 1
    elif kind == "WithdrawalRequested":
        account.leaving_usdc6 += amount
    else:
        raise ValueError(f"unknown chain event {kind!r}")
    backing.judge(book, at_ns, account, kind, seen.ref)


def _short(book: Book, at_ns: int, seen: ChainEvent) -> None:
    """What the balance did not cover becomes a debt of the customer."""
    account = book.account(seen.account_id)
    settled_once.counted(book, at_ns, account, seen)
    account.short_usdc6 += seen.amount_usdc6
    account.short_at_ns = at_ns
    debts.grew(account, seen.amount_usdc6, 0)
    debts.may_come_free(account, 1)  # when the engine books it, nobody tells
    mark = (seen.settlement_id, seen.account_id)
    book.shortfalls[mark] = book.shortfalls.get(mark, 0) + seen.amount_usdc6
