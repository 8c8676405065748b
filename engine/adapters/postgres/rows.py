"""From rows of the tables to the domain's records and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.adapters.stored import dump, load
from engine.domain.accounts import Account, AccountStatus, Card, CardStatus, Funds
from engine.domain.authorization import Authorization, Status
from engine.domain.ledger import Entry, Posting
from engine.domain.settlement import Settlement

BOOKS = ("available", "held", "unsettled", "withdrawing", "receivable")
"""Books of a customer, in the order of their columns."""


def account_of(row: Any, status: str) -> Account:
    """``status`` is the account's own: a row that joins its card has that one's, too."""
    return Account(row.account_id, row.address, AccountStatus(status), row.kyc_level, load(row.mandates))


def row_of_account(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "address": account.address,
        "status": account.status.value,
        "kyc_level": account.kyc_level,
        "mandates": dump(account.mandates),
    }


def funds_of(row: Any) -> Funds:
    return Funds(row.available_usdc6, row.held_usdc6, row.unsettled_usdc6, row.withdrawing_usdc6, -row.receivable_usdc6)


def card_of(row: Any) -> Card:
    limits = None if row.limits is None else load(row.limits)
    return Card(
        row.card_id, row.account_id, row.network, row.expires_at_ns, CardStatus(row.status), limits, row.mandate_id,
        row.counter_id, row.last4,
    )  # fmt: skip


def row_of_card(card: Card) -> dict[str, Any]:
    return {
        "card_id": card.card_id,
        "account_id": card.account_id,
        "network": card.network,
        "expires_at_ns": card.expires_at_ns,
        "status": card.status.value,
        "limits": None if card.limits is None else dump(card.limits),
        "mandate_id": card.mandate_id,
        "counter_id": card.counter_id,
        "last4": card.last4,
    }


def authorization_of(row: Any) -> Authorization:
    values = {name: getattr(row, name) for name in Authorization._fields}
    return Authorization(**values | {"status": Status(row.status)})


def row_of_authorization(authorization: Authorization) -> dict[str, Any]:
    return authorization._asdict() | {"status": authorization.status.value}


def row_of_entry(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind.value,
        "ref": entry.ref,
        "account_id": entry.account_id,
        "at_ns": entry.at_ns,
        "amount_usdc6": entry.amount_usdc6,
        "receivable_usdc6": entry.receivable_usdc6,
        "postings": [list(posting) for posting in entry.postings],
    }


def settlement_of_row(row: Any) -> Settlement:
    return Settlement(row.settlement_id, row.at_ns, load(row.amounts_usdc6))


def moved(entries: Iterable[Entry]) -> dict[str, list[int]]:
    """By account, how its books change, in the order of ``BOOKS``."""
    changes: dict[str, list[int]] = {}
    for entry in entries:
        for posting in entry.postings:
            _move(changes, posting)
    return changes


def _move(changes: dict[str, list[int]], posting: Posting) -> None:
    if posting.owner and posting.book in _PLACE:
        changes.setdefault(posting.owner, [0] * len(BOOKS))[_PLACE[posting.book]] += posting.amount


_PLACE: Mapping[str, int] = {book: place for place, book in enumerate(BOOKS)}
