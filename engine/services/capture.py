"""Capture: a clearing file says what merchants really took, and what they gave back. It always posts, once."""

from __future__ import annotations

from engine.domain import credits, debts
from engine.domain import ledger as journal
from engine.domain.authorization import Authorization
from engine.domain.ledger import Commit, Entry, HoldChange, Queued, Rows, Touch, change_of
from engine.domain.limits import Spend
from engine.domain.money import usdc6_of
from engine.interface import (
    CaptureOutcome,
    CaptureResult,
    ClearingBatch,
    ClearingReceipt,
    Presentment,
    PresentmentKind,
)
from engine.ports import Ports
from engine.services.follow import follow
from engine.services.once import answer_once


class Capture:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def __call__(self, batch: ClearingBatch) -> ClearingReceipt:
        """Post every presentment of the batch in one commit. Raises IdempotencyConflict."""
        now_ns = self._ports.clock.now_ns()

        def transition(rows: Rows) -> Commit:
            return post(batch, rows, now_ns)

        touch = Touch(
            authorizations=tuple(p.authorization_id for p in batch.presentments),
            cards=tuple(p.card_id for p in batch.presentments),
            posted=tuple(p.presentment_id for p in batch.presentments),
        )
        key = batch.idempotency_key
        receipt, changes, _ = await answer_once(self._ports.ledger, key, body_of(batch), touch, transition)
        await follow(self._ports, key, changes)
        return receipt


def post(batch: ClearingBatch, rows: Rows, now_ns: int) -> Commit:
    """The whole batch as one commit, in file order."""
    running = _Running(rows)
    entries: list[Entry] = []
    queued: list[Queued] = []
    results: list[CaptureResult] = []
    changes: list[HoldChange] = []
    posted: dict[str, None] = {}
    for presentment in batch.presentments:
        ref = presentment.presentment_id
        if ref in rows.posted or ref in posted:
            results.append(CaptureResult(ref, CaptureOutcome.DUPLICATE, 0, 0, 0))
            continue
        if presentment.amount_cents <= 0:
            results.append(CaptureResult(ref, CaptureOutcome.INVALID_AMOUNT, 0, 0, 0))
            continue
        account_id = running.account_of(presentment)
        if account_id is None:
            results.append(CaptureResult(ref, CaptureOutcome.UNKNOWN_CARD, 0, 0, 0))
            continue
        posted[ref] = None
        step = running.credit if presentment.kind is PresentmentKind.REFUND else running.take
        made, change, to_burn_usdc6, result = step(presentment, account_id, now_ns)
        entries += made
        if change is not None:
            changes.append(change)
        if to_burn_usdc6:
            queued.append(Queued(ref, account_id, to_burn_usdc6))
        results.append(result)
    return Commit(
        entries=tuple(entries),
        authorizations=tuple(running.changed.values()),
        queued=tuple(queued),
        posted=tuple(posted),
        forced=tuple(running.forced),
        changes=tuple(changes),
        result=ClearingReceipt(batch.file_id, tuple(results)),
    )


_Step = tuple[tuple[Entry, ...], HoldChange | None, int, CaptureResult]
"""What one presentment does: its entries, what the hold store follows, what is to be burned (less, if negative), and
the result."""


