"""What is answered instead of an answer: problem documents of RFC 9457, each with a stable ``type``.

``type`` is a relative reference and the one thing to branch on; ``title`` says what the type means, ``detail`` what
happened this time, and ``request_id`` is what to ask the operator about. Clients read ``type``, ``status`` and
``detail`` (``engine.wire.error_of``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from engine.http.masking import masked
from engine.interface import EngineError
from engine.wire import WireError, problem_of

PROBLEM_TYPE = b"application/problem+json"
Headers = Sequence[tuple[bytes, bytes]]


class Kind(NamedTuple):
    """What every problem of one type has in common."""

    status: int
    title: str


KINDS: dict[str, Kind] = {
    "malformed": Kind(400, "The request is not what this route takes."),
    "bad_signature": Kind(400, "The signature of the webhook does not hold."),
    "unauthenticated": Kind(401, "A valid API key is needed."),
    "forbidden": Kind(403, "This API key may not do this."),
    "no_such_route": Kind(404, "There is no such route."),
    "unknown_account": Kind(404, "There is no such account."),
    "method_not_allowed": Kind(405, "The route does not take this method."),
    "body_too_slow": Kind(408, "The body did not arrive in time."),
    "request_in_flight": Kind(409, "A twin of this request is still being answered."),
    "body_too_large": Kind(413, "The body is too large."),
    "unsupported_media_type": Kind(415, "The body is not in a format that is read here."),
    "idempotency_conflict": Kind(422, "The idempotency key was used before, with another body."),
    "idempotency_mismatch": Kind(422, "Header and body name different idempotency keys."),
    "refused": Kind(422, "It can never be done as it stands."),
    "internal": Kind(500, "A fault of the service."),
    "not_supported": Kind(501, "The engine does not offer this."),
    "engine_error": Kind(503, "The engine could not answer; the same request may be sent again."),
    "timed_out": Kind(503, "There was no answer in time; the same request may be sent again."),
    "overloaded": Kind(503, "Too much at once; nothing was done, and the request may be sent again."),
    "not_configured": Kind(503, "A setting is missing."),
}
"""Every problem there is."""


class Answer(NamedTuple):
    """What goes back: a status, a body, and what it is."""

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    headers: Headers = ()


class Problem(Exception):
    """Answered as the problem ``type`` of :data:`KINDS`. ``detail`` is for the caller; card numbers are masked."""

    def __init__(self, type: str, detail: str, headers: Headers = ()) -> None:
        super().__init__(detail)
        self.type = type
        self.headers = headers

    @property
    def status(self) -> int:
        return KINDS[self.type].status


def problem_from(error: WireError | EngineError) -> Problem:
    """The problem that an error of the wire or of the engine is."""
    _, body = problem_of(error)
    return Problem(body["type"], body["detail"])


def answer_of(problem: Problem, request_id: str) -> Answer:
    """The problem document."""
    status, title = KINDS[problem.type]
    document = {
        "type": problem.type,
        "title": title,
        "status": status,
        "detail": masked(str(problem)),
        "request_id": request_id,
    }
    return Answer(status, json.dumps(document).encode(), PROBLEM_TYPE, problem.headers)
