"""Reversals and expiry ticks: what ends a hold without a capture. Judged: I3 (freed once), I12 (freed in time)."""

from __future__ import annotations

from engine.interface import ExpiryReceipt, ReversalRequest, ReversalResponse
from simulators.auditor import answers
from simulators.auditor.book import ENDED, RELEASED, Auth, Book
from simulators.auditor.hours import Hours
from simulators.auditor.words import usd, when


def reversal_sent(book: Book, hours: Hours, at_ns: int, message: ReversalRequest) -> None:
    """From now on the hold may be gone."""
    authorization_id = message.authorization_id
    auth = book.auths.get(authorization_id)
    if auth is None and not book.early.get(authorization_id):
        book.early[authorization_id] = False
    window = RELEASED if auth is None else auth.window if auth.high or auth.answer is None else ENDED
    book.reversals.setdefault(message.idempotency_key, window)
    if auth is not None and window != ENDED:
        hours.release(auth)


def reversal_answered(book: Book, hours: Hours, at_ns: int, message: ReversalRequest, answer: ReversalResponse) -> None:
    """From now on the hold is gone."""
    key, authorization_id = message.idempotency_key, message.authorization_id
    answers.reversal(book, at_ns, message, answer)
    first = book.reversals[key]
    if isinstance(first, tuple):
        if first != (authorization_id, answer.released_cents):
            _told_twice(book, at_ns, key, authorization_id, first, answer)
        return
    book.reversals[key] = (authorization_id, answer.released_cents)
    auth = book.auths.get(authorization_id)
    most_cents = auth.cents if auth is not None and first != ENDED else 0
    if not 0 <= answer.released_cents <= most_cents:
        book.found(
            "I3", at_ns, authorization_id, "" if auth is None else auth.account.account_id,
            f"a reversal answered at {when(at_ns)} freed {usd(answer.released_cents)}; at most {usd(most_cents)} can "
            "have been held",
        )  # fmt: skip
    if auth is None:
        book.early[authorization_id] = True
        return
    if type(auth.answer) is int:
        hours.give_back(auth.account, first, answer.released_cents)
    _end(book, hours, at_ns, auth, authorization_id)


def _told_twice(
    book: Book, at_ns: int, key: str, authorization_id: str, first: tuple[str, int], answer: ReversalResponse
) -> None:
    if first[0] == authorization_id:
        told = f"first {usd(first[1])} freed, at {when(at_ns)} {usd(answer.released_cents)}"
        message = f"two answers under key {key!r}: {told}"
    else:
        message = f"key {key!r} came again at {when(at_ns)} with another body and was answered; it has to be refused"
    book.found("I3", at_ns, authorization_id, "", message)


def expiry_answered(book: Book, hours: Hours, at_ns: int, now_ns: int, receipt: ExpiryReceipt) -> None:
    """The holds that a tick ended."""
    for authorization_id in receipt.expired:
        auth = book.auths.get(authorization_id)
        if auth is None:
            book.found(
                "I3", at_ns, authorization_id, "",
                f"a tick answered at {when(at_ns)} ended a hold of an authorization that does not exist or has ended "
                "long ago",
            )  # fmt: skip
            continue
        if type(auth.answer) is int and auth.answer > now_ns + book.slack_ns:
            book.found(
                "I12", at_ns, authorization_id, auth.account.account_id,
                f"the hold of {usd(auth.cents)} was ended by the tick of {when(now_ns)}; it was promised until "
                f"{when(auth.answer)}",
            )  # fmt: skip
        _end(book, hours, at_ns, auth, authorization_id)


def _end(book: Book, hours: Hours, at_ns: int, auth: Auth, authorization_id: str) -> None:
    """Whatever is still being answered about it, nothing is held any more."""
    hours.end(auth, at_ns)
    auth.window = RELEASED
    book.finished.append(authorization_id)
