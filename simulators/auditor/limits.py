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

from engine.interface import LimitTerms
from simulators.auditor import exactly_once, windows
from simulators.auditor.book import MONTH_ONLY, REFUSED, RELEASED, UNSURE, Account, Auth, Book
from simulators.auditor.hours import DAY_NS, Hours
from simulators.auditor.words import usd, when

NO_LIMIT = 1 << 200


def plain_bounds(limits: LimitTerms) -> tuple[int, int, int]:
    """Of a transaction, a UTC day and a UTC month; NO_LIMIT where there is none, or ``tallies`` counts it."""
    policy = limits.policy
    apart = not windows.is_plain(limits)
    bounds = []
    for bound, elsewhere in (
        (limits.per_transaction_cents, False),
        (limits.daily_cents, apart),
        (limits.monthly_cents, apart),
    ):
        none = bound is None or elsewhere or (bound == 0 and policy.zero_is_no_limit)
        bounds.append(NO_LIMIT if none else bound)
    return bounds[0], bounds[1], bounds[2]


def has_categories(limits: LimitTerms) -> bool:
    """Whether merchants are allowed or blocked by their category."""
    return limits.allowed_mccs is not None or bool(limits.blocked_mccs)


def by_purchase(book: Book, at_ns: int, auth: Auth, message: Any, cents: int) -> None:
    """What one purchase can break by itself: limits of the account, and of a card or a mandate known for certain. Then
    what it breaks together with others, in windows that are not plain.
    """
    account = auth.account
    if book.tallies.on:
        book.tallies.approved(at_ns, auth, message, cents)
    scopes = [("account", book.terms.limits)]
    known = account.standing
    if known is not None and known.opening is not None and known.since_ns <= message.sent_at_ns:
        card = known.cards.get(message.card_id)
        mandate = None if card is None else known.mandates.get(card.mandate_id)
        scopes += [("card", card and card.limits), ("mandate", mandate and mandate.limits)]
    for whose, limits in scopes:
        if limits is None:
            continue
        most = plain_bounds(limits)[0]
        if whose != "account" and cents > most:
            _broken(book, at_ns, account, message, f"{usd(cents)} approved; the {whose} allows {usd(most)} at once")
        allowed = limits.allowed_mccs is None or message.mcc in limits.allowed_mccs
        if not allowed or message.mcc in limits.blocked_mccs:
            what = f"approved at a merchant of category {message.mcc}, which the {whose} does not allow"
            _broken(book, at_ns, account, message, what)


def _broken(book: Book, at_ns: int, account: Account, message: Any, what: str) -> None:
    book.found("I4", at_ns, message.authorization_id, account.account_id, f"{what}, at {when(at_ns)}")


def over_transaction(book: Book, at_ns: int, auth: Auth, message: Any) -> None:
    """Called where the amount exceeds the limit per transaction."""
    limit_cents = book.terms.limits.per_transaction_cents
    book.found(
        "I4", at_ns, message.authorization_id, auth.account.account_id,
        f"transaction limit: approved {usd(auth.low or auth.cents)} at {when(at_ns)}; at most {usd(limit_cents)} is "
        "allowed",
    )  # fmt: skip


def over_window(book: Book, at_ns: int, auth: Auth, message: Any, *, day: bool = True, month: bool = True) -> None:
    """Called where a window is over its limit; reports those that this counts in, then forgives the excess."""
    account = auth.account
    _, daily_cents, monthly_cents = plain_bounds(book.terms.limits)
    if day and account.day_cents > daily_cents:
        _report(book, at_ns, auth, message, "daily", account.day_cents, daily_cents)
        account.day_cents = daily_cents
    if month and account.month_cents > monthly_cents:
        _report(book, at_ns, auth, message, "monthly", account.month_cents, monthly_cents)
        account.month_cents = monthly_cents


def forgive(book: Book, account: Account) -> None:
    """What an advice took beyond a window, no limit refuses; what is approved after it has none left."""
    _, daily_cents, monthly_cents = plain_bounds(book.terms.limits)
    account.day_cents = min(account.day_cents, daily_cents)
    account.month_cents = min(account.month_cents, monthly_cents)


def count_more(book: Book, hours: Hours, at_ns: int, auth: Auth, message: Any, cents: int) -> None:
    """An increment counts in the windows of the original decision."""
    account, window = auth.account, auth.window
    if book.tallies.on:
        book.tallies.more(at_ns, auth, message, cents)
    in_day = window >= 0 and account.day == window
    if in_day:
        account.day_cents += cents
    month = hours.month_of(window) if window >= 0 else MONTH_ONLY - window
    in_month = (window >= 0 or window <= MONTH_ONLY) and account.month == month
    if in_month:
        account.month_cents += cents
    if cents > plain_bounds(book.terms.limits)[0]:
        over_transaction(book, at_ns, auth, message)
    over_window(book, at_ns, auth, message, day=in_day, month=in_month)


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
        if account.month_cents > plain_bounds(book.terms.limits)[2]:
            over_window(book, at_ns, auth, message, day=False)
