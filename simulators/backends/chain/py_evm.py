"""A whole Ethereum chain in this process: py-evm, and deterministic.

The same seed and the same calls give the same block hashes, in any process and under any PYTHONHASHSEED. No clock
is read and no entropy drawn, not even to open a chain.

py-evm's chain is used directly. eth-tester, which is made of the same chain, would add what must be taken out
again: its genesis and its headers take the wall clock, its ``mine_blocks`` draws the prevrandao from ``os.urandom``,
and its normalising of every call costs more than a small contract. One VM class that never asks for the time takes
the place of patching ``eth_now``. So nothing here is process-global, and any number of chains live side by side.

Blocks hold real signatures, nonces, fees and gas, and are validated before they become the head. Two things are
a development node's: a sender who cannot pay is lent :data:`~simulators.backends.chain.node.WORKING_BALANCE_WEI`
before the transaction runs, and blocks come when :meth:`PyEvmNode.mine` says so.

Speed, one core of a 2-core machine, batches of 200: 1,250 settled users a second, 1,750 deposited ones; with 20,000
users in the trie 1,100 and 1,500. Memory: every version of the state is kept, 2 to 3 KiB a settled user.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from eth.abc import BlockHeaderAPI, ComputationAPI, StateAPI, VirtualMachineAPI
from eth.abc import ReceiptAPI as EvmReceipt
from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.exceptions import Revert
from eth.vm.chain_context import ChainContext
from eth.vm.forks import CancunVM
from eth.vm.message import Message

from simulators.backends.chain.address import ZERO_ADDRESS, address_bytes, address_text
from simulators.backends.chain.local import LocalNode, Mined
from simulators.backends.chain.node import (
    BLOCK_GAS_LIMIT,
    CHAIN_ID,
    WORKING_BALANCE_WEI,
    Block,
    CallReverted,
    Header,
    Log,
    Receipt,
)
from simulators.backends.chain.signing import sign
from simulators.backends.chain.transactions import Transaction


class _TimelessVM(CancunVM):
    """Cancun, save that a header whose timestamp nobody set is one second after its parent, not "now"."""

    @staticmethod
    def create_header_from_parent(parent_header: BlockHeaderAPI | None, **header_params: Any) -> BlockHeaderAPI:
        if "timestamp" not in header_params:
            header_params["timestamp"] = parent_header.timestamp + 1
        return CancunVM.create_header_from_parent(parent_header, **header_params)


class _Chain(MiningChain):
    """Cancun from the first block on, with one gas limit for ever."""

    vm_configuration = ((0, _TimelessVM),)

    def create_header_from_parent(self, parent_header: BlockHeaderAPI, **header_params: Any) -> BlockHeaderAPI:
        return super().create_header_from_parent(
            parent_header, **header_params | {"gas_limit": parent_header.gas_limit}
        )


class PyEvmNode(LocalNode):
    """An :class:`~simulators.backends.chain.node.EvmNode` on py-evm.

    ``seed`` decides each block's prevrandao; the first block must be later than ``genesis_timestamp_s``.
    """

    name = "py-evm"

    def __init__(
        self,
        *,
        seed: int | str,
        genesis_timestamp_s: int,
        chain_id: int = CHAIN_ID,
        block_gas_limit: int = BLOCK_GAS_LIMIT,
    ) -> None:
        super().__init__(chain_id, block_gas_limit, sign)
        self._seed = seed
        self._chain = _new_chain(chain_id, genesis_timestamp_s, block_gas_limit)
        self._head = self._chain.get_canonical_block_header_by_number(0)
        self._state_at_head: StateAPI | None = None
        self._least_fee_wei = 0

    def head(self) -> Header:
        self._check_open()
        return Header(self._head.block_number, self._head.timestamp, "0x" + self._head.hash.hex())

    def nonce(self, address: bytes | str) -> int:
        self._check_open()
        return self._state().get_nonce(address_bytes(address))

    def call(self, to: bytes | str, data: bytes, sender: bytes | str | None = None) -> bytes:
        self._check_open()
        return self._run(self._state(), to, data, sender).output

    def _run(self, state: StateAPI, to: bytes | str, data: bytes, sender: bytes | str | None) -> ComputationAPI:
        """Call on ``state`` and leave it as it was; :class:`CallReverted`."""
        target, origin = address_bytes(to), address_bytes(ZERO_ADDRESS if sender is None else sender)
        message = Message(
            gas=self._block_gas_limit, to=target, sender=origin, value=0, data=bytes(data), code=state.get_code(target)
        )
        context = state.get_transaction_context_class()(gas_price=0, origin=origin)
        snapshot = state.snapshot()
        computation = state.computation_class.apply_message(state, message, context)
        state.revert(snapshot)
        if computation.is_error:
            raise CallReverted(computation.output, _reason(computation))
        return computation

    def close(self) -> None:
        super().close()
        self._chain = self._state_at_head = None

    def _state(self) -> StateAPI:
        """The state after the head, in the head's context; never written to for good."""
        if self._state_at_head is None:
            self._state_at_head = self._chain.get_vm(self._head).state
        return self._state_at_head

    def prepare_rollback(self) -> None:
        """Nothing has to be prepared: all that is remembered can be undone."""

    def _restore(self, before: object) -> None:
        self._become_head(before)

    def _become_head(self, header: BlockHeaderAPI) -> None:
        self._head = header
        self._state_at_head = None

    def _build_block(self, timestamp_s: int) -> Mined:
        header = self._chain.create_header_from_parent(
            self._head, timestamp=timestamp_s, mix_hash=self._prevrandao(timestamp_s)
        )
        vm = self._chain.get_vm(header)
        building = _Building(self._chain, vm, header)
        self._mempool.fill_block(
            header.gas_limit,
            max(header.base_fee_per_gas, self._least_fee_wei),
            lambda sender: vm.state.get_nonce(address_bytes(sender)),
            building.execute,
        )
        mined = building.seal(before=self._head)
        self._become_head(building.header)
        return mined

    def _prevrandao(self, timestamp_s: int) -> bytes:
        return sha256(f"swipelab/prevrandao/{self._seed}/{self._head.hash.hex()}/{timestamp_s}".encode()).digest()


