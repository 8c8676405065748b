"""The port ``Cache`` in Redis: cards and accounts as last put, and claimed idempotency keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from engine.adapters.redis.connection import PREFIX
from engine.adapters.redis.gathering import Gatherer, load_script
from engine.adapters.stored import dump, load
from engine.domain.accounts import Account, Card
from engine.ports import Opening

CLAIM_LIVES_S = 2 * 3_600
"""Longer than any decision, shorter than the ledger keeps answers."""
COPY_LIVES_S = 24 * 3_600
_BEGIN, _PUT = load_script("begin"), load_script("put")
_SEEN, _UNKNOWN = Opening(True, None, None), Opening(False, None, None)


class RedisCache:
    """Copies that are never newer than the ledger, and refused by it where they are older."""

    def __init__(self, gatherer: Gatherer, prefix: str = PREFIX) -> None:
        self._call = gatherer.call
        self._claims = f"{prefix}claim:"
        self._cards = f"{prefix}card:"
        self._accounts = f"{prefix}account:"

    async def begin(self, key: str, card_id: str) -> Opening:
        keys = (self._claims + key, self._cards + card_id, self._accounts)
        answer = await self._call(_BEGIN, keys, CLAIM_LIVES_S)
        if len(answer) == 1:
            return _SEEN if answer[0] else _UNKNOWN
        return Opening(False, _read(answer[1]), _read(answer[2]), int(answer[3]))

    async def put_account(self, account: Account, cards: Sequence[Card], view: int) -> None:
        keys = (self._accounts + account.account_id, *(self._cards + card.card_id for card in cards))
        await self._call(_PUT, keys, view, COPY_LIVES_S, account.account_id, _text(account), *map(_text, cards))


def _text(record: Account | Card) -> str:
    return json.dumps(dump(record), separators=(",", ":"))


@lru_cache(maxsize=65_536)
def _read(text: bytes) -> Any:
    """The record in a text; immutable, so that equal texts share one."""
    return load(json.loads(text))
