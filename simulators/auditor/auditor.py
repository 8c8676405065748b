"""The auditor itself: hears every message as it is sent and as it is answered, and keeps the books.

The methods for authorizations are written out in full where they could be split: they run twice for each of a million
swipes. Everything that is rare is in the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from engine.interface import (
    AccountOpening,
    AuthorizationKind,
    AuthorizationRequest,
    Balance,
    ClearingBatch,
    DeclineReason,
    DepositNotice,
    ReversalRequest,
    StatementEntry,
    Terms,
    WithdrawalNotice,
)
from simulators.auditor import (
    answers,
    availability,
    captures,
    chain,
    conservation,
    exactly_once,
    limits,
    liveness,
    notices,
    overspend,
    reconciled,
    releases,
    settled_once,
)
from simulators.auditor.availability import JUDGED
from simulators.auditor.book import DECLINED, FAILED, REFUSED, RELEASED, USDC6_PER_CENT, Auth, Book
from simulators.auditor.hours import DAY_NS, Hours
from simulators.auditor.records import ChainEvent, Finding
from simulators.auditor.words import usd

INVARIANTS = ("I1", "I2", "I3", "I4", "I7", "I8", "I10", "I12")
"""What one run is judged by; I14 takes two (``determinism_finding``)."""

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
ESTIMATE = AuthorizationKind.PREAUTHORIZATION
CODE_OF = answers.CODE_OF
GIVEN_UP = (DeclineReason.ISSUER_UNAVAILABLE, DeclineReason.SYSTEM_MALFUNCTION)


class Auditor:
    """Feed it in the order in which things happen; read ``findings`` at any time, and for good after ``finish``.

    All ``at_ns`` are UTC and never fall. ``opened`` comes when an opening is first sent. A message may be sent any
    number of times; each sending is followed by ``answered`` or ``failed``. Ticks are :class:`Tick` or alike.

    ``slack_ns``: how far the engine's clock may be off. ``grace_ns``: how long after its validity a hold may wait for
    an expiry tick, and an engine that gave up for its own clean-up. ``finality_ns``: how long a burn may be in a
    block and not final to the engine. ``memory_ns``: for how long answers are remembered after everything about them
    has ended. ``patience_ns``: how long money or limits have to be free before a refusal for want of them is judged;
    None: never. ``chain``: False where nobody reports chain events; I7 and I8 are then not judged.
    """

    def __init__(
        self,
        terms: Terms,
        *,
        slack_ns: int = 0,
        grace_ns: int = 2 * HOUR_NS,
        finality_ns: int = HOUR_NS,
        memory_ns: int = 6 * HOUR_NS,
        patience_ns: int | None = 10 * MINUTE_NS,
        chain: bool = True,
    ) -> None:
        self._book = book = Book(terms, slack_ns, memory_ns, finality_ns, patience_ns or 0)
        self._judge_declines = patience_ns is not None
        self._hours = Hours(book)
        self._auths = book.auths
        self._cards = book.cards
        self._grace_ns = grace_ns
        self._chain = chain
        self._daily_cents = terms.limits.daily_cents
        self._monthly_cents = terms.limits.monthly_cents
        self._transaction_cents = terms.limits.per_transaction_cents

    @property
    def findings(self) -> list[Finding]:
        """What was found, in the order in which it was; the first thousand."""
        return self._book.findings

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each invariant, those not kept included."""
        return dict(self._book.counts)

    @property
    def invariants(self) -> tuple[str, ...]:
        """What this run is judged by."""
        return INVARIANTS if self._chain else tuple(name for name in INVARIANTS if name not in ("I7", "I8"))

    # ---- the wire ---------------------------------------------------------------------------------------------------

    def opened(self, at_ns: int, opening: AccountOpening) -> None:
        """An account, or its cards, as of now."""
        account = self._book.account(opening.account_id)
        for card in opening.cards:
            if self._cards.setdefault(card.card_id, account) is not account:
                self._book.cards_moved = True
                self._cards[card.card_id] = account

    def sent(self, at_ns: int, message: Any) -> None:
        """A message reaches the engine."""
        hours = self._hours
        if at_ns >= hours.next_ns:
            self._advance(at_ns)
        if message.__class__ is not AuthorizationRequest:
            self._sent_other(at_ns, message)
            return
        book, auths = self._book, self._auths
        authorization_id, key = message.authorization_id, message.idempotency_key
        if (authorization_id in auths or key != authorization_id) and exactly_once.seen_before(book, message):
            return
        cents = message.amount_cents
        auth = Auth()
        auth.account = account = self._cards.get(message.card_id, book.nobody)
        auth.key = None if key == authorization_id else key
        auth.cents = auth.high = cents
        auth.low = 0
        auth.window = hours.day_sent
        auth.answer = None
        auths[authorization_id] = auth
        account.high_cents += cents
        account.in_flight += 1
        try:
            (hours.filling if message.kind is not ESTIMATE else hours.filling_long)[message.network].append(auth)
        except KeyError:
            hours.lane(message.network, message.kind is ESTIMATE).append(auth)
        old = at_ns - message.sent_at_ns > book.memory_ns
        if old or authorization_id in book.early:
            self._strange(auth, authorization_id, old)

    def answered(self, at_ns: int, message: Any, answer: Any) -> None:
        """The engine answers a message."""
        hours = self._hours
        if at_ns >= hours.next_ns:
            self._advance(at_ns)
        if message.__class__ is not AuthorizationRequest:
            self._answered_other(at_ns, message, answer)
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
        auth = self._auths.get(authorization_id)
        if (
            auth is None
            or auth.answer is not None
            or auth.cents != message.amount_cents
            or message.idempotency_key != authorization_id
        ) and not exactly_once.is_first(book, at_ns, message, answer):
            return
        account = auth.account
        if not answer.approved:
            auth.answer = reason or DECLINED
            if answer.approved_cents or answer.hold_expires_at_ns:
                answers.declined_with_amounts(book, at_ns, answer, message)
            if reason in JUDGED and self._judge_declines:
                availability.judge(book, hours, at_ns, auth, message, reason)
            account.in_flight -= 1
            account.declined_ns = at_ns
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
        if cents > self._transaction_cents:
            limits.over_transaction(book, at_ns, auth, message)
        if account.spent_cents * USDC6_PER_CENT > account.free_usdc6:
            overspend.judge(book, at_ns, account, authorization_id, f"an approval of {usd(cents)}")
        if answer.approved_cents != cents:
            self._other_amount(at_ns, auth, answer)
        lifetime_ns = hours.lifetime_ns[message.network]
        if message.kind is ESTIMATE:
            lifetime_ns = book.terms.holds.preauthorization_ns
        began_ns = expires_at_ns - lifetime_ns
        if not at_ns - hours.slot_ns < began_ns <= at_ns or began_ns < message.sent_at_ns:
            self._other_lifetime(at_ns, auth, message, expires_at_ns, lifetime_ns)

    def failed(self, at_ns: int, message: Any, error: Exception) -> None:
        """The engine raised: whether it did anything is unknown, until the same message is answered."""
        if at_ns >= self._hours.next_ns:
            self._advance(at_ns)
        if message.__class__ is AuthorizationRequest:
            auth = self._auths.get(message.authorization_id)
            same_key = auth is not None and (auth.key or message.authorization_id) == message.idempotency_key
            if same_key and auth.answer is None and exactly_once.same_body(self._book, auth, message):
                auth.answer = FAILED
                auth.account.in_flight -= 1
                auth.account.unsure_month = self._hours.month_of(at_ns // DAY_NS + 1)
        else:
            self._book.waiting[_name_of(message)] -= 1

    # ---- the chain, and what an engine says of itself ---------------------------------------------------------------

    def chain(self, at_ns: int, event: ChainEvent) -> None:
        """An event of CardToken is in a block."""
        self._advance(at_ns)
        chain.event(self._book, at_ns, event)

    def supply(self, at_ns: int, total_supply_usdc6: int, usdc_held_usdc6: int) -> None:
        """The two figures, read from the node at one instant."""
        conservation.supply(self._book, at_ns, total_supply_usdc6, usdc_held_usdc6)

    def journal(self, entry: Any) -> None:
        """A journal entry of an engine that shows them: ``ref``, ``at_ns`` and ``postings`` of (book, owner, asset,
        amount).
        """
        postings = entry.postings
        if len(postings) == 2:
            (_, _, asset, amount), (_, _, other_asset, other_amount) = postings
            if amount == -other_amount and asset == other_asset:
                return
        conservation.entry(self._book, entry.at_ns, entry.ref, postings)

    def balance(self, at_ns: int, balance: Balance) -> None:
        """What the engine says of an account; asked when nothing is in flight."""
        if at_ns >= self._hours.next_ns:
            self._advance(at_ns)
        exactly_once.balance(self._book, at_ns, balance)

    def statement(self, entries: Iterable[StatementEntry]) -> None:
        """A page of the engine's statement; all of them, in order, once, at the end."""
        reconciled.statement(self._book, entries)

    def finish(self, at_ns: int) -> None:
        """The run is over: what has not happened by now will not."""
        self._advance(at_ns)
        liveness.finish(self._book, self._hours, at_ns, self._grace_ns)
        reconciled.missing(self._book, at_ns)

    # ---- rare -------------------------------------------------------------------------------------------------------

    def _advance(self, at_ns: int) -> None:
        if at_ns >= self._hours.next_ns:
            self._hours.advance(at_ns)
        if self._chain:
            settled_once.fall_due(self._book, self._hours, at_ns)

    def _sent_other(self, at_ns: int, message: Any) -> None:
        book, hours = self._book, self._hours
        book.waiting[_name_of(message)] += 1
        handler = _SENT.get(message.__class__)
        if handler is not None:
            handler(book, hours, at_ns, message)

    def _answered_other(self, at_ns: int, message: Any, answer: Any) -> None:
        book, hours = self._book, self._hours
        name = _name_of(message)
        book.waiting[name] -= 1
        if not book.waiting[name]:
            del book.waiting[name]
        handler = _ANSWERED.get(message.__class__)
        if handler is not None:
            handler(book, hours, at_ns, message, answer)
        elif getattr(message, "verb", None) == "expire":
            releases.expiry_answered(book, hours, at_ns, message.now_ns, answer)
        elif getattr(message, "verb", None) == "settle":
            book.settled_usdc6 += answer.settled_usdc6

    def _strange(self, auth: Auth, authorization_id: str, old: bool) -> None:
        """So old that it may be a repeat of something forgotten, or reversed before it came."""
        auth.window = RELEASED
        if self._book.early.get(authorization_id) and not old:
            auth.window = REFUSED
            auth.account.high_cents -= auth.high
            auth.high = 0

    def _other_amount(self, at_ns: int, auth: Auth, answer: Any) -> None:
        overspend.wrong_amount(self._book, at_ns, auth, answer)

    def _other_lifetime(self, at_ns: int, auth: Auth, message: Any, expires_at_ns: int, lifetime_ns: int) -> None:
        """A hold that ends much earlier than the slot of its request says is not counted on."""
        if liveness.wrong_lifetime(self._book, at_ns, auth, message, expires_at_ns, lifetime_ns):
            return
        if expires_at_ns < at_ns + lifetime_ns:
            self._hours.release(auth)


def _name_of(message: Any) -> str:
    """A request other than an authorization, in words that also tell two of them apart."""
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
    return f"{message.verb} tick {message.now_ns}"


_SENT: dict[type, Callable[..., None]] = {
    ReversalRequest: releases.reversal_sent,
    ClearingBatch: captures.batch_sent,
    DepositNotice: notices.deposit_sent,
    WithdrawalNotice: notices.withdrawal_sent,
}
_ANSWERED: dict[type, Callable[..., None]] = {
    ReversalRequest: releases.reversal_answered,
    ClearingBatch: captures.batch_answered,
    DepositNotice: notices.deposit_answered,
    WithdrawalNotice: notices.withdrawal_answered,
}
