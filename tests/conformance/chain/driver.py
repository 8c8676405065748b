"""A node driven as a test wants it: a block every 12 s, contracts by one call."""

from __future__ import annotations

from itertools import count

from simulators.backends.chain.accounts import Account
from simulators.backends.chain.node import Block, EvmNode, Receipt

SLOT_S = 12


def next_slot_s(node: EvmNode) -> int:
    return node.head().timestamp_s + SLOT_S


def mine(node: EvmNode) -> Block:
    return node.mine(next_slot_s(node))


def deploy(node: EvmNode, sender: Account, creation_code: bytes) -> str:
    """The address of the new contract."""
    return run(node, sender, None, creation_code).contract_address


def run(node: EvmNode, sender: Account, to: str | None, data: bytes, **settings: int) -> Receipt:
    """Send one transaction and mine it."""
    tx_hash = node.send(sender, to, data, **settings)
    receipts = mine(node).receipts
    return next(receipt for receipt in receipts if receipt.tx_hash == tx_hash)


def mine_until_empty(node: EvmNode, at_most: int = 100) -> list[Block]:
    """Blocks until nothing waits."""
    blocks = []
    for blocks_so_far in count():
        if not node.pending():
            return blocks
        assert blocks_so_far < at_most, f"{len(node.pending())} transactions still wait after {at_most} blocks"
        blocks.append(mine(node))
    raise AssertionError
