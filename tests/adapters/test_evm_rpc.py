"""A node that misbehaves is an outage, told without the URL, whose path is often a key."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from threading import Event

import pytest

from engine.adapters.evm import Rpc, RpcRefused, Settler
from engine.ports import PortUnavailable
from tests.loopback import listening

KEY = "s3cretapikey"
PRIVATE = "0x" + "4d" * 32


@contextmanager
def server(body: bytes, status: int = 200, hold: Event | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if hold is not None:
                hold.wait(10)
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with listening(Handler) as url:
        try:
            yield f"{url}/v2/{KEY}?token={KEY}"
        finally:
            if hold is not None:
                hold.set()


def asked(url: str, timeout_s: float = 5.0) -> object:
    async def once() -> object:
        rpc = Rpc(url, timeout_s=timeout_s)
        try:
            return await rpc.ask("eth_blockNumber")
        finally:
            await rpc.close()

    return asyncio.run(once())


def answer(**fields: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 0} | fields).encode()


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"no", 401, "HTTP 401"),
        (b"busy", 429, "HTTP 429"),
        (b"oops", 500, "HTTP 500"),
        (b"<html>", 200, "did not answer"),
        (b"[]", 200, "no JSON-RPC"),
        (b"{}", 200, "no JSON-RPC"),
        (answer(error="x"), 200, "without a reason"),
        (answer(error={"code": -32005, "message": f"limit of {KEY}"}), 200, r"limit of \*\*\*"),
    ],
)
def test_what_is_no_answer_is_an_outage_and_its_text_holds_no_secret(body, status, words, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    with server(body, status) as url, pytest.raises(PortUnavailable, match=words) as raised:
        asked(url)
    told = "".join(traceback.format_exception(raised.value)) + caplog.text
    assert KEY not in told


def test_a_node_that_does_not_answer_in_time_is_an_outage() -> None:
    with server(b"", hold=Event()) as url, pytest.raises(PortUnavailable, match="did not answer") as raised:
        asked(url, timeout_s=0.2)
    assert KEY not in "".join(traceback.format_exception(raised.value))


def test_nobody_there_is_an_outage() -> None:
    with server(b"") as url:
        pass
    with pytest.raises(PortUnavailable, match="did not answer") as raised:
        asked(url)
    assert KEY not in "".join(traceback.format_exception(raised.value))


def test_a_refusal_keeps_its_code_and_its_data_however_deep_they_lie() -> None:
    body = answer(error={"code": 3, "message": "execution reverted", "data": {"data": "0x1234"}})
    with server(body) as url, pytest.raises(RpcRefused) as raised:
        asked(url)
    assert (raised.value.code, raised.value.message, raised.value.data) == (3, "execution reverted", "0x1234")


def test_a_result_is_returned_even_if_it_is_nothing(caplog) -> None:
    caplog.set_level(logging.DEBUG)
    with server(answer(result=None)) as url:
        assert asked(url) is None
    assert KEY not in caplog.text, "not in the libraries' logs either"


def test_a_key_shows_nowhere() -> None:
    settler = Settler(PRIVATE)
    shown = repr(settler) + str(settler) + repr(vars(settler))
    assert "4d4d" not in shown
    assert settler.address in repr(settler)
    with pytest.raises(ValueError, match="not a private key") as raised:
        Settler(PRIVATE + "zz")
    assert "4d4d" not in "".join(traceback.format_exception(raised.value))


def test_a_url_that_is_none_is_refused_without_showing_it() -> None:
    with pytest.raises(ValueError) as raised:
        Rpc(f"ws://{KEY}", timeout_s=1)
    assert KEY not in str(raised.value)
