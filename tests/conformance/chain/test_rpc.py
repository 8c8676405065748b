"""What only a node at a URL can do or suffer. Against a real anvil; the servers that misbehave are real ones too."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from simulators.backends.chain.anvil import AnvilFailed
from simulators.backends.chain.factory import open_node as open_reference
from simulators.backends.chain.json_rpc import JsonRpc, RpcError
from simulators.backends.chain.node import (
    InsufficientFunds,
    NodeUnreachable,
    NotIncluded,
    NotSupported,
    SendOutcomeUnknown,
)
from simulators.backends.chain.rpc import RpcNode, find_anvil, start_anvil
from tests.loopback import listening

from .conftest import GENESIS_S
from .driver import deploy, mine, run
from .programs import ECHO_REVERT, ONCE, RECORDER, word


@pytest.fixture
def anvil(anvil_binary) -> Iterator[object]:
    with start_anvil(genesis_timestamp_s=GENESIS_S, binary=anvil_binary) as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Callable[..., RpcNode]]:
    """Opens nodes by URL, all closed at the end of the test."""
    with ExitStack() as closing:

        def open_one(url: str, **settings: object) -> RpcNode:
            node = RpcNode(url, **settings)
            closing.callback(node.close)
            return node

        yield open_one


@pytest.fixture
def controlled(anvil, connect) -> RpcNode:
    return connect(anvil.url)


@contextmanager
def server(answer: object, status: int = 200, content_type: str = "application/json") -> Iterator[str]:
    """A server on loopback; ``answer`` is bytes for all, or a function from a request's JSON to the answer's."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # keeps connections open, so that a client which forgets to close one is noticed

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = answer if isinstance(answer, bytes) else json.dumps(answer(asked)).encode()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with listening(Handler) as found:
        yield found


# ---- nodes that do not answer ---------------------------------------------------------------------------------------


def test_no_node_is_an_error_that_names_the_url_and_what_to_do():
    with pytest.raises(NodeUnreachable, match=r"http://127\.0\.0\.1:1 .*anvil --no-mining"):
        RpcNode("http://127.0.0.1:1")


@pytest.mark.parametrize("url", ["127.0.0.1:8545", "ws://127.0.0.1:8545", "http://"])
def test_a_url_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match="http://host:port"):
        RpcNode(url)


@pytest.mark.parametrize(
    ("answer", "status", "content_type", "says"),
    [
        (b"<html>hello</html>", 200, "text/html", "does not speak JSON-RPC.*<html>hello"),
        (b"gone", 404, "text/plain", "HTTP 404.*API key"),
        (b'"text"', 200, "application/json", "does not speak JSON-RPC"),
    ],
)
def test_a_server_that_is_no_node_is_told_apart(answer, status, content_type, says):
    with server(answer, status, content_type) as url, pytest.raises(NodeUnreachable, match=says):
        RpcNode(url)


def test_an_answer_to_another_question_is_no_answer():
    rpc_answers = lambda asked: [{"jsonrpc": "2.0", "id": 10**6, "result": "0x1"} for _ in asked]  # noqa: E731
    with server(rpc_answers) as url:
        rpc = JsonRpc(url, timeout_s=5)
        with pytest.raises(RpcError, match="neither result nor error"):
            rpc.ask_all([("eth_chainId",), ("eth_blockNumber",)])
        rpc.close()


def test_a_key_in_a_url_is_never_shown():
    with pytest.raises(NodeUnreachable) as failed:
        RpcNode("http://user:secret1@127.0.0.1:1/v3/secret2?key=secret3")
    assert "secret" not in str(failed.value)
    assert "http://127.0.0.1:1/..." in str(failed.value)


def test_an_unanswered_send_is_an_unknown_outcome_under_a_known_hash(anvil, controlled, alice):
    run(controlled, alice, None, RECORDER)
    expected = controlled.send(alice, None, RECORDER, nonce=5)
    controlled.drop(expected)
    anvil.stop()
    with pytest.raises(SendOutcomeUnknown) as failed:
        controlled.send(alice, None, RECORDER, nonce=5)
    assert failed.value.tx_hash == expected


# ---- real time and the network stay behind the fence ----------------------------------------------------------------


