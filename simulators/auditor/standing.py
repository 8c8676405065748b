"""I9: nothing is approved on a card, an account or a mandate that is out of order; and what is in order is not refused.

Rule. No approval where the card was frozen, cancelled, lost, stolen (these three for good, whatever is said later), not
yet active or expired, the account suspended or below the KYC level, the mandate suspended, revoked or expired. A
refusal names the first reason of the ladder: one for want of money, or for a limit, is wrong where the card's standing
already spoke against it. A refusal for a standing that the card does not have is I12: refused without need.

Evidence. An opening counts from its answer until the next opening of that account is sent, and only if no other one
was in flight beside it. A request counts if it arrived after that, and if nothing was sent until its answer.

No false alarm. Between those two instants there is only one standing that an engine can know. Expiries are given the
slack of clocks. Unneeded refusals are judged only where the standing had been the same for ``patience_ns``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.interface import (
    AccountOpening,
    AccountStatus,
    CardOpening,
    CardStatus,
    DeclineReason,
    MandateOpening,
    MandateStatus,
)
from simulators.auditor.account import NEVER_NS
from simulators.auditor.book import Account, Book
from simulators.auditor.words import usd, when

FINAL = frozenset({CardStatus.CANCELLED, CardStatus.LOST, CardStatus.STOLEN})
BY_STATUS = {
    CardStatus.CANCELLED: DeclineReason.CARD_CANCELLED,
    CardStatus.LOST: DeclineReason.CARD_LOST,
    CardStatus.STOLEN: DeclineReason.CARD_STOLEN,
    CardStatus.FROZEN: DeclineReason.CARD_FROZEN,
    CardStatus.PENDING: DeclineReason.CARD_INACTIVE,
}
OF_STANDING = frozenset(
    {
        *BY_STATUS.values(),
        DeclineReason.CARD_NOT_FOUND,
        DeclineReason.CARD_EXPIRED,
        DeclineReason.ACCOUNT_SUSPENDED,
        DeclineReason.KYC_REQUIRED,
        DeclineReason.MANDATE_INACTIVE,
        DeclineReason.MANDATE_EXPIRED,
    }
)
BELOW_STANDING = frozenset(
    reason for reason in DeclineReason if reason.endswith("_limit") or reason.startswith("category_")
) | {DeclineReason.INSUFFICIENT_FUNDS}
"""Reasons that come after those of standing on the ladder."""


class Standing:
    """What is known of an account's openings. ``opening`` is None while it may be one or another."""

    __slots__ = ("cards", "crowded", "ended", "epoch", "in_flight", "mandates", "may_have_ended", "opening", "since_ns")

    def __init__(self) -> None:
        self.opening: AccountOpening | None = None
        self.cards: dict[str, CardOpening] = {}
        self.mandates: dict[str, MandateOpening] = {}
        self.ended: dict[str, CardStatus] = {}
        """Cards that are cancelled, lost or stolen for certain, and so for good."""
        self.may_have_ended: dict[str, set[CardStatus]] = {}
        """Cards of which that was said, each with all that was; which of it was heard first, if any, nobody knows."""
        self.since_ns = 0
        self.epoch = self.in_flight = 0
        self.crowded = False


def opening_sent(book: Book, at_ns: int, opening: AccountOpening) -> None:
    """From now on the standing may be another."""
    account = book.account(opening.account_id)
    known = account.standing
    if known is None:
        known = account.standing = Standing()
    known.epoch += 1
    known.opening = None
    known.in_flight += 1
    known.crowded |= known.in_flight > 1
    for card in opening.cards:
        if card.status in FINAL and card.card_id not in known.ended:
            known.may_have_ended.setdefault(card.card_id, set()).add(card.status)
    account.watch_ns = NEVER_NS


def opening_answered(book: Book, at_ns: int, opening: AccountOpening, *, failed: bool = False) -> None:
    """From now on it is this one, unless another was under way."""
    account = book.account(opening.account_id)
    known = account.standing
    known.in_flight -= 1
    if known.in_flight:
        return
    crowded, known.crowded = known.crowded, False
    if crowded or failed:
        return
    for card in opening.cards:
        if known.may_have_ended.get(card.card_id) == {card.status}:
            known.ended[card.card_id] = card.status
            del known.may_have_ended[card.card_id]
    known.opening = opening = _as_it_is(known, opening)
    known.cards = {card.card_id: card for card in opening.cards if card.card_id not in known.may_have_ended}
    known.mandates = {mandate.mandate_id: mandate for mandate in opening.mandates}
    known.since_ns = at_ns
    account.watch_ns = _watch_from(book, opening)


def _as_it_is(known: Standing, opening: AccountOpening) -> AccountOpening:
    """The opening, with what it cannot undo."""
    if not known.ended:
        return opening
    cards = tuple(replace(card, status=known.ended.get(card.card_id, card.status)) for card in opening.cards)
    return replace(opening, cards=cards)


