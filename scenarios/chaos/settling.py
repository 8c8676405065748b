"""Captures that are burned while parts of the settlement die: what left the chain, held against what was captured."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable

import httpx

from contracts.loader import encode_card_balance
from engine.domain.money import usdc6_of
from engine.interface import Balance, ClearingBatch, Presentment, StatementKind
from scenarios.behind_url import again
from scenarios.chaos.books import Burned, burned_wrong
from scenarios.chaos.driver import card_of, opening_of
from scenarios.conformance.chain import address_of
from simulators.devnet import Devnet
from simulators.http_engine import WireEngine

FUNDS_USDC6, ACCOUNTS = 500_000_000, 8
SEEN_S, BURNED_S, POLL_S = 30.0, 60.0, 0.5


class Purchases:
    """Forced posts, again and again, on accounts that paid in on chain."""

    def __init__(self, client: httpx.AsyncClient, chain: Devnet, run: str) -> None:
        self._engine = WireEngine(client)
        self._chain = chain
        self._run = run
        self._captured_usdc6: defaultdict[str, int] = defaultdict(int)
        names = [f"{run}-on-chain-{n}" for n in range(ACCOUNTS)]
        self.addresses = {name: address_of(name) for name in names}

    async def open(self) -> None:
        """Accounts, paid in on chain; returns when the engine has seen it. Raises RuntimeError where it does not."""
        for account_id, address in self.addresses.items():
            await again(self._engine.open_account, opening_of(account_id, address))
            await asyncio.to_thread(self._chain.fund, address, FUNDS_USDC6)
        await self._until(lambda of: of.available_usdc6 == FUNDS_USDC6, SEEN_S, "the engine saw no deposit")

    async def capture_until(self, stop: asyncio.Event) -> None:
        """A clearing batch with one sale for each account, told twice, every half second."""
        number = 0
        while not stop.is_set():
            await self._capture(number)
            number += 1
            await asyncio.sleep(POLL_S)

    async def judge(self) -> list[str]:
        """Once all is burned: what is wrong."""
        try:
            await self._until(lambda of: of.unsettled_usdc6 == 0, BURNED_S, "not all that was captured is burned")
        except RuntimeError as late:
            return [str(late)]
        settled = await self._settled()
        return burned_wrong({
            account_id: Burned(self._captured_usdc6[account_id], settled[account_id], FUNDS_USDC6 - self._left(address))
            for account_id, address in self.addresses.items()
        })  # fmt: skip

    async def _capture(self, number: int) -> None:
        sales = tuple(
            Presentment(f"{account_id}-p{number}", "", card_of(account_id), "visa", 1 + (number + place) % 7)
            for place, account_id in enumerate(self.addresses)
        )
        key = f"{self._run}-b{number}"
        for _ in range(2):
            await again(self._engine.capture, ClearingBatch(key, "visa", key, 0, sales))
        for sale, account_id in zip(sales, self.addresses, strict=True):
            self._captured_usdc6[account_id] += usdc6_of(sale.amount_cents)

    def _left(self, address: str) -> int:
        call = {"to": self._chain.token_address, "data": "0x" + encode_card_balance(address).hex()}
        return int(self._chain.ask("eth_call", call, "latest"), 16)

    async def _settled(self) -> defaultdict[str, int]:
        found: defaultdict[str, int] = defaultdict(int)
        cursor = 0
        while cursor >= 0:
            page = await again(self._engine.statement, cursor)
            for line in page.entries:
                if line.kind is StatementKind.SETTLEMENT:
                    found[line.account_id] += line.amount_usdc6
            cursor = page.next_cursor
        return found

    async def _until(self, there: Callable[[Balance], bool], patience_s: float, otherwise: str) -> None:
        deadline_s = time.monotonic() + patience_s
        for account_id in self.addresses:
            while not there(await again(self._engine.balance, account_id)):
                if time.monotonic() > deadline_s:
                    raise RuntimeError(f"{account_id}: {otherwise} within {patience_s:.0f} s")
                await asyncio.sleep(POLL_S)
