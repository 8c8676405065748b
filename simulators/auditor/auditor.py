"""The auditor itself: what the world calls. Authorizations are heard in ``hot``, other messages in ``rare``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.interface import AccountOpening, Balance, StatementEntry, Terms
from simulators.auditor import balances, chain, conservation, liveness, reconciled, settled_once
from simulators.auditor.book import Book
from simulators.auditor.hot import HotPath
from simulators.auditor.records import ChainEvent, Finding

INVARIANTS = ("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I11", "I12", "I13")
"""What one run is judged by; I14 takes two (``determinism_finding``)."""

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS


class Auditor(HotPath):
    """Feed it in the order in which things happen; read ``findings`` at any time, and for good after ``finish``.

    All ``at_ns`` are UTC and never fall. ``opened`` comes when an opening is first sent. A message may be sent any
    number of times; each sending is followed by ``answered`` or ``failed``. Ticks are :class:`Tick` or alike.

    ``slack_ns``: how far the engine's clock may be off. ``grace_ns``: how long after its validity a hold may wait for
    an expiry tick, and an engine that gave up for its own clean-up. ``finality_ns``: how long a burn may be in a
    block and not final to the engine. ``memory_ns``: for how long answers are remembered after everything about them
    has ended; None: as long as the terms want repeats answered. ``patience_ns``: how long money or limits have to be
    free before a refusal for want of them is judged; None: never. ``chain``: False where nobody reports chain events;
    I7, I8 and I11 are then not judged.
    """

    def __init__(
        self,
        terms: Terms,
        *,
        slack_ns: int = 0,
        grace_ns: int = 2 * HOUR_NS,
        finality_ns: int = HOUR_NS,
        memory_ns: int | None = None,
        patience_ns: int | None = 10 * MINUTE_NS,
        chain: bool = True,
    ) -> None:
        memory_ns = terms.idempotency_retention_ns if memory_ns is None else memory_ns
        book = Book(terms, slack_ns, memory_ns, finality_ns, patience_ns or 0)
        book.no_declines = patience_ns is None
        super().__init__(book, terms, grace_ns, patience_ns is not None, chain)

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
        return INVARIANTS if self._chain else tuple(name for name in INVARIANTS if name not in ("I7", "I8", "I11"))

    # ---- besides the wire -------------------------------------------------------------------------------------------

    def opened(self, at_ns: int, opening: AccountOpening) -> None:
        """An account, or its cards, as of now."""
        account = self._book.account(opening.account_id)
        for card in opening.cards:
            if card.limits is not None or card.mandate_id:
                self._book.more_limits.add(card.card_id)
                self._book.tallies.on = True
            if card.replaces and card.card_id not in self._cards:
                self._book.tallies.replaced(card.card_id, card.replaces)
            if card.pan:
                self._book.secrets.add(card.pan, "the number of a card")
            if self._cards.setdefault(card.card_id, account) is not account:
                self._book.cards_moved = True
                self._cards[card.card_id] = account

    def engine_died(self, at_ns: int) -> None:
        """The engine has lost what it had in memory (its process died, a fast store was flushed): what it had answered
        has to outlive that. What was in flight is told of by ``failed``.
        """
        if at_ns >= self._hours.next_ns:
            self._advance(at_ns)
        self._book.died(at_ns)

    def engine_back(self, at_ns: int) -> None:
        """It runs again. Nothing is judged by that: what it refuses meanwhile has failed."""
        if at_ns >= self._hours.next_ns:
            self._advance(at_ns)

    def secret(self, value: str, what: str) -> None:
        """Something that no text of the engine may contain; ``what`` it is, as a finding may say it."""
        self._book.secrets.add(value, what)

    def overheard(self, at_ns: int, where: str, text: str) -> None:
        """A text that the engine wrote somewhere: a log record, a stored row, a line of the trace."""
        self._book.secrets.scan(self._book, at_ns, where, text)

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
        self._book.secrets.scan_entry(self._book, entry)
        if len(postings) == 2:
            (_, _, asset, amount), (_, _, other_asset, other_amount) = postings
            if amount == -other_amount and asset == other_asset:
                return
        conservation.entry(self._book, entry.at_ns, entry.ref, postings)

    def balance(self, at_ns: int, balance: Balance) -> None:
        """What the engine says of an account; asked when nothing is in flight."""
        if at_ns >= self._hours.next_ns:
            self._advance(at_ns)
        balances.balance(self._book, at_ns, balance)

    def statement(self, entries: Iterable[StatementEntry]) -> None:
        """A page of the engine's statement; all of them, in order, once, at the end."""
        entries = tuple(entries)
        if self._book.secrets:
            for entry in entries:
                self._book.secrets.scan(self._book, entry.at_ns, "the statement", entry.ref, entry.ref)
        reconciled.statement(self._book, entries)

    def finish(self, at_ns: int) -> None:
        """The run is over: what has not happened by now will not."""
        self._advance(at_ns)
        liveness.finish(self._book, self._hours, at_ns, self._grace_ns)
        reconciled.missing(self._book, at_ns)

    def _advance(self, at_ns: int) -> None:
        if at_ns >= self._hours.next_ns:
            self._hours.advance(at_ns)
        if self._chain:
            settled_once.fall_due(self._book, self._hours, at_ns)
