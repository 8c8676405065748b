"""Dispute: a sale is contested; the customer has the amount while the networks argue, and keeps it or not."""

from __future__ import annotations

from engine.domain import credits
from engine.domain.disputes import CREDITED, NEXT, Dispute, DisputeState
from engine.domain.ledger import Commit, HoldChange, Posted, Queued, Rows, Touch
from engine.domain.money import usdc6_of
from engine.interface import DisputeNotice, DisputeOutcome, DisputeReceipt
from engine.ports import Ports
from engine.services.follow import follow
from engine.services.once import answer_once


class Disputes:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def __call__(self, notice: DisputeNotice) -> DisputeReceipt:
        """Follow the dispute where its table allows it. Raises IdempotencyConflict."""
        now_ns = self._ports.clock.now_ns()
        answer, changes, _ = await answer_once(
            self._ports.ledger,
            notice.idempotency_key,
            body_of(notice),
            Touch(cards=(notice.card_id,), disputed=(notice.presentment_id,), posted=(_name(notice),)),
            lambda rows: followed(notice, rows, now_ns),
        )
        await follow(self._ports, notice.idempotency_key, changes)
        return answer


def followed(notice: DisputeNotice, rows: Rows, now_ns: int) -> Commit:
    """What the notice does, as one commit; its result is the receipt."""
    sale = rows.presentments.get(notice.presentment_id)
    card = rows.cards.get(notice.card_id)
    known = rows.disputes.get(notice.presentment_id)
    is_taken = known is None and bool(rows.posted)  # else refs, and with them a settlement's id, could come twice
    refusal = _refusal(notice, sale, None if card is None else card.account_id, known, is_taken=is_taken)
    if refusal is not None:
        return Commit(result=_receipt(notice, refusal, known))
    network = notice.network if known is None else known.network
    after = Dispute(
        notice.presentment_id, notice.dispute_id, sale.account_id, network, notice.amount_cents, notice.state
    )
    had_cents = 0 if known is None else known.credited_cents
    if after.state is DisputeState.WON and had_cents:
        # What was refunded meanwhile the customer has already: of the credit only the rest is kept.
        after = after._replace(returned_cents=had_cents - min(had_cents, max(credits.cents_down(sale.left_usdc6), 0)))
    commit = Commit(disputes=(after,), posted=(_name(notice),), result=_receipt(notice, DisputeOutcome.APPLIED, after))
    if after.credited_cents > had_cents:
        commit = _credited(commit, after, rows, now_ns)
    elif after.credited_cents < had_cents:
        commit = _taken_back(commit, notice, after, had_cents - after.credited_cents, rows, now_ns)
    if after.state is DisputeState.WON and after.credited_cents:
        kept = credits.credit_kept(
            f"{after.dispute_id}:won", after.account_id, after.network, now_ns, amount_cents=after.credited_cents
        )
        commit = commit._replace(entries=(*commit.entries, kept))
    return commit


def _refusal(
    notice: DisputeNotice, sale: Posted | None, account_id: str | None, known: Dispute | None, *, is_taken: bool
) -> DisputeOutcome | None:
    """What speaks against it, first things first; ``is_taken``: its id is that of another sale's dispute."""
    if sale is None or sale.account_id != account_id:
        return DisputeOutcome.UNKNOWN_PRESENTMENT
    if is_taken or (known is not None and known.dispute_id != notice.dispute_id):
        return DisputeOutcome.NOT_ALLOWED
    if notice.state not in NEXT[None if known is None else known.state]:
        return DisputeOutcome.NOT_ALLOWED
    if notice.amount_cents <= 0 or (known is not None and known.amount_cents != notice.amount_cents):
        return DisputeOutcome.INVALID_AMOUNT
    is_credited = known is not None and known.state in CREDITED
    if not is_credited and notice.state is not DisputeState.LOST and usdc6_of(notice.amount_cents) > sale.left_usdc6:
        return DisputeOutcome.INVALID_AMOUNT
    return None


def _credited(commit: Commit, dispute: Dispute, rows: Rows, now_ns: int) -> Commit:
    """The customer has the amount: it pays first what is owed; the rest can be spent, and need not be burned."""
    account_id, ref = dispute.account_id, dispute.dispute_id
    recovered = credits.recovered_of(rows.funds[account_id].receivable_usdc6, dispute.amount_cents)
    free = usdc6_of(dispute.amount_cents) - recovered
    entries = credits.provisional_credit(
        ref, account_id, dispute.network, now_ns, amount_cents=dispute.amount_cents, recovered_usdc6=recovered
    )
    return commit._replace(
        entries=entries,
        queued=(Queued(f"{ref}:credit", account_id, -free),) if free else (),
        changes=(HoldChange(account_id, available_usdc6=free),) if free else (),
    )


def _taken_back(
    commit: Commit, notice: DisputeNotice, dispute: Dispute, cents: int, rows: Rows, now_ns: int
) -> Commit:  # fmt: skip
    """So much of the sale stands after all: a capture without a hold, from what the customer has; the rest is owed."""
    account_id, ref = dispute.account_id, dispute.dispute_id
    funds = rows.funds[account_id]
    taken = min(usdc6_of(cents), max(funds.available_usdc6 + funds.withdrawing_usdc6, 0))
    entry = credits.credit_returned(ref, account_id, dispute.network, now_ns, amount_cents=cents, taken_usdc6=taken)
    receipt = _receipt(notice, DisputeOutcome.APPLIED, dispute, credits.cents_up(entry.receivable_usdc6))
    return commit._replace(
        entries=(entry,),
        queued=(Queued(f"{ref}:return", account_id, taken),) if taken else (),
        changes=(HoldChange(account_id, available_usdc6=-taken),) if taken else (),
        result=receipt,
    )


def _receipt(
    notice: DisputeNotice, said: DisputeOutcome, stands: Dispute | None, receivable_cents: int = 0
) -> DisputeReceipt:
    """Where the notice's dispute stands; another dispute of the same sale is none of its business."""
    if stands is None or stands.dispute_id != notice.dispute_id:
        return DisputeReceipt(notice.dispute_id, said, None, 0, receivable_cents)
    return DisputeReceipt(notice.dispute_id, said, stands.state, stands.credited_cents, receivable_cents)


def _name(notice: DisputeNotice) -> str:
    """Under which the ledger knows for good that there is such a dispute."""
    return f"dispute:{notice.dispute_id}"


def body_of(notice: DisputeNotice) -> str:
    """The body of a notice, without its key and its instant."""
    return repr(
        ("dispute", notice.dispute_id, notice.presentment_id, notice.card_id, notice.network, str(notice.state),
         notice.amount_cents)
    )  # fmt: skip
