"""Captures that are burned while parts of the settlement die: what left the chain, held against what was captured."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import Any

import httpx

from contracts.loader import encode_card_balance
from scenarios.chaos.books import Burned, burned_wrong
from scenarios.chaos.driver import EXPIRES_AT_NS, say
from scenarios.chaos.stage import Stage
from simulators.devnet import Devnet

FUNDS_USDC6, ACCOUNTS = 500_000_000, 8
SEEN_S, BURNED_S, POLL_S = 30.0, 60.0, 0.5
CENTS = 10_000


class Purchases:
    """Forced posts, again and again, on accounts that paid in on chain."""

    def __init__(self, client: httpx.AsyncClient, chain: Devnet, run: str) -> None:
        self._client = client
        self._chain = chain
        self._run = run
        self._captured_usdc6: defaultdict[str, int] = defaultdict(int)
        start = time.time_ns() % 16**12
        self.accounts = {f"{run}-{n}": f"0x{(start << 32) + n + 1:040x}" for n in range(ACCOUNTS)}

    async def open(self) -> None:
        """Accounts, paid in on chain; returns when the engine has seen it. Raises RuntimeError where it does not."""
        for account_id, address in self.accounts.items():
            card = {"card_id": f"{account_id}-c", "network": "visa", "expires_at_ns": EXPIRES_AT_NS}
            await say(self._client, "open_account", {"account_id": account_id, "address": address, "cards": [card]})
            await asyncio.to_thread(self._chain.fund, address, FUNDS_USDC6)
        await self._until(lambda of: of["available_usdc6"] == FUNDS_USDC6, SEEN_S, "the engine saw no deposit")

    async def capture(self, number: int) -> None:
        """A clearing batch with one sale for each account, told twice."""
        sales = [
            {
                "presentment_id": f"{account_id}-p{number}", "authorization_id": "", "card_id": f"{account_id}-c",
                "network": "visa", "amount_cents": 1 + (number + place) % 7,
            }
            for place, account_id in enumerate(self.accounts)
        ]  # fmt: skip
        key = f"{self._run}-b{number}"
        batch = {"idempotency_key": key, "network": "visa", "file_id": key, "sent_at_ns": 0, "presentments": sales}
        for _ in range(2):
            await say(self._client, "capture", batch)
        for sale, account_id in zip(sales, self.accounts, strict=True):
            self._captured_usdc6[account_id] += int(str(sale["amount_cents"])) * CENTS

    async def judge(self) -> list[str]:
        """Once all is burned: what is wrong."""
        try:
            await self._until(lambda of: of["unsettled_usdc6"] == 0, BURNED_S, "not all that was captured is burned")
        except RuntimeError as late:
            return [str(late)]
        settled = await self._settled()
        return burned_wrong({
            account_id: Burned(self._captured_usdc6[account_id], settled[account_id], FUNDS_USDC6 - self._left(address))
            for account_id, address in self.accounts.items()
        })  # fmt: skip

    def _left(self, address: str) -> int:
        call = {"to": self._chain.token_address, "data": "0x" + encode_card_balance(address).hex()}
        return int(self._chain.ask("eth_call", call, "latest"), 16)

    async def _settled(self) -> defaultdict[str, int]:
        found: defaultdict[str, int] = defaultdict(int)
        cursor = 0
        while cursor >= 0:
            page = (await say(self._client, "statement", {"cursor": cursor})).json()
            for line in page["entries"]:
                if line["kind"] == "settlement":
                    found[line["account_id"]] += line["amount_usdc6"]
            cursor = page["next_cursor"]
        return found

    async def _until(self, there: Any, patience_s: float, otherwise: str) -> None:
        deadline = time.monotonic() + patience_s
        for account_id in self.accounts:
            while not there((await say(self._client, "balance", {"account_id": account_id})).json()):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{account_id}: {otherwise} within {patience_s:.0f} s")
                await asyncio.sleep(POLL_S)


async def captures_until(purchases: Purchases, stop: asyncio.Event) -> None:
    """A batch every half second."""
    number = 0
    while not stop.is_set():
        await purchases.capture(number)
        number += 1
        await asyncio.sleep(POLL_S)


def purchases_on(stage: Stage, client: httpx.AsyncClient, run: str) -> Purchases:
    return Purchases(client, stage.chain, f"{run}-chain")
