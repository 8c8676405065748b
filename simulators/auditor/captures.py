"""Clearing batches: presentments sent and answered. The hot half of the auditor, with the authorizations.

Judged on the way: I3 (each posts once), I10 (posts what was presented; see ``answers`` for the rest), I2 (does not
take more than there is unreported).
"""

from __future__ import annotations

from typing import Any

from engine.interface import CaptureOutcome, ClearingBatch, ClearingReceipt, Presentment, PresentmentKind
from simulators.auditor import answers, credits, debts, final_rest, overspend, stories
from simulators.auditor.book import ACCOUNT_MASK, USDC6_PER_CENT, Account, Auth, Book
from simulators.auditor.hours import Hours
from simulators.auditor.words import usd, when

# The state of a presentment, the lowest two bits of its entry in ``Book.presented``.
SENT = 0
CLAIMED = 1
"""Only answered as a duplicate: another answer of the same engine posted it."""
POSTED = 2
LISTED = 3
"""Posted, and seen in the statement."""

SALE = PresentmentKind.SALE
POSTED_OUTCOME = CaptureOutcome.POSTED


def batch_sent(book: Book, hours: Hours, at_ns: int, batch: ClearingBatch) -> None:
    """From now on each presentment may be posted."""
    presented, auths, cards, told = book.presented, book.auths, book.cards, book.stories
    for presentment in batch.presentments:
        ref = presentment.presentment_id
        if ref in presented:
            book.presented_again.add(ref)
            continue
        cents = presentment.amount_cents
        if presentment.kind is not SALE or cents <= 0:
            _sent_special(book, at_ns, presentment)
            continue
        auth = auths.get(presentment.authorization_id)
        if told and presentment.authorization_id in told:
            flown(book, presentment)
        if auth is not None and auth.high:
            account = auth.account
            low = auth.low
            auth.flights += 1
            if cents < low and presentment.final:
                # What is not presented may be free again; the rest is spent, one way or the other.
                final_rest.sent(book, presentment, auth)
                account.spent_cents += cents - low
                auth.low = low = cents
        else:
            account = cards.get(presentment.card_id, book.nobody)
            low = 0
        if auth is not None and auth.high != auth.cents:
            answers.remember_held(book, auth, ref)
        if auth is None or type(auth.answer) is not int:
            _loose(book, hours, auth, presentment)
        presented[ref] = cents << 26 | account.index << 2
        account.presented_cents += cents
        if account.leaving_usdc6:
            _beside_a_withdrawal(book, account, presentment, low)


def flown(book: Book, presentment: Presentment) -> None:
    """A presentment of an authorization with a story is sent."""
    book.flown.add(presentment.presentment_id)
    story = book.stories[presentment.authorization_id]
    story.flying += 1
    story.version += 1


def landed(book: Book, presentment: Presentment, auth: Auth | None, result: Any) -> None:
    """And posted."""
    story = book.stories[presentment.authorization_id]
    if presentment.presentment_id in book.flown:  # else it was sent before there was a story
        book.flown.discard(presentment.presentment_id)
        story.flying -= 1
    if story.used is not None:
        story.used += presentment.amount_cents
    if auth is not None and result.released_cents > 0:
        stories.freed(book, auth, presentment.authorization_id, result.released_cents)


def _sent_special(book: Book, at_ns: int, presentment: Presentment) -> None:
    if presentment.kind is not SALE:
        credits.refund_sent(book, at_ns, presentment)


def _answered_special(
    book: Book, hours: Hours, at_ns: int, batch: ClearingBatch, presentment: Presentment, result: Any
) -> None:
    """A refund, or a record without an amount, which posts nothing."""
    if presentment.kind is not SALE:
        credits.refund_answered(book, hours, at_ns, batch, presentment, result)
    elif result.outcome is POSTED_OUTCOME:
        book.found(
            "I10", at_ns, presentment.presentment_id, "",
            f"{usd(presentment.amount_cents)} was posted at {when(at_ns)}; there is nothing to post",
        )  # fmt: skip


