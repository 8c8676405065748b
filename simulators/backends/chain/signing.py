"""Signed transactions, for nodes that check signatures. Apart from the rest: its import takes half a second."""

from __future__ import annotations

from eth_account import Account as Signer

from simulators.backends.chain.accounts import Account
from simulators.backends.chain.transactions import Transaction

TIP_DIVISOR = 1000
"""The tip is this part of the maximum fee, so that one figure raises both when a transaction is replaced."""


def sign(
    sender: Account, chain_id: int, nonce: int, to: bytes | None, data: bytes, gas_limit: int, max_fee_wei: int
) -> Transaction:
    """A signed EIP-1559 transaction without ether. RFC 6979 signatures: the same input gives the same bytes."""
    fields = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "maxFeePerGas": max_fee_wei,
        "maxPriorityFeePerGas": max_fee_wei // TIP_DIVISOR,
        "gas": gas_limit,
        "value": 0,
        "data": data,
    }
    if to is not None:
        fields["to"] = to
    signed = Signer.sign_transaction(fields, sender.private_key)
    raw, tx_hash = bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex()
    return Transaction(sender.address, nonce, to, data, gas_limit, max_fee_wei, raw, tx_hash)