def test_every_touch_of_the_network_and_of_time_is_inside_real_io(anvil, controlled, alice, monkeypatch):
    """Outside of it, sockets and pauses are forbidden, as a simulated world forbids them."""
    open_gates: list[bool] = []

    @contextmanager
    def gate() -> Iterator[None]:
        open_gates.append(True)
        try:
            yield
        finally:
            open_gates.pop()

    import socket

    for name in ("connect", "sendall", "recv", "close"):
        real = getattr(socket.socket, name)

        def fenced(self: socket.socket, *args: object, real: object = real) -> object:
            assert open_gates, "a socket was touched outside the gate"
            return real(self, *args)

        monkeypatch.setattr(socket.socket, name, fenced)

    def pause(_: float) -> None:
        assert open_gates, "time passed outside the gate"

    with gate():
        run(controlled, alice, None, RECORDER)  # lends alice what she needs
    node = RpcNode(anvil.url, mines_itself=True, poll_attempts=2, pause=pause, real_io=gate)
    node.send(alice, alice.address, b"")
    with pytest.raises(NotIncluded):
        node.mine(0)
    node.call(alice.address, b"")
    node.close()
    assert open_gates == []
    with gate():
        controlled.close()


# ---- nodes that mine by themselves ----------------------------------------------------------------------------------


def test_an_ordinary_node_is_polled_until_all_is_included(anvil, connect, controlled, alice, bob):
    recorder = deploy(controlled, alice, RECORDER)
    run(controlled, bob, recorder, word(1))
    pauses: list[float] = []

    def somebody_mines(seconds: float) -> None:
        pauses.append(seconds)
        mine(controlled)

    node = connect(anvil.url, mines_itself=True, poll_attempts=5, poll_pause_s=0.25, pause=somebody_mines)
    hashes = [node.send(alice, recorder, word(2)), node.send(bob, recorder, word(3))]
    block = node.mine(0)
    assert [receipt.tx_hash for receipt in block.receipts] == hashes
    assert block.number == controlled.head().number
    assert pauses == [0.25]
    assert (node.pending(), node.mine(0).receipts) == ((), ())


def test_an_ordinary_node_that_includes_nothing_is_given_up_on(anvil, connect, controlled, alice):
    run(controlled, alice, None, RECORDER)
    pauses: list[float] = []
    node = connect(anvil.url, mines_itself=True, poll_attempts=4, pause=pauses.append)
    waiting = node.send(alice, alice.address, b"")
    with pytest.raises(NotIncluded, match=f"{waiting}.*4 polls"):
        node.mine(0)
    assert len(pauses) == 3
    assert node.pending() == (waiting,)


def test_an_anvil_that_mines_at_once_is_an_ordinary_node(anvil_binary, connect, alice, bob):
    with start_anvil(genesis_timestamp_s=GENESIS_S, binary=anvil_binary, mines_itself=True) as running:
        connect(running.url).send(alice, alice.address, b"")
        node = connect(running.url, mines_itself=True)
        tx_hash = node.send(alice, None, RECORDER)
        (receipt,) = node.mine(0).receipts
        assert (receipt.tx_hash, receipt.ok) == (tx_hash, True)
        assert node.receipt(tx_hash) == receipt
        with pytest.raises(InsufficientFunds):
            node.send(bob, alice.address, b"")
        for beyond_us in (lambda: node.drop(tx_hash), lambda: node.rollback(0)):
            with pytest.raises(NotSupported, match="mines by itself"):
                beyond_us()


def test_a_node_without_anvils_controls_says_how_to_open_it():
    def geth(asked: object) -> object:
        answers = {"eth_chainId": "0x1", "eth_getBlockByNumber": {"gasLimit": "0x3938700"}}
        calls = asked if isinstance(asked, list) else [asked]
        found = [
            {"id": call["id"], "result": answers[call["method"]]}
            if call["method"] in answers
            else {"id": call["id"], "error": {"code": -32601, "message": "the method does not exist"}}
            for call in calls
        ]
        return found if isinstance(asked, list) else found[0]

    from simulators.backends.chain.accounts import Account

    with server(geth) as url:
        node = RpcNode(url)
        with pytest.raises(NotSupported, match="mines_itself=True"):
            node.send(Account.derive(7, "alice"), bytes(20), b"")
        node.close()


# ---- reverts without a tracer ---------------------------------------------------------------------------------------