def _anew(book: Book, presentment: Presentment) -> int:
    """Sent twice, and let go of when the first answer refused its card; there is another answer after all."""
    account = book.cards.get(presentment.card_id, book.nobody)
    packed = book.presented[presentment.presentment_id] = presentment.amount_cents << 26 | account.index << 2
    account.presented_cents += presentment.amount_cents
    return packed


def _loose(book: Book, hours: Hours, auth: Auth | None, presentment: Presentment) -> None:
    """Sent while no approval is known: whether it comes after one and uses its hold up, nobody can tell."""
    book.loose.add(presentment.presentment_id)
    if auth is None or not auth.high:
        book.early.setdefault(presentment.authorization_id, False)
    elif auth.high or auth.answer is None:
        hours.release(auth)


def _beside_a_withdrawal(book: Book, account: Account, presentment: Presentment, low: int) -> None:
    """A capture beyond its hold may take even what is on its way out, and that may leave before it is burned."""
    used = book.parts.get(presentment.authorization_id, 0)
    book.parts[presentment.authorization_id] = used + presentment.amount_cents
    usdc6 = (presentment.amount_cents - max(low - used, 0)) * USDC6_PER_CENT
    if usdc6 > 0:
        taken = min(usdc6, account.withdrawing_usdc6)
        account.withdrawing_usdc6 -= taken
        account.free_usdc6 += taken
        account.excused_usdc6 += min(usdc6, account.leaving_usdc6)


def batch_answered(book: Book, hours: Hours, at_ns: int, batch: ClearingBatch, receipt: ClearingReceipt) -> None:
    """From now on each presentment is posted, or refused."""
    key = batch.idempotency_key
    first = book.recall(key)
    if first is not None or key in book.batches:
        if first is not None and first != receipt:
            _told_twice(book, at_ns, batch, first)
        return
    book.batches.add(key)
    book.said[key] = receipt
    answers.receipt(book, at_ns, batch, receipt)
    presented, auths, touched, accounts = book.presented, book.auths, hours.touched, book.by_index
    told, rests = book.stories, book.left
    ended, loose = book.finished.append, book.loose
    for presentment, result in zip(batch.presentments, receipt.results, strict=False):
        cents = presentment.amount_cents
        if presentment.kind is not SALE or cents <= 0:
            _answered_special(book, hours, at_ns, batch, presentment, result)
            continue
        packed = presented.get(presentment.presentment_id)
        if packed is None:
            packed = _anew(book, presentment)
        account = accounts[packed >> 2 & ACCOUNT_MASK]
        if account.debt is not None:
            debts.may_come_free(account)
        if result.released_cents or result.presentment_id != presentment.presentment_id:
            answers.result(book, at_ns, batch, presentment, result)
        if (
            packed & 3
            or result.outcome is not POSTED_OUTCOME
            or result.posted_cents != cents
            or result.receivable_cents
        ):
            state = _odd(book, at_ns, presentment, result, packed)
            if not state:
                continue
            presented[presentment.presentment_id] = packed & ~3 | state
        else:
            presented[presentment.presentment_id] = packed | POSTED
        touched[account] = None
        account.captured_cents += cents
        auth = auths.get(presentment.authorization_id)
        if told and presentment.authorization_id in told:
            landed(book, presentment, auth, result)
        if auth is not None:
            auth.flights += final_rest.LANDED
        if auth is None or not auth.high or (loose and presentment.presentment_id in loose):
            account.spent_cents += cents
        elif presentment.final:
            if rests:
                final_rest.answered(book, at_ns, presentment, auth, result)
            account.spent_cents += cents - auth.low
            account.high_cents -= auth.high
            if auth.high > cents:
                account.raised_ns = at_ns
            auth.low = auth.high = 0
            ended(presentment.authorization_id)
        else:
            _part(account, auth, cents)
        if account.spent_cents * USDC6_PER_CENT > account.free_usdc6:
            _beyond(book, at_ns, account, presentment)


def _part(account: Account, auth: Auth, cents: int) -> None:
    """A capture that leaves the rest of its hold open."""
    from_low = min(cents, auth.low)
    from_high = min(cents, auth.high)
    account.spent_cents += cents - from_low
    account.high_cents -= from_high
    auth.low -= from_low
    auth.high -= from_high


