"""The verbs of an engine as routes: a body in, the engine's answer out (``engine/wire.py`` is the contract)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from engine.http.access import Guard
from engine.http.call import Call
from engine.http.door import Handler
from engine.http.gate import Gate, Room
from engine.http.metrics import Metrics
from engine.http.problems import Answer, Problem
from engine.interface import CardEngine, ClearingBatch
from engine.settings import Settings
from engine.wire import VERBS, AccountQuery, Done, Verb, WireError, from_bytes, to_bytes
from engine.wire_bounds import text_bounds, wrong_text

_KEY = "idempotency_key"
_UNTIMED = frozenset({"settle"})
"""A settlement waits for blocks; whoever calls it knows for how long."""


class VerbHandlers:
    """Makes the handler of each verb."""

    def __init__(
        self, engine: CardEngine, settings: Settings, guard: Guard, gate: Gate, room: Room, metrics: Metrics
    ) -> None:
        self._engine = engine
        self._room = room
        self._most_bytes = settings.max_body_bytes
        self._timeout_s = settings.request_timeout_s
        self._guard = guard
        self._gate = gate
        self._metrics = metrics

    def handler(self, name: str) -> Handler:
        verb = VERBS[name]
        return self._authorize(verb) if name == "authorize" else self._other(verb, name not in _UNTIMED)

    def _authorize(self, verb: Verb) -> Handler:
        """The hot path. It is taken on, or refused, once its body is there: a slow sender is no crowd.

        Its time limit is the engine's own, the decision budget, which ends in a decision; ours would only end in none.
        """

        async def handle(call: Call) -> Answer:
            body = await call.json_body(self._most_bytes, self._timeout_s)
            ticket = await self._gate.enter()
            try:
                response = await verb.call(self._engine, self._message(call, verb, body))
            finally:
                self._gate.leave(ticket)
            self._metrics.decided(response)
            return Answer(200, to_bytes(response))

        return handle

    def _other(self, verb: Verb, timed: bool) -> Handler:
        async def handle(call: Call) -> Answer:
            message = self._message(call, verb, await call.json_body(self._most_bytes, self._timeout_s))
            with self._room.place():
                doing = verb.call(self._engine, message)
                answer = await (within(self._timeout_s, doing) if timed else doing)
            return Answer(200, to_bytes(Done() if answer is None else answer))

        return handle

    def _message(self, call: Call, verb: Verb, body: bytes) -> Any:
        """What the body says, of somebody who may say it."""
        message = from_bytes(verb.request, body)
        if not call.released:
            if isinstance(message, AccountQuery):
                self._guard.own_account(call, message.account_id)
            elif hasattr(message, "network"):
                self._guard.own_network(call, _networks_in(message))
        if b"idempotency-key" in call.headers:
            _require_same_key(call.headers[b"idempotency-key"], message)
        return message


async def within(seconds: float, doing: Awaitable[Any]) -> Any:
    """What an engine returns in time. Raises Problem: 503, for nobody knows whether it took effect."""
    try:
        async with asyncio.timeout(seconds) as limit:
            return await doing
    except TimeoutError:
        if not limit.expired():
            raise
        detail = f"no answer within {seconds:g} s; whether it took effect is unknown: send the same request again"
        raise Problem("timed_out", detail) from None


def _networks_in(message: Any) -> Iterable[str]:
    """Every network that a message names."""
    if isinstance(message, ClearingBatch):
        return (message.network, *(presentment.network for presentment in message.presentments))
    return (message.network,)


def _require_same_key(header: bytes, message: Any) -> None:
    """The header says the same key as the body, if this message has one. Raises WireError and Problem."""
    try:
        key = header.decode()
    except UnicodeDecodeError:
        raise WireError("Idempotency-Key", "not UTF-8") from None
    wrong = wrong_text(key, text_bounds(_KEY))
    if wrong is not None:
        raise WireError("Idempotency-Key", wrong)
    if getattr(message, _KEY, key) != key:
        raise Problem("idempotency_mismatch", "the header Idempotency-Key is not the idempotency_key of the body")
