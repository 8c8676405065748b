"""Any Ethereum node over JSON-RPC: a controlled anvil, or an ordinary node that mines by itself.

Transactions are signed here, so no node needs to know a key, and their hashes are known before they are sent.

- *Controlled* (the default): ``anvil --no-mining --order fifo --hardfork cancun --timestamp T``, such as
  :func:`~simulators.backends.chain.anvil.start_anvil` starts. ``mine(timestamp_s)`` makes the block, senders who
  cannot pay are lent ether, and the same calls give the same block hashes.
- *Ordinary* (``mines_itself=True``): blocks come when they come. ``mine`` waits until all that waits is included,
  polling ``poll_attempts`` times with ``poll_pause_s`` between; its timestamp is not asked for, and the block
  returned is the newest, with the receipts of all transactions of ours since the last call. Funds are yours to bring.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, nullcontext, suppress
from typing import Any

from simulators.backends.chain.accounts import Account
from simulators.backends.chain.address import ZERO_ADDRESS, address_bytes, address_text
from simulators.backends.chain.anvil import find_anvil, start_anvil
from simulators.backends.chain.json_rpc import JsonRpc, RealIo, RpcError
from simulators.backends.chain.node import (
    DEFAULT_GAS_LIMIT,
    DEFAULT_MAX_FEE_WEI,
    HISTORY_BLOCKS,
    WORKING_BALANCE_WEI,
    Block,
    CallReverted,
    FeeTooLow,
    Header,
    NodeClosed,
    NodeUnreachable,
    NotIncluded,
    NotSupported,
    Receipt,
    SendOutcomeUnknown,
    TimestampNotLater,
    TooFarBack,
    UnknownTransaction,
)
from simulators.backends.chain.rpc_answers import (
    header_from_json,
    is_revert,
    number,
    place_in_chain,
    receipt_from_json,
    refusal_of,
    revert_data_of,
)
from simulators.backends.chain.rpc_reverts import find_revert_data
from simulators.backends.chain.signing import sign
from simulators.backends.chain.transactions import Transaction, check_gas_limit

__all__ = ["RpcNode", "find_anvil", "start_anvil"]

METHOD_NOT_FOUND = -32601
"""JSON-RPC 2.0's code for a method that the node does not have."""


