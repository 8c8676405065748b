"""What a settlement did, read from the chain alone: whoever sent it, and whenever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any

from contracts.events import CardSettlement, SettlementShortfall
from contracts.loader import CardEvent, decode_bool, decode_event, encode_settled
from contracts.words import topic
from engine.adapters.evm.rpc import Rpc, number
from engine.adapters.evm.settings import EvmSettings
from engine.interface import EngineError
from engine.ports import BurnOutcome, PortUnavailable

AccountIds = Callable[[Sequence[str]], Awaitable[dict[str, str]]]
"""Account ids by address in lower case, for those addresses that belong to an account."""
_TOPICS = tuple(
    "0x" + topic(signature).hex()
    for signature in ("CardSettlement(address,uint256,bytes32)", "SettlementShortfall(address,uint256,bytes32)")
)


class Outcomes:
    """Looks for the events of settlements. It remembers where it saw them, and nothing that it could not find again."""

    def __init__(self, rpc: Rpc, settings: EvmSettings, account_ids: AccountIds) -> None:
        self._rpc = rpc
        self._settings = settings
        self._account_ids = account_ids
        self._near: dict[str, int] = {}

    def expect(self, settlement_id: str, block: int) -> None:
        """It was sent when this block was the newest."""
        self._near.setdefault(settlement_id, block)

    async def find(self, settlement_id: str) -> BurnOutcome | None:
        """The outcome once its block is final, else None. Raises PortUnavailable."""
        head = await self._newest_where_settled(settlement_id)
        if head is None:
            return None
        tx_hash = await self._transaction(settlement_id, head)
        receipt = None if tx_hash is None else await self._rpc.ask("eth_getTransactionReceipt", tx_hash)
        if tx_hash is None or receipt is None:
            return None  # a reorg came between
        block = number(receipt["blockNumber"])
        self._near[settlement_id] = block
        if block > await final_block(self._rpc, self._settings, head):
            return None
        events = [event for event in self._events(receipt["logs"]) if "0x" + event.settlement_id.hex() == settlement_id]
        if not events:
            return None
        missing = await self._missing(event for event in events if isinstance(event, SettlementShortfall))
        del self._near[settlement_id]
        return BurnOutcome(settlement_id, tx_hash, number(receipt["gasUsed"]), missing)

    async def _newest_where_settled(self, settlement_id: str) -> int | None:
        """The number of the newest block, if the id is used up there."""
        token = self._settings.token_address
        call = {"to": token, "data": "0x" + encode_settled(bytes.fromhex(settlement_id[2:])).hex()}
        settled, head = await self._rpc.ask_all(("eth_call", call, "latest"), ("eth_blockNumber",))
        try:
            return number(head) if decode_bool(settled) else None
        except ValueError:
            raise EngineError(f"there is no CardToken at {token} on this chain") from None

    async def _transaction(self, settlement_id: str, head: int) -> str | None:
        """The hash of the transaction that used the id: near where it is expected, else from the newest block back."""
        for first, last in self._windows(settlement_id, head):
            wanted = {
                "address": self._settings.token_address,
                "topics": [_TOPICS, None, settlement_id],
                "fromBlock": hex(first),
                "toBlock": hex(last),
            }
            found = await self._rpc.ask("eth_getLogs", wanted)
            if found:
                return found[-1]["transactionHash"]
        return None

    def _windows(self, settlement_id: str, head: int) -> Iterator[tuple[int, int]]:
        width, near = self._settings.log_window_blocks, self._near.get(settlement_id, head + 1)
        if near <= head:
            yield near, min(near + width - 1, head)
        for last in range(head, self._settings.first_block - 1, -width):
            yield max(last - width + 1, self._settings.first_block), last

    def _events(self, logs: Iterable[dict[str, Any]]) -> Iterator[CardSettlement | SettlementShortfall]:
        for event in card_events(self._settings.token_address, logs):
            if isinstance(event, CardSettlement | SettlementShortfall):
                yield event

    async def _missing(self, shortfalls: Iterable[SettlementShortfall]) -> dict[str, int]:
        by_address: dict[str, int] = {}
        for event in shortfalls:
            by_address[event.user.lower()] = by_address.get(event.user.lower(), 0) + event.missing_usdc6
        if not by_address:
            return {}
        owners = await self._account_ids(tuple(by_address))
        for address in by_address:
            if address not in owners:
                raise EngineError(f"a settlement fell short at {address}, which is no account's address")
        return {owners[address]: missing for address, missing in by_address.items()}


async def final_block(rpc: Rpc, settings: EvmSettings, head: int) -> int:
    """The number of the newest block that is final; below 0 while none is."""
    if not settings.wait_finalized:
        return head - settings.confirmations
    block = await rpc.ask("eth_getBlockByNumber", "finalized", False)
    if block is None:
        raise PortUnavailable("the chain's node does not say which block is finalized")
    return number(block["number"])


def card_events(token_address: str, logs: Iterable[dict[str, Any]]) -> Iterator[CardEvent]:
    """CardToken's own events among ``logs``, in their order."""
    for log in logs:
        if log["address"].lower() == token_address.lower():
            event = decode_event(log["topics"], log["data"])
            if event is not None:
                yield event
