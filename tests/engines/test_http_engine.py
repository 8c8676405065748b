"""ASGI applications as engines: a raw one and a Starlette one, under plain asyncio and in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.interface import (
    AccountOpening,
    AuthorizationRequest,
    Balance,
    CardOpening,
    EngineError,
    EngineKit,
    IdempotencyConflict,
    RequestInFlight,
    Terms,
)
from engine.wire import VERBS, from_bytes, problem_of, to_bytes
from scenarios.conformance.bench import Bench
from scenarios.conformance.chain import START_NS, BenchChain, BenchClock
from scenarios.conformance.subject import kit as kit_of
from scenarios.engines import asgi_app, reference
from simulators.http_engine import HttpEngine, WrongBody
from simulators.kernel import Kernel


def kit() -> EngineKit:
    clock = BenchClock()
    return kit_of(Terms(), clock, BenchChain(clock))


class Answering:
    """An engine that raises, or waits, or answers one balance."""

    def __init__(self, outcome: Any, wait_s: float = 0.0) -> None:
        self._outcome = outcome
        self._wait_s = wait_s

    async def balance(self, account_id: str) -> Balance:
        await asyncio.sleep(self._wait_s)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


BALANCE = Balance("ada", 1, 2, 3, 4, 5)


def ask(application: Any, call: Callable[[HttpEngine], Awaitable[Any]]) -> Any:
    """One call through HttpEngine, from start to shutdown."""

    async def whole() -> Any:
        engine = HttpEngine(application, kit())
        try:
            return await call(engine)
        finally:
            await engine.aclose()

    return asyncio.run(whole())


@pytest.mark.parametrize("error", [IdempotencyConflict("k"), RequestInFlight("k"), EngineError("no account 'x'")])
def test_an_engines_error_arrives_as_what_it_is(error: EngineError) -> None:
    with pytest.raises(EngineError) as caught:
        ask(asgi_app.serve(Answering(error)), lambda engine: engine.balance("ada"))  # type: ignore[arg-type]
    assert type(caught.value) is type(error)
    assert str(caught.value) == str(error)


def test_a_bug_in_an_engine_surfaces_as_itself() -> None:
    with pytest.raises(ZeroDivisionError):
        ask(asgi_app.serve(Answering(ZeroDivisionError())), lambda engine: engine.balance("ada"))  # type: ignore[arg-type]


def test_an_answer_that_is_none_of_the_contract_is_a_bug_and_no_reason_to_ask_again() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await JSONResponse({"account_id": "ada"})(scope, receive, send)

    with pytest.raises(WrongBody, match="answered what is no Balance: available_usdc6: missing") as error:
        ask(application, lambda engine: engine.balance("ada"))
    assert not isinstance(error.value, EngineError)


def raw_exchange(method: str, path: str, body: bytes) -> httpx.Response:
    async def whole() -> httpx.Response:
        transport = httpx.ASGITransport(asgi_app.serve(reference.build(kit())))
        async with httpx.AsyncClient(transport=transport, base_url="http://engine.invalid") as client:
            return await client.request(method, path, content=body)

    return asyncio.run(whole())


@pytest.mark.parametrize(
    "method,path,body,status,said",
    [
        ("POST", "/v1/engine/authorise", b"{}", 404, "no route /v1/engine/authorise; there are /v1/engine/open_"),
        ("GET", "/v1/engine/balance", b"", 405, "/v1/engine/balance takes POST, not GET"),
        ("POST", "/v1/engine/balance", b"{", 400, "body: not JSON"),
        ("POST", "/v1/engine/balance", b'{"acount_id": "ada"}', 400, "acount_id: no such field; did you mean 'acc"),
        ("POST", "/v1/engine/balance", b'{"account_id": "ada"}', 503, "no account 'ada'"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_a_problem_that_says_why(
    method: str, path: str, body: bytes, status: int, said: str
) -> None:
    response = raw_exchange(method, path, body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["detail"].startswith(said)


# ---- another framework -------------------------------------------------------------------------------------------


class StarletteApp:
    """What a user's own service may look like: Starlette, a lifespan, its engine made from the kit in the scope."""

    def __init__(self) -> None:
        self.lived: list[str] = []
        routes = [Route(verb.path, self._endpoint(verb), methods=["POST"]) for verb in VERBS.values()]
        self.app = Starlette(routes=routes, lifespan=self._lifespan)
        self._engine: Any = None

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self.lived.append("startup")
        yield
        self.lived.append("shutdown")

    def _endpoint(self, verb: Any) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if self._engine is None:
                self._engine = reference.build(request.scope["extensions"]["swipelab"]["kit"])
            try:
                answer = await verb.call(self._engine, from_bytes(verb.request, await request.body()))
            except EngineError as error:
                status, body = problem_of(error)
                return JSONResponse(body, status)
            return Response(b"{}" if answer is None else to_bytes(answer), media_type="application/json")

        return endpoint


