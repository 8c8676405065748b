"""Which nonce a settlement is sent under: the one place that hands them out.

Nothing is kept that a restart may not lose. The node says how many transactions of the settler are in the chain
(``latest``) and how many with those that wait in an unbroken row (``pending``); this process remembers what it sent.
Other processes may send with the same key at the same time: whoever takes another's place, or loses its own, repeats a
settlement that the contract accepts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from engine.adapters.evm.fees import Fees


class Counts(NamedTuple):
    """What the node says: nonces below ``latest`` are used up; those up to ``pending`` wait."""

    latest: int
    pending: int


@dataclass(slots=True)
class Sent:
    """A transaction of this process; ``block`` was the newest when it was sent."""

    settlement_id: str
    nonce: int
    fees: Fees
    block: int


class Place(NamedTuple):
    """The nonce to use. What waits there offers ``beats``; None: nothing waits there, or nobody knows its offer."""

    nonce: int
    beats: Fees | None = None


class Nonces:
    """What this process sent and has not seen used up."""

    def __init__(self, stuck_after_blocks: int) -> None:
        self._stuck_after_blocks = stuck_after_blocks
        self._by_nonce: dict[int, Sent] = {}
        self._blocking: tuple[int, int] = (-1, 0)
        """The nonce of somebody else's transaction that is next, and since which block it has been seen so."""

    def note(self, sent: Sent) -> None:
        """This is being sent: it may wait from now on."""
        self._by_nonce[sent.nonce] = sent

    def place(self, settlement_id: str, counts: Counts, block: int, base_fee_wei: int) -> Place | None:
        """Where to send a settlement that is not settled; None where it waits already, and may go on waiting."""
        self._look(counts, block)
        mine = self._of(settlement_id)
        if mine is None:
            if self._is_blocked(counts, block):
                return Place(counts.latest)
            return Place(self._first_free(counts))
        if mine.nonce > counts.pending:
            return Place(counts.pending)  # something before it is gone: fill the gap, or it waits for ever
        if mine.nonce == counts.pending:
            return Place(mine.nonce)  # gone itself
        if not self._is_stuck(mine, block) and mine.fees.max_wei >= base_fee_wei:
            return None
        return self._instead_of_what_is_next(counts, block) or Place(mine.nonce, beats=mine.fees)

    def _instead_of_what_is_next(self, counts: Counts, block: int) -> Place | None:
        """The next nonce, where what waits there is stuck itself and holds up all that follow."""
        if self._is_blocked(counts, block):
            return Place(counts.latest)
        front = self._by_nonce.get(counts.latest)
        if front is not None and self._is_stuck(front, block):
            return Place(counts.latest, beats=front.fees)
        return None

    def _is_stuck(self, sent: Sent, block: int) -> bool:
        return block - sent.block >= self._stuck_after_blocks

    def _of(self, settlement_id: str) -> Sent | None:
        """The transaction of a settlement that is to be executed first."""
        found = (sent for sent in self._by_nonce.values() if sent.settlement_id == settlement_id)
        return min(found, key=lambda sent: sent.nonce, default=None)

    def _first_free(self, counts: Counts) -> int:
        """The node may not know yet, or not tell, what this process has sent."""
        nonce = counts.pending
        while nonce in self._by_nonce:
            nonce += 1
        return nonce

    def _look(self, counts: Counts, block: int) -> None:
        """Forget what is used up, and what the node does not know of after so long; see whose turn it is."""
        self._by_nonce = {
            nonce: sent
            for nonce, sent in self._by_nonce.items()
            if nonce >= counts.latest and (nonce < counts.pending or block - sent.block < self._stuck_after_blocks)
        }
        if counts.latest == counts.pending or counts.latest in self._by_nonce:
            self._blocking = (-1, 0)
        elif self._blocking[0] != counts.latest:
            self._blocking = (counts.latest, block)

    def _is_blocked(self, counts: Counts, block: int) -> bool:
        """Whether a transaction that this process knows nothing of has been next for too long."""
        nonce, since_block = self._blocking
        return nonce == counts.latest and block - since_block >= self._stuck_after_blocks
