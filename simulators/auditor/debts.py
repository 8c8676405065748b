"""What a customer owes: the most and the least of it, and what pays it. Judged: I10 (a refund pays a debt first).

Rule. A refund, like any credit and any deposit, pays first what its customer owes, and no more than that; its result
says how much (in whole cents, rounded down).

Evidence. What captures and disputes were answered to have left uncovered, and what the chain was short of; against it
the amounts that came in, and what results said of them.

No false alarm. A debt grows only by what an answer or the chain tells of, and what is in flight may be decided in any
order. *The least*: all that is reported, less all that may have been paid, each taken off in full when it is first
sent; nothing once anything may have come free, which pays what is owed too: a reversal, an advice, a step of a
withdrawal, a capture, a tick that ends holds, a burn that fell short. *The most*: payments that overlap together pay at
least as much of what was owed when the first of them was sent as their amounts come to, and at least what results say;
what came free takes nothing off it. What the chain was short of is not sure to be known to the engine until it is
final: it counts in the most alone. What is reported as paid and not yet as owed, since a capture's answer is still on
its way, is taken off as soon as that comes.
"""

from __future__ import annotations

from typing import Any

from simulators.auditor.account import Account
from simulators.auditor.book import USDC6_PER_CENT, Book
from simulators.auditor.words import usd, usdc, when


class Debt:
    """Of an account, in millionths. The most that is owed stands in ``Account.receivable_usdc6``.

    ``least``: may fall below zero while payments are in flight. ``ahead``: paid, and not yet reported as owed.
    ``paying``: payments in flight; ``sent``: how many ever. Of those that overlap: ``owed``, the most that was owed
    before the first of them; ``came``, what those that are answered amount to; ``told``, what they were said to have
    paid; ``taken``, what is taken off.
    """

    __slots__ = ("ahead", "came", "least", "owed", "paying", "sent", "taken", "told")

    def __init__(self) -> None:
        self.least = self.ahead = self.paying = self.sent = self.owed = self.came = self.told = self.taken = 0


def of(account: Account) -> Debt:
    """Its debt, begun here."""
    debt: Debt | None = account.debt
    if debt is None:
        debt = account.debt = Debt()
    return debt


def may_come_free(account: Account, flying: int = 0) -> None:
    """Something of the account may have come free, and paid what is owed: nobody knows how much is left at least.

    ``flying``: 1 when what frees is sent, -1 when it is answered; what is never answered may free for ever.
    """
    account.freeing += flying
    debt: Debt | None = account.debt
    if debt is not None:
        debt.least = min(debt.least, 0)
        debt.sent += 1


def grew(account: Account, most_usdc6: int, least_usdc6: int) -> None:
    """So much more is owed, as an answer or the chain has just told."""
    debt = of(account)
    paid_before = min(debt.ahead, most_usdc6)
    debt.ahead -= paid_before
    debt.least += least_usdc6
    account.receivable_usdc6 += most_usdc6 - paid_before
    account.free_usdc6 += most_usdc6 - paid_before


def reported(account: Account, cents: int) -> None:
    """An answer told what funds did not cover; whole cents, rounded up."""
    least = cents * USDC6_PER_CENT - (USDC6_PER_CENT - 1 if account.uneven else 0)
    grew(account, cents * USDC6_PER_CENT, max(least, 0))


def payment_sent(book: Book, at_ns: int, account: Account, amount_usdc6: int) -> int:
    """Something that may pay a debt is sent for the first time; the least that it can find owed."""
    debt = of(account)
    _clear(account, debt)
    if not debt.paying:
        heard = not account.short_usdc6 or book.has_heard(at_ns, account.short_at_ns)
        debt.owed = account.receivable_usdc6 if heard else 0
        debt.came = debt.told = debt.taken = 0
    debt.paying += 1
    debt.sent += 1
    found = max(debt.least, 0)
    debt.least -= amount_usdc6
    return found


def payment_answered(account: Account, amount_usdc6: int, told_usdc6: int = 0) -> None:
    """It is booked, or was refused (amount 0). ``told_usdc6``: what its result says that it paid."""
    debt = of(account)
    debt.paying -= 1
    debt.came += amount_usdc6
    debt.told += told_usdc6
    taken = max(debt.told, min(debt.owed, debt.came))
    _take_off(account, debt, taken - debt.taken)
    debt.taken = taken
    _clear(account, debt)


def _take_off(account: Account, debt: Debt, paid_usdc6: int) -> None:
    off = min(paid_usdc6, account.receivable_usdc6)
    account.receivable_usdc6 -= off
    account.free_usdc6 -= off
    debt.ahead += paid_usdc6 - off


def _clear(account: Account, debt: Debt) -> None:
    """Where nothing is in flight, no payment of before is left that could pay what comes."""
    if not debt.paying and account.presented_cents == account.captured_cents and not account.unresolved:
        debt.least = min(max(debt.least, 0), account.receivable_usdc6)


def judge_refund(
    book: Book, at_ns: int, ref: str, account: Account, amount_usdc6: int, recovered_cents: int, refund: Any
) -> None:
    """A refund's result, before it is booked. ``refund``: what was known when it was sent (``credits.Credit``)."""
    debt, most = of(account), amount_usdc6
    least = 0
    if account.presented_cents == account.captured_cents:
        if debt.sent == refund.payments and not account.freeing and not book.expiring:
            least = min(refund.found_usdc6, amount_usdc6)
        if account.unresolved == debt.paying:
            most = min(account.receivable_usdc6 + debt.taken, amount_usdc6)
    if least // USDC6_PER_CENT <= recovered_cents <= most // USDC6_PER_CENT:
        return
    owed = usdc(most) if least == most else f"{usdc(least)} to {usdc(most)}"
    book.found(
        "I10", at_ns, ref, account.account_id,
        f"a refund of {usdc(amount_usdc6)}, answered at {when(at_ns)}, paid {usd(recovered_cents)} of a debt; {owed} "
        "of what was owed were to be paid by it",
    )  # fmt: skip