OPENING = AccountOpening("ada", "0xada", (CardOpening("ada-card", "visa", 2**62),))
REQUEST = AuthorizationRequest("a1", "a1", "ada-card", 100, "visa", "shop", "5411", START_NS)


def test_a_starlette_app_serves_an_engine_and_is_started_and_shut_down() -> None:
    served = StarletteApp()

    async def whole() -> None:
        clock = BenchClock()
        engine = HttpEngine(served.app, kit())
        assert served.lived == []
        await asyncio.gather(*(engine.open_account(OPENING) for _ in range(3)))
        assert served.lived == ["startup"]
        bench = Bench(engine, clock, BenchChain(clock), Terms())
        bench.addresses["ada"] = "0xada"
        await bench.fund(10_000)
        assert (await engine.authorize(REQUEST)).approved
        with pytest.raises(IdempotencyConflict):
            await engine.authorize(AuthorizationRequest("a1", "a1", "ada-card", 101, "visa", "shop", "5411", START_NS))
        await engine.aclose()
        assert served.lived == ["startup", "shutdown"]

    asyncio.run(whole())


def test_the_kit_is_in_every_scope_and_another_world_gets_another_engine() -> None:
    built: list[EngineKit] = []

    def factory(one: EngineKit) -> Any:
        built.append(one)
        return reference.build(one)

    application = asgi_app.KitApp(factory)
    kits = [kit(), kit()]

    async def world(one: EngineKit) -> None:
        engine = HttpEngine(application, one)
        await engine.open_account(OPENING)
        await engine.balance("ada")
        await engine.aclose()

    for one in kits:
        asyncio.run(world(one))
    assert [id(one) for one in built] == [id(one) for one in kits]


def test_what_the_lifespan_keeps_is_in_every_request_and_a_request_cannot_replace_it() -> None:
    pool: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield {"pool": pool}

    async def balance(request: Request) -> Response:
        request.state.pool.append(request.state.pool is pool)
        request.state.pool = None
        return Response(to_bytes(BALANCE))

    async def twice(engine: HttpEngine) -> None:
        await engine.balance("ada")
        await engine.balance("ada")

    ask(Starlette(routes=[Route(VERBS["balance"].path, balance, methods=["POST"])], lifespan=lifespan), twice)
    assert pool == [True, True]


def test_without_a_kit_the_app_says_where_it_belongs() -> None:
    async def whole() -> None:
        transport = httpx.ASGITransport(asgi_app.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://engine.invalid") as client:
            await client.post("/v1/engine/balance", content=b"{}")

    with pytest.raises(KeyError, match="swipelab"):
        asyncio.run(whole())


def test_an_app_without_a_lifespan_runs_all_the_same() -> None:
    inner = asgi_app.serve(Answering(BALANCE))  # type: ignore[arg-type]

    async def refusing(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise ValueError("http only")
        await inner(scope, receive, send)

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await inner(scope, receive, send)

    for application in (refusing, silent):
        assert ask(application, lambda engine: engine.balance("ada")) == BALANCE


def test_an_app_that_fails_to_start_says_so() -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(EngineError, match="did not start: no database"):
        ask(failing, lambda engine: engine.balance("ada"))


def test_a_body_in_many_pieces_is_put_together() -> None:
    pieces = [b'{"account', b'_id": "a', b'da"}']
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/engine/balance"}
    asyncio.run(asgi_app.serve(Answering(BALANCE))(scope, receive, send))  # type: ignore[arg-type]
    assert said[0]["status"] == 200
    assert json.loads(said[1]["body"])["withdrawing_usdc6"] == 4


@pytest.mark.parametrize("framework", ["raw", "starlette"])
def test_an_app_answers_in_virtual_time(framework: str) -> None:
    """A minute inside the engine is a minute on the world's clock, and no time at all on the wall's."""
    engine_inside: Any = Answering(BALANCE, wait_s=60.0)
    if framework == "raw":
        application: Any = asgi_app.serve(engine_inside)
    else:
        served = StarletteApp()
        served._engine = engine_inside
        application = served.app

    with Kernel(1) as kernel:

        async def whole() -> Balance:
            engine = HttpEngine(application, kit())
            answer = await engine.balance("ada")
            await engine.aclose()
            return answer

        assert kernel.run(kernel.spawn(whole(), "test")) == BALANCE
        assert kernel.now_ns == 60 * 10**9
