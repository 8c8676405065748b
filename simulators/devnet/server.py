"""The development node as a server on loopback: contracts deployed at start, a block at an interval or on demand."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

from contracts import loader
from simulators.backends.chain.accounts import Account
from simulators.backends.chain.node import Receipt
from simulators.devnet.methods import BAD_PARAMS, INTERNAL, Methods, RpcProblem
from simulators.devnet.node import DevelopmentNode

QUIET_BLOCKS = 64
"""So many empty blocks follow a transaction, enough for any confirmation; then the chain rests until the next one, so
that a node left alone does not grow."""
PARSE_ERROR, INVALID_REQUEST = -32700, -32600
_UNLIMITED = 2**256 - 1


class World:
    """USDC, CardToken, their people, and the rule of when a block is made. Every method is safe from any thread."""

    def __init__(self, seed: int | str, withdrawal_delay_s: int, now_s: Callable[[], float] = time.time) -> None:
        self._lock = Lock()
        self._now_s = now_s
        self._quiet = 0
        self.node = DevelopmentNode(seed=seed, genesis_timestamp_s=int(now_s()) - 60)
        self.admin, self.settler, self.onramp, self.treasury = (
            Account.derive(seed, name) for name in ("admin", "settler", "onramp", "treasury")
        )
        self.usdc = self._deployed(loader.mock_usdc_deploy_data())
        self.card_token = self._deployed(
            loader.card_token_deploy_data(
                self.usdc, self.treasury.address, self.admin.address, self.settler.address, withdrawal_delay_s
            )
        )
        self._done(self.onramp, self.usdc, loader.encode_approve(self.card_token, _UNLIMITED))
        self._methods = Methods(self.node, self._mine, self._fund)

    def answer(self, method: str, params: Any) -> Any:
        """The result of one JSON-RPC request; raises RpcProblem."""
        with self._lock:
            return self._methods.answer(method, params)

    def tick(self) -> None:
        """Make the block that is due, unless nothing has happened for long."""
        with self._lock:
            self._quiet = 0 if self.node.pending() else self._quiet + 1
            if self._quiet <= QUIET_BLOCKS:
                self._mine()

    def _mine(self) -> None:
        self.node.mine(max(int(self._now_s()), self.node.head().timestamp_s + 1))

    def _fund(self, address: str, amount_usdc6: int) -> str:
        """The on-ramp brings USDC and pays it in for a user; in a block when this returns."""
        self._done(self.admin, self.usdc, loader.encode_mint(self.onramp.address, amount_usdc6))
        paid = self._done(self.onramp, self.card_token, loader.encode_deposit_batch([address], [amount_usdc6]))
        self._quiet = 0
        return paid.tx_hash

    def _deployed(self, creation_code: bytes) -> str:
        created = self._done(self.admin, None, creation_code).contract_address
        assert created is not None
        return created

    def _done(self, sender: Account, to: str | None, data: bytes) -> Receipt:
        """Send and mine; raises RpcProblem where it is reverted."""
        tx_hash = self.node.send(sender, to, data)
        self._mine()
        receipt = self.node.receipt(tx_hash)
        if receipt is None or not receipt.ok:
            why = "it is not in the block" if receipt is None else loader.decode_revert(receipt.revert_data)
            raise RpcProblem(INTERNAL, f"{sender.name}'s transaction was not done: {why}")
        return receipt


class Server(ThreadingHTTPServer):
    """Answers on ``http://127.0.0.1:port``; ``port`` 0 takes a free one. Binding is done when this returns."""

    daemon_threads = True

    def __init__(self, world: World, port: int, block_interval_s: float) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.world = world
        self._interval_s = block_interval_s
        self._stopping = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def run(self) -> None:
        """Serve until :meth:`stop`, and make blocks meanwhile where there is an interval."""
        clock = Thread(target=self._tick, daemon=True)
        clock.start()
        try:
            self.serve_forever(poll_interval=0.1)
        finally:
            self._stopping.set()
            clock.join()
            self.server_close()

    def stop(self) -> None:
        """Let :meth:`run` end; from any thread but its own."""
        self.shutdown()

    def _tick(self) -> None:
        while self._interval_s and not self._stopping.wait(self._interval_s):
            self.world.tick()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            asked = json.loads(raw)
        except ValueError:
            answer: Any = _problem(None, RpcProblem(PARSE_ERROR, "parse error"))
        else:
            answer = [self._answer(one) for one in asked] if isinstance(asked, list) else self._answer(asked)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, asked: Any) -> dict[str, Any]:
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            return _problem(None, RpcProblem(INVALID_REQUEST, "invalid request"))
        if not isinstance(asked.get("params", []), list):
            return _problem(asked.get("id"), RpcProblem(BAD_PARAMS, "params are a list"))
        try:
            result = self.server.world.answer(asked["method"], asked.get("params"))
        except RpcProblem as problem:
            return _problem(asked.get("id"), problem)
        return {"jsonrpc": "2.0", "id": asked.get("id"), "result": result}

    def log_message(self, *_: object) -> None:
        """Nothing is logged: the standard output is for one line, when the node is ready."""


def _problem(request_id: Any, problem: RpcProblem) -> dict[str, Any]:
    error: dict[str, Any] = {"code": problem.code, "message": str(problem)}
    if problem.data is not None:
        error["data"] = problem.data
    return {"jsonrpc": "2.0", "id": request_id, "error": error}
