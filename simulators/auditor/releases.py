"""Reversals and expiry ticks: what ends a hold without a capture. Judged: I3 (freed once), I12 (freed in time)."""

from __future__ import annotations

from typing import NamedTuple

from engine.interface import ExpiryReceipt, ReversalRequest, ReversalResponse
from simulators.auditor import answers, backing, exchanges, stories
from simulators.auditor.account import NEVER_NS
from simulators.auditor.book import ENDED, MUDDLED, RELEASED, Auth, Book
from simulators.auditor.causes import REVERSAL
from simulators.auditor.hours import Hours
from simulators.auditor.words import usd, when


class Mark(NamedTuple):
    """What was known when a reversal was first sent: the window to give back to, the authorization, the most that was
    held, whether it names another card or network, and, where nothing else was in flight, what was held and the
    version of the story.
    """

    window: int
    auth: Auth | None = None
    high: int | None = None
    mismatch: bool = False
    held: int | None = None
    version: int = 0


def reversal_sent(book: Book, hours: Hours, at_ns: int, message: ReversalRequest) -> None:
    """From now on the hold may be gone, or so much of it."""
    authorization_id = message.authorization_id
    auth = book.auths.get(authorization_id)
    if auth is None or type(auth.answer) is not int:
        book.early.setdefault(authorization_id, False)  # it may leave a mark that refuses what comes
    exchange = exchanges.sent(book, message)
    if exchange is None:
        if auth is not None:
            hours.release(auth, REVERSAL)
        return
    if auth is None:
        exchange.mark = Mark(RELEASED)
        return
    window = auth.window if auth.high or auth.answer is None else ENDED
    asked = auth.message
    mismatch = (message.card_id, message.network) != (asked.card_id, asked.network)
    if not message.amount_cents and authorization_id not in book.stories:
        exchange.mark = Mark(window, auth, auth.high, mismatch)
        if window != ENDED:
            hours.release(auth, REVERSAL)
        return
    quiet = stories.is_quiet(book, auth, authorization_id)
    story = stories.sent(book, auth, authorization_id)
    held = auth.high if quiet and story.flying == 1 and window != ENDED else None
    exchange.mark = Mark(window, auth, auth.high, mismatch, held, story.version)
    if window == ENDED:
        return
    if 0 < message.amount_cents < auth.high and type(auth.answer) is int:
        book.tallies.may_return(authorization_id, message.amount_cents, REVERSAL)
        stories.lower(hours, auth, max(auth.low - message.amount_cents, 0))
    else:
        hours.release(auth, REVERSAL)


def reversal_answered(book: Book, hours: Hours, at_ns: int, message: ReversalRequest, answer: ReversalResponse) -> None:
    """From now on it is gone."""
    authorization_id = message.authorization_id
    answers.reversal(book, at_ns, message, answer)
    exchange = exchanges.answered(book, at_ns, message, answer, authorization_id)
    if exchange is None:
        return
    mark: Mark = exchange.mark
    auth = book.auths.get(authorization_id)
    story = book.stories.get(authorization_id)
    if story is not None and mark.version:
        story.flying -= 1
    _judge_freed(book, at_ns, message, answer, auth, mark)
    if auth is None:
        book.early[authorization_id] = True
        book.early_cards.add((authorization_id, message.card_id, message.network))
        return
    mismatch = (message.card_id, message.network) != (auth.message.card_id, auth.message.network)
    if mismatch and not answer.released_cents:
        return
    if type(auth.answer) is int:
        hours.give_back(auth.account, mark.window, answer.released_cents)
        if auth.account.gap_usdc6 and answer.released_cents > 0:
            decided_ns = auth.answer - hours.lifetime_ns(auth.message) + book.slack_ns
            backing.given_back(auth.account, decided_ns, answer.released_cents)
    if not message.amount_cents:
        end(book, hours, at_ns, auth, authorization_id, answer.released_cents)
        return
    _part(book, hours, at_ns, auth, message, answer.released_cents, mark)


