"""Chains for the conformance suite of ``SettlementChain``: the simulated one, and real nodes over HTTP.

Each runs a scenario in a world of its own: accounts ``ada``, ``bob`` and ``cyd`` with 10 USDC each, a settler, and
somebody who can pause the contract. On the real nodes a block comes when the scenario asks for it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any

import httpx
import pytest

from contracts import loader
from engine.adapters.evm import EvmSettings, EvmSettlementChain, Rpc, Settler
from engine.domain.settlement import Settlement
from engine.ports import PortUnavailable
from simulators.actors.chain import CardChain
from simulators.backends.chain.accounts import Account
from simulators.backends.chain.anvil import HOW_TO_INSTALL, find_anvil, start_anvil
from simulators.backends.chain.json_rpc import JsonRpc
from simulators.backends.chain.py_evm import PyEvmNode
from simulators.backends.chain.signing import sign
from simulators.backends.served import Served
from simulators.backends.settlement import SimulatedSettlementChain
from simulators.devnet import start_devnet
from simulators.kernel import Kernel
from simulators.settings import SECOND_NS, Backend, Chain, Latency

USDC = 1_000_000
OPENING_USDC6 = 10 * USDC
CONFIRMATIONS = 2
GENESIS_S = 1_800_000_000
PEOPLE = ("ada", "bob", "cyd")
_UNIQUE = count(1)

Scenario = Callable[[Any], Coroutine[Any, Any, Any]]


def settlement(*amounts_usdc6: tuple[str, int]) -> Settlement:
    """A new one."""
    return Settlement(f"0x{next(_UNIQUE):064x}", 0, amounts_usdc6)


class SimulatedWorld:
    """The chain of the simulations, in virtual time."""

    real = False

    def __init__(self, kernel: Kernel) -> None:
        self.settings = Chain(confirmations=CONFIRMATIONS)
        self._kernel = kernel
        node = PyEvmNode(seed=1, genesis_timestamp_s=GENESIS_S - 60)
        self._chain = CardChain(kernel, node, self.settings, 1)
        self._chain.start()
        self._node = node
        self.users = {name: Account.derive(1, name) for name in PEOPLE}
        self.addresses = {name: user.address for name, user in self.users.items()}
        for name, address in self.addresses.items():
            self._chain.register(name, address)

    async def open(self) -> None:
        self._chain.fund([(address, OPENING_USDC6) for address in self.addresses.values()])
        await self.blocks(1)

    def sender(self) -> SimulatedSettlementChain:
        served = Served(self._kernel, "chain", Backend(Latency(1, 0.0), 8))
        return SimulatedSettlementChain(self._kernel, served, self._chain)

    async def submit_unanswered(self, one: Settlement) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await self.sender().submit(one, self.addresses)

    async def blocks(self, number: int) -> None:
        for _ in range(number):
            await asyncio.sleep(self.settings.slot_ns / SECOND_NS)

    def forget_waiting(self) -> None:
        for tx_hash in self._node.pending():
            self._node.drop(tx_hash)
        self._chain._sent_settlements.clear()

    def balance(self, name: str) -> int:
        return self._chain.balance(self.addresses[name])

    def supply(self) -> int:
        return self._chain.supply()[0]

    def do(self, who: str, data: bytes) -> None:
        self._chain._send(getattr(self._chain, who), self._chain.card_token, data, "admin")


class Simulated:
    name = "simulated"

    def run(self, scenario: Scenario) -> None:
        async def whole(kernel: Kernel) -> None:
            world = SimulatedWorld(kernel)
            await world.open()
            await scenario(world)

        with Kernel(1, epoch_ns=GENESIS_S * SECOND_NS) as kernel:
            kernel.run(kernel.spawn(whole(kernel), "test"))


class RealWorld:
    """A node at a URL, asked for a block when one is wanted; contracts once, people and settler for each scenario."""

    real = True

    def __init__(self, node: RealNode) -> None:
        self._node = node
        number = next(_UNIQUE)
        self.settler = Account.derive(number, "settler")
        self.users = {name: Account.derive(number, name) for name in PEOPLE}
        self.addresses = {name: user.address for name, user in self.users.items()}
        self._rpcs: list[Rpc] = []

    async def open(self) -> None:
        self._node.lend(self.settler.address)
        self.do("admin", loader.encode_grant_role(loader.SETTLER_ROLE, self.settler.address))
        self._node.deposit(list(self.addresses.values()), OPENING_USDC6)

    async def close(self) -> None:
        for rpc in self._rpcs:
            await rpc.close()
        self._node.calm()

    def rpc(self, url: str = "") -> Rpc:
        self._rpcs.append(Rpc(url or self._node.url, timeout_s=10))
        return self._rpcs[-1]

    def evm_settings(self, **changes: Any) -> EvmSettings:
        chosen = {"confirmations": CONFIRMATIONS, "poll_s": 0.01, "patience_s": 0.2, "stuck_after_blocks": 3}
        return EvmSettings(self._node.token, **(chosen | changes))

    def sender(self, settler: Account | None = None, url: str = "", **changes: Any) -> EvmSettlementChain:
        """A process of its own, as far as the chain can tell."""
        key = (settler or self.settler).private_key
        return EvmSettlementChain(self.rpc(url), Settler(key), self.evm_settings(**changes), self.account_ids)

    async def account_ids(self, addresses: Any) -> dict[str, str]:
        owners = {address.lower(): name for name, address in self.addresses.items()}
        return {address: owners[address] for address in addresses if address in owners}

    async def submit_unanswered(self, one: Settlement) -> None:
        with swallowing(self._node.url, "eth_sendRawTransaction") as url:
            with pytest.raises(PortUnavailable):
                await self.sender(url=url).submit(one, self.addresses)

    async def blocks(self, number: int) -> None:
        self._node.mine(number)

    def forget_waiting(self) -> None:
        self._node.ask("anvil_dropAllTransactions")

    def fees_rise(self) -> None:
        self._node.fees_rise()

    def reorg(self, depth: int) -> None:
        self._node.ask("anvil_rollback", depth)

    def waiting(self) -> int:
        """How many transactions of the settler wait."""
        return self.nonce("pending") - self.nonce("latest")

    def nonce(self, block: str) -> int:
        return int(self._node.ask("eth_getTransactionCount", self.settler.address, block), 16)

    def raw(self, nonce: int, data: bytes, max_fee_wei: int) -> None:
        """Somebody else sends with the settler's key."""
        self._node.send(self.settler, self._node.token, data, nonce=nonce, max_fee_wei=max_fee_wei)

    def base_fee(self) -> int:
        return int(self._node.ask("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)

    def balance(self, name: str) -> int:
        return self._node.read(loader.encode_card_balance(self.addresses[name]))

    def supply(self) -> int:
        return self._node.read(loader.encode_total_supply())

    def do(self, who: str, data: bytes) -> None:
        self._node.do(self.users.get(who, self._node.admin), self._node.token, data)


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
        assert receipt is not None and int(receipt["status"], 16) == 1
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


class Real:
    """A node that is started once a session, when the first scenario needs it."""

    def __init__(self, name: str, start: Callable[[], Iterator[RealNode]]) -> None:
        self.name = name
        self._start = contextmanager(start)
        self._running = ExitStack()
        self._node: RealNode | None = None

    def node(self) -> RealNode:
        if self._node is None:
            self._node = self._running.enter_context(self._start())
        return self._node

    def run(self, scenario: Scenario) -> None:
        node = self.node()

        async def whole() -> None:
            world = RealWorld(node)
            await world.open()
            try:
                await scenario(world)
            finally:
                await world.close()

        asyncio.run(whole())

    def stop(self) -> None:
        self._running.close()


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

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            thread.join()
