"""A transaction as it waits in a mempool: what it asks, what it pays, its bytes and its hash."""

from __future__ import annotations

from dataclasses import dataclass, field

from eth_utils import keccak

from simulators.backends.chain.accounts import Account
from simulators.backends.chain.node import GasLimitTooHigh, GasLimitTooLow

BASE_GAS, CREATE_GAS, ZERO_BYTE_GAS, BYTE_GAS, INITCODE_WORD_GAS = 21_000, 32_000, 4, 16, 2
"""What a transaction costs before it runs: yellow paper, appendix G; EIP-2028; EIP-3860."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """``sender`` is an EIP-55 address, ``hash`` ``"0x..."`` text; ``raw`` is empty where nothing is signed."""

    sender: str
    nonce: int
    to: bytes | None
    data: bytes = field(repr=False)
    gas_limit: int
    max_fee_wei: int
    raw: bytes = field(repr=False)
    hash: str

    @property
    def most_it_costs_wei(self) -> int:
        return self.gas_limit * self.max_fee_wei


def unsigned(
    sender: Account, chain_id: int, nonce: int, to: bytes | None, data: bytes, gas_limit: int, max_fee_wei: int
) -> Transaction:
    """The same without a signature; its hash is unique and deterministic, and no chain's."""
    head = f"{chain_id}/{sender.address}/{nonce}/{to.hex() if to else ''}/{gas_limit}/{max_fee_wei}/"
    tx_hash = "0x" + keccak(head.encode() + data).hex()
    return Transaction(sender.address, nonce, to, data, gas_limit, max_fee_wei, b"", tx_hash)


def intrinsic_gas(to: bytes | None, data: bytes) -> int:
    """What the transaction costs before its first instruction."""
    zeros = data.count(0)
    gas = BASE_GAS + ZERO_BYTE_GAS * zeros + BYTE_GAS * (len(data) - zeros)
    if to is None:
        gas += CREATE_GAS + INITCODE_WORD_GAS * ((len(data) + 31) // 32)
    return gas


def check_gas_limit(to: bytes | None, data: bytes, gas_limit: int, block_gas_limit: int) -> None:
    """Refuse what no block could ever execute: :class:`GasLimitTooLow`, :class:`GasLimitTooHigh`."""
    needed = intrinsic_gas(to, data)
    if gas_limit < needed:
        raise GasLimitTooLow(f"gas limit {gas_limit} is below the {needed} that this transaction costs before it runs")
    if gas_limit > block_gas_limit:
        raise GasLimitTooHigh(f"gas limit {gas_limit} exceeds the block's {block_gas_limit}; split the batch")
