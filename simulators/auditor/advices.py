"""Advices: what the network decided in the issuer's stead, or the true amount of an estimate. Judged: I3, I9, I10, I12.

Rule. An advice is adopted, with its absolute amount, whatever the funds, the limits and the card's standing, unless the
authorization has ended; one that was not approved releases what is held. Afterwards is held what was advised, less what
had been captured or taken back. The end of the hold stays where it was; a new hold lives as long as any of its kind.

Evidence. The authorization's bounds, and its receipt where nothing else was in flight.

No false alarm. What is adopted beyond the funds raises what is allowed by all that may be held just then, so nothing
that was decided before it is accused; it is taken off again as the advised hold is freed. Where the authorization's
own request was in flight, both are counted as possible, and nothing as certain.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.interface import AdviceOutcome, AdviceReceipt, AuthorizationAdvice, AuthorizationKind
from simulators.auditor import exactly_once, exchanges, limits, liveness, overspend, releases, stories, validity
from simulators.auditor.book import DECLINED, FAILED, MUDDLED, RELEASED, UNSURE, Account, Auth, Book
from simulators.auditor.hours import Hours
from simulators.auditor.words import usd, when


class Mark(NamedTuple):
    """Of an advice when it was first sent. ``fresh``: it opens the authorization. ``held``: what was held before it,
    None unless that was known and nothing was in flight; ``used``: of what had been granted. ``day``: of its sending.
    ``more``: cents that it may take beyond what there is, and that are allowed for until it is answered. ``before``:
    what was declined, or failed, under the same id.
    """

    account: Account
    auth: Auth | None
    fresh: bool
    held: int | None
    used: int
    version: int
    over: bool
    day: int
    more: int = 0
    before: Auth | None = None


def sent(book: Book, hours: Hours, at_ns: int, message: AuthorizationAdvice) -> None:
    """From now on the hold may be what is advised."""
    exchange = exchanges.sent(book, message)
    authorization_id = message.authorization_id
    auth = book.auths.get(authorization_id)
    account = book.cards.get(message.card_id, book.nobody) if auth is None else auth.account
    if exchange is None:
        if book.exchanges[message.idempotency_key].muddled:
            stories.give_up_on(account)
        return
    account.unsure_month = hours.month + 1
    book.tallies.forget(authorization_id)
    cents = message.amount_cents if message.approved else 0
    if message.kind is AuthorizationKind.REFUND:
        return  # nothing is held for a refund, advised or not
    if message.amount_cents < 0 or not cents:
        _nothing_sent(book, hours, message, exchange, account, auth)
        return
    if auth is None or type(auth.answer) is not int:
        exchange.mark = _fresh(book, hours, message, account, auth, cents)
        return
    quiet = stories.is_quiet(book, auth, authorization_id)
    over = stories.is_over(book, auth, authorization_id)
    story = stories.sent(book, auth, authorization_id, advice=True)
    known = quiet and story.flying == 1 and story.used is not None and auth.high > 0
    used = story.used or 0
    exchange.mark = Mark(
        account, auth, False, auth.high if known else None, used, story.version, over, hours.day_sent
    )  # fmt: skip
    if over:
        return
    stories.lower(hours, auth, min(auth.low, max(cents - used, 0)) if known else 0)
    more = max(cents - auth.high, 0) if story.flying == 1 else cents  # increments in flight may come on top
    auth.high += more
    account.high_cents += more
    overspend.allow_until_answered(account, more)
    exchange.mark = exchange.mark._replace(more=more)


def _nothing_sent(
    book: Book, hours: Hours, message: AuthorizationAdvice, exchange: exchanges.Exchange, account: Account,
    auth: Auth | None,
) -> None:  # fmt: skip
    """An advice that leaves nothing is like a reversal of all there is; one below zero does nothing."""
    over = stories.is_over(book, auth, message.authorization_id)
    exchange.mark = Mark(account, auth, auth is None, None, 0, 0, over, hours.day_sent)
    if message.amount_cents < 0:
        return
    if auth is None:
        book.early.setdefault(message.authorization_id, False)
        return
    story = stories.sent(book, auth, message.authorization_id, advice=True)
    exchange.mark = exchange.mark._replace(version=story.version)
    if auth.high or auth.answer is None:
        hours.release(auth)


def _nothing_answered(
    book: Book, hours: Hours, at_ns: int, message: AuthorizationAdvice, answer: AdviceReceipt, mark: Mark
) -> None:
    auth, authorization_id = mark.auth, message.authorization_id
    if auth is not None and mark.version:
        _landed(stories.of(book, auth, authorization_id))
    if answer.outcome is not AdviceOutcome.ADOPTED or message.amount_cents < 0:
        return
    if answer.held_cents:
        _found(book, "I10", at_ns, message, mark, f"left {usd(answer.held_cents)} held; it leaves nothing")
    if auth is None:
        book.early[authorization_id] = True
        if book.auths.get(authorization_id) is None:
            book.early_cards.add((authorization_id, message.card_id, message.network))
    elif not mark.over:
        least = stories.left_for_certain(book, auth, authorization_id)
        releases.end(book, hours, at_ns, auth, authorization_id, least)


def _fresh(
    book: Book, hours: Hours, message: AuthorizationAdvice, account: Account, auth: Auth | None, cents: int
) -> Mark:
    """No approval of this authorization is known: the advice may open it."""
    authorization_id, before = message.authorization_id, auth
    strange = authorization_id in book.early or authorization_id in book.stories or authorization_id in book.entangled
    alone = not strange and (not book.forgetful if auth is None else auth.answer is not MUDDLED)
    if auth is not None and (auth.answer is None or auth.answer is MUDDLED):
        # Its own request is in flight: count both, and be sure of none.
        hours.release(auth)
        book.entangled.add(authorization_id)
        alone, before = False, None
        authorization_id = f"{authorization_id}\0{message.idempotency_key}"
    elif auth is not None:
        book.taken.setdefault(auth.message.idempotency_key, False)
        exactly_once.entangle(book, authorization_id)
        if auth.answer is FAILED:
            alone = False  # should it have been approved after all, its hold is the older one
            account.high_cents -= auth.high
            auth.high = 0
    born = Auth()
    born.account, born.message, born.answer = account, message, FAILED
    born.cents = born.high = cents if auth is None or auth.answer is not FAILED else max(cents, auth.cents)
    born.low, born.window, born.flights = 0, UNSURE, 0
    book.auths[authorization_id] = born
    account.high_cents += born.high
    hours.lane(message).append(born)
    overspend.allow_until_answered(account, born.high)
    story = stories.sent(book, born, authorization_id, advice=True)
    story.granted = story.used = None
    return Mark(account, born, True, 0 if alone else None, 0, story.version, False, hours.day_sent, born.high, before)


def _landed(story: stories.Story) -> None:
    story.flying -= 1
    story.advising -= 1


def answered(book: Book, hours: Hours, at_ns: int, message: AuthorizationAdvice, answer: AdviceReceipt) -> None:
    """From now on it is adopted, or nothing was changed."""
    exchange = exchanges.answered(book, at_ns, message, answer, message.authorization_id)
    if exchange is None:
        return
    mark: Mark | None = exchange.mark
    if mark is None:
        return
    auth, account = mark.auth, mark.account
    if message.amount_cents <= 0 or not message.approved:
        _nothing_answered(book, hours, at_ns, message, answer, mark)
        return
    overspend.allow_until_answered(account, -mark.more)
    own_id = message.authorization_id
    if book.auths.get(own_id) is not auth:
        own_id = f"{own_id}\0{message.idempotency_key}"
    story = stories.of(book, auth, own_id)
    _landed(story)
    if answer.authorization_id != message.authorization_id:
        _found(book, "I3", at_ns, message, mark, f"was answered for authorization {answer.authorization_id}")
    alone = mark.held is not None and story.version == mark.version
    if answer.outcome is not AdviceOutcome.ADOPTED:
        _refused(book, hours, at_ns, message, answer, mark, alone)
        return
    if mark.over:
        _found(book, "I9", at_ns, message, mark, "was adopted although the authorization had ended")
        return
    cents = message.amount_cents if message.approved else 0
    if not alone:
        if auth.answer is FAILED:
            auth.answer = answer.hold_expires_at_ns or at_ns
        overspend.allow(account, story)
        return
    expected = max(cents - mark.used, 0)
    if answer.held_cents != expected:
        _found(
            book, "I10", at_ns, message, mark,
            f"left {usd(answer.held_cents)} held; {usd(cents)} less {usd(mark.used)} captured or taken back is "
            f"{usd(expected)}",
        )  # fmt: skip
    _ends(book, at_ns, message, answer, mark)
    _adopt(book, hours, at_ns, auth, own_id, mark, cents, expected)
    overspend.allow(account, story)


def _adopt(book: Book, hours: Hours, at_ns: int, auth: Auth, own_id: str, mark: Mark, cents: int, held: int) -> None:
    """It is known to the cent what is held now."""
    account, story = auth.account, stories.of(book, auth, own_id)
    story.granted, story.used = cents, mark.used
    if held < auth.high:
        account.raised_ns = at_ns
        account.given_up_cents += auth.high - held
        stories.freed(book, auth, own_id, auth.high - held)
    before = auth.low
    stories.set_held(hours, auth, held)
    if mark.fresh:
        account.given_up_cents += auth.cents
    counts = held - before if held > before else 0
    if mark.fresh:
        book.tallies.adopted(at_ns, account, auth.message)
    if counts and not account.in_flight and mark.day == hours.day_answered:
        _count(hours, auth, mark, counts)
        limits.forgive(book, account)
    if not held:
        hours.end(auth, at_ns)
        book.finished.append(own_id)


def _count(hours: Hours, auth: Auth, mark: Mark, cents: int) -> None:
    """What was advised counts in the day and the month, though no limit refuses it."""
    account, day = auth.account, hours.day_answered
    account.advised = True
    if mark.fresh and auth.window == UNSURE:
        auth.window = day
        if account.day != day:
            account.enter(day, hours.month)
    if auth.window == account.day == day:
        account.day_cents += cents
        account.month_cents += cents


def _ends(book: Book, at_ns: int, message: AuthorizationAdvice, answer: AdviceReceipt, mark: Mark) -> None:
    """When the hold ends by itself."""
    auth = mark.auth
    if not answer.held_cents:
        if auth.answer is FAILED:
            auth.answer = at_ns
        return
    if mark.fresh:
        auth.answer = answer.hold_expires_at_ns
        auth.cents = message.amount_cents
        lifetime_ns = validity.lifetime_ns(book.terms.holds, message)
        liveness.wrong_lifetime(book, at_ns, auth, message, answer.hold_expires_at_ns, lifetime_ns)
    elif answer.hold_expires_at_ns != auth.answer:
        _found(
            book, "I12", at_ns, message, mark,
            f"moved the end of the hold from {when(auth.answer)} to {when(answer.hold_expires_at_ns)}",
        )  # fmt: skip


def _refused(
    book: Book, hours: Hours, at_ns: int, message: AuthorizationAdvice, answer: AdviceReceipt, mark: Mark, alone: bool
) -> None:
    """Nothing was changed: the authorization had ended, or the advice was not understood."""
    auth, account = mark.auth, mark.account
    if mark.fresh:
        if account is book.nobody or not alone:
            if auth.answer is FAILED:
                account.high_cents -= auth.high
                auth.high = 0
                auth.answer = DECLINED
                _as_before(book, message.authorization_id, mark)
            return
        _found(
            book, "I9", at_ns, message, mark, f"was not adopted ({answer.outcome}) although nothing spoke against it"
        )
        stories.give_up_on(account)
        return
    if mark.over or not alone:
        return
    same = (message.card_id, message.network) == (auth.message.card_id, auth.message.network)
    if auth.window != RELEASED and same and message.amount_cents >= 0:
        _found(book, "I9", at_ns, message, mark, f"was not adopted ({answer.outcome}) although it was open")
    stories.set_held(hours, auth, mark.held)


def _as_before(book: Book, authorization_id: str, mark: Mark) -> None:
    """It opened nothing, so what was before it still stands."""
    before = mark.before
    if before is None or book.auths.get(authorization_id) is not mark.auth:
        return
    book.auths[authorization_id] = before
    if before.answer is FAILED:
        before.high = before.cents
        before.account.high_cents += before.high


def _found(book: Book, invariant: str, at_ns: int, message: AuthorizationAdvice, mark: Mark, what: str) -> None:
    book.found(
        invariant, at_ns, message.authorization_id, mark.account.account_id,
        f"an advice of {usd(message.amount_cents)} for authorization {message.authorization_id}, answered at "
        f"{when(at_ns)}, {what}",
    )  # fmt: skip
