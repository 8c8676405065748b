"""``/v1/accounts/{account_id}/stream``: a WebSocket that tells the balance, and tells it again when it has changed.

The first message comes at once. After a hint that something may have changed the balance is read ``DEBOUNCE_S`` later,
so that a burst of hints is one read, and the last of them is in it. Every ``ALIVE_S`` it is read without a hint too: a
lost hint delays a message, and loses none. Messages are ``{"type": "balance", "balance": {...}}`` and, after a quiet
while, ``{"type": "alive"}``. What the client says is not listened to.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

from engine.http.access import Access, Guard
from engine.http.accounts import Accounts
from engine.http.call import Call, Receive, Scope, Send
from engine.http.door import CALL
from engine.http.problems import Problem, answer_of, problem_from
from engine.http.service import Service
from engine.interface import Balance, EngineError
from engine.wire import WireError, encode

DEBOUNCE_S = 0.2
ALIVE_S = 20.0
SLOW_S = 5.0
"""A client that takes nothing for so long is dropped."""
_EXPECTED = (EngineError, Problem, TimeoutError, OSError)
"""What ends a stream, and is no fault: it cannot be read now, or is not taken."""
TRY_AGAIN_LATER = 1013
POLICY = 1008


class Streams:
    """The ASGI endpoint, behind the owner check like any other."""

    def __init__(self, path: str, access: Access, service: Service, guard: Guard, accounts: Accounts) -> None:
        self.path = path
        self.access = access
        self._service = service
        self._guard = guard
        self._accounts = accounts
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call: Call = scope[CALL]
        call.route = self.path
        await receive()  # websocket.connect
        try:
            self._guard.admit(call, self.access)
            account_id = self._accounts.own_account(call)
            if self.open >= self._service.settings.max_streams:
                raise Problem("overloaded", "too many streams are open here", ((b"retry-after", b"5"),))
        except Problem as problem:
            return await _deny(call, send, problem)
        except WireError as error:
            return await _deny(call, send, problem_from(error))
        self.open += 1
        try:
            await self._serve(call, account_id, receive, send)
        finally:
            self.open -= 1

    async def _serve(self, call: Call, account_id: str, receive: Receive, send: Send) -> None:
        try:
            first = await self._accounts.read(account_id)
        except Problem as problem:
            return await _deny(call, send, problem)
        except EngineError as error:
            return await _deny(call, send, problem_from(error))
        await send({"type": "websocket.accept"})
        await self._tell(account_id, first, receive, send)

    async def _tell(self, account_id: str, first: Balance, receive: Receive, send: Send) -> None:
        """Until the client leaves, is too slow, or the balance cannot be read."""
        hinted = asyncio.Event()
        hinted.set()  # the first balance was read before anybody listened for changes: look once more
        tasks = [
            asyncio.ensure_future(_until_gone(receive)),
            asyncio.ensure_future(self._listen(account_id, hinted)),
            asyncio.ensure_future(self._write(account_id, first, hinted, send)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        if tasks[0] in done:
            return
        with suppress(OSError, TimeoutError):  # gone in the meantime
            await _in_time(send({"type": "websocket.close", "code": TRY_AGAIN_LATER}))
        for outcome in outcomes:
            if isinstance(outcome, Exception) and not isinstance(outcome, _EXPECTED):
                raise outcome

    async def _listen(self, account_id: str, hinted: asyncio.Event) -> None:
        hints: Any = self._service.changes(account_id)
        if not hasattr(hints, "aclose"):
            async for _ in hints:
                hinted.set()
            return
        async with aclosing(hints):
            async for _ in hints:
                hinted.set()

    async def _write(self, account_id: str, first: Balance, hinted: asyncio.Event, send: Send) -> None:
        await _say(send, {"type": "balance", "balance": encode(first)})
        told = first
        while True:
            quiet = False
            try:
                async with asyncio.timeout(ALIVE_S):
                    await hinted.wait()
                await asyncio.sleep(DEBOUNCE_S)
            except TimeoutError:
                quiet = True  # nothing was hinted at: look all the same
            hinted.clear()
            balance = await self._accounts.read(account_id)
            if balance != told:
                await _say(send, {"type": "balance", "balance": encode(balance)})
                told = balance
            elif quiet:
                await _say(send, {"type": "alive"})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _say(send: Send, message: dict[str, Any]) -> None:
    await _in_time(send({"type": "websocket.send", "text": json.dumps(message)}))


async def _in_time(sending: Awaitable[None]) -> None:
    async with asyncio.timeout(SLOW_S):
        await sending


async def _deny(call: Call, send: Callable[[Any], Awaitable[None]], problem: Problem) -> None:
    """The problem, where the server can send one instead of the handshake's answer; else it says 403 itself."""
    call.released = True
    if "websocket.http.response" not in call.scope.get("extensions", {}):
        return await send({"type": "websocket.close", "code": POLICY})
    answer = answer_of(problem, call.request_id)
    headers = [(b"content-type", answer.content_type), (b"x-request-id", call.request_id.encode()), *answer.headers]
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": answer.body})
