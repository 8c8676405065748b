"""Balance inquiries and refund authorizations: questions that hold nothing. Judged: I3 (what they say), I9.

Rule. An inquiry is answered with what is available, in whole cents rounded down, never below 0. Neither approves an
amount beyond what was asked, holds anything, or promises an end of a hold.

Evidence. What is available for certain, and at most, where nothing of the account was in flight or came in between.

No false alarm. Judged only where the books of the account are the same at the answer as at the sending, and nothing
was asked of it meanwhile: then they were the same at every instant between.
"""

from __future__ import annotations

from typing import Any

from engine.interface import AuthorizationKind, AuthorizationRequest, AuthorizationResponse, DeclineReason
from simulators.auditor import exchanges, standing
from simulators.auditor.book import USDC6_PER_CENT, Account, Book
from simulators.auditor.hours import Hours
from simulators.auditor.notices import AskedSince
from simulators.auditor.words import usd, when

INQUIRY = AuthorizationKind.BALANCE_INQUIRY


def sent(book: Book, hours: Hours, at_ns: int, message: AuthorizationRequest) -> None:
    """A question."""
    account = book.cards.get(message.card_id, book.nobody)
    exchange = exchanges.sent(book, message)
    if exchange is None:
        return
    exchange.mark = (account, _books_of(account), AskedSince(hours))
    if at_ns >= account.watch_ns:
        standing.asked(book, at_ns, account, message)


def answered(
    book: Book, hours: Hours, at_ns: int, message: AuthorizationRequest, answer: AuthorizationResponse
) -> None:
    """Its answer."""
    exchange = exchanges.answered(book, at_ns, message, answer, message.authorization_id)
    if exchange is None:
        return
    account, books, asked = exchange.mark
    if book.barred:
        standing.answered(book, at_ns, account, message, answer)
    if not answer.approved:
        if answer.reason is DeclineReason.INVALID_AMOUNT:
            del book.exchanges[message.idempotency_key]
        return
    most = message.amount_cents if message.kind is AuthorizationKind.REFUND else 0
    if answer.hold_expires_at_ns or not 0 <= answer.approved_cents <= most:
        _found(
            book, at_ns, account, message,
            f"approves {usd(answer.approved_cents)} and promises a hold until {answer.hold_expires_at_ns} ns; it may "
            f"approve {usd(most)} and holds nothing",
        )  # fmt: skip
    if message.kind is not INQUIRY:
        return
    if answer.available_cents is None:
        _found(book, at_ns, account, message, "does not say what is available")
        return
    quiet = books == _books_of(account) and asked.cents_of(account) == 0
    least, most = _available(account)
    if quiet and account is not book.nobody and not least <= answer.available_cents <= most:
        expected = usd(least) if least == most else f"{usd(least)} to {usd(most)}"
        _found(book, at_ns, account, message, f"says {usd(answer.available_cents)} is available; it is {expected}")


def _books_of(account: Account) -> tuple[Any, ...]:
    """Everything that what is available depends on."""
    return (
        account.free_usdc6, account.spent_cents, account.high_cents, account.presented_cents, account.captured_cents,
        account.paid_in_usdc6, account.paid_out_usdc6, account.pending_usdc6, account.unresolved, account.in_flight,
        account.crediting_cents, account.credit_cents, account.receivable_usdc6, account.short_usdc6,
    )  # fmt: skip


def _available(account: Account) -> tuple[int, int]:
    """The least and the most that can be available, in whole cents."""
    used = (account.high_cents + account.presented_cents - account.credit_cents) * USDC6_PER_CENT
    least = account.paid_in_usdc6 - account.paid_out_usdc6 - account.pending_usdc6 - used
    if account.unresolved:
        least = 0
    most = account.free_usdc6 - account.spent_cents * USDC6_PER_CENT
    return max(least, 0) // USDC6_PER_CENT, max(most, 0) // USDC6_PER_CENT


def _found(book: Book, at_ns: int, account: Account, message: AuthorizationRequest, what: str) -> None:
    book.found(
        "I3", at_ns, message.authorization_id, account.account_id,
        f"the answer of {when(at_ns)} to the {message.kind} {message.authorization_id} {what}",
    )  # fmt: skip
