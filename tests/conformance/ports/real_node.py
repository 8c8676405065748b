"""Real nodes for the conformance suite of ``SettlementChain``, and a way to them on which answers are lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest

from contracts import loader
from simulators.backends.chain.accounts import Account
from simulators.backends.chain.anvil import HOW_TO_INSTALL, find_anvil, start_anvil
from simulators.backends.chain.json_rpc import JsonRpc
from simulators.backends.chain.signing import sign
from simulators.devnet import start_devnet
from tests.loopback import listening

GENESIS_S = 1_800_000_000


class RealNode:
    """JSON-RPC by hand, for what the scenarios do beside the port."""

    def __init__(self, url: str, admin: Account, lends: bool) -> None:
        self.url = url
        self.admin = admin
        self._rpc = JsonRpc(url, timeout_s=30)
        self._lends = lends
        self.lend(admin.address)
        self.token = self.usdc = ""

    def deploy(self) -> None:
        self.usdc = self.do(self.admin, None, loader.mock_usdc_deploy_data())["contractAddress"]
        deploy = loader.card_token_deploy_data(self.usdc, *[self.admin.address] * 3, withdrawal_delay_s=1)
        self.token = self.do(self.admin, None, deploy)["contractAddress"]

    def deposit(self, users: list[str], each_usdc6: int) -> None:
        total = len(users) * each_usdc6
        self.do(self.admin, self.usdc, loader.encode_mint(self.admin.address, total))
        self.do(self.admin, self.usdc, loader.encode_approve(self.token, total))
        for start in range(0, len(users), 200):
            part = users[start : start + 200]
            self.do(self.admin, self.token, loader.encode_deposit_batch(part, [each_usdc6] * len(part)))

    def do(self, sender: Account, to: str | None, data: bytes) -> dict[str, Any]:
        """Send, mine, and return the receipt of what has to go well."""
        self.lend(sender.address)
        tx_hash = self.send(sender, to, data)
        self.mine(1)
        receipt = self.ask("eth_getTransactionReceipt", tx_hash)
        assert receipt is not None
        assert int(receipt["status"], 16) == 1
        return receipt

    def send(
        self, sender: Account, to: str | None, data: bytes, *, nonce: int | None = None, max_fee_wei: int = 10**12
    ) -> str:
        if nonce is None:
            nonce = int(self.ask("eth_getTransactionCount", sender.address, "pending"), 16)
        target = None if to is None else bytes.fromhex(to[2:])
        signed = sign(sender, 31337, nonce, target, data, 8_000_000, max_fee_wei)
        return self.ask("eth_sendRawTransaction", "0x" + signed.raw.hex())

    def read(self, data: bytes) -> int:
        return loader.decode_uint(self.ask("eth_call", {"to": self.token, "data": "0x" + data.hex()}, "latest"))

    def mine(self, blocks: int) -> None:
        self._rpc.ask_all([("evm_mine",)] * blocks)

    def lend(self, address: str) -> None:
        if self._lends:
            self.ask("anvil_setBalance", address, hex(10**24))

    def fees_rise(self) -> None:
        """What was offered so far is not enough for the next block."""
        if self._lends:
            base_fee = int(self.ask("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)
            self.ask("anvil_setNextBlockBaseFeePerGas", hex(4 * base_fee + 10**10))
        else:
            waiting = self.ask("devnet_waiting")
            self.ask("devnet_setLeastFee", hex(max(int(tx["maxFeePerGas"], 16) for tx in waiting) + 1))

    def calm(self) -> None:
        """As the next scenario may expect it."""
        self.ask("anvil_dropAllTransactions")
        if not self._lends:
            self.ask("devnet_setLeastFee", "0x0")
        if self.read(loader.encode_paused()):
            self.do(self.admin, self.token, loader.encode_unpause())

    def ask(self, method: str, *params: Any) -> Any:
        return self._rpc.ask(method, *params)

    def close(self) -> None:
        self._rpc.close()


def on_devnet() -> Iterator[RealNode]:
    with start_devnet(block_interval_s=0) as devnet:
        node = RealNode(devnet.url, Account.from_key("admin", bytes.fromhex(devnet.admin_key[2:])), lends=False)
        node.token, node.usdc = devnet.token_address, devnet.usdc_address
        yield node
        node.close()


def on_anvil() -> Iterator[RealNode]:
    if find_anvil() is None:
        pytest.skip(f"anvil is not installed: {HOW_TO_INSTALL}")
    with start_anvil(genesis_timestamp_s=GENESIS_S) as anvil:
        node = RealNode(anvil.url, Account.derive(1, "admin"), lends=True)
        node.deploy()
        yield node
        node.close()


@contextmanager
def swallowing(url: str, method: str) -> Iterator[str]:
    """A way to the node on which the answers to ``method`` are lost, after the node has done what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = httpx.post(url, content=body, headers={"Content-Type": "application/json"}).content
            if json.loads(body)["method"] == method:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    with listening(Handler) as found:
        yield found
