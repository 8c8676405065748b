"""I12: nothing is left hanging.

Rule. At the end every request has been answered or has failed. A hold whose validity is over has been ended by a
tick, not before the instant its approval promised, and that instant is a validity after the decision. Nothing
captured is left unburned beyond its bound.

Evidence. Requests sent and answered; ExpiryReceipts; the deadlines of I7, asked once more at the end.

No false alarm. ``grace_ns`` is left to an expiry tick after the validity; a hold that no receipt names but that the
engine's balance no longer holds is taken as ended. A promised end is accepted anywhere from a validity after the
instant the network gave as its own sending time to a validity after the answer. The end of a run has to leave time
for all this.
"""

from __future__ import annotations

from typing import Any

from simulators.auditor.book import USDC6_PER_CENT, Account, Auth, Book
from simulators.auditor.hours import Hours
from simulators.auditor.words import span, usd, usdc, when


def wrong_lifetime(book: Book, at_ns: int, auth: Auth, message: Any, expires_at_ns: int, lifetime_ns: int) -> bool:
    """Judge the promised end of a hold that is not within a slot of the expected; True where it is wrong."""
    earliest = message.sent_at_ns + lifetime_ns - book.slack_ns
    latest = at_ns + lifetime_ns + book.slack_ns
    if earliest <= expires_at_ns <= latest:
        return False
    book.found(
        "I12", at_ns, message.authorization_id, auth.account.account_id,
        f"the hold of {usd(auth.cents)} approved at {when(at_ns)} on {message.network} is to end at "
        f"{when(expires_at_ns)}; {span(lifetime_ns)} after the decision is between {when(earliest)} and {when(latest)}",
    )  # fmt: skip
    return True


def finish(book: Book, hours: Hours, at_ns: int, grace_ns: int) -> None:
    """The last word."""
    _unanswered(book, at_ns)
    _holds_left(book, hours, at_ns, grace_ns)
    for account, owed_usdc6 in book.late.items():
        left = owed_usdc6 - account.burned_usdc6 - account.short_usdc6
        if left > 0:
            book.found(
                "I12", at_ns, "", account.account_id,
                f"{usdc(left)} captured from account {account.account_id} is still not burned at the end, "
                f"{when(at_ns)}",
            )  # fmt: skip


def _unanswered(book: Book, at_ns: int) -> None:
    for authorization_id, auth in book.auths.items():
        if auth.answer is None and auth.cents:
            book.found(
                "I12", at_ns, authorization_id, auth.account.account_id,
                f"the authorization of {usd(auth.cents)} was sent and never answered",
            )  # fmt: skip
    for ref, waiting in book.waiting.items():
        if waiting > 0:
            book.found("I12", at_ns, ref, "", f"{ref} was sent and never answered")


def _holds_left(book: Book, hours: Hours, at_ns: int, grace_ns: int) -> None:
    left: dict[Account, list[Auth]] = {}
    for auth in hours.overdue:
        if auth.high and auth.answer + grace_ns <= at_ns:
            left.setdefault(auth.account, []).append(auth)
    for account, auths in left.items():
        cents = sum(auth.high for auth in auths)
        ended_most = (account.high_cents - cents) * USDC6_PER_CENT
        if account.said_held_usdc6 is not None and account.said_held_usdc6 <= ended_most:
            continue
        oldest = min(auth.answer for auth in auths)
        book.found(
            "I12", at_ns, "", account.account_id,
            f"{len(auths)} holds of account {account.account_id}, {usd(cents)} in all, have not been ended; the oldest "
            f"was promised until {when(oldest)}",
        )  # fmt: skip
