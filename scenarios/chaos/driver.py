"""Swipes at a steady rate, as a network makes them: asked again under the same key, and taken back where no answer
comes at all.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import httpx

from engine.domain.money import usdc6_of
from engine.interface import (
    AccountOpening,
    AuthorizationRequest,
    AuthorizationResponse,
    Balance,
    CardOpening,
    DepositNotice,
    EngineError,
    ReversalRequest,
)
from scenarios.behind_url import again
from scenarios.chaos.books import Attempt, Swipe
from scenarios.conformance.chain import address_of
from simulators.http_engine import WireEngine

TRIES, TRY_S = 7, 3.0
"""A request is given up after so many tries of so long."""
BETWEEN_S, LONGER = 0.5, 1.5
"""So much time is between the first two tries, and so many times more between the next."""
REVERSAL_TRIES = 20
FUNDS_CENTS = (100_000, 100_000, 100_000, 4_000)
"""By account in turn; the last kind runs dry, so that spending more than there is would show."""
EXPIRES_AT_NS = 9 * 10**18


class Driver:
    """Talks to the service by ``client``; ``run`` begins every name."""

    def __init__(self, client: httpx.AsyncClient, run: str, accounts: int, seed: int) -> None:
        self._engine = WireEngine(client)
        self._run = run
        self._random = random.Random(seed)
        self.funds_usdc6 = {f"{run}-{n}": usdc6_of(FUNDS_CENTS[n % len(FUNDS_CENTS)]) for n in range(accounts)}
        self.attempts: list[Attempt] = []
        self.swipes: list[Swipe] = []
        self._requests: dict[str, AuthorizationRequest] = {}

    async def open(self) -> None:
        """Accounts with their funds."""
        for account_id, funds_usdc6 in self.funds_usdc6.items():
            await again(self._engine.open_account, opening_of(account_id, address_of(account_id)))
            await again(self._engine.deposit, DepositNotice(f"{account_id}:0", account_id, funds_usdc6, 1))

    async def drive(self, rate_per_s: float, until: Callable[[], bool]) -> None:
        """Swipe until told otherwise, then wait for what is under way."""
        begun_s, number = time.monotonic(), 0
        async with asyncio.TaskGroup() as swipes:
            while not until():
                swipes.create_task(self._swipe(number))
                number += 1
                await asyncio.sleep(max(begun_s + number / rate_per_s - time.monotonic(), 0))

    async def balances(self) -> dict[str, Balance]:
        """What the service says of every account."""
        return {account_id: await again(self._engine.balance, account_id) for account_id in self.funds_usdc6}

    async def replay(self) -> None:
        """Ask for every approval again: the answers join the others."""
        for swipe in self.swipes:
            if swipe.approved_cents and not swipe.reversed:
                await self._authorize(self._requests[swipe.key])

    async def spend_all(self, said: dict[str, Balance], most: int) -> list[str]:
        """A finding where an account cannot spend what it is said to have, to the last cent, or can spend more."""
        found = []
        for account_id, balance in list(said.items())[:most]:
            cents = balance.available_usdc6 // usdc6_of(1)
            for amount, expected in ((cents, True), (1, False)):
                if not amount:
                    continue
                answer = await self._authorize(self._request(f"{account_id}-last-{expected}", account_id, amount))
                if answer is None or answer.approved is not expected:
                    found.append(f"{account_id}: of {cents} cents available, {amount} more: {answer}")
        return found

    async def _swipe(self, number: int) -> None:
        account_id = self._random.choice(list(self.funds_usdc6))
        key = f"{self._run}-s{number}"
        request = self._requests[key] = self._request(key, account_id, self._random.randint(1, 500))
        answer = await self._authorize(request)
        if answer is not None:
            self.swipes.append(Swipe(key, account_id, answer.approved_cents))
            return
        reversal = ReversalRequest(
            f"{key}-r", request.authorization_id, request.card_id, request.network, request.sent_at_ns
        )
        try:
            await again(self._engine.reverse, reversal, REVERSAL_TRIES)
        except (EngineError, httpx.HTTPError):
            self.swipes.append(Swipe(key, account_id, None))
        else:
            self.swipes.append(Swipe(key, account_id, None, reversed=True))

    def _request(self, key: str, account_id: str, cents: int) -> AuthorizationRequest:
        return AuthorizationRequest(
            key, f"{key}-a", card_of(account_id), cents, "visa", "merchant", "5411", time.time_ns()
        )  # fmt: skip

    async def _authorize(self, request: AuthorizationRequest) -> AuthorizationResponse | None:
        """The answer; None where none came, however often it was asked for."""
        for tried in range(TRIES):
            answer, trouble, sent_s = None, "", time.monotonic()
            try:
                async with asyncio.timeout(TRY_S):
                    answer = await self._engine.authorize(request)
            except (EngineError, httpx.HTTPError, TimeoutError) as error:
                trouble = f"{type(error).__name__}: {error}".replace(request.idempotency_key, "KEY")
            self.attempts.append(Attempt(request.idempotency_key, sent_s, time.monotonic(), answer, trouble))
            if answer is not None:
                return answer
            await asyncio.sleep(BETWEEN_S * LONGER**tried)
        return None


def opening_of(account_id: str, address: str) -> AccountOpening:
    """An account with one card."""
    return AccountOpening(account_id, address, (CardOpening(card_of(account_id), "visa", EXPIRES_AT_NS),))


def card_of(account_id: str) -> str:
    return f"{account_id}-c"
