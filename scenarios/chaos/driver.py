"""Swipes at a steady rate, as a network makes them: asked again under the same key, and taken back where no answer
comes at all."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

import httpx

from scenarios.chaos.books import Attempt, Said, Swipe

TRIES, TRY_S = 7, 3.0
"""A request is given up after so many tries of so long."""
BETWEEN_S, LONGER = 0.5, 1.5
"""So much time is between the first two tries, and so many times more between the next."""
FUNDS_CENTS = (100_000, 100_000, 100_000, 4_000)
"""By account in turn; the last kind runs dry, so that spending more than there is would show."""
EXPIRES_AT_NS = 9 * 10**18


class Driver:
    """Talks to the service at ``url``; ``run`` begins every name."""

    def __init__(self, client: httpx.AsyncClient, run: str, accounts: int, seed: int) -> None:
        self._client = client
        self._run = run
        self._random = random.Random(seed)
        self.accounts = {f"{run}-{n}": FUNDS_CENTS[n % len(FUNDS_CENTS)] * 10_000 for n in range(accounts)}
        self.attempts: list[Attempt] = []
        self.swipes: list[Swipe] = []
        self._bodies: dict[str, dict[str, object]] = {}

    async def open(self) -> None:
        """Accounts with their funds."""
        for number, (account_id, funds_usdc6) in enumerate(self.accounts.items()):
            card = {"card_id": f"{account_id}-c", "network": "visa", "expires_at_ns": EXPIRES_AT_NS}
            address = f"0x{abs(hash(self._run)) % 16**24:024x}{number:016x}"
            await say(self._client, "open_account", {"account_id": account_id, "address": address, "cards": [card]})
            deposit = {"deposit_id": f"{account_id}:0", "account_id": account_id, "amount_usdc6": funds_usdc6}
            await say(self._client, "deposit", {**deposit, "block_number": 1})

    async def drive(self, rate_per_s: float, until: Callable[[], bool]) -> None:
        """Swipe until told otherwise, then wait for what is under way."""
        under_way: set[asyncio.Task[None]] = set()
        begun_s, number = time.monotonic(), 0
        while not until():
            task = asyncio.create_task(self._swipe(number))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            number += 1
            await asyncio.sleep(max(begun_s + number / rate_per_s - time.monotonic(), 0))
        await asyncio.gather(*under_way)

    async def balances(self) -> dict[str, Said]:
        """What the service says of every account."""
        said = {}
        for account_id in self.accounts:
            raw = (await say(self._client, "balance", {"account_id": account_id})).json()
            said[account_id] = Said(raw["available_usdc6"], raw["held_usdc6"], raw["receivable_usdc6"])
        return said

    async def replay(self) -> None:
        """Ask for every approval again: the answers join the others."""
        for swipe in self.swipes:
            if swipe.approved_cents and not swipe.reversed:
                await self._authorize(swipe.key, self._bodies[swipe.key])

    async def spend_all(self, said: dict[str, Said], most: int) -> list[str]:
        """A finding where an account cannot spend what it is said to have, to the last cent, or can spend more."""
        found = []
        for account_id, balance in list(said.items())[:most]:
            cents = balance.available_usdc6 // 10_000
            for step, (amount, expected) in enumerate(((cents, True), (1, False))):
                if not amount:
                    continue
                key = f"{account_id}-last-{step}"
                answer = await self._authorize(key, self._message(key, account_id, amount))
                if answer is None or ('"approved":true' in answer) is not expected:
                    found.append(f"{account_id}: of {cents} cents available, {amount} more: {answer}")
        return found

    async def _swipe(self, number: int) -> None:
        account_id = self._random.choice(list(self.accounts))
        key = f"{self._run}-s{number}"
        body = self._message(key, account_id, self._random.randint(1, 500))
        self._bodies[key] = body
        answer = await self._authorize(key, body)
        if answer is not None:
            approved = '"approved":true' in answer
            self.swipes.append(Swipe(key, account_id, int(str(body["amount_cents"])) if approved else 0))
            return
        reversal = {name: body[name] for name in ("authorization_id", "card_id", "network", "sent_at_ns")}
        done = await say(self._client, "reverse", {"idempotency_key": f"{key}-r", **reversal}, tries=40)
        self.swipes.append(Swipe(key, account_id, None, reversed=done.status_code == 200))

    def _message(self, key: str, account_id: str, cents: int) -> dict[str, object]:
        return {
            "idempotency_key": key, "authorization_id": f"{key}-a", "card_id": f"{account_id}-c", "amount_cents": cents,
            "network": "visa", "merchant_id": "m", "mcc": "5411", "sent_at_ns": time.time_ns(),
        }  # fmt: skip

    async def _authorize(self, key: str, body: dict[str, object]) -> str | None:
        """The answer; None where none came, however often it was asked for."""
        for again in range(TRIES):
            sent_s = time.monotonic()
            try:
                response = await self._client.post("/v1/engine/authorize", json=body, timeout=TRY_S)
                status, text = response.status_code, response.text
            except httpx.HTTPError:
                status, text = 0, ""
            self.attempts.append(Attempt(key, sent_s, time.monotonic(), status, text))
            if status == 200:
                return text
            await asyncio.sleep(BETWEEN_S * LONGER**again)
        return None


async def say(client: httpx.AsyncClient, verb: str, body: dict[str, Any], tries: int = TRIES) -> httpx.Response:
    """An answer, asked for until one comes. Raises RuntimeError where none does."""
    told = "nothing"
    for _ in range(tries):
        try:
            response = await client.post(f"/v1/engine/{verb}", json=body, timeout=10)
            if response.status_code < 500:
                return response.raise_for_status()
            told = response.text
        except httpx.TransportError as error:
            told = type(error).__name__
        await asyncio.sleep(BETWEEN_S)
    raise RuntimeError(f"{verb}: no answer after {tries} tries; the last said {told}")
