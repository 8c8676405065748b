"""Send one settlement: try it, choose nonce and fees, sign, hand it to the node; again where another was first."""

from __future__ import annotations

import asyncio
from typing import Any

from contracts.loader import RevertReason, decode_revert
from engine.adapters.evm.fees import DEFAULT_TIP_WEI, Fees, offer, raised
from engine.adapters.evm.nonces import Counts, Nonces, Place, Sent
from engine.adapters.evm.rpc import Rpc, RpcRefused, number
from engine.adapters.evm.settings import EvmSettings
from engine.adapters.evm.settler import Settler
from engine.interface import EngineError
from engine.ports import PortUnavailable

ATTEMPTS = 80
"""More than it takes to raise 1 gwei to 5,000 by eighths, should somebody else's transaction have to be replaced."""
SPARE_GAS = 50_000
"""Beside a quarter more than estimated: balances and withdrawals may change until the block."""
EXECUTION_REVERTED = 3
_KNOWN = ("already known", "already imported", "known transaction", "alreadyknown")
_REPLACES_TOO_LITTLE = ("replacement transaction underpriced", "replacement underpriced", "could not replace existing")
_LATE = ("nonce too low", "oldnonce", "nonce is too low")
_POOR = ("insufficient funds",)


class NotASettler(EngineError):
    """The key may not settle: CardToken's admin has to grant it SETTLER_ROLE. Sending again does not help."""


class Sender:
    """The only place that sends with the settler's key in this process; one settlement at a time."""

    def __init__(self, rpc: Rpc, settler: Settler, settings: EvmSettings) -> None:
        self._rpc = rpc
        self._settler = settler
        self._settings = settings
        self._nonces = Nonces(settings.stuck_after_blocks)
        self._chain_id: int | None = None
        self._turn = asyncio.Lock()

    async def send(self, settlement_id: str, data: bytes) -> int:
        """See that a settlement that is not settled waits in the node's mempool; what waits already is left alone
        until it is stuck. Returns the number of the newest block.

        Raises NotASettler, EngineError for another chain than the settings name, and PortUnavailable.
        """
        async with self._turn:
            underbid: dict[int, Fees] = {}
            """What was too little, by nonce."""
            for _ in range(ATTEMPTS):
                head, counts, tip_wei = await self._look()
                block, base_fee_wei = number(head["number"]), number(head.get("baseFeePerGas") or 0)
                place = self._nonces.place(settlement_id, counts, block, base_fee_wei)
                if place is None:
                    return block
                gas = await self._gas(data, number(head["gasLimit"]))
                if gas is None:
                    return block
                now = offer(base_fee_wei, tip_wei, self._settings.fee_cap_wei)
                fees = self._fees(place, now, underbid.get(place.nonce))
                if await self._sent(Sent(settlement_id, place.nonce, fees, block), data, gas):
                    return block
                underbid[place.nonce] = fees
            raise PortUnavailable(f"no nonce was free for settlement {settlement_id} in {ATTEMPTS} attempts")

    async def _look(self) -> tuple[dict[str, Any], Counts, int]:
        address = self._settler.address
        head, latest, pending, tip_wei = await asyncio.gather(
            self._rpc.ask("eth_getBlockByNumber", "latest", False),
            self._rpc.ask("eth_getTransactionCount", address, "latest"),
            self._rpc.ask("eth_getTransactionCount", address, "pending"),
            self._tip(),
        )
        if head is None:
            raise PortUnavailable("the chain's node has no newest block")
        used = number(latest)
        return head, Counts(used, max(number(pending), used)), tip_wei

    async def _tip(self) -> int:
        try:
            return number(await self._rpc.ask("eth_maxPriorityFeePerGas"))
        except RpcRefused:
            return DEFAULT_TIP_WEI  # not every node has an opinion

    def _fees(self, place: Place, now: Fees, underbid: Fees | None) -> Fees:
        beats = place.beats if underbid is None else underbid.at_least(place.beats or underbid)
        return now if beats is None else raised(beats, now, self._settings.fee_cap_wei)

    async def _gas(self, data: bytes, block_gas_limit: int) -> int | None:
        """The gas limit; None where the settlement is in the chain already. Raises what the contract would say."""
        call = {"from": self._settler.address, "to": self._settings.token_address, "data": "0x" + data.hex()}
        try:
            estimate = number(await self._rpc.ask("eth_estimateGas", call))
        except RpcRefused as refusal:
            if refusal.data is None and refusal.code != EXECUTION_REVERTED and "revert" not in refusal.message.lower():
                raise
            reason = decode_revert(refusal.data or b"")
            if reason.name == "AlreadySettled":
                return None
            raise self._reverted(reason) from None
        return min(estimate + estimate // 4 + SPARE_GAS, block_gas_limit)

    def _reverted(self, reason: RevertReason) -> EngineError:
        if reason.name == "AccessControlUnauthorizedAccount":
            return NotASettler(f"{self._settler.address} may not settle: it lacks CardToken's role SETTLER_ROLE")
        if reason.name == "EnforcedPause":
            return PortUnavailable("CardToken is paused")
        return PortUnavailable(f"CardToken would refuse the settlement: {reason}")

    async def _sent(self, sent: Sent, data: bytes, gas: int) -> bool:
        """Whether it waits now; False: another was first, or offers too much to be replaced by this."""
        chain_id = await self._chain()
        signed = self._settler.sign(chain_id, sent.nonce, self._settings.token_address, data, gas, sent.fees)
        try:
            await self._rpc.ask("eth_sendRawTransaction", signed.raw)
        except RpcRefused as refusal:
            words = refusal.message.lower()
            if any(known in words for known in _KNOWN):
                self._nonces.note(sent)
                return True
            if any(late in words for late in (*_LATE, *_REPLACES_TOO_LITTLE)):
                return False
            if any(poor in words for poor in _POOR):
                raise PortUnavailable(f"the settler {self._settler.address} lacks the ether for gas") from None
            raise
        except BaseException:
            self._nonces.note(sent)  # it may have gone out
            raise
        self._nonces.note(sent)
        return True

    async def _chain(self) -> int:
        if self._chain_id is None:
            found, expected = number(await self._rpc.ask("eth_chainId")), self._settings.chain_id
            if expected not in (None, found):
                raise EngineError(f"the node is of chain {found}, not of chain {expected} as the settings say")
            self._chain_id = found
        return self._chain_id
