"""The port ``SettlementChain`` on any JSON-RPC node."""

from __future__ import annotations

import asyncio

from contracts.loader import encode_settle_batch
from engine.adapters.evm.outcomes import AccountIds, Outcomes
from engine.adapters.evm.rpc import Rpc
from engine.adapters.evm.sending import Sender
from engine.adapters.evm.settings import EvmSettings
from engine.adapters.evm.settler import Settler
from engine.domain.settlement import Settlement
from engine.ports import BurnOutcome


class EvmSettlementChain:
    """CardToken behind ``rpc``, settled by ``settler``.

    Nothing is kept that a restart may not lose: what is settled the contract knows, what waits the node, and what was
    lost the service sends again. ``account_ids`` tells whose address a shortfall is at.
    """

    def __init__(self, rpc: Rpc, settler: Settler, settings: EvmSettings, account_ids: AccountIds) -> None:
        self._rpc = rpc
        self._settings = settings
        self._sender = Sender(rpc, settler, settings)
        self._outcomes = Outcomes(rpc, settings, account_ids)
        self._seen_head = ""

    async def submit(self, settlement: Settlement, addresses: dict[str, str]) -> None:
        """Raises NotASettler where the key lacks the role, and PortUnavailable while the contract is paused, too."""
        users = [addresses[account_id] for account_id, _ in settlement.amounts_usdc6]
        amounts = [amount for _, amount in settlement.amounts_usdc6]
        data = encode_settle_batch(users, amounts, bytes.fromhex(settlement.settlement_id[2:]))
        self._seen_head = self._seen_head or await self._head()
        block = await self._sender.send(settlement.settlement_id, data)
        self._outcomes.expect(settlement.settlement_id, block)

    async def outcome(self, settlement_id: str) -> BurnOutcome | None:
        return await self._outcomes.find(settlement_id)

    async def wait_block(self) -> None:
        """Return once there is another head than at the last return, or after ``patience_s`` without one."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settings.patience_s
        while True:
            head = await self._head()
            moved = self._seen_head not in ("", head)
            self._seen_head = head
            if moved or loop.time() >= until:
                return
            await asyncio.sleep(self._settings.poll_s)

    async def _head(self) -> str:
        block = await self._rpc.ask("eth_getBlockByNumber", "latest", False)
        return "" if block is None else block["hash"]
