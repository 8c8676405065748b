"""The reference engine on what is final: clearing files, refunds, disputes."""

from __future__ import annotations

from engine.interface import (
    CaptureOutcome,
    CaptureResult,
    DisputeNotice,
    DisputeOutcome,
    DisputeReceipt,
    DisputeState,
    Presentment,
    PresentmentKind,
    StatementKind,
)
from scenarios.engines.reference_book import (
    USDC6_PER_CENT,
    Account,
    Authorization,
    Book,
    Dispute,
    Sale,
    Spend,
    Step,
    cents_up,
)

_OVER = (DisputeState.WON, DisputeState.LOST)
_FOLLOWS = {
    DisputeState.SUBMITTED: (None, DisputeState.NEW),
    DisputeState.REPRESENTMENT: (DisputeState.SUBMITTED,),
    DisputeState.PRE_ARBITRATION: (DisputeState.REPRESENTMENT,),
    DisputeState.ARBITRATION: (DisputeState.PRE_ARBITRATION,),
    DisputeState.NEW: (None,),
    DisputeState.WON: tuple(state for state in DisputeState if state not in _OVER),
    DisputeState.LOST: tuple(state for state in DisputeState if state not in _OVER),
}
"""By state, those that it may follow; None is no dispute yet."""


class Clearing(Book):
    """Presentments and disputes."""

    def post(self, presentment: Presentment, now_ns: int) -> CaptureResult:
        """A presentment always posts, once, unless nobody knows whose it is or it has no amount."""
        ref, cents = presentment.presentment_id, presentment.amount_cents
        if ref in self._posted:
            return CaptureResult(ref, CaptureOutcome.DUPLICATE, 0, 0, 0)
        if cents <= 0:
            return CaptureResult(ref, CaptureOutcome.INVALID_AMOUNT, 0, 0, 0)
        authorization = self._authorizations.get(presentment.authorization_id)
        if authorization is not None and authorization.account is not None:
            account = authorization.account
        elif presentment.card_id in self._cards:
            authorization, account = None, self._cards[presentment.card_id][1]
        else:
            return CaptureResult(ref, CaptureOutcome.UNKNOWN_CARD, 0, 0, 0)
        self._posted.add(ref)
        if presentment.kind is PresentmentKind.REFUND:
            return self._refund(presentment, authorization, account, now_ns)
        return self._sell(presentment, authorization, account, now_ns)

    def _sell(
        self, presentment: Presentment, authorization: Authorization | None, account: Account, now_ns: int
    ) -> CaptureResult:
        """From the hold, then from other funds, and the rest is owed."""
        ref, cents = presentment.presentment_id, presentment.amount_cents
        from_hold_cents = released_cents = 0
        if authorization is None or not authorization.held_cents:
            self._count_forced(presentment, account, now_ns)
        if authorization is not None:
            from_hold_cents = min(cents, authorization.held_cents)
            authorization.held_cents -= from_hold_cents
            authorization.captured_cents += cents
            if presentment.final:
                released_cents = self._change_hold(authorization, 0)
        account.held -= from_hold_cents * USDC6_PER_CENT
        account.unsettled += from_hold_cents * USDC6_PER_CENT
        account.to_burn += from_hold_cents * USDC6_PER_CENT
        owed = self._take(account, (cents - from_hold_cents) * USDC6_PER_CENT)
        self._sales[ref] = Sale(account, presentment.card_id, cents, presentment.authorization_id)
        self._write(StatementKind.CAPTURE, ref, account, cents * USDC6_PER_CENT, now_ns)
        if owed:
            self._write(StatementKind.RECEIVABLE, ref, account, owed, now_ns)
        self._pay_debt(account, ref, now_ns)
        return CaptureResult(ref, CaptureOutcome.POSTED, cents, released_cents, cents_up(owed))

    def _count_forced(self, presentment: Presentment, account: Account, now_ns: int) -> None:
        """Some policies count what was captured without an authorization."""
        card_id = presentment.card_id
        mandate_id = self._cards[card_id][0].mandate_id if card_id in self._cards else ""
        story = [(Step.TOLD, presentment.amount_cents)]
        account.spends.append(Spend(card_id, mandate_id, "", now_ns, True, story))

    def _refund(
        self, presentment: Presentment, authorization: Authorization | None, account: Account, now_ns: int
    ) -> CaptureResult:
        """A credit. What the sale counts in the limits may come back, by their policies."""
        ref, cents = presentment.presentment_id, presentment.amount_cents
        if authorization is not None:
            authorization.spend.story.append((Step.REFUND, -cents))
        self._refunds.append(Sale(account, presentment.card_id, cents, presentment.authorization_id))
        paid = self._give(account, ref, StatementKind.REFUND, cents * USDC6_PER_CENT, now_ns)
        return CaptureResult(ref, CaptureOutcome.POSTED, cents, 0, 0, paid // USDC6_PER_CENT)

    def dispute(self, notice: DisputeNotice, now_ns: int) -> DisputeReceipt:
        """Follow it; the customer has the amount from SUBMITTED on, and no longer once it is LOST.

        Nothing is given back twice: what was refunded is not credited, nor kept where the dispute is WON.
        """
        ref = notice.presentment_id
        known, sale = self._disputes.get(ref), self._sales.get(ref)
        if sale is None or sale.card_id != notice.card_id:
            return _receipt(notice, DisputeOutcome.UNKNOWN_PRESENTMENT, known)
        if known is None and any(other.dispute_id == notice.dispute_id for other in self._disputes.values()):
            return _receipt(notice, DisputeOutcome.NOT_ALLOWED, known)
        if known is not None and known.dispute_id != notice.dispute_id:
            return _receipt(notice, DisputeOutcome.NOT_ALLOWED, known)
        if (known.state if known is not None else None) not in _FOLLOWS[notice.state]:
            return _receipt(notice, DisputeOutcome.NOT_ALLOWED, known)
        before_cents = known.credited_cents if known is not None else 0
        left_cents = self._left_cents(ref, sale)
        goes_on = bool(before_cents) or notice.state is DisputeState.LOST
        if notice.amount_cents <= 0 or (not goes_on and notice.amount_cents > left_cents):
            return _receipt(notice, DisputeOutcome.INVALID_AMOUNT, known)
        if known is not None and notice.amount_cents != known.amount_cents:
            return _receipt(notice, DisputeOutcome.INVALID_AMOUNT, known)
        credited_cents = notice.amount_cents
        if notice.state in (DisputeState.NEW, DisputeState.LOST):
            credited_cents = 0
        elif notice.state is DisputeState.WON:
            credited_cents = min(credited_cents, max(left_cents, 0))
        now = self._disputes[ref] = Dispute(notice.dispute_id, notice.amount_cents, notice.state, credited_cents)
        amount = (credited_cents - before_cents) * USDC6_PER_CENT
        owed = 0
        if amount > 0:
            self._give(sale.account, notice.dispute_id, StatementKind.DISPUTE_CREDIT, amount, now_ns)
        elif amount < 0:
            owed = self._take(sale.account, -amount)
            self._write(StatementKind.DISPUTE_RETURN, notice.dispute_id, sale.account, -amount, now_ns)
            if owed:
                self._write(StatementKind.RECEIVABLE, notice.dispute_id, sale.account, owed, now_ns)
        return _receipt(notice, DisputeOutcome.APPLIED, now, cents_up(owed))

    def _left_cents(self, ref: str, sale: Sale) -> int:
        """What of it the customer has not got back. A refund names an authorization, which may have several sales."""
        if not sale.name:
            return sale.amount_cents
        left_cents = 0
        for other_ref, other in self._sales.items():
            if other.account is sale.account and other.name == sale.name:
                left_cents += other.amount_cents
                if other_ref != ref and other_ref in self._disputes:
                    left_cents -= self._disputes[other_ref].credited_cents
        for refund in self._refunds:
            if refund.account is sale.account and refund.name == sale.name:
                left_cents -= refund.amount_cents
        return min(sale.amount_cents, left_cents)


def _receipt(
    notice: DisputeNotice, outcome: DisputeOutcome, stands: Dispute | None, receivable_cents: int = 0
) -> DisputeReceipt:
    """Where this dispute stands; another one of the same sale is not its business."""
    if stands is None or stands.dispute_id != notice.dispute_id:
        return DisputeReceipt(notice.dispute_id, outcome, None, 0, receivable_cents)
    return DisputeReceipt(notice.dispute_id, outcome, stands.state, stands.credited_cents, receivable_cents)
