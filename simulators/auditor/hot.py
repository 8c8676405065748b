"""The hot path: authorizations as they are sent, as they are answered, and where nobody answers.

These methods run twice for each of a million swipes, so they are written out in full where they could be split.
Everything that is rare is a call to a module beside this one.
"""

from __future__ import annotations

from typing import Any

from engine.interface import (
    AuthorizationKind,
    AuthorizationRequest,
    DeclineReason,
    Initiator,
    LimitTerms,
    Presence,
    Terms,
)
from simulators.auditor import answers, availability, codes, exactly_once, limits, liveness, overspend, rare, standing
from simulators.auditor.availability import JUDGED
from simulators.auditor.book import DECLINED, FAILED, REFUSED, RELEASED, USDC6_PER_CENT, Auth, Book
from simulators.auditor.hours import DAY_NS, Hours
from simulators.auditor.words import usd

PURCHASE = AuthorizationKind.PURCHASE
ESTIMATE = AuthorizationKind.PREAUTHORIZATION
ASIDE = frozenset({AuthorizationKind.INCREMENTAL, AuthorizationKind.BALANCE_INQUIRY, AuthorizationKind.REFUND})
"""Kinds that open no authorization."""
PRESENT = Presence.PRESENT
CARDHOLDER = Initiator.CARDHOLDER
CODE_OF = codes.CODE_OF
GIVEN_UP = (DeclineReason.ISSUER_UNAVAILABLE, DeclineReason.SYSTEM_MALFUNCTION)
NO_LIMIT = limits.NO_LIMIT