def _watch_from(book: Book, opening: AccountOpening) -> int:
    """The first instant at which something of the account may be barred."""
    sound = opening.status is AccountStatus.ACTIVE and opening.kyc_level >= book.terms.minimum_kyc_level
    mandates = {mandate.mandate_id for mandate in opening.mandates}
    sound = sound and all(card.status is CardStatus.ACTIVE for card in opening.cards)
    sound = sound and all(mandate.status is MandateStatus.ACTIVE for mandate in opening.mandates)
    sound = sound and all(not card.mandate_id or card.mandate_id in mandates for card in opening.cards)
    if not sound:
        return 0
    ends = [card.expires_at_ns for card in opening.cards] + [mandate.expires_at_ns for mandate in opening.mandates]
    return min(ends, default=NEVER_NS)


def against(book: Book, known: Standing, card_id: str, at_ns: int) -> DeclineReason | None:
    """What speaks against a card for certain, highest on the ladder; None where nothing does, or nobody knows."""
    card, opening = known.cards.get(card_id), known.opening
    if opening is None or card is None or book.cards_moved:
        return None
    at_ns -= book.slack_ns
    if card.status in BY_STATUS:
        return BY_STATUS[card.status]
    if at_ns >= card.expires_at_ns:
        return DeclineReason.CARD_EXPIRED
    if opening.status is not AccountStatus.ACTIVE:
        return DeclineReason.ACCOUNT_SUSPENDED
    if opening.kyc_level < book.terms.minimum_kyc_level:
        return DeclineReason.KYC_REQUIRED
    if not card.mandate_id:
        return None
    mandate = known.mandates.get(card.mandate_id)
    if mandate is None or mandate.status is not MandateStatus.ACTIVE:
        return DeclineReason.MANDATE_INACTIVE
    return DeclineReason.MANDATE_EXPIRED if at_ns >= mandate.expires_at_ns else None


def asked(book: Book, at_ns: int, account: Account, message: Any) -> None:
    """A new request of an account of which something may be barred."""
    if at_ns - message.sent_at_ns > book.memory_ns:
        return  # it may be the repeat of something forgotten
    known = account.standing
    reason = against(book, known, message.card_id, at_ns)
    if reason is not None:
        book.barred[message.idempotency_key] = (reason, known.epoch)


def answered(book: Book, at_ns: int, account: Account, message: Any, answer: Any) -> None:
    """The first answer to a request, where some request was barred."""
    reason, epoch = book.barred.pop(message.idempotency_key, (None, 0))
    if reason is None or account.standing.epoch != epoch:
        return
    if answer.approved:
        told = f"{usd(message.amount_cents)} was approved"
    elif answer.reason in BELOW_STANDING:
        told = f"{usd(message.amount_cents)} was declined as {answer.reason}, which comes after that on the ladder,"
    else:
        return
    since = when(account.standing.since_ns)
    book.found(
        "I9", at_ns, message.authorization_id, account.account_id,
        f"{told} at {when(at_ns)} on card {message.card_id} although {reason} held: so it had been told, and answered, "
        f"by {since}, and nothing else since",
    )  # fmt: skip


def refused(book: Book, at_ns: int, account: Account, message: Any, reason: DeclineReason) -> None:
    """A refusal: judged where it names a standing that the card does not have."""
    known = account.standing
    card = known.cards.get(message.card_id)
    if reason not in OF_STANDING or known.opening is None or card is None or book.cards_moved:
        return
    if known.since_ns > min(at_ns - book.patience_ns, message.sent_at_ns - book.slack_ns):
        return
    if not _may_hold(book, known, card, reason, at_ns + book.slack_ns):
        book.found(
            "I12", at_ns, message.authorization_id, account.account_id,
            f"refused without need: {usd(message.amount_cents)} was declined at {when(at_ns)} ({reason}); card "
            f"{card.card_id} has been in another standing since {when(known.since_ns)}",
        )  # fmt: skip


def _may_hold(book: Book, known: Standing, card: CardOpening, reason: DeclineReason, at_ns: int) -> bool:
    """Whether this reason can be true by ``at_ns``."""
    opening, mandate = known.opening, known.mandates.get(card.mandate_id)
    if reason is DeclineReason.CARD_NOT_FOUND:
        return False
    if reason is DeclineReason.CARD_EXPIRED:
        return at_ns >= card.expires_at_ns
    if reason is DeclineReason.ACCOUNT_SUSPENDED:
        return opening.status is AccountStatus.SUSPENDED
    if reason is DeclineReason.KYC_REQUIRED:
        return opening.kyc_level < book.terms.minimum_kyc_level
    if reason is DeclineReason.MANDATE_INACTIVE:
        return bool(card.mandate_id) and (mandate is None or mandate.status is not MandateStatus.ACTIVE)
    if reason is DeclineReason.MANDATE_EXPIRED:
        return mandate is not None and at_ns >= mandate.expires_at_ns
    return BY_STATUS.get(card.status) is reason