def test_without_a_tracer_the_error_is_found_by_running_the_call_again(controlled, alice, monkeypatch):
    refuser, once = deploy(controlled, alice, ECHO_REVERT), deploy(controlled, alice, ONCE)
    real = controlled._rpc.ask

    def without_tracer(method: str, *params: object) -> object:
        if method.startswith("debug_"):
            raise RpcError("here", method, -32601, "method not found", None)
        return real(method, *params)

    monkeypatch.setattr(controlled._rpc, "ask", without_tracer)
    assert run(controlled, alice, refuser, b"\xca\xfe\xba\xbe").revert_data == b"\xca\xfe\xba\xbe"
    controlled.send(alice, once, b"")
    controlled.send(alice, once, b"")
    assert [receipt.revert_data.hex() for receipt in mine(controlled).receipts] == ["", "deadbeef"]


# ---- anvil itself ---------------------------------------------------------------------------------------------------


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\necho this is no node >&2\nexit 3\n")
    path.chmod(0o755)
    return path


def test_anvil_is_looked_for_where_the_reader_is_told(tmp_path):
    nowhere = {"PATH": str(tmp_path / "empty")}
    assert find_anvil(nowhere, tmp_path) is None
    wrapper = executable(tmp_path / "node_modules/@foundry-rs/anvil/bin.mjs")
    link = tmp_path / "node_modules/.bin/anvil"
    link.parent.mkdir(parents=True)
    link.symlink_to(wrapper)
    assert find_anvil(nowhere, tmp_path) == wrapper
    native = executable(tmp_path / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil")
    assert find_anvil(nowhere, tmp_path) == native
    on_path = executable(tmp_path / "somewhere/anvil")
    assert find_anvil({"PATH": str(on_path.parent)}, tmp_path) == on_path
    named = executable(tmp_path / "named/my-anvil")
    assert find_anvil({"SWIPELAB_ANVIL": str(named), "PATH": str(on_path.parent)}, tmp_path) == named
    with pytest.raises(AnvilFailed, match="SWIPELAB_ANVIL"):
        find_anvil({"SWIPELAB_ANVIL": str(tmp_path / "missing")}, tmp_path)


def test_an_anvil_that_does_not_start_says_what_it_said(tmp_path):
    with pytest.raises(AnvilFailed, match="this is no node"):
        start_anvil(genesis_timestamp_s=GENESIS_S, binary=executable(tmp_path / "anvil"))


def test_closing_a_node_of_ones_own_stops_its_anvil(anvil_binary, monkeypatch):
    started: list[object] = []

    def remembering(**settings: object) -> object:
        started.append(start_anvil(binary=anvil_binary, **settings))
        return started[-1]

    monkeypatch.setattr("simulators.backends.chain.rpc.start_anvil", remembering)
    node = open_reference("anvil", seed=7, genesis_timestamp_s=GENESIS_S)
    (anvil,) = started
    assert node.head().timestamp_s == GENESIS_S
    os.kill(anvil.pid, 0)
    node.close()
    with pytest.raises(ProcessLookupError):
        os.kill(anvil.pid, 0)


# ---- the factory ----------------------------------------------------------------------------------------------------


def test_an_unknown_backend_names_the_nearest_one():
    with pytest.raises(ValueError, match=r"'pyevm'.*did you mean 'py-evm'"):
        open_reference("pyevm", seed=7, genesis_timestamp_s=GENESIS_S)


@pytest.mark.parametrize("name", ["py-evm", "revm"])
def test_a_backend_opens_by_its_name(open_by_name, name):
    open_by_name(name)  # skips where it cannot be
    node = open_reference(name, seed=7, genesis_timestamp_s=GENESIS_S)
    assert (node.name, node.head().timestamp_s) == (name, GENESIS_S)


def test_a_url_opens_a_node(anvil):
    node = open_reference(anvil.url, seed=7, genesis_timestamp_s=0)
    assert node.head().timestamp_s == GENESIS_S
    node.close()


def test_revm_without_its_wheel_says_what_to_do(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyrevm", None)
    with pytest.raises(ImportError, match=r"Python 3\.11 and 3\.12.*py-evm"):
        open_reference("revm", seed=7, genesis_timestamp_s=GENESIS_S)
