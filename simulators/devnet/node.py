"""The py-evm chain with what a JSON-RPC node has beyond it: raw transactions, old blocks and state, logs, estimates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eth.abc import BlockHeaderAPI, StateAPI
from eth.vm.forks import CancunVM
from eth_utils import ValidationError
from rlp.exceptions import RLPException

from simulators.backends.chain.address import address_bytes, address_text
from simulators.backends.chain.node import WORKING_BALANCE_WEI, Block, Log, NodeRefused, Receipt
from simulators.backends.chain.py_evm import PyEvmNode
from simulators.backends.chain.transactions import Transaction, check_gas_limit, intrinsic_gas

SPARE_FOR_INNER_CALLS = 63
"""A call keeps a 64th of its gas from the calls it makes (EIP-150), so an estimate needs that much more."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A block with all that may be asked of it; never forgotten."""

    header: BlockHeaderAPI
    receipts: tuple[Receipt, ...]
    transactions: tuple[Transaction, ...]

    @property
    def hash(self) -> str:
        return "0x" + self.header.hash.hex()


class DevelopmentNode(PyEvmNode):
    """All blocks since genesis, in memory alone."""

    def __init__(self, *, seed: int | str, genesis_timestamp_s: int) -> None:
        super().__init__(seed=seed, genesis_timestamp_s=genesis_timestamp_s)
        self.blocks: list[Kept] = [Kept(self._head, (), ())]
        self._mined_in: dict[str, tuple[int, int]] = {}

    def mine(self, timestamp_s: int) -> Block:
        block = super().mine(timestamp_s)
        transactions = self._mined[-1].transactions
        self.blocks.append(Kept(self._head, block.receipts, transactions))
        self._mined_in.update((tx.hash, (block.number, index)) for index, tx in enumerate(transactions))
        return block

    def rollback(self, block_number: int) -> tuple[str, ...]:
        undone = super().rollback(block_number)
        del self.blocks[block_number + 1 :]
        for tx_hash in undone:
            del self._mined_in[tx_hash]
        return undone

    def ask_at_least(self, fee_wei: int) -> None:
        """Whoever makes the blocks takes nothing that offers less from now on; it waits."""
        self._least_fee_wei = fee_wei

    def take(self, raw: bytes) -> str:
        """Put a signed transaction into the mempool and return its hash; raises as :meth:`send` does."""
        tx = self._decoded(raw)
        check_gas_limit(tx.to, tx.data, tx.gas_limit, self._block_gas_limit)
        self._mempool.add(tx, self.nonce(tx.sender))
        return tx.hash

    def _decoded(self, raw: bytes) -> Transaction:
        try:
            signed = CancunVM.get_transaction_builder().decode(raw)
            signed.validate()
            sender = address_text(signed.sender)
        except (RLPException, ValidationError, ValueError) as error:
            raise NodeRefused(f"not a signed transaction: {type(error).__name__}") from error
        if signed.chain_id not in (None, self.chain_id):
            raise NodeRefused(f"invalid chain id for signer: have {signed.chain_id} want {self.chain_id}")
        return Transaction(
            sender, signed.nonce, signed.to or None, signed.data, signed.gas, signed.max_fee_per_gas, raw,
            "0x" + signed.hash.hex(),
        )  # fmt: skip

    def waiting(self, tx_hash: str) -> Transaction | None:
        """A transaction in the mempool."""
        return self._mempool.find(tx_hash)

    def mined(self, tx_hash: str) -> tuple[Kept, int] | None:
        """The block of a transaction, and its place there."""
        if tx_hash not in self._mined_in:
            return None
        number, index = self._mined_in[tx_hash]
        return self.blocks[number], index

    def pending_nonce(self, address: str) -> int:
        """The first that is neither in the chain nor waiting."""
        return self._mempool.next_nonce(address_text(address), self.nonce(address))

    def nonce_at(self, number: int, address: str) -> int:
        return self._state_at(number).get_nonce(address_bytes(address))

    def balance_at(self, number: int, address: str) -> int:
        """In wei; what is lent to those who cannot pay is counted."""
        return max(self._state_at(number).get_balance(address_bytes(address)), WORKING_BALANCE_WEI)

    def code_at(self, number: int, address: str) -> bytes:
        return self._state_at(number).get_code(address_bytes(address))

    def call_at(self, number: int, to: str, data: bytes, sender: str | None) -> bytes:
        """Execute without effect on the state after a block; raises CallReverted."""
        return self._run(self._state_at(number), to, data, sender).output

    def estimate(self, to: str | None, data: bytes, sender: str | None) -> int:
        """The gas that the call needs on the newest state; raises CallReverted. A creation is not estimated."""
        if to is None:
            return self._block_gas_limit
        used = self._run(self._state(), to, data, sender).get_gas_used()
        return intrinsic_gas(address_bytes(to), data) + used + used // SPARE_FOR_INNER_CALLS

    def logs(self, first: int, last: int) -> Iterator[tuple[Kept, int, int, Log]]:
        """(block, index of the transaction, index of the log in its block, log), oldest first."""
        for kept in self.blocks[first : last + 1]:
            place = 0
            for index, receipt in enumerate(kept.receipts):
                for log in receipt.logs:
                    yield kept, index, place, log
                    place += 1

    def _state_at(self, number: int) -> StateAPI:
        if number == len(self.blocks) - 1:
            return self._state()
        return self._chain.get_vm(self.blocks[number].header).state


def matches(log: Log, addresses: Sequence[str], topics: Sequence[Any]) -> bool:
    """Whether a log passes an ``eth_getLogs`` filter: no address is any; per topic None, one, or a list of them."""
    if addresses and log.address.lower() not in addresses:
        return False
    if len(topics) > len(log.topics):
        return False
    wanted = ([one] if isinstance(one, str) else one for one in topics)
    return all(
        not allowed or "0x" + topic.hex() in [each.lower() for each in allowed]
        for topic, allowed in zip(log.topics, wanted, strict=False)
    )
