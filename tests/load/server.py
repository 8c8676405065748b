"""Services to be loaded, each in a process of its own: `python tests/load/server.py PORT KIND`.

hello: answers any authorization with an approval, and knows nothing. reference: the reference engine on the wall clock.
fickle: the same, but every repeat of a request gets another answer. forgetful: the same, but of every third approval
the hold is lost. stalled: the same, but nothing is answered in the second that begins a second after
its first authorization. shedding: the same, but every third authorization is refused as overloaded.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import replace
from typing import Any

import uvicorn

from engine.interface import AuthorizationRequest, AuthorizationResponse, EngineKit, ReversalRequest, Terms
from engine.ports import Ports
from engine.wire import ROUTES
from scenarios.conformance.chain import BenchChain, BenchClock
from scenarios.engines import reference
from scenarios.engines.asgi_app import Application, serve

STALL_S = 1.0
HELLO = (
    b'{"authorization_id":"%b","approved":true,"approved_cents":1,"response_code":"00","reason":null,'
    b'"hold_expires_at_ns":0}'
)


def _names(request: AuthorizationRequest) -> tuple[str, str, str]:
    return request.authorization_id, request.card_id, request.network


class WallClock(BenchClock):
    """The port ``Clock`` on real time."""

    def now_ns(self) -> int:
        return time.time_ns()


class Engine:
    """The reference engine with something wrong with it."""

    def __init__(self, kind: str) -> None:
        clock = WallClock()
        none: Any = None
        self._engine = reference.build(EngineKit(Terms(), Ports(clock, none, none, none, BenchChain(clock))))
        self._kind, self._seen, self._first_s = kind, set[str](), 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def authorize(self, request: AuthorizationRequest) -> AuthorizationResponse:
        if self._kind == "stalled":
            await self._stall()
        answer = await self._engine.authorize(request)
        again = request.authorization_id in self._seen
        self._seen.add(request.authorization_id)
        if self._kind == "forgetful" and not again and len(self._seen) % 3 == 0:
            lost = ReversalRequest("lost:" + request.authorization_id, *_names(request), request.sent_at_ns)
            await self._engine.reverse(lost)
        if self._kind == "fickle" and again and answer.approved:
            return replace(answer, hold_expires_at_ns=answer.hold_expires_at_ns + 1)
        return answer

    async def _stall(self) -> None:
        self._first_s = self._first_s or time.monotonic()
        since_s = time.monotonic() - self._first_s
        if 1.0 <= since_s < 1.0 + STALL_S:
            await asyncio.sleep(1.0 + STALL_S - since_s)


def hello() -> Application:
    """The least that an ASGI application can do: what it costs is what a generator has to be quicker than."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", scope["type"] == "http"
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        answer = HELLO % body.split(b'"', 8)[7]
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return application


def shedding(application: Application) -> Application:
    """Refuses every third authorization."""
    seen = 0

    async def shedding_some(scope: Any, receive: Any, send: Any) -> None:
        nonlocal seen
        if scope["type"] != "http" or scope["path"] != ROUTES["authorize"] or (seen := seen + 1) % 3:
            await application(scope, receive, send)
            return
        body = b'{"type":"overloaded","status":503,"detail":"too much at once"}'
        headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return shedding_some


def application(kind: str) -> Application:
    if kind == "hello":
        return hello()
    served = serve(Engine(kind))  # type: ignore[arg-type]
    return shedding(served) if kind == "shedding" else served


if __name__ == "__main__":
    lifespan = "off" if sys.argv[2] == "hello" else "auto"
    uvicorn.run(application(sys.argv[2]), port=int(sys.argv[1]), log_level="warning", lifespan=lifespan)
