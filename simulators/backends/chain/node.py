"""The seam: what the world, and later production adapters' tests, may ask of an EVM node.

Synchronous and small. A node knows no virtual time beyond the timestamps it is handed. Addresses leave in
EIP-55 checksum form, as in ``contracts``, hashes as lower-case ``"0x..."`` text, byte strings as ``bytes``;
amounts of ether are wei (``*_wei``), timestamps whole seconds since the Unix epoch (``*_s``).

The backends (``py_evm``, ``rpc``, ``revm``) pass one conformance suite, ``tests/conformance/chain``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from simulators.backends.chain.accounts import Account

CHAIN_ID = 31337
"""The chain id that anvil and its kin use by default."""

HARDFORK = "cancun"
"""The rules of every backend: the newest that py-evm, pyrevm and anvil run alike, and what the contracts target."""

BLOCK_GAS_LIMIT = 60_000_000
"""Ethereum mainnet's block since late 2025; some twenty settlements of 200 users (2.6 M gas each) fit."""

DEFAULT_GAS_LIMIT = 16_000_000
"""Of one transaction, or the block's if that is less: under EIP-7825's cap of 16,777,216, above a first deposit for
500 users."""

DEFAULT_MAX_FEE_WEI = 10**12
"""1,000 gwei a gas: a base fee that starts at 1 gwei needs 58 full blocks in a row to outgrow it."""

WORKING_BALANCE_WEI = 10**24
"""What a development node lends to a sender that cannot pay (a million ether)."""

HISTORY_BLOCKS = 128
"""How far back :meth:`EvmNode.rollback` and :meth:`EvmNode.receipt` reach at least."""


@dataclass(frozen=True, slots=True)
class Log:
    """One event. ``topics`` are 32 bytes each, the first is the event's signature hash unless it is anonymous."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an executed transaction; ``revert_data`` is the typed error where ``ok`` is False, else empty."""

    tx_hash: str
    ok: bool
    gas_used: int
    block_number: int
    contract_address: str | None
    logs: tuple[Log, ...]
    revert_data: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """A block without what happened in it."""

    number: int
    timestamp_s: int
    hash: str


@dataclass(frozen=True, slots=True)
class Block:
    """A mined block; ``receipts`` in order of execution."""

    number: int
    timestamp_s: int
    hash: str
    receipts: tuple[Receipt, ...]


class EvmNode(Protocol):
    """A chain of one's own, or a view of somebody else's."""

    name: str
    chain_id: int

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
        """Put a transaction into the mempool and return its hash; ``to=None`` creates a contract.

        ``nonce=None`` takes the sender's next free one. A nonce beyond that waits until the gap is filled.
        The same nonce again with a ``max_fee_wei`` at least a tenth higher replaces the one that waits.

        Raises :class:`NonceTooLow`, :class:`AlreadyKnown`, :class:`ReplacementUnderpriced`,
        :class:`GasLimitTooLow`, :class:`GasLimitTooHigh`, :class:`InsufficientFunds`, and from a remote node
        :class:`FeeTooLow`, :class:`NodeRefused`, :class:`SendOutcomeUnknown`.
        """
        ...

    def mine(self, timestamp_s: int) -> Block:
        """Execute what waits, in order of arrival, into one block of that timestamp (it may be empty).

        What does not fit, skips a nonce or offers less than the base fee waits for a later block; nothing
        is lost. Raises :class:`TimestampNotLater`, and from a node that mines by itself :class:`NotIncluded`.
        """
        ...

    def call(self, to: bytes | str, data: bytes, sender: bytes | str | None = None) -> bytes:
        """Execute without effect on the newest state, in the newest block's context; :class:`CallReverted`."""
        ...

    def head(self) -> Header:
        """The newest block."""
        ...

    def nonce(self, address: bytes | str) -> int:
        """How many transactions of ``address`` are in the chain (those that wait do not count)."""
        ...

    def receipt(self, tx_hash: str) -> Receipt | None:
        """The receipt of a transaction in the last :data:`HISTORY_BLOCKS` blocks; None while it is not in the chain."""
        ...

    def pending(self) -> tuple[str, ...]:
        """Hashes of what waits, in order of arrival."""
        ...

    def drop(self, tx_hash: str) -> None:
        """Forget a transaction that waits, as a mempool may; :class:`UnknownTransaction`."""
        ...

    def prepare_rollback(self) -> None:
        """The next block may be rolled back, with all that will be on top of it; only ``revm`` has to be told."""
        ...

    def rollback(self, block_number: int) -> tuple[str, ...]:
        """Undo every block above ``block_number``, as a reorg does.

        Their transactions return to the head of the mempool, in their old order; their hashes are returned.
        Raises :class:`TooFarBack`, :class:`NotSupported`.
        """
        ...

    def close(self) -> None:
        """Free what the node holds; later calls raise :class:`NodeClosed`. Closing twice is harmless."""
        ...


class NodeError(Exception):
    """Whatever a node refuses or fails at."""


class NodeRefused(NodeError):
    """The node said no, in words that have no class of their own."""


class NonceTooLow(NodeRefused):
    """That nonce of the sender is in the chain already."""


class AlreadyKnown(NodeRefused):
    """This very transaction waits already; ``tx_hash`` is its hash."""

    def __init__(self, tx_hash: str) -> None:
        super().__init__(f"transaction {tx_hash} is in the mempool already")
        self.tx_hash = tx_hash


class ReplacementUnderpriced(NodeRefused):
    """Another transaction waits under that nonce and offers too much to be replaced."""


class InsufficientFunds(NodeRefused):
    """The sender cannot pay ``gas_limit * max_fee_wei``."""


class FeeTooLow(NodeRefused):
    """The offer is below the base fee, and the node does not keep such transactions (others let them wait)."""


class GasLimitTooLow(NodeRefused):
    """The gas limit does not even pay for the transaction's bytes."""


class GasLimitTooHigh(NodeRefused):
    """The gas limit exceeds what a block holds: the transaction could never be mined."""


class UnknownTransaction(NodeRefused):
    """No such transaction waits."""


class TimestampNotLater(NodeRefused):
    """A block must be strictly later than its parent."""

    def __init__(self, given_s: int, parent_s: int) -> None:
        super().__init__(f"a block at {given_s} s is not later than its parent at {parent_s} s")


class TooFarBack(NodeRefused):
    """That block is above the head, or no longer remembered."""


class NotSupported(NodeRefused):
    """This backend cannot do that; the message names one that can."""


class NodeClosed(NodeError):
    """The node was closed."""


class CallReverted(NodeError):
    """A call failed; ``revert_data`` is the contract's typed error, empty if it gave none (out of gas, bad opcode)."""

    def __init__(self, revert_data: bytes, reason: str = "") -> None:
        super().__init__(reason or f"call reverted with 0x{revert_data.hex()}")
        self.revert_data = revert_data


class NodeUnreachable(NodeError):
    """A remote node did not answer; whether the request took effect is unknown."""


class SendOutcomeUnknown(NodeUnreachable):
    """The node did not answer to a transaction; it may wait in its mempool under ``tx_hash``."""

    def __init__(self, tx_hash: str, why: str) -> None:
        super().__init__(f"whether transaction {tx_hash} was taken is unknown: {why}")
        self.tx_hash = tx_hash


class NotIncluded(NodeError):
    """A node that mines by itself included none of the transactions that wait, within the attempts allowed."""
