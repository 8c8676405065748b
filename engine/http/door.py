"""A route: who may use it and how, and its handler behind the owner check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from engine.http.access import Access, Guard
from engine.http.call import Call, Receive, Scope, Send
from engine.http.problems import Answer, Problem, answer_of, problem_from
from engine.interface import EngineError
from engine.wire import WireError

Handler = Callable[[Call], Awaitable[Answer]]
CALL = "swipelab.call"
"""Where a scope keeps its :class:`Call`."""


class UnguardedAnswer(RuntimeError):
    """A route was about to answer somebody whose right to the answer nobody had looked at: a bug in the route."""


class Door:
    """An ASGI endpoint. A handler returns its answer, or raises Problem, WireError or EngineError."""

    def __init__(self, path: str, method: str, access: Access, guard: Guard, handler: Handler) -> None:
        self.path = path
        self.method = method
        self.access = access
        self._methods = ("GET", "HEAD") if method == "GET" else (method,)
        self._guard = guard
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call: Call = scope[CALL]
        call.route = self.path
        try:
            if scope["method"] not in self._methods:
                raise not_allowed(scope["method"], self._methods)
            self._guard.admit(call, self.access)
            answer = await self._handler(call)
            if not call.released:
                raise UnguardedAnswer(self.path)
        except Problem as problem:
            answer = answer_of(problem, call.request_id)
        except (WireError, EngineError) as error:
            answer = answer_of(problem_from(error), call.request_id)
        await give(call, send, answer)


def not_allowed(method: str, methods: tuple[str, ...]) -> Problem:
    """405, with what is allowed."""
    allowed = ", ".join(methods)
    return Problem("method_not_allowed", f"the route takes {allowed}", ((b"allow", allowed.encode()),))


async def give(call: Call, send: Send, answer: Answer) -> None:
    """Send an answer that may go out: one released, or a problem, which is about the request alone."""
    call.released = True
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", b"%d" % len(answer.body)),
        (b"x-request-id", call.request_id.encode()),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if call.scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})
