"""Everything that is not a purchase: which module hears it. Here too: what has been sent and not been answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.interface import (
    AccountOpening,
    AuthorizationAdvice,
    AuthorizationKind,
    AuthorizationRequest,
    ClearingBatch,
    DepositNotice,
    DisputeNotice,
    ReversalRequest,
    WithdrawalNotice,
)
from simulators.auditor import advices, captures, credits, debts, increments, inquiries, notices, releases, standing
from simulators.auditor.book import Book
from simulators.auditor.hours import Hours

INCREMENT = AuthorizationKind.INCREMENTAL


def sent(book: Book, hours: Hours, at_ns: int, message: Any) -> None:
    """A message other than one that opens an authorization."""
    book.waiting[name_of(message)] += 1
    _may_free(book, message, 1)
    handler = _SENT.get(message.__class__)
    if handler is not None:
        handler(book, hours, at_ns, message)
    elif getattr(message, "verb", None) == "settle":
        _settle_sent(book, at_ns, message)


def answered(book: Book, hours: Hours, at_ns: int, message: Any, answer: Any) -> None:
    """Its answer."""
    _settled(book, message)
    if book.secrets and not isinstance(message, ClearingBatch):
        book.secrets.scan(book, at_ns, f"the answer to {_kind_of(message)}", repr(answer))
    handler = _ANSWERED.get(message.__class__)
    if handler is not None:
        handler(book, hours, at_ns, message, answer)
    elif getattr(message, "verb", None) == "expire":
        releases.expiry_answered(book, hours, at_ns, message.now_ns, answer)
    elif getattr(message, "verb", None) == "settle":
        book.settled_usdc6 += answer.settled_usdc6
        _settle_over(book, message, answered=True)
    _may_free(book, message, -1)


def failed(book: Book, hours: Hours, at_ns: int, message: Any) -> None:
    """The engine raised."""
    _settled(book, message)
    if isinstance(message, AccountOpening):
        standing.opening_answered(book, at_ns, message, failed=True)
    elif isinstance(message, AuthorizationRequest) and message.kind is INCREMENT:
        increments.failed(book, hours, message)
    elif getattr(message, "verb", None) == "settle":
        _settle_over(book, message, answered=False)


def _may_free(book: Book, message: Any, flying: int) -> None:
    """What is sent (1), or was answered (-1), may free funds of an account, or of anybody's."""
    if isinstance(message, ReversalRequest | AuthorizationAdvice):
        debts.may_come_free(book.cards.get(message.card_id, book.nobody), flying)
    elif isinstance(message, WithdrawalNotice):
        debts.may_come_free(book.account(message.account_id), flying)
    elif getattr(message, "verb", None) == "expire":
        book.expiring += flying
        for account in book.by_index:
            if account.debt is not None:
                debts.may_come_free(account)


def _settle_sent(book: Book, at_ns: int, message: Any) -> None:
    """One that comes while another is at work may be answered without having looked."""
    if not book.settlers:
        book.settling = (message, at_ns)
    book.settlers += 1
    book.settled_ns = book.settled_ns or 0


def _settle_over(book: Book, message: Any, *, answered: bool) -> None:
    book.settlers -= 1
    if book.settling is not None and book.settling[0] == message:
        if answered:
            book.settled_ns = book.settling[1]
        book.settling = None


def _settled(book: Book, message: Any) -> None:
    name = name_of(message)
    book.waiting[name] -= 1
    if not book.waiting[name]:
        del book.waiting[name]


def _kind_of(message: Any) -> str:
    return type(message).__name__


def name_of(message: Any) -> str:
    """A request, in words that also tell two of them apart."""
    if isinstance(message, AccountOpening):
        return f"opening of account {message.account_id}"
    if isinstance(message, ReversalRequest):
        return f"reversal {message.idempotency_key}"
    if isinstance(message, ClearingBatch):
        return f"clearing batch {message.idempotency_key}"
    if isinstance(message, DepositNotice):
        return f"deposit {message.deposit_id}"
    if isinstance(message, WithdrawalNotice):
        return f"withdrawal {message.event_id} ({message.stage})"
    if isinstance(message, AuthorizationRequest):
        return f"{message.kind} {message.idempotency_key}"
    if (key := getattr(message, "idempotency_key", "")) != "":
        return f"{_kind_of(message)} {key}"
    return f"{message.verb} tick {message.now_ns}"


def _opening_sent(book: Book, hours: Hours, at_ns: int, message: AccountOpening) -> None:
    standing.opening_sent(book, at_ns, message)


def _opening_answered(book: Book, hours: Hours, at_ns: int, message: AccountOpening, answer: None) -> None:
    standing.opening_answered(book, at_ns, message)


def _aside_sent(book: Book, hours: Hours, at_ns: int, message: AuthorizationRequest) -> None:
    (increments if message.kind is INCREMENT else inquiries).sent(book, hours, at_ns, message)


def _aside_answered(book: Book, hours: Hours, at_ns: int, message: AuthorizationRequest, answer: Any) -> None:
    (increments if message.kind is INCREMENT else inquiries).answered(book, hours, at_ns, message, answer)


_SENT: dict[type, Callable[..., None]] = {
    AccountOpening: _opening_sent,
    AuthorizationRequest: _aside_sent,
    AuthorizationAdvice: advices.sent,
    DisputeNotice: credits.dispute_sent,
    ReversalRequest: releases.reversal_sent,
    ClearingBatch: captures.batch_sent,
    DepositNotice: notices.deposit_sent,
    WithdrawalNotice: notices.withdrawal_sent,
}
_ANSWERED: dict[type, Callable[..., None]] = {
    AccountOpening: _opening_answered,
    AuthorizationRequest: _aside_answered,
    AuthorizationAdvice: advices.answered,
    DisputeNotice: credits.dispute_answered,
    ReversalRequest: releases.reversal_answered,
    ClearingBatch: captures.batch_answered,
    DepositNotice: notices.deposit_answered,
    WithdrawalNotice: notices.withdrawal_answered,
}