class _Running:
    """Authorizations, and what customers have and owe, as they stand after the presentments posted so far."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._own: dict[str, int] = {}
        self._owed: dict[str, int] = {}
        self.changed: dict[str, Authorization] = {}
        self.forced: list[tuple[str, Spend]] = []

    def account_of(self, presentment: Presentment) -> str | None:
        known = self._rows.authorizations.get(presentment.authorization_id)
        if known is not None and known.account_id:
            return known.account_id
        card = self._rows.cards.get(presentment.card_id)
        return card.account_id if card is not None else None

    def take(self, presentment: Presentment, account_id: str, now_ns: int) -> _Step:
        """Spend the hold first, then whatever else the customer has here, even on its way out; the rest is owed."""
        authorization_id = presentment.authorization_id
        known = self.changed.get(authorization_id) or self._rows.authorizations.get(authorization_id)
        held_before = known.held_cents if known is not None else 0
        held_after = 0
        if known is not None:
            after = known.captured(presentment.amount_cents, final=presentment.final)
            held_after = after.held_cents
            self.changed[authorization_id] = after
        spent_cents = min(presentment.amount_cents, held_before)
        freed_cents = held_before - spent_cents - held_after
        beyond = usdc6_of(presentment.amount_cents - spent_cents)
        own, owed = self._funds_of(account_id)
        own += usdc6_of(freed_cents)
        taken = min(beyond, max(own, 0))
        available = usdc6_of(freed_cents) - taken
        if held_before:
            change = change_of(known, after, available)
        else:
            spend = self._force(presentment, account_id, now_ns)
            change = HoldChange(account_id, available_usdc6=available, spend=spend)
        entry = journal.capture(
            presentment.presentment_id, account_id, presentment.network, now_ns,
            amount_cents=presentment.amount_cents, from_hold_usdc6=usdc6_of(spent_cents),
            freed_usdc6=usdc6_of(freed_cents), from_available_usdc6=taken, authorization_id=authorization_id,
        )  # fmt: skip
        paid = debts.payable_usdc6(own - taken - self._leaving(account_id), owed)  # none is new where this is positive
        self._own[account_id] = own - taken - paid
        self._owed[account_id] = owed + entry.receivable_usdc6 - paid
        result = CaptureResult(
            presentment.presentment_id, CaptureOutcome.POSTED, presentment.amount_cents, freed_cents,
            credits.cents_up(entry.receivable_usdc6),
        )  # fmt: skip
        entries = (entry,)
        if paid:
            entries += (journal.recovery(f"recovery:{presentment.presentment_id}", account_id, now_ns, paid),)
            change = change._replace(available_usdc6=available - paid)
        return entries, change, entry.amount_usdc6 - entry.receivable_usdc6 + paid, result

    def _force(self, presentment: Presentment, account_id: str, now_ns: int) -> Spend:
        """Nothing was held for it: a decision of its own, which some limits count; nobody knows at which merchant."""
        card = self._rows.cards.get(presentment.card_id)
        counter_id, mandate_id = (card.counter_id, card.mandate_id) if card is not None else ("", "")
        spend = Spend(
            presentment.presentment_id, presentment.card_id, "", now_ns, presentment.amount_cents,
            counter_id=counter_id, mandate_id=mandate_id, forced=True,
        )  # fmt: skip
        self.forced.append((account_id, spend))
        return spend

    def credit(self, presentment: Presentment, account_id: str, now_ns: int) -> _Step:
        """A refund pays first what the customer owes; the rest can be spent, and so much less is burned.

        Where it names its authorization, the limits may get it back.
        """
        cents = presentment.amount_cents
        authorization_id = presentment.authorization_id
        known = self.changed.get(authorization_id) or self._rows.authorizations.get(authorization_id)
        own, owed = self._funds_of(account_id)
        recovered = credits.recovered_of(owed, cents)
        free = usdc6_of(cents) - recovered
        self._own[account_id] = own + free
        self._owed[account_id] = owed - recovered
        entries = credits.refund(
            presentment.presentment_id, account_id, presentment.network, now_ns,
            amount_cents=cents, recovered_usdc6=recovered, authorization_id=authorization_id,
        )  # fmt: skip
        result = CaptureResult(
            presentment.presentment_id, CaptureOutcome.POSTED, cents, 0, 0, credits.cents_down(recovered)
        )
        change = HoldChange(account_id, available_usdc6=free) if free else None
        if known is not None and known.account_id:
            after = self.changed[authorization_id] = known.refunded(cents)
            change = change_of(known, after, free)
        return entries, change, -free, result

    def _leaving(self, account_id: str) -> int:
        """What of that is on its way out."""
        funds = self._rows.funds.get(account_id)
        return funds.withdrawing_usdc6 if funds is not None else 0

    def _funds_of(self, account_id: str) -> tuple[int, int]:
        """What the customer has here beside holds, and what is owed; both in millionths of a USDC."""
        if account_id not in self._own:
            funds = self._rows.funds.get(account_id)
            self._own[account_id] = funds.available_usdc6 + funds.withdrawing_usdc6 if funds is not None else 0
            self._owed[account_id] = funds.receivable_usdc6 if funds is not None else 0
        return self._own[account_id], self._owed[account_id]


def body_of(batch: ClearingBatch) -> str:
    """The body of a clearing batch, without its key."""
    rows = [
        (p.presentment_id, p.authorization_id, p.card_id, p.network, p.amount_cents, p.final, str(p.kind))
        for p in batch.presentments
    ]
    return repr((batch.network, batch.file_id, rows))
