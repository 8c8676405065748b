"""The cache in memory: cards and accounts as last put, and claimed idempotency keys."""

from __future__ import annotations

from collections.abc import Sequence

from engine.domain.accounts import Account, Card
from engine.ports import Opening
from simulators.backends.served import Served

CLAIMS_KEPT = 50_000
"""At least so many keys are remembered. A claim only spares a repeat some work: the ledger remembers them all."""


class MemoryCache:
    """The port ``Cache``. A call takes effect when it has been served."""

    def __init__(self, served: Served) -> None:
        self._serve = served.serve
        self._accounts: dict[str, tuple[Account, int]] = {}
        self._cards: dict[str, tuple[Card, int]] = {}
        self._claims: set[str] = set()
        self._older_claims: set[str] = set()

    async def begin(self, key: str, card_id: str) -> Opening:
        await self._serve()
        if key in self._claims or key in self._older_claims:
            return Opening(True, None, None)
        if len(self._claims) == CLAIMS_KEPT:
            self._older_claims, self._claims = self._claims, set()
        self._claims.add(key)
        known = self._cards.get(card_id)
        if known is None:
            return Opening(False, None, None)
        card, view = known
        account, account_view = self._accounts[card.account_id]
        return Opening(False, card, account, view if view < account_view else account_view)

    async def put_account(self, account: Account, cards: Sequence[Card], view: int) -> None:
        await self._serve()
        if view >= self._accounts.get(account.account_id, (None, 0))[1]:
            self._accounts[account.account_id] = (account, view)
        for card in cards:
            if view >= self._cards.get(card.card_id, (None, 0))[1]:
                self._cards[card.card_id] = (card, view)

    def flush(self) -> None:
        """Lose everything, claims included."""
        self._accounts.clear()
        self._cards.clear()
        self._claims.clear()
        self._older_claims.clear()
