"""Webhooks: only whoever knows the secret is heard, once, and gets one answer in time."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import Any

import httpx
import pytest

from engine.http.examples import EVENT
from engine.http.stripe_signature import sign
from engine.interface import (
    STRIPE_REASONS,
    AuthorizationKind,
    AuthorizationRequest,
    AuthorizationResponse,
    DeclineReason,
    EngineError,
    IdempotencyConflict,
    NotSupported,
    Presence,
    RequestInFlight,
)
from engine.ports import PortUnavailable
from tests.http.test_verbs import Raising, Waiting, problem
from tests.http.world import JSON, SECRET, World, opened

NOW_S = 1_772_323_200
PATH = "/webhook/card-auth"


def event(event_id: str = "evt_1", created: int = NOW_S, **changes: Any) -> dict[str, Any]:
    made = copy.deepcopy(EVENT) | {"id": event_id, "created": created}
    made["data"]["object"] |= changes
    return made


async def post(client: httpx.AsyncClient, raw: Any, header: str | None = None, **more: str) -> httpx.Response:
    body = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    signature = sign(SECRET, NOW_S, body) if header is None else header
    return await client.post(PATH, content=body, headers=JSON | {"stripe-signature": signature} | more)


async def test_an_authorization_is_decided_and_a_replay_gets_the_first_answer() -> None:
    async with World().client() as client:
        await opened(client)
        first = await post(client, event())
        assert first.json() == {
            "approved": True,
            "metadata": {"reason": "webhook_approved", "response_code": "00"},
        }
        again = await post(client, event(), sign(SECRET, NOW_S + 60, json.dumps(event()).encode()))
        assert again.content == first.content
        other = event()
        other["data"]["object"]["pending_request"]["amount"] = 9_999
        problem(await post(client, other), 422, "idempotency_conflict")
        balance = (await client.get("/v1/accounts/acct-1/balance")).json()
        assert balance["held_usdc6"] == 12_500_000


async def test_a_decline_speaks_the_vocabulary_of_the_processor() -> None:
    async with World().client() as client:
        answer = await post(client, event(card={"id": "card-of-nobody"}))
        assert answer.json() == {
            "approved": False,
            "metadata": {
                "reason": "verification_failed", "response_code": "14", "decline_reason": "card_not_found"
            },
        }  # fmt: skip


async def test_a_part_is_approved_where_the_merchant_takes_a_part() -> None:
    async with World().client() as client:
        await opened(client)
        pending = {"amount": 40_000, "is_amount_controllable": True}
        answer = await post(client, event(pending_request=pending))
        assert answer.json()["amount"] == 25_000
        assert answer.json()["metadata"]["response_code"] == "10"


def forged(stamp: int, body: bytes) -> list[str | None]:
    right = sign(SECRET, stamp, body)
    digest = right.partition("v1=")[2]
    return [
        "",
        "t=1",
        f"v1={digest}",
        f"t={stamp}",
        f"t={stamp},v0={digest}",
        f"t={stamp},v1={digest[:-1]}",
        f"t={stamp},v1={digest.upper()}",
        f"t={stamp + 1},v1={digest}",
        f"t={stamp},t={stamp},v1={digest}",
        f"t=-{stamp},v1={digest}",
        f"t=١٢,v1={digest}",
        sign("whsec_another", stamp, body),
        f"t={stamp}," + ",".join([f"v1={'0' * 64}"] * 8 + [f"v1={digest}"]),
        sign(SECRET, stamp - 301, body),
        sign(SECRET, stamp + 301, body),
    ]


async def test_forged_and_stale_and_future_signatures_are_refused_and_nothing_is_done() -> None:
    world = World()
    async with world.client() as client:
        await opened(client)
        body = json.dumps(event()).encode()
        for header in forged(NOW_S, body):
            raw = JSON | {"stripe-signature": header.encode()}
            problem(await client.post(PATH, content=body, headers=raw), 400, "bad_signature")
        problem(await client.post(PATH, content=body, headers=JSON), 400, "bad_signature")
        problem(await post(client, body + b" ", sign(SECRET, NOW_S, body)), 400, "bad_signature")
        assert (await client.get("/v1/accounts/acct-1/balance")).json()["held_usdc6"] == 0
        for stamp in (NOW_S - 300, NOW_S + 300):
            assert (await post(client, body, sign(SECRET, stamp, body))).status_code == 200


async def test_of_several_signatures_one_has_to_hold() -> None:
    async with World().client() as client:
        body = json.dumps(event()).encode()
        right = sign(SECRET, NOW_S, body).partition("v1=")[2]
        header = f"t={NOW_S},v1={'0' * 64},v1={right},v0=xyz"
        assert (await post(client, body, header)).status_code == 200


@pytest.mark.parametrize(
    "change,path",
    [
        ({"id": ""}, "data.object.id"),
        ({"id": 7}, "data.object.id"),
        ({"card": None}, "data.object.card"),
        ({"card": {"id": "x" * 256}}, "data.object.card.id"),
        ({"merchant_data": {"category_code": "\0"}}, "data.object.merchant_data.category_code"),
        ({"pending_request": {"amount": -1}}, "data.object.pending_request.amount"),
        ({"pending_request": {"amount": 10**12}}, "data.object.pending_request.amount"),
        ({"pending_request": {"amount": 1.5}}, "data.object.pending_request.amount"),
        ({"currency": None}, "data.object.currency"),
    ],
)
async def test_a_signed_event_that_is_none_is_a_400_that_names_the_field(change: dict[str, Any], path: str) -> None:
    async with World().client() as client:
        detail = problem(await post(client, event(**change)), 400, "malformed")["detail"]
        assert detail.startswith(f"{path}: ")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b'{"id": "\xed\xa0\x80"}', b"{}"])
async def test_a_signed_body_that_is_no_event_is_a_400(body: bytes) -> None:
    async with World().client() as client:
        problem(await post(client, body), 400, "malformed")


async def test_other_events_are_acknowledged_and_passed_over() -> None:
    async with World(Raising(AssertionError("asked"))).client() as client:
        answer = await post(client, {"id": "evt_2", "type": "issuing_card.created", "created": NOW_S})
        assert (answer.status_code, answer.json()) == (200, {"received": True})


async def test_without_a_secret_the_route_says_which_setting_is_missing() -> None:
    async with World(webhook_secret=None).client() as client:
        assert "SWIPELAB_WEBHOOK_SECRET" in problem(await post(client, event()), 503, "not_configured")["detail"]


@pytest.mark.parametrize(
    "error,reason",
    [
        (EngineError("down"), DeclineReason.SYSTEM_MALFUNCTION),
        (PortUnavailable("down"), DeclineReason.SYSTEM_MALFUNCTION),
        (NotSupported("no"), DeclineReason.INVALID_TRANSACTION),
    ],
)
async def test_what_goes_wrong_inside_is_a_decline_for_an_event_that_is_new(
    error: EngineError, reason: DeclineReason
) -> None:
    async with World(Raising(error)).client() as client:
        answer = await post(client, event(created=NOW_S - 2))
        assert answer.status_code == 200
        assert answer.json()["approved"] is False
        assert answer.json()["metadata"]["reason"] == STRIPE_REASONS[reason]


@pytest.mark.parametrize("created", [NOW_S - 4, NOW_S + 4])
async def test_an_event_that_is_old_or_of_the_future_may_have_been_answered_and_gets_no_second_answer(
    created: int,
) -> None:
    async with World(Raising(EngineError("down"))).client() as client:
        problem(await post(client, event(created=created)), 503, "engine_error")


@pytest.mark.parametrize(
    "error,status,kind",
    [(IdempotencyConflict("k"), 422, "idempotency_conflict"), (RequestInFlight("k"), 409, "request_in_flight")],
)
async def test_where_there_is_another_answer_none_is_made_up(error: EngineError, status: int, kind: str) -> None:
    async with World(Raising(error)).client() as client:
        problem(await post(client, event()), status, kind)


async def test_beyond_capacity_a_webhook_is_declined_and_nothing_is_asked_of_the_engine() -> None:
    engine = Waiting()
    async with World(engine, max_in_flight=1).client() as client:
        first = asyncio.create_task(post(client, event()))
        while not engine.asked:
            await asyncio.sleep(0)
        answer = await post(client, event("evt_2"))
        assert answer.json()["approved"] is False
        assert answer.json()["metadata"]["reason"] == "webhook_error"
        problem(await post(client, event("evt_3", NOW_S - 60)), 503, "overloaded")
        engine.go.set()
        assert (await first).json()["approved"] is True
        assert engine.asked == 1


class Keeping:
    """An engine that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[AuthorizationRequest] = []

    async def authorize(self, request: AuthorizationRequest) -> AuthorizationResponse:
        self.asked.append(request)
        return AuthorizationResponse(request.authorization_id, True, request.amount_cents, "00", None, 0)


