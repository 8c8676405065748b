"""The same over a real socket: uvicorn, its parser, its WebSockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from engine.http.examples import EXAMPLES
from engine.wire import ROUTES, to_bytes
from tests.http.world import ADA, JSON, KEYS, OPS, World, bearer


@contextmanager
def served(world: World) -> Iterator[str]:
    """The address, host:port, while the context is open."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(world.app, log_config=None, access_log=False, lifespan="on"))
    thread = threading.Thread(target=lambda: server.run([listening]), name="uvicorn")
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def test_a_customer_opens_pays_and_listens_over_a_socket() -> None:
    with served(World(api_keys=KEYS)) as address, httpx.Client(base_url=f"http://{address}") as client:
        for verb in ("open_account", "deposit", "authorize"):
            answer = client.post(ROUTES[verb], content=to_bytes(EXAMPLES[verb]), headers=JSON | bearer(OPS))
            assert answer.status_code == 200, answer.text
        url = f"ws://{address}/v1/accounts/acct-1/stream"
        with connect(url, additional_headers=bearer(ADA)) as line:
            told = json.loads(line.recv(timeout=10))
            assert told["balance"]["held_usdc6"] == 12_500_000
        with pytest.raises(InvalidStatus) as refused:
            connect(url)
        assert refused.value.response.status_code == 401
        assert json.loads(refused.value.response.body)["type"] == "unauthenticated"


def test_a_body_in_pieces_and_one_too_large_over_a_socket() -> None:
    with served(World()) as address, httpx.Client(base_url=f"http://{address}") as client:
        body = to_bytes(EXAMPLES["authorize"])
        pieces = iter([body[:10], body[10:]])
        assert client.post(ROUTES["authorize"], content=pieces, headers=JSON).status_code == 200
        answer = client.post(ROUTES["authorize"], content=b" " * (1 << 20) + body, headers=JSON)
        assert (answer.status_code, answer.json()["type"]) == (413, "body_too_large")
