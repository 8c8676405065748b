"""Advise: the network tells what is so, decided in our stead or the true amount of an estimate; it is adopted."""

from __future__ import annotations

from engine.domain import ledger as journal
from engine.domain.accounts import Card
from engine.domain.authorization import Authorization, Status, reversed_before_arrival
from engine.domain.debts import with_debts_paid
from engine.domain.ledger import Commit, Entry, Rows, Touch, change_of
from engine.domain.lifecycle import Event, outcome
from engine.domain.money import usdc6_of
from engine.domain.terms import Terms
from engine.interface import AdviceOutcome, AdviceReceipt, AuthorizationAdvice, AuthorizationKind
from engine.ports import Ports
from engine.services.follow import follow
from engine.services.once import answer_once


class Advise:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports, terms: Terms) -> None:
        self._ports = ports
        self._terms = terms

    async def __call__(self, advice: AuthorizationAdvice) -> AdviceReceipt:
        """Acknowledge, always: funds, limits and the card's status have no say. Raises IdempotencyConflict."""
        now_ns = self._ports.clock.now_ns()
        answer, changes, _ = await answer_once(
            self._ports.ledger,
            advice.idempotency_key,
            body_of(advice),
            Touch(authorizations=(advice.authorization_id,), cards=(advice.card_id,), posted=(_name(advice),)),
            lambda rows: adopted(advice, rows, now_ns, self._terms),
        )
        await follow(self._ports, advice.idempotency_key, changes)
        return answer


def adopted(advice: AuthorizationAdvice, rows: Rows, now_ns: int, terms: Terms) -> Commit:
    """What the advice does, as one commit; its result is the receipt."""
    known = rows.authorizations.get(advice.authorization_id)
    card = rows.cards.get(advice.card_id)
    if card is None or (known is not None and (known.card_id, known.network) != (advice.card_id, advice.network)):
        return _unchanged(advice, known, AdviceOutcome.UNKNOWN_CARD)
    if known is not None and rows.posted:
        return Commit(result=_receipt(known, AdviceOutcome.ADOPTED))  # the answer is forgotten, what it did is not
    if advice.amount_cents < 0 or (advice.approved and known is None and not advice.amount_cents):
        return _unchanged(advice, known, AdviceOutcome.INVALID_AMOUNT)
    amount_cents = advice.amount_cents if advice.approved else 0
    before = known or _nothing_yet(advice, card, now_ns, terms)
    after = before.advised(amount_cents)
    event = Event.ADVISE if after.held_cents else Event.ADVISE_NOTHING
    if not isinstance(outcome(known and known.status_at(now_ns), event), Status):
        return _unchanged(advice, known, AdviceOutcome.NOT_OPEN)
    if known is None and not amount_cents:
        # Declined in our stead, and the question has not come yet: should it come, it is refused.
        mark = reversed_before_arrival(advice.authorization_id, advice.network, now_ns, advice.card_id)
        return Commit(authorizations=(mark,), result=_receipt(mark, AdviceOutcome.ADOPTED))
    more_usdc6 = usdc6_of(after.held_cents - before.held_cents)
    entry = _entry(after, now_ns, more_usdc6)
    commit = Commit(
        entries=() if entry is None else (entry,),
        authorizations=(after,),
        posted=(_name(advice),),
        changes=(change_of(before, after, -more_usdc6),),
        result=_receipt(after, AdviceOutcome.ADOPTED),
    )
    return with_debts_paid(commit, rows, now_ns, lambda _: _name(advice))


def _nothing_yet(advice: AuthorizationAdvice, card: Card, now_ns: int, terms: Terms) -> Authorization:
    """An authorization that begins with this advice, before anything is authorized."""
    lifetime_ns = terms.holds.lifetime_ns(
        advice.network,
        preauthorization=advice.kind is AuthorizationKind.PREAUTHORIZATION,
        presence=advice.presence,
        initiator=advice.initiator,
        mcc=advice.mcc,
    )
    return Authorization(
        advice.authorization_id, card.account_id, advice.network, 0, 0, 0, Status.OPEN, now_ns, now_ns + lifetime_ns,
        advice.card_id, advice.mcc, 0, 0, 0, card.counter_id, card.mandate_id,
    )  # fmt: skip


def _entry(after: Authorization, now_ns: int, more_usdc6: int) -> Entry | None:
    """What is held more, or less; None where it is the same."""
    if not more_usdc6:
        return None
    entry = journal.hold if more_usdc6 > 0 else journal.release
    return entry(after.authorization_id, after.account_id, now_ns, abs(more_usdc6))


def _unchanged(advice: AuthorizationAdvice, known: Authorization | None, why: AdviceOutcome) -> Commit:
    if known is None or why is AdviceOutcome.UNKNOWN_CARD:
        return Commit(result=AdviceReceipt(advice.authorization_id, why, 0, 0))
    return Commit(result=_receipt(known, why))


def _receipt(known: Authorization, said: AdviceOutcome) -> AdviceReceipt:
    ends_ns = known.expires_at_ns if known.held_cents else 0
    return AdviceReceipt(known.authorization_id, said, known.held_cents, ends_ns)


def _name(advice: AuthorizationAdvice) -> str:
    """Under which the ledger knows for good that it was adopted."""
    return f"advice:{advice.idempotency_key}"


def body_of(advice: AuthorizationAdvice) -> str:
    """The body of an advice, without its key and its instant."""
    return repr(
        ("advise", advice.authorization_id, advice.card_id, advice.approved, advice.amount_cents, advice.network,
         advice.merchant_id, advice.mcc, str(advice.kind), str(advice.presence), str(advice.initiator))
    )  # fmt: skip
