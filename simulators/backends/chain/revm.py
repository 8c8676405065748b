"""The contracts' real bytecode at a hundred times py-evm's speed, for days of a million swipes; not a whole chain.

Same seam, same events, same balances, same contract addresses, same reverts. What pyrevm leaves out, or this
backend for it, and what to use where that matters (py-evm, anvil):

- no signatures: a transaction's hash is a hash of what was asked, no chain's;
- no state root and no headers: a block's hash covers its parent, time and receipts, so it still proves determinism;
- ``gas_used`` is below the truth. All transactions of the node's life share one journal, so a storage slot touched
  once stays warm and "dirty" for ever (EIP-2929, EIP-2200). Creations and first deposits cost the true gas to
  within 1 %, a user's first settlement 62 % of it, later ones 47 %;
- no fees: base fee and gas price are 0, nobody pays, the mempool's replacement rule is all that ``max_fee_wei`` does;
- ``BLOCKHASH`` answers a placeholder, and a contract that destroys itself is as if still in its creating transaction;
- :meth:`RevmNode.rollback` goes back only to where ``prepare_rollback`` was called, at most 128 blocks ago: the
  journal's ``commit`` is unsafe, so a snapshot that is never gone back to costs one of 1,024 call levels;
- receipts are remembered for 2 blocks, or since that call, not for 128: a day's events would fill the memory that a
  million swipes need;
- the journal is never pruned: about 0.8 KiB a settled user.

Speed, one core of a 2-core machine: 120,000 settled users a second in batches of 200, receipts and logs included.
"""

from __future__ import annotations

import re
from hashlib import sha256
from types import ModuleType
from typing import Any, NamedTuple

from simulators.backends.chain.address import ZERO_ADDRESS, address_text
from simulators.backends.chain.local import LocalNode, Mined
from simulators.backends.chain.node import (
    BLOCK_GAS_LIMIT,
    CHAIN_ID,
    HARDFORK,
    HISTORY_BLOCKS,
    Block,
    CallReverted,
    Header,
    Log,
    NotSupported,
    Receipt,
)
from simulators.backends.chain.transactions import Transaction, unsigned

_REVERT = re.compile(r"^Revert \{ gas_used: (\d+), output: 0x([0-9a-f]*) \}$")
_HALT = re.compile(r"^Halt \{ reason: (.+), gas_used: (\d+) \}$")


class RevmMissing(ImportError):
    """pyrevm is not installed, or has no wheel for this Python."""


class _Undo(NamedTuple):
    """What it takes to undo a block and all that is on top of it."""

    number: int
    """Of that block."""
    snapshot: Any
    nonces: dict[str, int]
    parent: Header


