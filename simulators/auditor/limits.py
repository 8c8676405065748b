"""I4: spending limits hold in every window.

Rule. An approval is at most the limit per transaction. In every UTC day and every UTC month, what was approved less
what was given back never exceeds that window's limit; equal is allowed. An approval counts with its amount in the
windows of its decision; a reversal or an expiry gives back to those same windows what was still held; captures change
nothing.

Evidence. An approval counts in a window only if its request was sent and its answer came within that window (and, where
clocks may differ, further than the slack from its edges): one that spans an edge is counted in neither. It stops
counting as soon as a reversal is sent or its hold may have expired, with the most that can have been held then.

No false alarm. What is counted was decided inside the window and has not been given back, so the engine's own count
is at least as high; the engine kept that within the limit.
"""

from __future__ import annotations

from typing import Any

from simulators.auditor import exactly_once
from simulators.auditor.book import MONTH_ONLY, REFUSED, RELEASED, UNSURE, Auth, Book
from simulators.auditor.hours import DAY_NS, Hours
from simulators.auditor.words import usd, when


def over_transaction(book: Book, at_ns: int, auth: Auth, message: Any) -> None:
    """Called where the amount exceeds the limit per transaction."""
    limit_cents = book.terms.limits.per_transaction_cents
    book.found(
        "I4", at_ns, message.authorization_id, auth.account.account_id,
        f"transaction limit: approved {usd(auth.low or auth.cents)} at {when(at_ns)}; at most {usd(limit_cents)} is "
        "allowed",
    )  # fmt: skip


def over_window(book: Book, at_ns: int, auth: Auth, message: Any) -> None:
    """Called where a window is over its limit; reports, then forgives the excess."""
    account, limits = auth.account, book.terms.limits
    if limits.daily_cents is not None and account.day_cents > limits.daily_cents:
        _report(book, at_ns, auth, message, "daily", account.day_cents, limits.daily_cents)
        account.day_cents = limits.daily_cents
    if limits.monthly_cents is not None and account.month_cents > limits.monthly_cents:
        _report(book, at_ns, auth, message, "monthly", account.month_cents, limits.monthly_cents)
        account.month_cents = limits.monthly_cents


def count_more(book: Book, hours: Hours, at_ns: int, auth: Auth, message: Any, cents: int) -> None:
    """An increment counts in the windows of the original decision."""
    account, window = auth.account, auth.window
    if window >= 0 and account.day == window:
        account.day_cents += cents
    month = hours.month_of(window) if window >= 0 else MONTH_ONLY - window
    if (window >= 0 or window <= MONTH_ONLY) and account.month == month:
        account.month_cents += cents
    if not book.plain_limits:
        return
    limits = book.terms.limits
    if limits.per_transaction_cents is not None and cents > limits.per_transaction_cents:
        over_transaction(book, at_ns, auth, message)
    over_window(book, at_ns, auth, message)


def _report(book: Book, at_ns: int, auth: Auth, message: Any, window: str, cents: int, limit_cents: int) -> None:
    book.found(
        "I4", at_ns, message.authorization_id, auth.account.account_id,
        f"{window} limit: with {usd(auth.cents)} approved at {when(at_ns)} account {auth.account.account_id} has "
        f"{usd(cents)} approved and not given back in this window; at most {usd(limit_cents)} is allowed",
    )  # fmt: skip


def count_apart(book: Book, hours: Hours, at_ns: int, auth: Auth, message: Any) -> None:
    """An approval that was not sent and answered within one certain day, or that may be undone already."""
    auth.account.unsure_month = hours.month_of(at_ns // DAY_NS + 1)  # the turn of a month may be a moment away
    if auth.window in (RELEASED, REFUSED):
        auth.account.spent_cents -= auth.low
        auth.low = 0
        if auth.window == REFUSED:
            exactly_once.approved_after_reversal(book, at_ns, auth, message.authorization_id)
        return
    sent_day, auth.window = auth.window, UNSURE
    if sent_day < 0 or hours.day_answered < 0:
        return
    month = hours.month
    if hours.month_of(sent_day) == month:
        account = auth.account
        auth.window = MONTH_ONLY - month
        if account.month != month:
            account.enter(hours.day_answered, month)
        account.month_cents += auth.cents
        if book.plain_limits:
            over_window(book, at_ns, auth, message)
