"""The port ``HoldStore`` in Redis: each image is one hash, changed by one script per call."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from engine.adapters.redis.connection import GENERATION, PREFIX, new_generation
from engine.adapters.redis.counting import (
    digits,
    known_text,
    moves_of,
    plan_of,
    wanted_of,
    watched_in,
)
from engine.adapters.redis.gathering import Gatherer, load_script
from engine.domain.decline import DeclineReason
from engine.domain.ledger import AccountSnapshot, HoldChange, OpenHold
from engine.domain.scopes import Scopes
from engine.ports import Hold, Placed, Unplaced

MARK_LIVES_S = 7 * 86_400
"""For so long at least a repeat of a change is known as one; the sweep repeats what is pending within minutes."""
LOOKED_AT = 2_000
"""One call looks at so many entries of the list of placed holds at most: Redis serves nobody else meanwhile."""
REMEMBERED = 100_000
"""Of so many accounts with limits that are not plain it is remembered what their images count."""
_PLACE, _APPLY, _LOAD = load_script("place"), load_script("apply"), load_script("load")
_UNSWEPT, _SWEPT, _ASKED = load_script("unswept"), load_script("swept"), load_script("wanted")
_REASONS = dict(enumerate(DeclineReason))


class RedisHoldStore:
    """Images of accounts that all processes share. Redis may lose any of them, any time."""

    def __init__(self, gatherer: Gatherer, prefix: str = PREFIX) -> None:
        self._call = gatherer.call
        self._generation = prefix + GENERATION
        self._list = f"{prefix}unswept"
        self._images = f"{prefix}image:"
        self._rolls = f"{prefix}rolls:"
        self._wanted = f"{prefix}wanted:"
        self._applied = f"{prefix}applied:"
        self._known: dict[str, str] = {}
        """By account, what its image counts, if that is not the plain scope alone; a guess, which the scripts check."""

    async def place(self, hold: Hold, scopes: Scopes) -> Placed:
        account_id = hold.account_id
        wanted = wanted_of(scopes)
        rolls = f"{self._rolls}{account_id}:"
        keys = (self._images + account_id, self._generation, self._list, self._wanted + account_id, rolls)
        while True:
            known = self._known.get(account_id, "")
            epoch, answer, available = await self._call(
                _PLACE, keys, hold.authorization_id, account_id, hold.amount_usdc6, hold.amount_cents,
                "" if hold.extends is None else "1", digits(hold.at_ns), known,
                json.dumps(wanted) if wanted else "", plan_of(known, hold, scopes),
            )  # fmt: skip
            if answer == b"known":
                self._remember(account_id, available.decode())
                continue
            return Placed(int(epoch), _refusal(answer), int(available))

    async def apply(self, ref: str, changes: Sequence[HoldChange]) -> Sequence[str]:
        own: dict[str, list[HoldChange]] = {}
        for change in changes:
            own.setdefault(change.account_id, []).append(change)
        behind = []
        for account_id, of_account in own.items():
            if await self._apply(ref, account_id, of_account):
                behind.append(account_id)
        return behind

    async def load(self, snapshot: AccountSnapshot) -> None:
        account_id, epoch, available_usdc6, holds, spends = snapshot
        asked = [text.decode() for text in await self._call(_ASKED, (self._wanted + account_id,))]
        known = known_text(dict(zip(asked[::2], asked[1::2], strict=True)))
        sums: Counter[str] = Counter()
        instants: dict[str, dict[str, None]] = {}
        for spend in spends:
            for move in moves_of(known, None, spend):
                if len(move) == 2:
                    sums[move[0]] += int(move[1])
                else:
                    number, at, cents, count = move
                    sums[f"R{number}c{at}"] += int(cents)
                    sums[f"R{number}n{at}"] += int(count)
                    instants.setdefault(number, {})[at] = None
        fields = {name: str(total) for name, total in sums.items()}
        fields |= {f"x:{hold.authorization_id}": str(hold.left_usdc6) for hold in holds}
        fields |= {f"z{number}": str(len(ats)) for number, ats in instants.items()}
        await self._call(
            _LOAD, (self._images + account_id, self._generation, f"{self._rolls}{account_id}:"),
            account_id, epoch, available_usdc6, known, len(watched_in(known)) - 1,
            json.dumps([part for field in fields.items() for part in field]),
            json.dumps({number: list(ats) for number, ats in instants.items()}), new_generation(),
        )  # fmt: skip
        self._remember(account_id, known)

    async def compact(self, now_ns: int) -> None:
        """Nothing to do: an image forgets what is closed for good with its first decision of a day (``place.lua``)."""

    async def unswept(self, before_ns: int, limit: int) -> Sequence[OpenHold]:
        keys, found, more = (self._list, self._images, self._generation), (), True
        while more and not found:
            more, found = await self._call(_UNSWEPT, keys, digits(before_ns), limit, LOOKED_AT)
        return [OpenHold(authorization.decode(), account.decode(), int(left)) for authorization, account, left in found]

    async def swept(self, authorization_ids: Sequence[str]) -> None:
        await self._call(_SWEPT, (self._list, self._images, self._generation), LOOKED_AT, *authorization_ids)

    async def _apply(self, ref: str, account_id: str, changes: Sequence[HoldChange]) -> bool:
        """Whether the account's image is older than the changes, or missing."""
        mark, rolls = f"{self._applied}{account_id}:{ref}", f"{self._rolls}{account_id}:"
        keys = (self._images + account_id, self._generation, mark, rolls)
        while True:
            known = self._known.get(account_id, "")
            told = [
                (
                    str(change.available_usdc6), change.authorization_id, str(change.hold_left_usdc6),
                    moves_of(known, change.spent, change.spend) if change.spend is not None else (),
                )
                for change in changes
            ]  # fmt: skip
            answer = await self._call(
                _APPLY, keys, account_id, max(change.epoch for change in changes), known, json.dumps(told), MARK_LIVES_S
            )
            if answer[0] != b"known":
                return answer[0] == b"behind"
            self._remember(account_id, answer[1].decode())

    def _remember(self, account_id: str, known: str) -> None:
        self._known.pop(account_id, None)
        if known:
            self._known[account_id] = known
            if len(self._known) > REMEMBERED:
                del self._known[next(iter(self._known))]


def _refusal(answer: bytes) -> DeclineReason | Unplaced | None:
    if not answer:
        return None
    text = answer.decode()
    if text.isdigit():
        return _REASONS[int(text)]
    if text == DeclineReason.INSUFFICIENT_FUNDS:
        return DeclineReason.INSUFFICIENT_FUNDS
    return Unplaced(text)
