"""Increments: so much more on an open authorization, a decision of its own. Judged: I2, I3, I4, I9, I12.

Rule. An increment is approved only on an authorization that is open, for what is asked (or a part, where that is
welcome), and does not move the end of the hold. It counts in the windows of the original decision. On an
authorization that is open for certain it is not refused as impossible.

Evidence. The authorization's bounds. What was approved is certain only while some of the hold is.

No false alarm. An authorization has ended for certain only where that was answered and nothing about it or its
account's clearing is in flight, or where its end was past by more than clocks may be off when the increment was sent.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.interface import AuthorizationRequest, AuthorizationResponse, DeclineReason
from simulators.auditor import availability, exchanges, limits, overspend, standing, stories
from simulators.auditor.book import DECLINED, USDC6_PER_CENT, Account, Auth, Book
from simulators.auditor.hours import Hours
from simulators.auditor.words import usd, when


class Mark(NamedTuple):
    """Of an increment when it was first sent: whose it is, whether its authorization had ended, or was open for
    certain; ``joined``: whether it is counted with what that may hold, or by itself; ``advised``: see ``Story``;
    ``unsure``: whether what had happened to it before leaves open what it is.
    """

    account: Account
    known: Auth | None
    over: bool
    open: bool
    joined: bool
    version: int
    advised: int | None
    unsure: bool


def sent(book: Book, hours: Hours, at_ns: int, message: AuthorizationRequest) -> None:
    """From now on so much more may be held."""
    exchange = exchanges.sent(book, message)
    authorization_id, cents = message.authorization_id, message.amount_cents
    auth = book.auths.get(authorization_id)
    account = book.cards.get(message.card_id, book.nobody) if auth is None else auth.account
    if exchange is None:
        known = book.exchanges[message.idempotency_key]
        if known.muddled:
            stories.give_up_on(account)
        elif known.answer is None:
            account.in_flight += 1
        return
    declined = auth is not None and (isinstance(auth.answer, DeclineReason) or auth.answer is DECLINED)
    over = declined or stories.is_over(book, auth, authorization_id) or _is_late(book, auth, message)
    unsure = authorization_id in book.entangled
    if unsure:
        over = False  # what was declined may stand by an advice
    sure = auth is not None and stories.is_quiet(book, auth, authorization_id) and stories.is_open(auth)
    exchange.mark = Mark(account, auth, over, sure, auth is not None and type(auth.answer) is int, 0, None, unsure)
    account.in_flight += 1
    account.high_cents += cents
    if auth is not None:
        story = stories.sent(book, auth, authorization_id)
        exchange.mark = exchange.mark._replace(version=story.version, advised=story.advised)
    if not exchange.mark.joined and not over:
        book.entangled.add(authorization_id)
    if exchange.mark.joined:
        auth.high += cents
    if at_ns >= account.watch_ns:
        standing.asked(book, at_ns, account, message)


def answered(
    book: Book, hours: Hours, at_ns: int, message: AuthorizationRequest, answer: AuthorizationResponse
) -> None:
    """From now on it is held, or not."""
    exchange = exchanges.answered(book, at_ns, message, answer, message.authorization_id)
    if exchange is None:
        return
    mark: Mark = exchange.mark
    account, auth = mark.account, mark.known
    account.in_flight -= 1
    if book.barred:
        standing.answered(book, at_ns, account, message, answer)
    if auth is not None:
        stories.of(book, auth, message.authorization_id).flying -= 1
    if not answer.approved:
        _declined(book, hours, at_ns, message, answer, mark)
    elif mark.over and book.auths.get(message.authorization_id) is auth:
        _found(book, "I9", at_ns, message, mark, "was approved although its authorization has ended")
    elif book.auths.get(message.authorization_id) is None and not mark.unsure:
        _found(book, "I9", at_ns, message, mark, "was approved although its authorization does not exist")
    elif auth is not None:
        _approved(book, hours, at_ns, message, answer, mark)


def failed(book: Book, hours: Hours, message: AuthorizationRequest) -> None:
    """The engine raised; the next try is counted again."""
    exchange = book.exchanges[message.idempotency_key]
    if exchange.answer is None and exchange.mark is not None:
        exchange.mark.account.in_flight -= 1
        exchange.mark.account.unsure_month = hours.month + 1


def _approved(
    book: Book, hours: Hours, at_ns: int, message: AuthorizationRequest, answer: AuthorizationResponse, mark: Mark
) -> None:
    auth = mark.known
    account, authorization_id = auth.account, message.authorization_id
    cents = message.amount_cents
    if not mark.joined and auth.high and type(auth.answer) is int:
        auth.high += cents
    elif not mark.joined and authorization_id not in book.entangled:
        account.high_cents -= cents  # its authorization has ended, and this with it
    if answer.approved_cents != cents:
        if not message.partial_supported or not 0 < answer.approved_cents < cents:
            overspend.wrong_amount(book, at_ns, auth, answer)
        else:
            less = min(cents - answer.approved_cents, auth.high)
            auth.high -= less
            account.high_cents -= less
            cents = answer.approved_cents
    if type(auth.answer) is int and answer.hold_expires_at_ns != auth.answer:
        book.found(
            "I12", at_ns, authorization_id, account.account_id,
            f"an increment approved at {when(at_ns)} moved the end of its hold from {when(auth.answer)} to "
            f"{when(answer.hold_expires_at_ns)}",
        )  # fmt: skip
    story = stories.of(book, auth, authorization_id)
    if story.granted is not None:
        story.granted += cents
    account.unsure_month = max(account.unsure_month, -1 if auth.window >= 0 else hours.month + 1)
    if auth.low <= 0 or story.flying or mark.advised is None or mark.advised != story.advices:
        return  # an advice beside it says what is held, whether this came before or after
    auth.low += cents
    account.spent_cents += cents
    limits.count_more(book, hours, at_ns, auth, message, cents)
    if account.spent_cents * USDC6_PER_CENT > account.free_usdc6:
        overspend.judge(book, at_ns, account, authorization_id, f"an increment of {usd(cents)}")


def _declined(
    book: Book, hours: Hours, at_ns: int, message: AuthorizationRequest, answer: AuthorizationResponse, mark: Mark
) -> None:
    account, auth, cents = mark.account, mark.known, message.amount_cents
    if answer.reason is DeclineReason.INVALID_AMOUNT:
        del book.exchanges[message.idempotency_key]
    if answer.reason is DeclineReason.INSUFFICIENT_FUNDS:
        availability.judge_money(book, at_ns, account, message, cents)
    elif answer.reason is DeclineReason.INVALID_TRANSACTION and mark.open and _fits(book, auth, mark, message):
        _found(book, "I9", at_ns, message, mark, "was refused as impossible although its authorization was open")
    account.declined_ns = at_ns
    account.given_up_cents += cents
    less = min(cents, auth.high) if mark.joined else cents
    account.high_cents -= less
    if mark.joined:
        auth.high -= less


def _is_late(book: Book, auth: Auth | None, message: AuthorizationRequest) -> bool:
    """Whether the end that was promised was past when this was first sent: whatever ticks do, nothing is added."""
    return auth is not None and type(auth.answer) is int and message.sent_at_ns - book.slack_ns >= auth.answer


def _fits(book: Book, auth: Auth | None, mark: Mark, message: AuthorizationRequest) -> bool:
    """Whether it names an authorization that was open all the time, by the card and the network of that."""
    if auth is None or not stories.is_open(auth):
        return False
    story = stories.of(book, auth, message.authorization_id)
    if story.flying or story.version != mark.version:
        return False
    return (auth.message.card_id, auth.message.network) == (message.card_id, message.network)


def _found(book: Book, invariant: str, at_ns: int, message: AuthorizationRequest, mark: Mark, what: str) -> None:
    book.found(
        invariant, at_ns, message.authorization_id, mark.account.account_id,
        f"an increment of {usd(message.amount_cents)}, answered at {when(at_ns)}, {what}",
    )  # fmt: skip
