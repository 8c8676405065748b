"""``POST /webhook/card-auth``: a processor in the manner of Stripe Issuing asks for a decision, and takes one answer.

It asks once. Silence, an error or a late answer leave the decision to its own default, which may be to approve; so
where the engine cannot decide, the right answer is a decline, in time. But it must be the only answer. The event's id
is the idempotency key, so the engine itself answers a repeat as it did the first time, and refuses another body under
the same id (422) or a twin while the first is being answered (409). Where the engine *fails*, nobody knows whether the
event was answered before: then a decline is given only to an event so young that it cannot have come before, by its
own instant. To an older one, whose sender has long decided without us, a decline could be a second answer: it gets the
503 itself.

An engine that failed may still have kept a hold for what is declined here. Funds are then set aside for nothing, as
they would be after a 503, until the reversal or the expiry: the careful side to err on.

Other events are acknowledged and passed over: an error would make the processor repeat them for days.
"""

from __future__ import annotations

import asyncio
import json

from engine.http.call import Call
from engine.http.gate import Gate
from engine.http.metrics import Metrics
from engine.http.problems import Answer, Problem, problem_from
from engine.http.service import Service
from engine.http.stripe_event import Event, read_event
from engine.http.stripe_signature import verify
from engine.interface import (
    RESPONSE_CODES,
    STRIPE_REASONS,
    AuthorizationRequest,
    AuthorizationResponse,
    DeclineReason,
    EngineError,
    IdempotencyConflict,
    NotSupported,
    RequestInFlight,
)

STAMP_STEP_S = 1.0
"""Events are dated to the second, so one may look so much older than it is."""
_SECOND_NS = 1_000_000_000


class Webhook:
    """The handler."""

    def __init__(self, service: Service, gate: Gate, metrics: Metrics) -> None:
        self._service = service
        self._settings = service.settings
        self._gate = gate
        self._metrics = metrics
        self._deadline_s = service.settings.processor_deadline_ms / 1_000
        self._in_flight: set[str] = set()

    async def card_auth(self, call: Call) -> Answer:
        settings = self._settings
        if settings.webhook_secret is None:
            raise Problem("not_configured", "SWIPELAB_WEBHOOK_SECRET is not set, so that no webhook can be trusted")
        body = await call.json_body(settings.max_body_bytes, self._deadline_s)
        now_s = self._service.clock.now_ns() / _SECOND_NS
        verify(
            call.headers.get(b"stripe-signature"),
            settings.webhook_secret.get_secret_value(),
            body,
            now_s=now_s,
            tolerance_s=settings.webhook_tolerance_s,
        )
        event = read_event(body)
        if event.request is None:
            return Answer(200, b'{"received":true}')
        if event.foreign:
            # The same for every repeat of this event, so it need not be kept.
            return self._declined(event.request, DeclineReason.INVALID_TRANSACTION)
        key = event.request.idempotency_key
        if key in self._in_flight:
            raise RequestInFlight(f"{key}: a twin of this event is being answered")
        self._in_flight.add(key)
        try:
            return await self._decided(event, event.request)
        finally:
            self._in_flight.discard(key)

    async def _decided(self, event: Event, request: AuthorizationRequest) -> Answer:
        try:
            ticket = await self._gate.enter()
        except Problem as crowded:
            return self._declined_if_first(event, request, DeclineReason.SYSTEM_MALFUNCTION, crowded)
        try:
            # The engine keeps to its budget, which ends in a decision; this is for one that does not.
            async with asyncio.timeout(self._deadline_s):
                response = await self._service.engine.authorize(request)
        except (IdempotencyConflict, RequestInFlight):
            raise  # there is another answer, or there is going to be one
        except NotSupported:
            return self._declined(request, DeclineReason.INVALID_TRANSACTION)
        except TimeoutError:
            late = Problem("timed_out", "no decision in time")
            return self._declined_if_first(event, request, DeclineReason.ISSUER_UNAVAILABLE, late)
        except EngineError as error:
            reason = DeclineReason.SYSTEM_MALFUNCTION
            return self._declined_if_first(event, request, reason, problem_from(error))
        finally:
            self._gate.leave(ticket)
        self._metrics.decided(response)
        return _answer(request, response)

    def _declined_if_first(
        self, event: Event, request: AuthorizationRequest, reason: DeclineReason, otherwise: Problem
    ) -> Answer:
        """A decline, where it cannot be a second answer. Raises ``otherwise``."""
        age_s = self._service.clock.now_ns() / _SECOND_NS - event.created_s
        if not -STAMP_STEP_S <= age_s <= self._deadline_s + STAMP_STEP_S:
            raise otherwise
        return self._declined(request, reason)

    def _declined(self, request: AuthorizationRequest, reason: DeclineReason) -> Answer:
        response = AuthorizationResponse(request.authorization_id, False, 0, RESPONSE_CODES[reason], reason, 0)
        self._metrics.decided(response)
        return _answer(request, response)


def _answer(request: AuthorizationRequest, response: AuthorizationResponse) -> Answer:
    """What the processor reads; ``metadata`` is kept with the authorization, for people."""
    reason = response.reason
    metadata = {
        "reason": "webhook_approved" if reason is None else STRIPE_REASONS[reason],
        "response_code": response.response_code,
    }
    body: dict[str, object] = {"approved": response.approved, "metadata": metadata}
    if reason is not None:
        metadata["decline_reason"] = str(reason)
    if response.approved and response.approved_cents != request.amount_cents:
        body["amount"] = response.approved_cents
    return Answer(200, json.dumps(body).encode())
