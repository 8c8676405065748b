"""The service before the load and after it: accounts are opened and funded, balances and the statement are read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpx

from engine.interface import Balance, EngineError, NotSupported, StatementEntry
from scenarios.behind_url import again, key_headers
from scenarios.load.messages import Messages
from scenarios.load.spec import LoadSpec
from scenarios.problems import BadInput
from simulators.auditor import Auditor, ChainEvent
from simulators.http_engine import WireEngine, WrongBody

AT_ONCE = 16
TRIES = 6
TIMEOUT_S = 30.0
STATEMENT_S = 300.0
"""A statement that takes longer to read is left unread, and said to be."""
Note = Callable[[Any, Any, int, int], None]
"""Told of a message, its answer, and the instants of both."""


class Service:
    """One conversation with the service, the auditor listening."""

    def __init__(self, spec: LoadSpec, api_key: str, messages: Messages, auditor: Auditor, clock: Callable[[], int]):
        self._spec, self._messages, self._auditor, self._now = spec, messages, auditor, clock
        self._client = httpx.AsyncClient(base_url=spec.url, headers=key_headers(api_key), timeout=TIMEOUT_S)
        self._engine = WireEngine(self._client)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def open(self, accounts: Iterable[int], note: Note) -> None:
        """Accounts with one card each, and their deposits. Raises BadInput where the service does not take them."""

        async def one(account: int) -> None:
            opening, deposit = self._messages.opening(account), self._messages.deposit(account)
            self._auditor.opened(self._now(), opening)
            await self._tell(opening, self._engine.open_account, note)
            event = ChainEvent("CardDeposit", deposit.account_id, deposit.amount_usdc6, "", deposit.deposit_id)
            self._auditor.chain(self._now(), event)
            await self._tell(deposit, self._engine.deposit, note)

        await _all(one, accounts)

    async def _tell(self, message: Any, call: Callable[[Any], Awaitable[Any]], note: Note) -> None:
        for left in reversed(range(TRIES)):
            sent = self._now()
            self._auditor.sent(sent, message)
            try:
                answer = await call(message)
            except (EngineError, httpx.HTTPError, WrongBody) as error:
                self._auditor.failed(self._now(), message, error)
                if not left or isinstance(error, NotSupported | WrongBody):
                    what = f"{type(message).__name__} was not answered"
                    raise BadInput(f"--url {self._spec.url}: {what} ({type(error).__name__}: {error})") from error
                await asyncio.sleep(0.1 * (TRIES - left))
                continue
            answered = self._now()
            self._auditor.answered(answered, message, answer)
            note(message, answer, sent, answered)
            return

    async def balances(self, accounts: Iterable[int]) -> list[Balance]:
        """Raises EngineError, WrongBody or HTTPError where one is not told."""
        found: list[Balance] = []

        async def one(account: int) -> None:
            found.append(await again(self._engine.balance, self._messages.account_id(account)))

        await _all(one, accounts)
        return found

    async def statement(self) -> list[StatementEntry] | None:
        """The lines of this run's accounts; None where the service offers no statement, or a very long one."""
        entries: list[StatementEntry] = []
        cursor, until_s = 0, time.monotonic() + STATEMENT_S
        while cursor >= 0:
            if time.monotonic() > until_s:
                return None
            try:
                page = await again(self._engine.statement, cursor)
            except NotSupported:
                return None
            entries += (entry for entry in page.entries if entry.account_id.startswith(self._spec.prefix))
            cursor = page.next_cursor
        return entries


async def _all(do: Callable[[int], Awaitable[None]], accounts: Iterable[int]) -> None:
    """For each account, so many at once as :data:`AT_ONCE`; the first that fails stops the rest."""
    waiting = iter(accounts)

    async def some() -> None:
        for account in waiting:
            await do(account)

    tasks = [asyncio.ensure_future(some()) for _ in range(AT_ONCE)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
