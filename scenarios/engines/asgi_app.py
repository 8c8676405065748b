"""Any CardEngine as a raw ASGI application that speaks the HTTP contract of ``engine/wire.py``.

``serve(engine)`` serves an engine that exists. ``app`` is what ``--engine asgi:scenarios.engines.asgi_app:app`` names:
on first use it builds the reference engine from the EngineKit that the world hands in with every scope, at
``scope["extensions"]["swipelab"]["kit"]`` (in the lifespan scope too). An ASGI engine of your own finds its clock,
its chain and its terms at the same place.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from engine.interface import CardEngine, EngineError, EngineFactory, EngineKit
from engine.wire import ROUTES, VERBS, Done, WireError, from_bytes, problem_of, to_bytes
from scenarios.engines import reference

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_VERB_AT = {path: VERBS[name] for name, path in ROUTES.items()}
_JSON = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", b"application/problem+json")


def serve(engine: CardEngine) -> Application:
    """An ASGI application around ``engine``."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await _exchange(engine, scope, receive, send)
        else:
            raise ValueError(f"only http and lifespan are spoken here, not {scope['type']}")

    return application


class KitApp:
    """Serves the engine that ``factory`` builds from the kit in the scope; another kit gets another engine."""

    def __init__(self, factory: EngineFactory) -> None:
        self._factory = factory
        self._kit: EngineKit | None = None
        self._serve: Application | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises KeyError, with a word on what is missing, where the world handed no kit in."""
        kit = scope.get("extensions", {}).get("swipelab", {}).get("kit")
        if kit is None:
            raise KeyError('no EngineKit at scope["extensions"]["swipelab"]["kit"]: use serve(engine) outside a world')
        if self._serve is None or kit is not self._kit:
            self._kit, self._serve = kit, serve(self._factory(kit))
        await self._serve(scope, receive, send)


app = KitApp(reference.build)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _exchange(engine: CardEngine, scope: Scope, receive: Receive, send: Send) -> None:
    """One request, one answer. What is not an EngineError is a bug and surfaces."""
    verb = _VERB_AT.get(scope["path"])
    if verb is None:
        detail = f"no route {scope['path']}; there are {', '.join(_VERB_AT)}"
        return await _answer_problem(send, 404, {"type": "no_such_route", "status": 404, "detail": detail})
    if scope["method"] != "POST":
        detail = f"{scope['path']} takes POST, not {scope['method']}"
        return await _answer_problem(send, 405, {"type": "method_not_allowed", "status": 405, "detail": detail})
    try:
        request = from_bytes(verb.request, await _body(receive))
        answer = await verb.call(engine, request)
    except (WireError, EngineError) as error:
        return await _answer_problem(send, *problem_of(error))
    await _answer(send, 200, _JSON, to_bytes(Done() if answer is None else answer))


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise WireError("", "the client went away before the body was complete")
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _answer_problem(send: Send, status: int, body: dict[str, Any]) -> None:
    await _answer(send, status, _PROBLEM, json.dumps(body).encode())


async def _answer(send: Send, status: int, content_type: tuple[bytes, bytes], body: bytes) -> None:
    headers = [content_type, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