def _judge_freed(
    book: Book, at_ns: int, message: ReversalRequest, answer: ReversalResponse, auth: Auth | None, mark: Mark
) -> None:
    """What a reversal freed: at most what was held, and asked for."""
    authorization_id, freed = message.authorization_id, answer.released_cents
    most = 0
    story = book.stories.get(authorization_id)
    muddled = auth is not None and auth.answer is MUDDLED
    unsure = story is not None and (muddled or story.version != mark.version)
    if freed >= 0 and (unsure or authorization_id in book.entangled):
        return  # more may have been held at the decision
    over = auth is mark.auth and (mark.window == ENDED or mark.mismatch)
    if auth is not None and not over:
        known = auth is mark.auth and mark.high is not None and not muddled
        most = max(mark.high if known else auth.cents, auth.high)
    if message.amount_cents:
        most = min(most, message.amount_cents)
    least = 0
    if mark.held is not None and not over and auth is not None and auth.high == mark.held:
        lives = type(auth.answer) is int and auth.answer > at_ns + book.slack_ns
        least = min(message.amount_cents or mark.held, mark.held) if lives else 0
    if least <= freed <= most:
        return
    asked = f" of {usd(message.amount_cents)}" if message.amount_cents else ""
    bounds = f"at least {usd(least)}" if freed < least else f"at most {usd(most)}"
    book.found(
        "I3", at_ns, authorization_id, "" if auth is None else auth.account.account_id,
        f"a reversal{asked} answered at {when(at_ns)} freed {usd(freed)}; {bounds} of what it asks for was held",
    )  # fmt: skip


def _part(book: Book, hours: Hours, at_ns: int, auth: Auth, message: ReversalRequest, freed: int, mark: Mark) -> None:
    """Only so much of the hold was taken back."""
    account = auth.account
    story = stories.of(book, auth, message.authorization_id)
    less = min(freed, auth.high)
    account.given_up_cents += less
    account.raised_ns = at_ns
    if mark.held is not None and story.version == mark.version:
        stories.set_held(hours, auth, max(mark.held - freed, 0))
    else:
        account.high_cents -= less
        auth.high -= less
        stories.lower(hours, auth, min(auth.low, auth.high))
    if story.used is not None:
        story.used += freed
    stories.freed(book, auth, message.authorization_id, freed)
    if not auth.high and message.authorization_id not in book.entangled:
        end(book, hours, at_ns, auth, message.authorization_id, 0)


def expiry_answered(book: Book, hours: Hours, at_ns: int, now_ns: int, receipt: ExpiryReceipt) -> None:
    """The holds that a tick ended."""
    for authorization_id in receipt.expired:
        auth = book.auths.get(authorization_id)
        if authorization_id in book.entangled:
            _end_all(book, hours, at_ns, authorization_id)
            continue
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
        if now_ns - book.slack_ns > book.closed.get(authorization_id, NEVER_NS):
            book.found(
                "I12", at_ns, authorization_id, auth.account.account_id,
                f"the tick of {when(now_ns)} ended a hold that the final presentment had ended, as was answered at "
                f"{when(book.closed[authorization_id])}",
            )  # fmt: skip
        end(book, hours, at_ns, auth, authorization_id, stories.left_for_certain(book, auth, authorization_id))


def _end_all(book: Book, hours: Hours, at_ns: int, authorization_id: str) -> None:
    """Of an authorization that is kept in parts: none of them holds anything any more."""
    own = [key for key in book.auths if key == authorization_id or key.startswith(f"{authorization_id}\0")]
    for key in own:
        end(book, hours, at_ns, book.auths[key], key, 0)


def end(book: Book, hours: Hours, at_ns: int, auth: Auth, authorization_id: str, freed_cents: int) -> None:
    """Whatever is still being answered about it, nothing is held any more; so much was freed, for certain."""
    stories.freed(book, auth, authorization_id, freed_cents)
    hours.end(auth, at_ns)
    auth.window = RELEASED
    book.finished.append(authorization_id)
