"""Money that comes back: refunds and disputes, as journal entries.

No tokens move for a credit. It shrinks what the account has to burn: ``unsettled`` falls by it, below zero where
nothing is waiting, and later captures use that up. So the first four books of a customer still add up to what the chain
holds.
"""

from __future__ import annotations

from engine.domain.ledger import USD, USDC, Entry, EntryKind, Posting, recovery
from engine.domain.money import USDC6_PER_CENT, usdc6_of


def credited(
    kind: EntryKind, ref: str, account_id: str, network: str, at_ns: int, *,
    amount_cents: int, recovered_usdc6: int, against: str,
) -> tuple[Entry, ...]:  # fmt: skip
    """The customer gets ``amount_cents``; a second entry pays with ``recovered`` of it what was owed.

    In cents the house has it from ``against``: ``owed`` (the network pays less) or ``disputed`` (it may have to).
    """
    amount_usdc6 = usdc6_of(amount_cents)
    credit = Entry(
        kind, ref, account_id, at_ns, amount_usdc6, 0,
        (
            Posting(against, network, USD, -amount_cents),
            Posting("clearing", network, USD, amount_cents),
            Posting("available", account_id, USDC, amount_usdc6),
            Posting("unsettled", account_id, USDC, -amount_usdc6),
        ),
    )  # fmt: skip
    return (credit, recovery(f"recovery:{ref}", account_id, at_ns, recovered_usdc6)) if recovered_usdc6 else (credit,)


def refund(
    ref: str, account_id: str, network: str, at_ns: int, *,
    amount_cents: int, recovered_usdc6: int, authorization_id: str,
) -> tuple[Entry, ...]:  # fmt: skip
    """A refund has cleared: the network owes it to us, the customer has it."""
    credit, *paid = credited(
        EntryKind.REFUND, ref, account_id, network, at_ns,
        amount_cents=amount_cents, recovered_usdc6=recovered_usdc6, against="owed",
    )  # fmt: skip
    return credit._replace(authorization_id=authorization_id), *paid


def provisional_credit(
    ref: str, account_id: str, network: str, at_ns: int, *, amount_cents: int, recovered_usdc6: int
) -> tuple[Entry, ...]:
    """The customer has the disputed amount while the networks argue."""
    return credited(
        EntryKind.DISPUTE_CREDIT, ref, account_id, network, at_ns,
        amount_cents=amount_cents, recovered_usdc6=recovered_usdc6, against="disputed",
    )  # fmt: skip


def credit_kept(ref: str, account_id: str, network: str, at_ns: int, *, amount_cents: int) -> Entry:
    """The dispute is won: what was disputed is now owed by the network."""
    return Entry(
        EntryKind.DISPUTE_WON, ref, account_id, at_ns, usdc6_of(amount_cents), 0,
        (Posting("disputed", network, USD, amount_cents), Posting("owed", network, USD, -amount_cents)),
    )  # fmt: skip


def credit_returned(
    ref: str, account_id: str, network: str, at_ns: int, *, amount_cents: int, taken_usdc6: int
) -> Entry:
    """So much of a credit is taken back: ``taken`` comes from the customer's funds, the rest is owed."""
    amount_usdc6 = usdc6_of(amount_cents)
    short = amount_usdc6 - taken_usdc6
    postings = [Posting("disputed", network, USD, amount_cents), Posting("clearing", network, USD, -amount_cents)]
    if taken_usdc6:
        postings += (
            Posting("available", account_id, USDC, -taken_usdc6),
            Posting("unsettled", account_id, USDC, taken_usdc6),
        )
    if short:
        postings += (Posting("receivable", account_id, USDC, -short), Posting("uncovered", "", USDC, short))
    return Entry(EntryKind.DISPUTE_RETURN, ref, account_id, at_ns, amount_usdc6, short, tuple(postings))


def recovered_of(receivable_usdc6: int, credit_cents: int) -> int:
    """How much of a credit pays what is owed."""
    return min(receivable_usdc6, usdc6_of(credit_cents))


def cents_up(amount_usdc6: int) -> int:
    """Whole cents, rounded up: for what is missing."""
    return -(-amount_usdc6 // USDC6_PER_CENT)


def cents_down(amount_usdc6: int) -> int:
    """Whole cents, rounded down: for what is there."""
    return amount_usdc6 // USDC6_PER_CENT
