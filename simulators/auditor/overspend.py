"""I2: approvals never exceed available funds.

Rule. At every instant, what is held and captured (less what is booked as receivable) and on its way out must not
exceed the customer's funds: deposits less payouts, plus credits. Only force posts, captures beyond their hold and
advices may take more than there is; what captures take too much has to be reported as receivable. An approval is for
exactly the amount asked, or for a part where the request welcomes that, and on a card that somebody has been given.

Evidence. The left side counts an approval from its answer until anything that may release it is sent, a capture from
its answer (and, while it is in flight, the part of it that the hold covers), a withdrawal from the answer to its
notice, and of that only what was free for certain. The right side counts a deposit from the first word of it, in a
block or in a notice, and a payout only as far as it had been set aside.

No false alarm. A right engine keeps the inequality at all instants of its own order of things. Every item on the left
has been decided, and is not undone, by the instant of judging; every item on the right is at its largest. So the sum
on the left is at most the engine's own, and the sum on the right at least.
"""

from __future__ import annotations

from typing import Any

from simulators.auditor import answers, codes
from simulators.auditor.book import USDC6_PER_CENT, Account, Auth, Book
from simulators.auditor.words import usd, usdc, when


def judge(book: Book, at_ns: int, account: Account, ref: str, what: str) -> None:
    """Called where ``spent_cents`` in millionths exceeds ``free_usdc6``; reports, then forgives, so that only more
    alarms.
    """
    spent_usdc6 = account.spent_cents * USDC6_PER_CENT
    excess_usdc6 = spent_usdc6 - account.free_usdc6
    if excess_usdc6 <= 0:
        return
    whose = f"account {account.account_id}" if account.account_id else "a card that was never opened"
    book.found(
        "I2", at_ns, ref, account.account_id,
        f"overspent: at {when(at_ns)} {what} took {whose} to {usdc(spent_usdc6)} held and captured for certain, where "
        f"at most {usdc(account.free_usdc6)} can have been there: {usdc(excess_usdc6)} too much",
    )  # fmt: skip
    account.free_usdc6 += excess_usdc6


def allow_until_answered(account: Account, cents: int) -> None:
    """An advice in flight may take so much more, whatever there is; taken off again with its answer."""
    account.free_usdc6 += cents * USDC6_PER_CENT
    account.excused_usdc6 += cents * USDC6_PER_CENT


def allow(account: Account, story: Any) -> None:
    """An advice may take more than there is: everything that may be held or captured just now is allowed for, as far as
    it is more than what is there for certain; what is on its way in may have come after the advice.
    """
    possible = (account.high_cents + account.presented_cents - account.credit_cents) * USDC6_PER_CENT
    there = account.paid_in_usdc6 - account.paid_out_usdc6 - account.withdrawing_usdc6
    excess = possible - there
    if excess > 0:
        account.free_usdc6 += excess
        account.excused_usdc6 += excess
        story.excess_usdc6 += excess


def granted(book: Book, at_ns: int, auth: Auth, answer: Any) -> int:
    """An approval for another amount than was asked: what it holds, in cents. A part may be, where that was welcome."""
    message = auth.message
    if not message.partial_supported or not 0 < answer.approved_cents < auth.cents:
        wrong_amount(book, at_ns, auth, answer)
        return auth.cents
    cents = answer.approved_cents
    if answer.response_code != codes.PARTIAL:
        answers.misspoken(book, at_ns, message, answer)
    auth.account.high_cents -= auth.high - min(auth.high, cents)
    auth.high = min(auth.high, cents)
    book.granted[message.authorization_id] = cents
    return cents


def wrong_amount(book: Book, at_ns: int, auth: Auth, answer: Any) -> None:
    """An approval for another amount than was asked."""
    book.found(
        "I2", at_ns, answer.authorization_id, auth.account.account_id,
        f"approved {usd(answer.approved_cents)} at {when(at_ns)} where {usd(auth.cents)} was asked; an approval is for "
        "the amount asked, or there is none",
    )  # fmt: skip
