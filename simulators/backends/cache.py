"""The cache in memory: cards and accounts as last put, and claimed idempotency keys."""

from __future__ import annotations

from collections.abc import Sequence

from engine.domain.accounts import Account, Card
from engine.domain.terms import SECOND_NS
from engine.ports import Opening
from simulators.backends.served import Served

CLAIMS_KEPT = 50_000
"""At least so many keys are remembered, unless they are old. A claim only spares a repeat some work: the ledger
remembers them all."""
CLAIM_LIVES_NS = 3_600 * SECOND_NS
"""A claim lives for so long at least, and at most for twice as long."""


class MemoryCache:
    """The port ``Cache``. A call takes effect when it has been served."""

    def __init__(self, served: Served) -> None:
        self._serve = served.serve
        self._accounts: dict[str, tuple[Account, int]] = {}
        self._cards: dict[str, tuple[Card, int]] = {}
        self._claims: set[str] = set()
        self._older_claims: set[str] = set()
        self._claims_since_ns = 0
        self._clock = served.clock

    async def begin(self, key: str, card_id: str) -> Opening:
        await self._serve()
        now_ns = self._clock.utc_ns
        if now_ns - self._claims_since_ns >= CLAIM_LIVES_NS:
            lapsed = now_ns - self._claims_since_ns >= 2 * CLAIM_LIVES_NS
            self._older_claims, self._claims = set() if lapsed else self._claims, set()
            self._claims_since_ns = now_ns
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