class RevmNode(LocalNode):
    """An :class:`~simulators.backends.chain.node.EvmNode` on pyrevm; see above for what it leaves out."""

    name = "revm"
    history_blocks = 2

    def __init__(
        self,
        *,
        seed: int | str,
        genesis_timestamp_s: int,
        chain_id: int = CHAIN_ID,
        block_gas_limit: int = BLOCK_GAS_LIMIT,
    ) -> None:
        super().__init__(chain_id, block_gas_limit, unsigned)
        self._pyrevm = _import_pyrevm()
        self._seed = seed
        self._nonces: dict[str, int] = {}
        self._prepared = False
        self._undos: list[_Undo] = []
        """Oldest first; a snapshot holds all that are younger."""
        self._evm = self._pyrevm.EVM(
            env=self._pyrevm.Env(cfg=self._pyrevm.CfgEnv(chain_id=chain_id)),
            gas_limit=block_gas_limit,
            spec_id=HARDFORK.upper(),
        )
        self._head = Header(0, genesis_timestamp_s, self._hash("genesis", chain_id, genesis_timestamp_s))
        self._enter_block(0, genesis_timestamp_s, self._head.hash)

    def head(self) -> Header:
        self._check_open()
        return self._head

    def nonce(self, address: bytes | str) -> int:
        self._check_open()
        return self._nonces.get(address_text(address), 0)

    def call(self, to: bytes | str, data: bytes, sender: bytes | str | None = None) -> bytes:
        self._check_open()
        caller = ZERO_ADDRESS if sender is None else address_text(sender)
        self._evm.reset_transient_storage()
        checkpoint = self._evm.snapshot()
        try:
            return self._evm.message_call(caller, address_text(to), calldata=bytes(data), gas=self._block_gas_limit)
        except RuntimeError as failure:
            revert_data, _, reason = _read_failure(failure)
            raise CallReverted(revert_data, reason) from None
        finally:
            self._evm.revert(checkpoint)

    def rollback(self, block_number: int) -> tuple[str, ...]:
        self._check_open()
        heads = [undo.parent.number for undo in self._undos]
        if block_number != self._head.number and block_number not in heads:
            raise NotSupported(
                f"the revm backend goes back only to where prepare_rollback() was called, {heads}, and not to block "
                f"{block_number}; use py-evm or an RPC node for other reorgs"
            )
        return super().rollback(block_number)

    def prepare_rollback(self) -> None:
        self._prepared = True

    def close(self) -> None:
        super().close()
        self._evm = None

    def _restore(self, before: object) -> None:
        undo = self._undos.pop()
        self._evm.revert(undo.snapshot)
        while undo.parent != before:  # one snapshot holds the next: back through all of them
            undo = self._undos.pop()
            self._evm.revert(undo.snapshot)
        self._nonces = undo.nonces
        self._head = undo.parent
        self._enter_block(undo.parent.number, undo.parent.timestamp_s, undo.parent.hash)

    def _build_block(self, timestamp_s: int) -> Mined:
        parent, number = self._head, self._head.number + 1
        if self._prepared:
            self._prepared = False
            self._undos.append(_Undo(number, self._evm.snapshot(), dict(self._nonces), parent))
        while self._undos and self._undos[0].number <= number - HISTORY_BLOCKS:
            self._undos.pop(0)
        self._enter_block(number, timestamp_s, parent.hash)
        receipts: list[Receipt] = []
        transactions: list[Transaction] = []

        def execute(tx: Transaction) -> int:
            receipts.append(self._execute(tx, number))
            transactions.append(tx)
            return receipts[-1].gas_used

        self._mempool.fill_block(self._block_gas_limit, 0, self.nonce, execute)
        block_hash = self._hash(parent.hash, timestamp_s, *((r.tx_hash, r.ok, r.gas_used) for r in receipts))
        self._head = Header(number, timestamp_s, block_hash)
        return Mined(Block(number, timestamp_s, block_hash, tuple(receipts)), tuple(transactions), parent)

    def _remembered_blocks(self) -> int:
        since_prepared = self._head.number - self._undos[0].number + 1 if self._undos else 0
        return max(self.history_blocks, since_prepared)

    def _execute(self, tx: Transaction, block_number: int) -> Receipt:
        created, logs, revert_data = None, (), b""
        try:
            created = self._run(tx)
        except RuntimeError as failure:
            ok = False
            revert_data, gas_used, _ = _read_failure(failure)
        else:
            ok = True
            result = self._evm.result
            gas_used, logs = result.gas_used, _logs(result.logs)
        self._nonces[tx.sender] = tx.nonce + 1
        return Receipt(tx.hash, ok, gas_used, block_number, created, logs, revert_data)

    def _run(self, tx: Transaction) -> str | None:
        """Execute for good; the address of the contract that a creation made."""
        self._evm.reset_transient_storage()
        if tx.to is None:
            self._align_nonce(tx)
            return address_text(self._evm.deploy(tx.sender, tx.data, gas=tx.gas_limit))
        self._evm.message_call(tx.sender, address_text(tx.to), calldata=tx.data, gas=tx.gas_limit)
        return None

    def _align_nonce(self, tx: Transaction) -> None:
        """pyrevm counts creations only; the address of a new contract depends on the sender's true nonce."""
        self._evm.insert_account_info(tx.sender, self._pyrevm.AccountInfo(nonce=tx.nonce))

    def _enter_block(self, number: int, timestamp_s: int, parent_hash: str) -> None:
        self._evm.set_block_env(
            self._pyrevm.BlockEnv(
                number=number,
                timestamp=timestamp_s,
                gas_limit=self._block_gas_limit,
                prevrandao=bytes.fromhex(self._hash("prevrandao", parent_hash, timestamp_s)[2:]),
            )
        )

    def _hash(self, *parts: object) -> str:
        return "0x" + sha256(repr((self._seed, *parts)).encode()).hexdigest()


def _import_pyrevm() -> ModuleType:
    try:
        import pyrevm
    except ImportError as missing:
        raise RevmMissing(
            f"the revm backend needs pyrevm, which has wheels for Python 3.11 and 3.12 only ({missing}); "
            "run with one of those, or choose the py-evm backend"
        ) from missing
    return pyrevm


def _read_failure(failure: RuntimeError) -> tuple[bytes, int, str]:
    """Revert data, gas used and a reason, from the only place where pyrevm tells them: the message."""
    message = str(failure)
    if found := _REVERT.match(message):
        return bytes.fromhex(found[2]), int(found[1]), ""
    if found := _HALT.match(message):
        return b"", int(found[2]), f"call failed: {found[1]}"
    raise failure


def _logs(logs: list[Any]) -> tuple[Log, ...]:
    found = []
    for log in logs:
        topics, data = log.data
        found.append(Log(address_text(log.address), tuple(topics), data))
    return tuple(found)
