"""What nodes answer, as this project's records and errors. Wording differs by client; the classes here do not."""

from __future__ import annotations

from typing import Any

from simulators.backends.chain.address import address_text
from simulators.backends.chain.json_rpc import RpcError
from simulators.backends.chain.node import (
    AlreadyKnown,
    FeeTooLow,
    GasLimitTooHigh,
    GasLimitTooLow,
    Header,
    InsufficientFunds,
    Log,
    NodeRefused,
    NonceTooLow,
    Receipt,
    ReplacementUnderpriced,
)
from simulators.backends.chain.transactions import Transaction

EXECUTION_REVERTED = 3
"""The error code of a reverted ``eth_call`` in geth and those that follow it."""

REFUSALS: tuple[tuple[str, type[NodeRefused]], ...] = (
    ("nonce too low", NonceTooLow),
    ("replacement transaction underpriced", ReplacementUnderpriced),
    ("less than block base fee", FeeTooLow),
    ("underpriced", FeeTooLow),
    ("insufficient funds", InsufficientFunds),
    ("intrinsic gas too low", GasLimitTooLow),
    ("exceeds block gas limit", GasLimitTooHigh),
    ("gas limit too high", GasLimitTooHigh),
    ("intrinsic gas too high", GasLimitTooHigh),
)
"""In this order; words that geth, reth, erigon, nethermind, besu, hardhat and anvil use in refusing a transaction."""

KNOWN_WORDS = ("already known", "already imported", "known transaction", "alreadyknown")


def number(quantity: str | int) -> int:
    """A JSON-RPC quantity, ``"0x10"``; some nodes answer with plain numbers."""
    return quantity if isinstance(quantity, int) else int(quantity, 16)


def header_from_json(block: dict[str, Any]) -> Header:
    return Header(number(block["number"]), number(block["timestamp"]), block["hash"])


def receipt_from_json(found: dict[str, Any], revert_data: bytes) -> Receipt:
    created = found.get("contractAddress")
    ok = number(found["status"]) == 1
    return Receipt(
        tx_hash=found["transactionHash"],
        ok=ok,
        gas_used=number(found["gasUsed"]),
        block_number=number(found["blockNumber"]),
        contract_address=address_text(created) if created and ok else None,
        logs=tuple(log_from_json(log) for log in found["logs"]),
        revert_data=revert_data,
    )


def log_from_json(log: dict[str, Any]) -> Log:
    topics = tuple(bytes.fromhex(topic[2:]) for topic in log["topics"])
    return Log(address_text(log["address"]), topics, bytes.fromhex(log["data"][2:]))


def place_in_chain(found: dict[str, Any]) -> tuple[int, int]:
    """Block number and index of a receipt."""
    return number(found["blockNumber"]), number(found["transactionIndex"])


def is_revert(error: RpcError) -> bool:
    """Whether an ``eth_call`` failed in the contract rather than in the node."""
    words = error.message.lower()
    return error.code == EXECUTION_REVERTED or any(
        word in words for word in ("revert", "out of gas", "outofgas", "invalid opcode", "evm error", "vm exception")
    )


def revert_data_of(error: RpcError) -> bytes:
    """The contract's typed error in an ``eth_call``'s refusal; hardhat wraps it once more."""
    data = error.data
    while isinstance(data, dict):
        data = data.get("data")
    return bytes.fromhex(data[2:]) if isinstance(data, str) and data.startswith("0x") else b""


def refusal_of(error: RpcError, tx: Transaction) -> NodeRefused:
    """The typed form of a refused transaction."""
    words = error.message.lower()
    if any(word in words for word in KNOWN_WORDS):
        return AlreadyKnown(tx.hash)
    for phrase, kind in REFUSALS:
        if phrase in words:
            return kind(f"{error} (nonce {tx.nonce} of {tx.sender})")
    return NodeRefused(f"{error} (nonce {tx.nonce} of {tx.sender})")