class HotPath:
    """Hears authorizations; hands on everything else."""

    def __init__(self, book: Book, terms: Terms, grace_ns: int, judge_declines: bool, chain: bool) -> None:
        self._book = book
        self._hours = Hours(book, grace_ns)
        self._judge_declines = judge_declines
        self._auths = book.auths
        self._cards = book.cards
        self._grace_ns = grace_ns
        self._chain = chain
        bounds = limits.plain_bounds(terms.limits)
        self._transaction_cents, self._daily_cents, self._monthly_cents = bounds
        book.plain_limits = terms.limits.policy == LimitTerms().policy and NO_LIMIT not in bounds
        self._more_limits = limits.has_categories(terms.limits) or book.tallies.on

    def sent(self, at_ns: int, message: Any) -> None:
        """A message reaches the engine."""
        hours = self._hours
        if at_ns >= hours.next_ns:
            self._advance(at_ns)
        if message.__class__ is not AuthorizationRequest:
            rare.sent(self._book, hours, at_ns, message)
            return
        kind = message.kind
        if kind is not PURCHASE and kind in ASIDE:
            rare.sent(self._book, hours, at_ns, message)
            return
        book, auths = self._book, self._auths
        authorization_id, key = message.authorization_id, message.idempotency_key
        if (authorization_id in auths or key != authorization_id) and exactly_once.seen_before(book, message):
            return
        cents = message.amount_cents
        auth = Auth()
        auth.account = account = self._cards.get(message.card_id, book.nobody)
        auth.message = message
        auth.cents = auth.high = cents
        auth.low = auth.flights = 0
        auth.window = hours.day_sent
        auth.answer = None
        auths[authorization_id] = auth
        account.high_cents += cents
        account.in_flight += 1
        if kind is not ESTIMATE and message.presence is PRESENT and message.initiator is CARDHOLDER:
            lane = hours.filling.get(message.network)
            (hours.lane(message) if lane is None else lane).append(auth)
        else:
            hours.lane(message).append(auth)
        if at_ns >= account.watch_ns:
            standing.asked(book, at_ns, account, message)
        old = at_ns - message.sent_at_ns > book.memory_ns
        if old or authorization_id in book.early:
            self._strange(auth, authorization_id, old)

    def answered(self, at_ns: int, message: Any, answer: Any) -> None:
        """The engine answers a message."""
        hours = self._hours
        if at_ns >= hours.next_ns:
            self._advance(at_ns)
        if message.__class__ is not AuthorizationRequest:
            rare.answered(self._book, hours, at_ns, message, answer)
            return
        book = self._book
        authorization_id = message.authorization_id
        reason = answer.reason
        if (
            answer.authorization_id != authorization_id
            or answer.response_code != CODE_OF.get(reason)
            or answer.approved is not (reason is None)
        ):
            answers.misspoken(book, at_ns, message, answer)
        kind = message.kind
        if kind is not PURCHASE and kind in ASIDE:
            rare.answered(book, hours, at_ns, message, answer)
            return
        auth = self._auths.get(authorization_id)
        if (auth is None or auth.answer is not None or auth.message is not message) and not exactly_once.is_first(
            book, at_ns, message, answer
        ):
            return
        account = auth.account
        if book.barred:
            standing.answered(book, at_ns, account, message, answer)
        if not answer.approved:
            auth.answer = reason or DECLINED
            if answer.approved_cents or answer.hold_expires_at_ns:
                answers.declined_with_amounts(book, at_ns, answer, message)
            if self._judge_declines:
                if reason in JUDGED:
                    availability.judge(book, hours, at_ns, auth, message, reason)
                elif account.standing is not None:
                    standing.refused(book, at_ns, account, message, reason)
            account.in_flight -= 1
            account.declined_ns = at_ns
            account.given_up_cents += auth.cents
            if reason in GIVEN_UP:
                hours.release(auth)
                hours.lingering.append((at_ns + self._grace_ns, auth))
            else:
                account.high_cents -= auth.high
                auth.high = 0
            book.finished.append(authorization_id)
            return
        account.in_flight -= 1
        cents = auth.cents
        if answer.approved_cents != cents:
            cents = overspend.granted(book, at_ns, auth, answer)
        auth.answer = expires_at_ns = answer.hold_expires_at_ns
        auth.low = cents
        account.spent_cents += cents
        day = hours.day_answered
        if auth.window == day:
            if account.day != day:
                account.enter(day, hours.month)
            account.day_cents += cents
            account.month_cents += cents
            if account.day_cents > self._daily_cents or account.month_cents > self._monthly_cents:
                limits.over_window(book, at_ns, auth, message)
        else:
            limits.count_apart(book, hours, at_ns, auth, message)
        if self._more_limits or book.more_limits:
            limits.by_purchase(book, at_ns, auth, message, cents)
        if cents > self._transaction_cents:
            limits.over_transaction(book, at_ns, auth, message)
        if account.spent_cents * USDC6_PER_CENT > account.free_usdc6:
            overspend.judge(book, at_ns, account, authorization_id, f"an approval of {usd(cents)}")
        if kind is not ESTIMATE and message.presence is PRESENT and message.initiator is CARDHOLDER:
            lifetime_ns = hours.plain_ns.get(message.network) or hours.lifetime_ns(message)
        else:
            lifetime_ns = hours.lifetime_ns(message)
        began_ns = expires_at_ns - lifetime_ns
        if not at_ns - hours.slot_ns < began_ns <= at_ns or began_ns < message.sent_at_ns:
            self._other_lifetime(at_ns, auth, message, expires_at_ns, lifetime_ns)

    def failed(self, at_ns: int, message: Any, error: Exception) -> None:
        """The engine raised: whether it did anything is unknown, until the same message is answered."""
        if at_ns >= self._hours.next_ns:
            self._advance(at_ns)
        self._book.secrets.error(self._book, at_ns, error)
        if message.__class__ is not AuthorizationRequest or message.kind in ASIDE:
            rare.failed(self._book, self._hours, at_ns, message)
            return
        auth = self._auths.get(message.authorization_id)
        if auth is not None and auth.answer is None and exactly_once.same_request(auth, message):
            auth.answer = FAILED
            auth.account.in_flight -= 1
            auth.account.given_up_cents += auth.cents
            auth.account.unsure_month = self._hours.month_of(at_ns // DAY_NS + 1)

    def _advance(self, at_ns: int) -> None:
        raise NotImplementedError

    def _strange(self, auth: Auth, authorization_id: str, old: bool) -> None:
        """So old that it may be a repeat of something forgotten, or reversed before it came."""
        auth.window = RELEASED
        asked = (authorization_id, auth.message.card_id, auth.message.network)
        if asked in self._book.early_cards and not old:
            auth.window = REFUSED
            auth.account.high_cents -= auth.high
            auth.high = 0

    def _other_lifetime(self, at_ns: int, auth: Auth, message: Any, expires_at_ns: int, lifetime_ns: int) -> None:
        """A hold that ends much earlier than the slot of its request says is not counted on."""
        if liveness.wrong_lifetime(self._book, at_ns, auth, message, expires_at_ns, lifetime_ns):
            return
        if expires_at_ns < at_ns + lifetime_ns:
            self._hours.release(auth)
