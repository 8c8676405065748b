"""Disputes of posted sales: the states that the networks know, and the credit that the customer has meanwhile."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class DisputeState(StrEnum):
    NEW = "new"
    SUBMITTED = "submitted"
    REPRESENTMENT = "representment"
    PRE_ARBITRATION = "pre_arbitration"
    ARBITRATION = "arbitration"
    WON = "won"
    LOST = "lost"


NEXT: dict[DisputeState | None, frozenset[DisputeState]] = {
    None: frozenset({DisputeState.NEW, DisputeState.SUBMITTED}),
    DisputeState.NEW: frozenset({DisputeState.SUBMITTED, DisputeState.WON, DisputeState.LOST}),
    DisputeState.SUBMITTED: frozenset({DisputeState.REPRESENTMENT, DisputeState.WON, DisputeState.LOST}),
    DisputeState.REPRESENTMENT: frozenset({DisputeState.PRE_ARBITRATION, DisputeState.WON, DisputeState.LOST}),
    DisputeState.PRE_ARBITRATION: frozenset({DisputeState.ARBITRATION, DisputeState.WON, DisputeState.LOST}),
    DisputeState.ARBITRATION: frozenset({DisputeState.WON, DisputeState.LOST}),
    DisputeState.WON: frozenset(),
    DisputeState.LOST: frozenset(),
}
"""From each state (None: no dispute yet) to those that may follow; anything else is refused and changes nothing."""

CREDITED: frozenset[DisputeState] = frozenset(DisputeState) - {DisputeState.NEW, DisputeState.LOST}
"""The states in which the customer has the amount: provisionally, and for good once WON."""


class Dispute(NamedTuple):
    """One dispute, kept under the presentment that it is about.

    ``returned_cents``: what of the credit was taken back when it was won, since a refund had come meanwhile.
    """

    presentment_id: str
    dispute_id: str
    account_id: str
    network: str
    amount_cents: int
    state: DisputeState
    returned_cents: int = 0

    @property
    def credited_cents(self) -> int:
        """What the customer has of it now."""
        return self.amount_cents - self.returned_cents if self.state in CREDITED else 0
