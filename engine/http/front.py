"""The outermost layer, plain ASGI: a name for each request, its time, its line in the log, its place in the metrics.

Routes without a parameter are looked up here; Starlette's router tries one pattern after the other. What answers
without having passed the owner check is stopped here, whoever wrote it and however it was added.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from itertools import count

from starlette.types import ASGIApp

from engine.http.call import Call, Receive, Scope, Send
from engine.http.door import CALL, Door, UnguardedAnswer, give
from engine.http.logs import Log
from engine.http.masking import is_clean
from engine.http.metrics import Metrics
from engine.http.problems import Problem, answer_of

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds, and failing loudly enough by themselves."""


class Front:
    """Around ``inner``. ``now_s`` is a clock that never goes back; ``worker`` begins the ids of requests."""

    def __init__(
        self,
        inner: ASGIApp,
        *,
        doors: Mapping[str, Door],
        metrics: Metrics,
        log: Log,
        now_s: Callable[[], float],
        slow_s: float,
        sample: float,
        worker: str,
    ) -> None:
        self.inner = inner
        self._doors = doors
        self._metrics = metrics
        self._log = log
        self._now_s = now_s
        self._slow_s = slow_s
        self._sample = sample
        self._prefix = worker
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.inner(scope, receive, send)
        began_s = self._now_s()
        headers = dict(scope["headers"])
        call = Call(scope, receive, self._request_id(headers), headers)
        scope[CALL] = call
        status = 0

        async def outgoing(message) -> None:
            nonlocal status
            # A close says nothing; it is also how the router refuses a WebSocket that has no route.
            if not call.released and message["type"] != "websocket.close":
                raise UnguardedAnswer(call.route)
            if status == 0:
                status = message.get("status", 101)
            await send(message)

        try:
            door = self._doors.get(scope["path"]) if scope["type"] == "http" else None
            await (self.inner if door is None else door)(scope, receive, outgoing)
        except Exception as error:
            self._log.fault(error, request_id=call.request_id, route=call.route)
            if status or scope["type"] != "http":
                raise
            fault = Problem("internal", "a fault of the service; the request may or may not have taken effect")
            await give(call, outgoing, answer_of(fault, call.request_id))
        finally:
            self._close(call, status, self._now_s() - began_s)

    def _close(self, call: Call, status: int, seconds: float) -> None:
        """Count it, and tell of it where there is something to tell."""
        if call.scope["type"] != "http":
            return  # a stream's length is no latency
        self._metrics.answered(call.route, status, seconds)
        if status >= 400:
            if call.route in _QUIET_ROUTES:
                return
            level = "error" if status >= 500 else "info"
        elif seconds >= self._slow_s:
            level = "warning"
        elif self._sample and random.random() < self._sample:
            level = "info"
        else:
            return
        self._log.request(
            level,
            "request",
            request_id=call.request_id,
            route=call.route,
            method=call.scope["method"] if len(call.scope["method"]) < 10 else "",
            status=status,
            duration_ms=round(seconds * 1e3, 3),
            principal="" if call.principal is None else call.principal.name,
        )

    def _request_id(self, headers: Mapping[bytes, bytes]) -> str:
        """The caller's, if it can be written anywhere as it is; else a new one."""
        given = headers.get(b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given) and is_clean(text := given.decode()):
            return text
        return f"{self._prefix}-{next(self._numbers):x}"
