"""What the two nodes inside this process share: a mempool, the rules of sending, a bounded memory of blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from simulators.backends.chain.accounts import Account
from simulators.backends.chain.address import address_bytes
from simulators.backends.chain.mempool import Mempool
from simulators.backends.chain.node import (
    DEFAULT_GAS_LIMIT,
    DEFAULT_MAX_FEE_WEI,
    HISTORY_BLOCKS,
    WORKING_BALANCE_WEI,
    Block,
    Header,
    InsufficientFunds,
    NodeClosed,
    Receipt,
    TimestampNotLater,
    TooFarBack,
)
from simulators.backends.chain.transactions import Transaction, check_gas_limit

Signing = Callable[[Account, int, int, bytes | None, bytes, int, int], Transaction]


@dataclass(frozen=True, slots=True)
class Mined:
    """A block with what it takes to undo it: its transactions, and whatever the backend calls the state before it."""

    block: Block
    transactions: tuple[Transaction, ...]
    before: object


class LocalNode(ABC):
    """An :class:`~simulators.backends.chain.node.EvmNode` without the EVM."""

    name: str
    history_blocks = HISTORY_BLOCKS
    """How many blocks are remembered, with all that happened in them."""

    def __init__(self, chain_id: int, block_gas_limit: int, signing: Signing) -> None:
        self.chain_id = chain_id
        self._block_gas_limit = block_gas_limit
        self._signing = signing
        self._mempool = Mempool()
        self._mined: deque[Mined] = deque()
        self._receipts: dict[str, Receipt] = {}
        self._closed = False

    @abstractmethod
    def head(self) -> Header: ...

    @abstractmethod
    def nonce(self, address: bytes | str) -> int: ...

    @abstractmethod
    def _build_block(self, timestamp_s: int) -> Mined:
        """Execute the mempool's transactions on top of the head and make the result the head."""

    @abstractmethod
    def _restore(self, before: object) -> None:
        """Make what :attr:`Mined.before` stands for the head again."""

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
        self._check_open()
        to = None if to is None else address_bytes(to)
        gas_limit = min(DEFAULT_GAS_LIMIT, self._block_gas_limit) if gas_limit is None else gas_limit
        max_fee_wei = DEFAULT_MAX_FEE_WEI if max_fee_wei is None else max_fee_wei
        check_gas_limit(to, data, gas_limit, self._block_gas_limit)
        if gas_limit * max_fee_wei > WORKING_BALANCE_WEI:
            raise InsufficientFunds(
                f"{sender.name} ({sender.address}) has {WORKING_BALANCE_WEI} wei; "
                f"{gas_limit} gas at {max_fee_wei} wei may cost {gas_limit * max_fee_wei}"
            )
        used = self.nonce(sender.address)
        if nonce is None:
            nonce = self._mempool.next_nonce(sender.address, used)
        tx = self._signing(sender, self.chain_id, nonce, to, bytes(data), gas_limit, max_fee_wei)
        self._mempool.add(tx, used)
        return tx.hash

    def mine(self, timestamp_s: int) -> Block:
        self._check_open()
        parent = self.head()
        if timestamp_s <= parent.timestamp_s:
            raise TimestampNotLater(timestamp_s, parent.timestamp_s)
        mined = self._build_block(timestamp_s)
        self._mined.append(mined)
        while len(self._mined) > self._remembered_blocks():
            self._forget_receipts(self._mined.popleft())
        self._receipts.update((receipt.tx_hash, receipt) for receipt in mined.block.receipts)
        return mined.block

    def _remembered_blocks(self) -> int:
        return self.history_blocks

    @abstractmethod
    def prepare_rollback(self) -> None:
        """The next block, and those on top of it, may have to be undone."""

    def rollback(self, block_number: int) -> tuple[str, ...]:
        newest = self.head().number
        depth = newest - block_number
        if not 0 <= depth <= len(self._mined):
            reach = f"{newest - len(self._mined)} to {newest}"
            raise TooFarBack(f"block {block_number} cannot become the head again; blocks {reach} can")
        if depth == 0:
            return ()
        undone = [self._mined.pop() for _ in range(depth)][::-1]
        for mined in undone:
            self._forget_receipts(mined)
        self._restore(undone[0].before)
        transactions = [tx for mined in undone for tx in mined.transactions]
        self._mempool.readmit(transactions)
        return tuple(tx.hash for tx in transactions)

    def _forget_receipts(self, mined: Mined) -> None:
        for receipt in mined.block.receipts:
            del self._receipts[receipt.tx_hash]

    def receipt(self, tx_hash: str) -> Receipt | None:
        self._check_open()
        return self._receipts.get(tx_hash)

    def pending(self) -> tuple[str, ...]:
        self._check_open()
        return self._mempool.hashes()

    def drop(self, tx_hash: str) -> None:
        self._check_open()
        self._mempool.drop(tx_hash)

    def close(self) -> None:
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise NodeClosed(f"this {self.name} node was closed")
