"""Netting: what was captured becomes one burn per account, under an id that depends on nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settlement:
    """One settleBatch: ``settlement_id`` is ``0x`` and 64 hex digits; amounts are positive, one per account."""

    settlement_id: str
    at_ns: int
    amounts_usdc6: tuple[tuple[str, int], ...]

    @property
    def total_usdc6(self) -> int:
        return sum(amount for _, amount in self.amounts_usdc6)


def settlement_of(queued: Iterable[tuple[str, str, int]], at_ns: int) -> Settlement:
    """Net (capture ref, account id, amount) triples; the same captures always give the same id.

    The id is a SHA-256 over refs, accounts and amounts in the order in which they were queued.
    """
    digest = hashlib.sha256(b"swipelab.settlement.v1")
    nets: dict[str, int] = {}
    for ref, account_id, amount_usdc6 in queued:
        digest.update(f"\n{ref}\t{account_id}\t{amount_usdc6}".encode())
        nets[account_id] = nets.get(account_id, 0) + amount_usdc6
    return Settlement("0x" + digest.hexdigest(), at_ns, tuple(nets.items()))
