"""What customers do on chain, once it is final: deposits and the steps of withdrawals, as notices for the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts import events
from contracts.words import topic
from engine.adapters.evm.outcomes import AccountIds, final_block
from engine.adapters.evm.rpc import Rpc, number
from engine.adapters.evm.settings import EvmSettings
from engine.interface import DepositNotice, WithdrawalNotice, WithdrawalStage

Notice = DepositNotice | WithdrawalNotice
_TOPICS = tuple(
    "0x" + topic(signature).hex()
    for signature in (
        "CardDeposit(address,uint256)",
        "WithdrawalRequested(address,uint256,uint256)",
        "WithdrawalCancelled(address,uint256)",
        "WithdrawalReduced(address,uint256)",
        "WithdrawalCompleted(address,uint256)",
    )
)
_STAGES = {
    events.WithdrawalRequested: WithdrawalStage.REQUESTED,
    events.WithdrawalCancelled: WithdrawalStage.CANCELLED,
    events.WithdrawalReduced: WithdrawalStage.REDUCED,
    events.WithdrawalCompleted: WithdrawalStage.COMPLETED,
}


@dataclass(frozen=True, slots=True)
class Watched:
    """``notices`` of the blocks up to ``cursor``, oldest first. ``strangers``: addresses with events and no account."""

    notices: tuple[Notice, ...]
    cursor: int
    strangers: tuple[str, ...] = ()


class DepositWatcher:
    """Reads final blocks, a bounded range at a time.

    The caller keeps the cursor, stores it after the engine has answered every notice of it, and hands it in again; a
    notice that is told twice has the same id, so the engine takes it once.
    """

    def __init__(self, rpc: Rpc, settings: EvmSettings, account_ids: AccountIds) -> None:
        self._rpc = rpc
        self._settings = settings
        self._account_ids = account_ids

    async def after(self, cursor: int) -> Watched:
        """The next range of final blocks after block ``cursor`` (-1: from the first on). Nothing new: the same cursor.

        Raises PortUnavailable.
        """
        settings = self._settings
        final = await final_block(self._rpc, settings, number(await self._rpc.ask("eth_blockNumber")))
        first = max(cursor + 1, settings.first_block)
        last = min(final, first + settings.log_window_blocks - 1)
        if last < first:
            return Watched((), cursor)
        wanted = {
            "address": settings.token_address,
            "topics": [_TOPICS],
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        return await self._told(await self._rpc.ask("eth_getLogs", wanted), last)

    async def _told(self, logs: list[dict[str, Any]], last: int) -> Watched:
        in_order = sorted(logs, key=lambda log: (number(log["blockNumber"]), number(log["logIndex"])))
        seen = [(log, events.decode_event(log["topics"], log["data"])) for log in in_order]
        addresses = tuple(dict.fromkeys(event.user.lower() for _, event in seen))
        owners = await self._account_ids(addresses) if addresses else {}
        notices = [
            _notice(log, event, owners[event.user.lower()]) for log, event in seen if event.user.lower() in owners
        ]
        return Watched(tuple(notices), last, tuple(each for each in addresses if each not in owners))


def _notice(log: dict[str, Any], event: Any, account_id: str) -> Notice:
    ref, block = f"{log['transactionHash']}:{number(log['logIndex'])}", number(log["blockNumber"])
    if isinstance(event, events.CardDeposit):
        return DepositNotice(ref, account_id, event.amount_usdc6, block)
    return WithdrawalNotice(ref, account_id, _STAGES[type(event)], event.amount_usdc6, block)
