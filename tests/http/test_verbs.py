"""The verbs over HTTP: the contract of the wire, and a clear 4xx for everything that is none of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from engine.http.examples import EXAMPLES
from engine.interface import (
    AuthorizationResponse,
    ClearingBatch,
    EngineError,
    IdempotencyConflict,
    NotSupported,
    Presentment,
    Refused,
    RequestInFlight,
    UnknownAccount,
)
from engine.wire import ROUTES, encode, error_of, from_bytes, to_bytes
from tests.http.world import JSON, World, opened, say

APPROVED = AuthorizationResponse("auth-1", True, 1_250, "00", None, 1)


class Raising:
    """An engine whose every verb raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        async def verb(_message: Any) -> Any:
            raise self._error

        return verb


class Waiting:
    """An engine that answers when it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = 0

    async def authorize(self, _request: Any) -> AuthorizationResponse:
        self.asked += 1
        await self.go.wait()
        return APPROVED

    async def expire(self, _now_ns: int) -> Any:
        await self.go.wait()


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == kind
    assert body["status"] == status
    assert set(body) == {"type", "title", "status", "detail", "request_id"}
    assert answer.headers["x-request-id"] == body["request_id"]
    return body


async def test_a_day_of_a_customer_over_http() -> None:
    async with World().client() as client:
        await opened(client)
        for verb in EXAMPLES:
            answer = await say(client, verb)
            assert answer.status_code == 200, (verb, answer.text)
            assert answer.headers["content-type"] == "application/json"
        again = await say(client, "authorize")
        assert again.json()["approved"] is True  # to the letter what the first got, though it has been reversed since
        assert (await say(client, "authorize")).content == again.content


@pytest.mark.parametrize(
    "error,status",
    [(IdempotencyConflict("k"), 422), (RequestInFlight("k"), 409), (NotSupported("k"), 501), (Refused("k"), 422),
     (UnknownAccount("k"), 404), (EngineError("k"), 503)],
)  # fmt: skip
async def test_what_an_engine_raises_comes_out_as_it_went_in(error: EngineError, status: int) -> None:
    async with World(Raising(error)).client() as client:
        answer = await say(client, "authorize")
    problem(answer, status, answer.json()["type"])
    back = error_of(answer.status_code, answer.content)
    assert (type(back), str(back)) == (type(error), "k")


async def test_a_fault_is_a_500_that_tells_nothing_and_a_line_that_tells_where() -> None:
    world = World(Raising(ZeroDivisionError("4111111111111111")))
    async with world.client() as client:
        answer = await say(client, "authorize")
    body = problem(answer, 500, "internal")
    fault = world.log_lines()[0]
    assert (fault["event"], fault["error"], fault["request_id"]) == ("fault", "ZeroDivisionError", body["request_id"])
    assert any("verb" in frame for frame in fault["where"])
    assert "4111" not in world.log.getvalue() + answer.text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
async def test_another_encoding_is_a_400(encoding: str) -> None:
    body = json.dumps(encode(EXAMPLES["balance"]) | {"account_id": "é"}, ensure_ascii=False).encode(encoding)
    async with World().client() as client:
        problem(await client.post(ROUTES["balance"], content=body, headers=JSON), 400, "malformed")


@pytest.mark.parametrize(
    "headers,status,kind",
    [
        ({}, 415, "unsupported_media_type"),
        ({"content-type": "text/plain"}, 415, "unsupported_media_type"),
        ({"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
        ({"content-type": "application/json; charset=utf-16"}, 400, "malformed"),
        (JSON | {"content-encoding": "gzip"}, 415, "unsupported_media_type"),
        (JSON | {"idempotency-key": "another"}, 422, "idempotency_mismatch"),
        (JSON | {"idempotency-key": "k" * 256}, 400, "malformed"),
        (JSON | {"idempotency-key": ""}, 400, "malformed"),
    ],
)
async def test_wrong_headers_are_told(headers: dict[str, str], status: int, kind: str) -> None:
    async with World().client() as client:
        answer = await client.post(ROUTES["authorize"], content=to_bytes(EXAMPLES["authorize"]), headers=headers)
    problem(answer, status, kind)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json; charset=UTF-8"},
        {"content-type": "Application/JSON"},
        {"content-type": "application/vnd.swipelab+json"},
        JSON | {"content-encoding": "identity"},
        JSON | {"idempotency-key": "req-1"},
    ],
)
async def test_other_spellings_of_the_right_headers_are_taken(headers: dict[str, str]) -> None:
    async with World().client() as client:
        answer = await client.post(ROUTES["authorize"], content=to_bytes(EXAMPLES["authorize"]), headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body,said",
    [
        (b"", "body: not JSON"),
        (b"{", "body: not JSON"),
        (b"[" * 100_000, "body: not JSON: nested more than 64 deep"),
        (b"[]", "body: expected an object"),
        (b"{}", "idempotency_key: missing"),
        (b'{"amount_cents": NaN}', "idempotency_key: missing"),
    ],
)
async def test_a_body_that_is_no_message_is_a_400(body: bytes, said: str) -> None:
    async with World().client() as client:
        answer = await client.post(ROUTES["authorize"], content=body, headers=JSON)
    assert problem(answer, 400, "malformed")["detail"].startswith(said)


async def test_a_field_of_the_wrong_type_or_beyond_its_bounds_is_named() -> None:
    async with World().client() as client:
        for change, path in (
            ({"amount_cents": "1"}, "amount_cents"),
            ({"amount_cents": 10**12}, "amount_cents"),
            ({"merchant_id": "a\0"}, "merchant_id"),
            ({"card_id": "x" * 256}, "card_id"),
            ({"idempotency_key": ""}, "idempotency_key"),
            ({"sent_at_ns": 2**63}, "sent_at_ns"),
        ):
            detail = problem(await say(client, "authorize", **change), 400, "malformed")["detail"]
            assert detail.startswith(f"{path}: ")


async def test_the_same_key_with_another_body_is_a_422() -> None:
    async with World().client() as client:
        await opened(client)
        await say(client, "authorize")
        problem(await say(client, "authorize", amount_cents=99), 422, "idempotency_conflict")


async def test_unknown_accounts_and_impossible_requests_are_no_outage() -> None:
    async with World().client() as client:
        await opened(client)
        problem(await say(client, "balance", account_id="nobody"), 404, "unknown_account")
        problem(await say(client, "deposit", account_id="nobody", deposit_id="d"), 404, "unknown_account")
        problem(await say(client, "withdraw", account_id="nobody"), 404, "unknown_account")
        problem(await say(client, "deposit", amount_usdc6=0, deposit_id="e"), 422, "refused")
        problem(await say(client, "open_account", address="0x" + "b2" * 20), 422, "refused")


async def test_no_such_route_and_no_such_method() -> None:
    async with World().client() as client:
        for path in ("/", "/v1/engine/nothing", "/v1/engine/authorize/", "/v1/accounts//balance"):
            problem(await client.get(path), 404, "no_such_route")
        answer = await client.get(ROUTES["authorize"])
        problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "POST"
        answer = await client.post("/v1/accounts/a/balance")
        problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "GET, HEAD"


async def test_five_hundred_presentments_fit_and_a_megabyte_more_does_not() -> None:
    long = "x" * 255
    batch = ClearingBatch(
        "k", "visa", "f", 1, tuple(Presentment(f"p{n}" + "y" * 200, long, long, "visa", 1) for n in range(500))
    )
    async with World().client() as client:
        answer = await client.post(ROUTES["capture"], content=to_bytes(batch), headers=JSON)
        assert answer.status_code == 200
        assert len(answer.json()["results"]) == 500
        big = b" " * (1 << 20) + b"{}"
        problem(await client.post(ROUTES["capture"], content=big, headers=JSON), 413, "body_too_large")

        async def pieces():
            for _ in range(20):
                yield b" " * 100_000

        problem(await client.post(ROUTES["capture"], content=pieces(), headers=JSON), 413, "body_too_large")


async def test_a_body_that_does_not_come_is_not_waited_for_for_ever() -> None:
    world = World(request_timeout_s=0.001)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if sent:
            raise AssertionError("asked again after the answer")
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in JSON.items()]
    scope = {"type": "http", "method": "POST", "path": ROUTES["balance"], "headers": headers, "query_string": b""}
    await world.app(scope, receive, send)
    assert sent[0]["status"] == 408


async def test_a_verb_that_takes_too_long_is_a_503_that_says_so() -> None:
    async with World(Waiting(), request_timeout_s=0.001).client() as client:
        answer = await say(client, "expire")
    assert "send the same request again" in problem(answer, 503, "timed_out")["detail"]


async def test_beyond_the_most_in_flight_the_next_is_refused_at_once_and_may_come_again() -> None:
    engine = Waiting()
    world = World(engine, max_in_flight=3)
    async with world.client() as client:
        running = [asyncio.create_task(say(client, "authorize")) for _ in range(3)]
        while engine.asked < 3:
            await asyncio.sleep(0)
        answer = await say(client, "authorize")
        problem(answer, 503, "overloaded")
        assert answer.headers["retry-after"] == "1"
        assert type(error_of(503, answer.content)) is EngineError
        engine.go.set()
        assert [task.status_code for task in await asyncio.gather(*running)] == [200] * 3
        assert (await say(client, "authorize")).status_code == 200
        counted = (await client.get("/metrics")).text
    assert "swipelab_shed_total 1.0" in counted
    assert "swipelab_in_flight 0.0" in counted


async def test_every_answer_is_the_message_that_the_verb_returns() -> None:
    async with World().client() as client:
        await opened(client)
        answer = await say(client, "authorize")
    assert from_bytes(AuthorizationResponse, answer.content).approved


async def test_of_what_is_no_authorization_only_so_many_are_taken_on_at_once() -> None:
    engine = Waiting()
    async with World(engine, max_in_flight=1).client() as client:
        first = asyncio.ensure_future(say(client, "expire"))
        for _ in range(20):
            await asyncio.sleep(0)
        refused = await say(client, "balance")
        problem(refused, 503, "overloaded")
        assert refused.headers["retry-after"] == "1"
        engine.go.set()
        await first
