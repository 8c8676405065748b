"""Chains for the conformance suite of ``SettlementChain``: the simulated one, and real nodes over HTTP.

Each runs a scenario in a world of its own: accounts ``ada``, ``bob`` and ``cyd`` with 10 USDC each, a settler, and
somebody who can pause the contract. On the real nodes a block comes when the scenario asks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

import pytest

from contracts import loader
from engine.adapters.evm import EvmSettings, EvmSettlementChain, Rpc, Settler
from engine.domain.settlement import Settlement
from engine.ports import PortUnavailable
from simulators.actors.chain import CardChain
from simulators.backends.chain.accounts import Account
from simulators.backends.chain.py_evm import PyEvmNode
from simulators.backends.served import Served
from simulators.backends.settlement import SimulatedSettlementChain
from simulators.kernel import Kernel
from simulators.settings import SECOND_NS, Backend, Chain, Latency
from tests.conformance.ports.real_node import GENESIS_S, RealNode, on_anvil, on_devnet, swallowing

USDC = 1_000_000
OPENING_USDC6 = 10 * USDC
CONFIRMATIONS = 2
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

    def sender(
        self, settler: Account | None = None, url: str = "", account_ids: Any = None, **changes: Any
    ) -> EvmSettlementChain:
        """A process of its own, as far as the chain can tell."""
        key = Settler((settler or self.settler).private_key)
        return EvmSettlementChain(self.rpc(url), key, self.evm_settings(**changes), account_ids or self.account_ids)

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


def real_chains() -> dict[str, Real]:
    """By name; whoever asks stops them."""
    return {"devnet": Real("devnet", on_devnet), "anvil": Real("anvil", on_anvil)}


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
