"""I12, its other half: what is free can be used.

Rule. An authorization is not refused for want of money, or for a limit, where both were there for certain: not only
at its decision, but for a whole ``patience_ns`` before it, so that an engine whose fast memory is more cautious than
its ledger has had the time to catch up.

Evidence. Money: deposits credited, less payouts, less all that is possibly held, captured or on its way out. Limits:
what was approved in the window, less what reversals answered as freed. Judged only where nothing gave money or limits
back since ``patience_ns``, where no other refusal of the account was answered since this request was sent (it may
have held something for a moment), and for windows only where no other authorization of the account is in flight and
none was decided near a window's edge.

No false alarm. Under these conditions what the account may spend has only fallen since, so what is left of it now was
there at every instant at which the engine can have decided.
"""

from __future__ import annotations

from typing import Any

from engine.interface import AuthorizationRequest, DeclineReason
from simulators.auditor.book import USDC6_PER_CENT, Account, Auth, Book
from simulators.auditor.hours import Hours
from simulators.auditor.words import usd, usdc, when

JUDGED = frozenset(
    {
        DeclineReason.INSUFFICIENT_FUNDS,
        DeclineReason.TRANSACTION_LIMIT,
        DeclineReason.DAILY_LIMIT,
        DeclineReason.MONTHLY_LIMIT,
    }
)


def judge(
    book: Book, hours: Hours, at_ns: int, auth: Auth, message: AuthorizationRequest, reason: DeclineReason
) -> None:
    """A refusal for one of ``JUDGED``, before the books let go of it."""
    account = auth.account
    settled_ns = min(at_ns - book.patience_ns, message.sent_at_ns - book.slack_ns)
    if account is book.nobody or account.raised_ns > settled_ns or account.declined_ns >= message.sent_at_ns:
        return
    if reason is DeclineReason.INSUFFICIENT_FUNDS:
        judge_money(book, at_ns, account, message, auth.high)
        return
    left_cents = _left(book, hours, account, auth, reason)
    if left_cents is not None and left_cents >= auth.cents:
        _report(book, at_ns, account, message, reason, f"at least {usd(left_cents)} of that limit were left")


def judge_money(book: Book, at_ns: int, account: Account, message: AuthorizationRequest, own_cents: int) -> None:
    """A refusal for want of money; ``own_cents`` of what is possibly held is for this very request."""
    settled_ns = min(at_ns - book.patience_ns, message.sent_at_ns - book.slack_ns)
    if account is book.nobody or account.raised_ns > settled_ns or account.declined_ns >= message.sent_at_ns:
        return
    free_usdc6 = _free(account, own_cents)
    if free_usdc6 >= message.amount_cents * USDC6_PER_CENT and not book.no_declines:
        there = f"at least {usdc(free_usdc6)} were free"
        _report(book, at_ns, account, message, DeclineReason.INSUFFICIENT_FUNDS, there)


def _free(account: Account, own_cents: int) -> int:
    """The least that the account could spend, in millionths, one request aside."""
    if account.unresolved and account.credit_ever_cents:
        return 0  # a credit may be on its way back
    used_cents = account.high_cents - own_cents + account.presented_cents - account.credit_cents
    return account.paid_in_usdc6 - account.paid_out_usdc6 - account.pending_usdc6 - used_cents * USDC6_PER_CENT


def _left(book: Book, hours: Hours, account: Account, auth: Auth, reason: Any) -> int | None:
    """The least that a limit left, in cents; None where it cannot be told."""
    limits = book.terms.limits
    if not book.plain_limits or auth.message.card_id in book.more_limits:
        return None  # there are other limits of this name
    if reason is DeclineReason.TRANSACTION_LIMIT:
        return limits.per_transaction_cents
    day = hours.day_answered
    if account.in_flight != 1 or auth.window != day or account.unsure_month >= hours.month:
        return None
    if reason is DeclineReason.MONTHLY_LIMIT:
        counted = account.month_cents + account.month_back_cents if account.month == hours.month else 0
        return None if limits.monthly_cents is None else limits.monthly_cents - counted
    counted = account.day_cents + account.day_back_cents if account.day == day else 0
    return None if limits.daily_cents is None else limits.daily_cents - counted


def _report(
    book: Book, at_ns: int, account: Account, message: AuthorizationRequest, reason: DeclineReason, there: str
) -> None:
    book.found(
        "I12", at_ns, message.authorization_id, account.account_id,
        f"refused without need: {usd(message.amount_cents)} was declined at {when(at_ns)} ({reason}) although {there} "
        "for certain, and had been for a while",
    )  # fmt: skip
