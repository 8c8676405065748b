"""The application: every route, behind the owner check and the front."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from engine.http.access import CUSTOMER, OPERATOR, VERB_ACCESS, Access, Guard
from engine.http.accounts import Accounts
from engine.http.admission import Admission
from engine.http.call import Call
from engine.http.door import CALL, Door, Handler
from engine.http.front import Front
from engine.http.gate import Gate, Room
from engine.http.logs import Log
from engine.http.metrics import Metrics
from engine.http.openapi import document
from engine.http.operations import Operations
from engine.http.problems import Answer, Problem, answer_of
from engine.http.service import Service
from engine.http.streams import Streams
from engine.http.verbs import VerbHandlers
from engine.http.webhook import Webhook
from engine.settings import DEADLINE_SHARE, Settings
from engine.wire import ROUTES

FLUSH_S = 1.0
"""So old are another worker's metrics at most."""
TARGET_SHARE, STALL_SHARE = 0.5, 0.8
"""Of the decision budget: answers later than the first mean a crowd, an oldest one above the second a stall."""


def create_app(
    service: Service, now_s: Callable[[], float] = time.monotonic, worker: str | None = None
) -> Front:  # fmt: skip
    """The service as an ASGI application, for one worker process.

    ``now_s``: seconds that never go back. ``worker`` begins the ids of its requests; by default it is drawn.
    """
    settings = service.settings
    budget_s = settings.decision_budget_ms / 1_000
    admission = Admission(
        now_s, most=settings.max_in_flight, target_s=TARGET_SHARE * budget_s, stall_s=STALL_SHARE * budget_s
    )
    guard, metrics = Guard(settings.api_keys), Metrics(settings.metrics_dir)
    log = Log(settings.log_level, service.clock.now_ns, now_s, service.log_to)
    room = Room(settings.max_in_flight)
    accounts = Accounts(service, guard, room)
    streams = Streams("/v1/accounts/{account_id}/stream", CUSTOMER, service, guard, accounts)
    doors = _doors(service, guard, Gate(admission, _spare_s(settings)), room, metrics, accounts)
    metrics.shed = lambda: admission.shed
    metrics.in_flight = lambda: admission.in_flight
    metrics.limit = lambda: admission.limit
    metrics.streams = lambda: streams.open
    app = Starlette(
        routes=[
            *(Route(door.path, door, name=door.path) for door in doors),
            WebSocketRoute(streams.path, streams, name=streams.path),
        ],
        exception_handlers={HTTPException: _no_such_route},
        lifespan=_lifespan(service, metrics, log),
    )
    app.router.redirect_slashes = False
    return Front(
        app,
        doors={door.path: door for door in doors if "{" not in door.path},
        metrics=metrics,
        log=log,
        now_s=now_s,
        slow_s=settings.slow_ms / 1_000,
        sample=settings.log_sample,
        worker=secrets.token_hex(5) if worker is None else worker,
    )


def _spare_s(settings: Settings) -> float:
    """What is left of the processor's deadline when all of the decision budget is used."""
    return (DEADLINE_SHARE * settings.processor_deadline_ms - settings.decision_budget_ms) / 1_000


def _doors(service: Service, guard: Guard, gate: Gate, room: Room, metrics: Metrics, accounts: Accounts) -> list[Door]:
    """Every route but the stream. What is open says why."""
    verbs = VerbHandlers(service.engine, service.settings, guard, gate, room, metrics)
    operations = Operations(service, guard, metrics)
    webhook = Webhook(service, gate, metrics)
    described = Answer(200, json.dumps(document()).encode())

    async def openapi(_call: Call) -> Answer:
        return described

    table: list[tuple[str, str, Access, Handler]] = [
        *((path, "POST", VERB_ACCESS[name], verbs.handler(name)) for name, path in ROUTES.items()),
        ("/webhook/card-auth", "POST", Access(open_because="the signature says who sends it"), webhook.card_auth),
        ("/v1/accounts/{account_id}/balance", "GET", CUSTOMER, accounts.balance),
        ("/v1/accounts/{account_id}/transactions", "GET", CUSTOMER, accounts.transactions),
        ("/healthz", "GET", Access(open_because="it says one word"), operations.alive),
        ("/readyz", "GET", Access(open_because="load balancers have no key; details are withheld"), operations.ready),
        ("/metrics", "GET", OPERATOR, operations.metrics),
        ("/openapi.json", "GET", Access(open_because="it is in the source"), openapi),
    ]
    return [Door(path, method, access, guard, handler) for path, method, access, handler in table]


async def _no_such_route(request: Request, error: Exception) -> Response:
    """The router found nothing. The path is not repeated: it may hold anything."""
    call: Call = request.scope[CALL]
    call.released = True
    problem = Problem("no_such_route", "there is no such route; /openapi.json has all of them")
    status, body, content_type, _ = answer_of(problem, call.request_id)
    return Response(body, status, {"x-request-id": call.request_id}, content_type.decode())


def _lifespan(service: Service, metrics: Metrics, log: Log):
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with service.running():
            if service.settings.metrics_dir is None:
                yield
                return
            flushing = asyncio.create_task(_flush_each_second(metrics, log), name="flush metrics")
            try:
                yield
            finally:
                flushing.cancel()
                with suppress(asyncio.CancelledError):
                    await flushing
                metrics.close()

    return lifespan


async def _flush_each_second(metrics: Metrics, log: Log) -> None:
    while True:
        await asyncio.sleep(FLUSH_S)
        try:
            metrics.flush()
        except OSError as error:
            log.fault(error, request_id="", route="/metrics")  # the disk may be full for a while
