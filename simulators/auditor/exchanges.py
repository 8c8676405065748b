"""Requests by key, whatever they ask: the same body gets the same answer, another body is refused (I3, I5).

For the messages that are rarer than purchases the whole body and the first answer are kept. Authorizations that open
something keep theirs with the authorization (see ``exactly_once``).
"""

from __future__ import annotations

from typing import Any

from simulators.auditor.book import Book
from simulators.auditor.words import when


class Exchange:
    """A request under its key. ``mark``: what its handler noted when it was first sent."""

    __slots__ = ("answer", "answered_ns", "mark", "message", "muddled")

    def __init__(self, message: Any) -> None:
        self.message = message
        self.answer: Any = None
        self.answered_ns = 0
        self.muddled = False
        self.mark: Any = None


def body_of(message: Any) -> tuple[Any, ...]:
    """What makes a request another one: everything but its key and the instant of its sending."""
    fields = [name for name in message.__slots__ if name not in ("idempotency_key", "sent_at_ns")]
    return (type(message), *(getattr(message, name) for name in fields))


def sent(book: Book, message: Any) -> Exchange | None:
    """The exchange that begins with this message; None where its key has been used."""
    known = book.exchanges.get(message.idempotency_key)
    if known is None:
        known = book.exchanges[message.idempotency_key] = Exchange(message)
        return known
    if known.answer is None and body_of(known.message) != body_of(message):
        known.muddled = True
    return None


def answered(book: Book, at_ns: int, message: Any, answer: Any, ref: str) -> Exchange | None:
    """The exchange where this is its first answer; else what was wrong with it has been said."""
    known = book.exchanges[message.idempotency_key]
    if known.muddled:
        return None
    key = message.idempotency_key
    if body_of(known.message) != body_of(message):
        book.found(
            "I3", at_ns, ref, "",
            f"key {key!r} came again at {when(at_ns)} with another body and was answered; it has to be refused",
        )  # fmt: skip
        return None
    if known.answer is None:
        known.answer, known.answered_ns = answer, at_ns
        return known
    if known.answer != answer and at_ns - known.answered_ns <= book.memory_ns:
        lost = known.answered_ns <= book.lost_ns
        book.found(
            "I5" if lost else "I3", at_ns, ref, "",
            f"two answers under key {key!r}: first, at {when(known.answered_ns)}, {known.answer}; at {when(at_ns)} "
            f"{answer}" + ("; the engine had lost its memory in between" if lost else ""),
        )  # fmt: skip
    return None
