"""One request, from its head to its answer: what handlers see of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any

from engine.http.problems import Problem
from engine.settings_keys import ApiKey

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Any], Awaitable[None]]

NOBODY = "none"
"""The route of a request that reached none."""
_PLAIN = (b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8")


class Call:
    """``released`` says that the owner check has let the answer out; see ``engine/http/access.py``."""

    __slots__ = ("_receive", "headers", "principal", "released", "request_id", "route", "scope")

    def __init__(self, scope: Scope, receive: Receive, request_id: str, headers: dict[bytes, bytes]) -> None:
        self.scope = scope
        self.headers = headers
        self.request_id = request_id
        self.route = NOBODY
        self.principal: ApiKey | None = None
        self.released = False
        self._receive = receive

    def path_parameter(self, name: str) -> str:
        return self.scope["path_params"][name]

    async def json_body(self, most_bytes: int, within_s: float) -> bytes:
        """The body, which says that it is JSON in UTF-8. Raises Problem (408, 413, 415, 400)."""
        given = self.headers.get(b"content-type", b"")
        if given not in _PLAIN:
            _require_json(given)
        coding = self.headers.get(b"content-encoding")
        if coding is not None and coding.lower() != b"identity":
            raise Problem("unsupported_media_type", "a body with a content-encoding is not read: send it as it is")
        return await self.body(most_bytes, within_s)

    async def body(self, most_bytes: int, within_s: float) -> bytes:
        """The body, whatever it is. Raises Problem (408, 413), and 400 for one that broke off."""
        length = self.headers.get(b"content-length")
        if length is not None and length.isdigit() and int(length[:20]) > most_bytes:
            raise _too_large(most_bytes)
        message = await self._first(within_s)
        body = message.get("body", b"")
        if message.get("more_body", False):
            body = await self._within(within_s, self._rest(body, most_bytes))
        if message["type"] == "http.disconnect":
            raise Problem("malformed", "the body broke off")
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
        return body

    async def _first(self, within_s: float) -> dict[str, Any]:
        """The first message. Nearly always it is there, and then it is not worth a timer, which costs as much as
        reading the whole message: so it is asked for before the timer is set, and only awaited under it."""
        receiving = self._receive()
        if not isinstance(receiving, Coroutine):
            return await self._within(within_s, receiving)
        try:
            waits_for = receiving.send(None)
        except StopIteration as here:
            return here.value
        return await self._within(within_s, _Begun(receiving, waits_for))

    async def _rest(self, body: bytes, most_bytes: int) -> bytes:
        parts, size = [body], len(body)
        while size <= most_bytes:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Problem("malformed", "the body broke off")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if not message.get("more_body", False):
                break
        return b"".join(parts)

    async def _within(self, seconds: float, waiting: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await waiting
        except TimeoutError:
            raise Problem("body_too_slow", f"the body was not there within {seconds:g} s") from None


class _Begun:
    """A coroutine that has run to its first wait, awaited from there on by the task that began it."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Any]:
        waits_for = self._waits_for
        while True:
            try:
                woken = yield waits_for
            except BaseException as error:  # noqa: BLE001 - handed on: the time may be over
                go_on = partial(self._coroutine.throw, error)
            else:
                go_on = partial(self._coroutine.send, woken)
            try:
                waits_for = go_on()
            except StopIteration as done:
                return done.value


def _require_json(content_type: bytes) -> None:
    """Raises Problem for a body that is not JSON (415) or not in UTF-8 (400)."""
    kind, _, rest = content_type.decode("latin-1").lower().partition(";")
    kind = kind.strip()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Problem("unsupported_media_type", "the body has to be application/json")
    for parameter in rest.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8", "us-ascii"):
            raise Problem("malformed", "JSON is read in UTF-8 alone")


def _too_large(most_bytes: int) -> Problem:
    # The connection cannot be used again: the rest of the body is still on its way.
    return Problem("body_too_large", f"a body has at most {most_bytes} bytes", ((b"connection", b"close"),))