async def test_an_event_is_read_as_the_authorization_that_it_asks_for() -> None:
    engine = Keeping()
    async with World(engine).client() as client:
        await post(client, event())
        await post(client, event(amount=700, pending_request=None, authorization_method="online"))
        await post(client, event(amount=700, approved=True))
        await post(client, event(amount=0, pending_request=None))
        foreign = await post(client, event(currency="eur"))
    assert engine.asked[0] == AuthorizationRequest(
        "evt_1", "iauth_1", "card-1", 1_250, "visa", "merchant-7", "5411", NOW_S * 10**9, partial_supported=True
    )
    assert (engine.asked[1].amount_cents, engine.asked[1].presence) == (700, Presence.NOT_PRESENT)
    assert engine.asked[2].kind is AuthorizationKind.INCREMENTAL
    assert engine.asked[3].kind is AuthorizationKind.BALANCE_INQUIRY
    assert len(engine.asked) == 4
    assert foreign.json()["metadata"] == {
        "reason": "not_allowed", "response_code": "12", "decline_reason": "invalid_transaction"
    }  # fmt: skip


async def test_a_twin_of_an_event_that_is_being_answered_is_not_declined_beside_it() -> None:
    engine = Waiting()
    async with World(engine, max_in_flight=1).client() as client:
        first = asyncio.ensure_future(post(client, event()))
        while not engine.asked:
            await asyncio.sleep(0)
        problem(await post(client, event()), 409, "request_in_flight")
        engine.go.set()
        assert (await first).json()["approved"]
        assert engine.asked == 1