def _beyond(book: Book, at_ns: int, account: Account, presentment: Presentment) -> None:
    if account.uneven:
        # Fractions of a cent were there, and a receivable is reported in whole cents.
        account.receivable_usdc6 += USDC6_PER_CENT - 1
        account.free_usdc6 += USDC6_PER_CENT - 1
    cents = usd(presentment.amount_cents)
    ref = presentment.presentment_id
    overspend.judge(book, at_ns, account, ref, f"a capture of {cents}, reported as fully covered,")


def _told_twice(book: Book, at_ns: int, batch: ClearingBatch, first: Any) -> None:
    book.found(
        "I3", at_ns, batch.file_id, "",
        f"two answers under key {batch.idempotency_key!r}: the one of {when(at_ns)} differs from the first"
        if isinstance(first, ClearingReceipt)
        else f"key {batch.idempotency_key!r} came again at {when(at_ns)} with another body and was answered",
    )  # fmt: skip


def _odd(book: Book, at_ns: int, presentment: Presentment, result: Any, packed: int) -> int:
    """Anything but a first, full and covered posting: the state to book it under, SENT where nothing is to book."""
    account = book.by_index[packed >> 2 & ACCOUNT_MASK]
    state = packed & 3
    if result.outcome in (CaptureOutcome.UNKNOWN_CARD, CaptureOutcome.INVALID_AMOUNT):
        _unknown_card(book, at_ns, presentment, account, state)
        return SENT
    if result.outcome is CaptureOutcome.DUPLICATE:
        return SENT if state != SENT else _claimed(book, at_ns, presentment, account)
    if state == CLAIMED:
        book.presented[presentment.presentment_id] = packed & ~3 | POSTED
        _judge_posted(book, at_ns, presentment, result, account)
        return SENT
    if state != SENT:
        book.found(
            "I3", at_ns, presentment.presentment_id, account.account_id,
            f"{usd(presentment.amount_cents)} was posted again at {when(at_ns)}; this presentment had been posted "
            "before",
        )  # fmt: skip
        return SENT
    _judge_amounts(book, at_ns, presentment, result, account)
    return POSTED


def _claimed(book: Book, at_ns: int, presentment: Presentment, account: Account) -> int:
    """Called a duplicate before anybody heard of its posting."""
    ref = presentment.presentment_id
    if ref not in book.presented_again:
        book.found(
            "I3", at_ns, ref, account.account_id,
            f"{usd(presentment.amount_cents)} was dropped as a duplicate at {when(at_ns)}; this presentment had been "
            "sent only once",
        )  # fmt: skip
    debts.grew(account, presentment.amount_cents * USDC6_PER_CENT, 0)  # how much of it was covered, nobody said
    return CLAIMED


def _judge_amounts(book: Book, at_ns: int, presentment: Presentment, result: Any, account: Account) -> None:
    ref, cents = presentment.presentment_id, presentment.amount_cents
    _judge_posted(book, at_ns, presentment, result, account)
    if result.receivable_cents:
        if not 0 < result.receivable_cents <= cents:
            book.found(
                "I10", at_ns, ref, account.account_id,
                f"{usd(result.receivable_cents)} of {usd(cents)} was reported as not covered",
            )  # fmt: skip
        book.receivables[ref] = result.receivable_cents
        debts.reported(account, result.receivable_cents)


def _judge_posted(book: Book, at_ns: int, presentment: Presentment, result: Any, account: Account) -> None:
    cents = presentment.amount_cents
    if result.posted_cents != cents:
        book.found(
            "I10", at_ns, presentment.presentment_id, account.account_id,
            f"{usd(cents)} was presented, {usd(result.posted_cents)} was posted at {when(at_ns)}",
        )  # fmt: skip


def _unknown_card(book: Book, at_ns: int, presentment: Presentment, account: Account, state: int) -> None:
    if state == SENT:
        del book.presented[presentment.presentment_id]
        account.presented_cents -= presentment.amount_cents
    if account is not book.nobody:
        book.found(
            "I10", at_ns, presentment.presentment_id, account.account_id,
            f"{usd(presentment.amount_cents)} was refused at {when(at_ns)}; card "
            f"{presentment.card_id} is account {account.account_id}'s, and a capture always posts",
        )  # fmt: skip
