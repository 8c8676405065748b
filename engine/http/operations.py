"""What the operator's machines ask: is it alive, can it work, what has it counted."""

from __future__ import annotations

import json

from engine.http.access import Guard
from engine.http.call import Call
from engine.http.metrics import CONTENT_TYPE, Metrics
from engine.http.problems import Answer
from engine.http.service import Service
from engine.http.verbs import within

_ALIVE = b'{"status":"alive"}'


class Operations:
    """The handlers."""

    def __init__(self, service: Service, guard: Guard, metrics: Metrics) -> None:
        self._service = service
        self._guard = guard
        self._metrics = metrics

    async def alive(self, _call: Call) -> Answer:
        """This process answers. It looks at nothing else: a store that is down is no reason to restart it."""
        return Answer(200, _ALIVE)

    async def ready(self, call: Call) -> Answer:
        """200 if every check is well, else 503. What is wrong and what to do is for operators alone."""
        checks = await within(self._service.settings.request_timeout_s, self._service.health())
        well = all(check.ok for check in checks)
        tells = self._guard.is_operator(call)
        body = {
            "status": "ready" if well else "not_ready",
            "checks": [
                {"name": check.name, "ok": check.ok, "detail": check.detail if tells else ""} for check in checks
            ],
        }
        return Answer(200 if well else 503, json.dumps(body).encode())

    async def metrics(self, _call: Call) -> Answer:
        return Answer(200, self._metrics.exposed(), CONTENT_TYPE)