class _Building:
    """A block that grows by one transaction after another."""

    def __init__(self, chain: MiningChain, vm: VirtualMachineAPI, header: BlockHeaderAPI) -> None:
        self.header = header
        self._chain = chain
        self._vm = vm
        self._transactions: list[Transaction] = []
        self._evm_transactions: list[Any] = []
        self._evm_receipts: list[EvmReceipt] = []
        self._receipts: list[Receipt] = []

    def execute(self, tx: Transaction) -> int:
        """Run ``tx`` and return the gas it used."""
        self._lend(tx)
        evm_transaction = self._vm.get_transaction_builder().decode(tx.raw)
        evm_receipt, computation = self._vm.apply_transaction(self.header, evm_transaction)
        gas_used = evm_receipt.gas_used - self.header.gas_used
        self.header = self._vm.add_receipt_to_header(self.header, evm_receipt)
        self._transactions.append(tx)
        self._evm_transactions.append(evm_transaction)
        self._evm_receipts.append(evm_receipt)
        self._receipts.append(_receipt(tx, self.header.block_number, gas_used, evm_receipt, computation))
        return gas_used

    def _lend(self, tx: Transaction) -> None:
        sender = address_bytes(tx.sender)
        if self._vm.state.get_balance(sender) < tx.most_it_costs_wei:
            self._vm.state.set_balance(sender, WORKING_BALANCE_WEI)

    def seal(self, before: BlockHeaderAPI) -> Mined:
        """Compute the roots, validate, store."""
        block = self._vm.set_block_transactions_and_withdrawals(
            self._vm.get_block(), self.header, self._evm_transactions, self._evm_receipts
        )
        block = self._vm.mine_block(block).block
        self._chain.chaindb.persist_block(block)
        self.header = block.header
        sealed = Block(block.number, block.header.timestamp, "0x" + block.hash.hex(), tuple(self._receipts))
        return Mined(sealed, tuple(self._transactions), before)


def _new_chain(chain_id: int, genesis_timestamp_s: int, block_gas_limit: int) -> MiningChain:
    """A chain with nothing in it but what Cancun itself puts there."""
    database = AtomicDB()
    genesis = _TimelessVM.create_genesis_header(timestamp=genesis_timestamp_s, gas_limit=block_gas_limit)
    state = _TimelessVM.build_state(database, genesis, ChainContext(chain_id))
    state.persist()
    genesis = genesis.copy(state_root=state.state_root)
    return _Chain.configure(chain_id=chain_id).from_genesis_header(database, genesis)


def _receipt(
    tx: Transaction, block_number: int, gas_used: int, evm_receipt: EvmReceipt, computation: ComputationAPI
) -> Receipt:
    created = computation.msg.storage_address if tx.to is None and computation.is_success else None
    return Receipt(
        tx_hash=tx.hash,
        ok=computation.is_success,
        gas_used=gas_used,
        block_number=block_number,
        contract_address=address_text(created) if created else None,
        logs=tuple(
            Log(address_text(log.address), tuple(topic.to_bytes(32) for topic in log.topics), bytes(log.data))
            for log in evm_receipt.logs
        ),
        revert_data=bytes(computation.output) if computation.is_error else b"",
    )


def _reason(computation: ComputationAPI) -> str:
    """Why a call failed, where the contract itself does not say."""
    error = computation.error
    return "" if isinstance(error, Revert) else f"call failed: {type(error).__name__}: {error}"