class RpcNode:
    """An :class:`~simulators.backends.chain.node.EvmNode` at ``url``.

    ``real_io`` is entered around every wait for the network and every pause (see :class:`JsonRpc`); ``pause`` waits
    that many seconds between polls; ``on_close`` stops the node, if it is this object's own. Raises
    :class:`~simulators.backends.chain.node.NodeUnreachable` where no node answers.
    """

    name = "rpc"

    def __init__(
        self,
        url: str,
        *,
        mines_itself: bool = False,
        timeout_s: float = 30.0,
        poll_attempts: int = 120,
        poll_pause_s: float = 0.5,
        pause: Callable[[float], None] = time.sleep,
        real_io: RealIo = nullcontext,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._rpc = JsonRpc(url, timeout_s=timeout_s, real_io=real_io)
        self._real_io = real_io
        self._mines_itself = mines_itself
        self._poll_attempts = poll_attempts
        self._poll_pause_s = poll_pause_s
        self._pause = pause
        self._waiting: dict[str, Transaction] = {}
        self._mined: deque[dict[str, Transaction]] = deque(maxlen=HISTORY_BLOCKS)
        self._left_over: list[Transaction] = []
        self._funded: set[str] = set()
        self._on_close = on_close
        self._closed = False
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            chain_id, latest = self._rpc.ask_all([("eth_chainId",), ("eth_getBlockByNumber", "latest", False)])
            on_failure.pop_all()
        self.chain_id = number(chain_id)
        self._block_gas_limit = number(latest["gasLimit"])

    # ---- what every node can do ---------------------------------------------------------------------------------

    def head(self) -> Header:
        return header_from_json(self._ask("eth_getBlockByNumber", "latest", False))

    def nonce(self, address: bytes | str) -> int:
        return number(self._ask("eth_getTransactionCount", address_text(address), "latest"))

    def send(
        self,
        sender: Account,
        to: bytes | str | None,
        data: bytes,
        *,
        nonce: int | None = None,
        gas_limit: int | None = None,
        max_fee_wei: int | None = None,
    ) -> str:
        to = None if to is None else address_bytes(to)
        gas_limit = min(DEFAULT_GAS_LIMIT, self._block_gas_limit) if gas_limit is None else gas_limit
        max_fee_wei = DEFAULT_MAX_FEE_WEI if max_fee_wei is None else max_fee_wei
        check_gas_limit(to, data, gas_limit, self._block_gas_limit)
        if not self._mines_itself:
            self._lend(sender.address)
        if nonce is None:
            nonce = self._next_nonce(sender.address)
        tx = sign(sender, self.chain_id, nonce, to, bytes(data), gas_limit, max_fee_wei)
        self._submit(tx)
        return tx.hash

    def call(self, to: bytes | str, data: bytes, sender: bytes | str | None = None) -> bytes:
        caller = ZERO_ADDRESS if sender is None else address_text(sender)
        request = {"from": caller, "to": address_text(to), "data": "0x" + data.hex()}
        try:
            return bytes.fromhex(self._ask("eth_call", request, "latest")[2:])
        except RpcError as error:
            if is_revert(error):
                raise CallReverted(revert_data_of(error), error.message) from None
            raise

    def receipt(self, tx_hash: str) -> Receipt | None:
        found = self._ask("eth_getTransactionReceipt", tx_hash)
        return None if found is None else self._receipt(found)

    def pending(self) -> tuple[str, ...]:
        """What this object sent and has not seen in a block."""
        self._check_open()
        return tuple(self._waiting)

    def mine(self, timestamp_s: int) -> Block:
        return self._await_inclusion() if self._mines_itself else self._mine_one(timestamp_s)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._rpc.close()
            if self._on_close is not None:
                self._on_close()

    # ---- what a controlled node can do --------------------------------------------------------------------------

    def drop(self, tx_hash: str) -> None:
        """Forget one. anvil would forget all that follow it too, so its mempool is emptied and filled again."""
        self._check_open()
        self._need_control("drop a transaction")
        if tx_hash not in self._waiting:
            raise UnknownTransaction(f"no transaction {tx_hash} waits in the mempool")
        self._refill([tx for tx in self._waiting.values() if tx.hash != tx_hash])

    def prepare_rollback(self) -> None:
        """Nothing has to be prepared: the node keeps its own history."""

    def rollback(self, block_number: int) -> tuple[str, ...]:
        self._need_control("roll back blocks")
        newest = self.head().number
        depth = newest - block_number
        if not 0 <= depth <= len(self._mined):
            reach = f"{newest - len(self._mined)} to {newest}"
            raise TooFarBack(f"block {block_number} cannot become the head again; blocks {reach} can")
        if depth == 0:
            return ()
        self._ask("anvil_rollback", depth)
        self._funded.clear()
        undone = [tx for block in [self._mined.pop() for _ in range(depth)][::-1] for tx in block.values()]
        self._refill([*undone, *self._waiting.values()])
        return tuple(tx.hash for tx in undone)

    def _refill(self, transactions: list[Transaction]) -> None:
        """Fill the emptied mempool; what is refused for its fee waits here."""
        self._ask("anvil_dropAllTransactions")
        self._waiting = {tx.hash: tx for tx in transactions}
        self._left_over = transactions
        for tx in transactions:
            self._lend(tx.sender)
        self._bring_back_evicted()

    def _mine_one(self, timestamp_s: int) -> Block:
        parent = self.head()
        if timestamp_s <= parent.timestamp_s:
            raise TimestampNotLater(timestamp_s, parent.timestamp_s)
        self._bring_back_evicted()
        self._control("evm_mine", timestamp_s)
        header = self.head()
        block = self._block(header, self._ask("eth_getBlockReceipts", hex(header.number)))
        self._left_over = list(self._waiting.values())
        return block

    def _bring_back_evicted(self) -> None:
        """anvil forgets a transaction that the base fee outgrew; it is offered again until the fee has fallen."""
        held = self._ask_all([("eth_getTransactionByHash", tx.hash) for tx in self._left_over])
        for tx, found in zip(self._left_over, held, strict=True):
            if found is None and tx.hash in self._waiting:
                with suppress(FeeTooLow):
                    self._offer(tx)

    def _lend(self, address: str) -> None:
        if address not in self._funded:
            self._control("anvil_setBalance", address, hex(WORKING_BALANCE_WEI))
            self._funded.add(address)

    def _control(self, method: str, *params: Any) -> Any:
        try:
            return self._ask(method, *params)
        except RpcError as error:
            if error.code != METHOD_NOT_FOUND:
                raise
            raise NotSupported(
                f"{self._rpc.shown_url} does not know {method}: it is no anvil; "
                "if it mines by itself, open it with mines_itself=True"
            ) from error

    def _need_control(self, what: str) -> None:
        if self._mines_itself:
            raise NotSupported(f"{self._rpc.shown_url} mines by itself and cannot {what}; use py-evm or anvil for that")

    # ---- what an ordinary node makes one wait for ---------------------------------------------------------------

    def _await_inclusion(self) -> Block:
        found: list[dict[str, Any]] = []
        for attempt in range(self._poll_attempts):
            if attempt:
                self._pause_for_real()
            answers = self._ask_all([("eth_getTransactionReceipt", tx_hash) for tx_hash in self._waiting])
            found = [answer for answer in answers if answer is not None]
            if len(found) == len(self._waiting):
                break
        if self._waiting and not found:
            raise NotIncluded(
                f"{self._rpc.shown_url} included none of {len(self._waiting)} waiting transactions "
                f"(first {next(iter(self._waiting))}) in {self._poll_attempts} polls; "
                "is it mining, are their nonces without a gap, and do they offer enough?"
            )
        return self._block(self.head(), sorted(found, key=place_in_chain))

    def _pause_for_real(self) -> None:
        """The one method that lets real time pass."""
        with self._real_io():
            self._pause(self._poll_pause_s)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _submit(self, tx: Transaction) -> None:
        self._offer(tx)
        for rival in [each for each in self._waiting.values() if (each.sender, each.nonce) == (tx.sender, tx.nonce)]:
            del self._waiting[rival.hash]
        self._waiting[tx.hash] = tx

    def _offer(self, tx: Transaction) -> None:
        try:
            self._ask("eth_sendRawTransaction", "0x" + tx.raw.hex())
        except RpcError as error:
            raise refusal_of(error, tx) from error
        except NodeUnreachable as failure:
            raise SendOutcomeUnknown(tx.hash, str(failure)) from failure

    def _next_nonce(self, address: str) -> int:
        nonce = self.nonce(address)
        taken = {tx.nonce for tx in self._waiting.values() if tx.sender == address}
        while nonce in taken:
            nonce += 1
        return nonce

    def _block(self, header: Header, receipts: list[dict[str, Any]]) -> Block:
        hashes = [found["transactionHash"] for found in receipts]
        self._mined.append({each: self._waiting.pop(each) for each in hashes if each in self._waiting})
        return Block(header.number, header.timestamp_s, header.hash, tuple(map(self._receipt, receipts)))

    def _receipt(self, found: dict[str, Any]) -> Receipt:
        ok = number(found["status"]) == 1
        return receipt_from_json(found, b"" if ok else find_revert_data(self._ask, found))

    def _ask(self, method: str, *params: Any) -> Any:
        self._check_open()
        return self._rpc.ask(method, *params)

    def _ask_all(self, requests: list[tuple[Any, ...]]) -> list[Any]:
        self._check_open()
        return self._rpc.ask_all(requests)

    def _check_open(self) -> None:
        if self._closed:
            raise NodeClosed(f"this connection to {self._rpc.shown_url} was closed")
