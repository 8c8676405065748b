"""A service over the production engine with stores in memory, or over an engine of the test's own."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx

from engine.http.app import create_app
from engine.http.examples import ACCOUNT, EXAMPLES
from engine.http.service import Check, Service, TransactionLine
from engine.interface import Terms
from engine.services.engine import build
from engine.settings import Settings
from engine.wire import ROUTES, encode
from scenarios.conformance.chain import BenchChain, BenchClock
from scenarios.conformance.subject import kit

SECRET = "whsec_0123456789"
OPS, VISA, CHAIN, ADA = (f"{name}-key-0123456789" for name in ("ops", "visa", "chain", "ada"))
KEYS = f"ops:operator:{OPS} visa:network=visa:{VISA} watcher:chain:{CHAIN} ada:customer={ACCOUNT}:{ADA}"
JSON = {"content-type": "application/json"}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


class World:
    """The service, its app, and what it logs; ``now_s`` is what its clock that never goes back shows."""

    def __init__(self, engine: Any = None, **settings: Any) -> None:
        self.clock = BenchClock()
        self.chain = BenchChain(self.clock)
        self.kit = kit(Terms(), self.clock, self.chain)
        self.log = io.StringIO()
        self.now_s = 0.0
        self.checks: Sequence[Check] = (Check("ledger", True, ""),)
        self.lines: dict[str, list[TransactionLine]] = {}
        self.hints: asyncio.Queue[None] = asyncio.Queue()
        self.engine = engine if engine is not None else build(self.kit)
        self.service = Service(
            engine=self.engine,
            clock=self.clock,
            settings=Settings(**{"webhook_secret": SECRET, **settings}),
            health=self._health,
            transactions=self._transactions,
            changes=self._changes,
            log_to=self.log,
        )
        self.app = create_app(self.service, lambda: self.now_s)

    def client(self, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://swipelab.invalid", headers=headers)

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    async def _health(self) -> Sequence[Check]:
        return self.checks

    async def _transactions(self, account_id: str, before: int | None, limit: int) -> Sequence[TransactionLine]:
        lines = [line for line in self.lines.get(account_id, []) if before is None or line.line_id < before]
        return sorted(lines, key=lambda line: -line.line_id)[:limit]

    async def _changes(self, account_id: str) -> AsyncIterator[None]:
        while True:
            await self.hints.get()
            yield


async def say(client: httpx.AsyncClient, verb: str, message: Any = None, **changes: Any) -> httpx.Response:
    """The verb's example, or ``message``, with changes of fields."""
    raw = encode(EXAMPLES[verb] if message is None else message) | changes
    return await client.post(ROUTES[verb], content=json.dumps(raw), headers=JSON)


async def opened(client: httpx.AsyncClient) -> None:
    """The example's customer, with money."""
    for verb in ("open_account", "deposit"):
        answer = await say(client, verb)
        assert answer.status_code == 200, answer.text
