"""Keys and roles: every route passes one owner check, and one that does not, does not answer."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from engine.http.access import CUSTOMER, VERB_ACCESS, Access, Guard
from engine.http.call import Call
from engine.http.door import Door
from engine.http.examples import EXAMPLES
from engine.http.problems import Answer
from engine.settings_keys import Role
from engine.wire import ROUTES, to_bytes
from tests.http.test_verbs import problem
from tests.http.world import ADA, CHAIN, JSON, KEYS, OPS, VISA, World, bearer, opened, say

OPEN = {"/webhook/card-auth", "/healthz", "/readyz", "/openapi.json"}
ROLE_KEYS = {Role.OPERATOR: OPS, Role.NETWORK: VISA, Role.CHAIN: CHAIN, Role.CUSTOMER: ADA}


def guarded() -> World:
    return World(api_keys=KEYS)


def paths(world: World) -> list[tuple[str, str]]:
    """(method, path) of every route of the app itself, filled in."""
    found = []
    for route in world.app.inner.routes:
        if isinstance(route, Route):
            assert isinstance(route.app, Door), f"{route.path} is no Door"
            found.append((route.app.method, re.sub(r"\{.*?\}", "acct-1", route.path)))
        else:
            assert isinstance(route, WebSocketRoute), route
    return found


async def test_no_route_but_the_open_ones_answers_without_a_key_or_with_a_wrong_one() -> None:
    world = guarded()
    async with world.client() as client:
        for method, path in paths(world):
            for headers in ({}, bearer("wrong-key-0123456789"), {"authorization": "Basic x"}, {"authorization": ""}):
                answer = await client.request(method, path, headers=JSON | headers, content=b"{}")
                if path in OPEN:
                    assert answer.status_code in (200, 400), path
                else:
                    problem(answer, 401, "unauthenticated")
                    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_open_routes_say_why_they_are_open() -> None:
    doors = [route.app for route in guarded().app.inner.routes if isinstance(route, Route)]
    assert {door.path for door in doors if door.access.open_because} == OPEN


@pytest.mark.parametrize("role", Role)
async def test_a_role_reaches_its_verbs_and_no_others(role: Role) -> None:
    async with guarded().client(**bearer(ROLE_KEYS[role])) as client:
        for verb, path in ROUTES.items():
            answer = await client.post(path, content=to_bytes(EXAMPLES[verb]), headers=JSON)
            allowed = role is Role.OPERATOR or role in VERB_ACCESS[verb].roles
            assert (answer.status_code != 403) is allowed, (verb, answer.text)


def test_every_verb_has_an_access() -> None:
    assert set(VERB_ACCESS) == set(ROUTES)


async def test_a_customer_sees_the_own_account_and_nothing_of_others() -> None:
    world = guarded()
    async with world.client(**bearer(OPS)) as client:
        await opened(client)
        await say(client, "open_account", account_id="acct-2", address="0x" + "c3" * 20, cards=[])
    async with world.client(**bearer(ADA)) as client:
        assert (await client.get("/v1/accounts/acct-1/balance")).json()["available_usdc6"] == 250_000_000
        assert (await say(client, "balance")).status_code == 200
        assert (await client.get("/v1/accounts/acct-1/transactions")).status_code == 200
        others = [
            (await client.get("/v1/accounts/acct-2/balance")),
            (await client.get("/v1/accounts/acct-2/transactions")),
            (await say(client, "balance", account_id="acct-2")),
        ]
        nobody = await client.get("/v1/accounts/acct-9/balance")
        for answer in others:
            said = problem(answer, 404, "unknown_account")["detail"]
            assert said == problem(nobody, 404, "unknown_account")["detail"].replace("acct-9", "acct-2")


async def test_the_words_for_a_strangers_account_are_those_for_none() -> None:
    async with guarded().client(**bearer(OPS)) as client:
        of_engine = await client.get("/v1/accounts/acct-9/balance")
    async with guarded().client(**bearer(ADA)) as client:
        of_guard = await client.get("/v1/accounts/acct-9/balance")
    assert of_engine.json()["detail"] == of_guard.json()["detail"]


async def test_a_network_speaks_for_itself_alone() -> None:
    async with guarded().client(**bearer(VISA)) as client:
        assert (await say(client, "authorize")).status_code == 200
        problem(await say(client, "authorize", network="mastercard"), 403, "forbidden")
        mixed = [{"presentment_id": "p", "authorization_id": "a", "card_id": "c", "network": "amex", "amount_cents": 1}]
        problem(await say(client, "capture", presentments=mixed), 403, "forbidden")


async def test_without_keys_everybody_is_the_operator() -> None:
    async with World().client() as client:
        await opened(client)
        assert (await say(client, "statement")).status_code == 200


async def test_a_route_added_without_the_check_does_not_answer() -> None:
    world = guarded()

    async def leak(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("everything")

    world.app.inner.router.routes.append(Route("/leak", leak))
    for key in (OPS, ADA, ""):
        async with world.client(**bearer(key)) as client:
            answer = await client.get("/leak")
            problem(answer, 500, "internal")
            assert "everything" not in answer.text
    assert {line["error"] for line in world.log_lines() if line["event"] == "fault"} == {"UnguardedAnswer"}


async def test_a_route_that_forgets_whose_it_is_does_not_answer_a_customer() -> None:
    world = guarded()
    guard = Guard(world.service.settings.api_keys)

    async def forgetful(_call: Call) -> Answer:
        return Answer(200, b'"somebody"')

    door = Door("/forgetful", "GET", CUSTOMER, guard, forgetful)
    world.app.inner.router.routes.append(Route("/forgetful", door))
    async with world.client() as client:
        assert (await client.get("/forgetful", headers=bearer(OPS))).status_code == 200
        answer: httpx.Response = await client.get("/forgetful", headers=bearer(ADA))
        problem(answer, 500, "internal")
        assert "somebody" not in answer.text


def test_an_access_is_for_the_operator_alone_unless_it_says_otherwise() -> None:
    assert Access() == Access(frozenset(), "")
