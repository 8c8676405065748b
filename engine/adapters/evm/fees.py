"""What is offered for a block's room, by EIP-1559: a maximum and a tip, in wei a gas."""

from __future__ import annotations

from typing import NamedTuple

from engine.ports import PortUnavailable

DEFAULT_TIP_WEI = 10**9
"""Where the node has no suggestion."""
_EIGHTHS_OF_A_REPLACEMENT = 9
"""A replacement offers an eighth (12.5 %) more of both; nodes ask for at least 10 %."""


class Fees(NamedTuple):
    max_wei: int
    tip_wei: int

    def raised(self) -> Fees:
        """What may take the place of a transaction that offers this."""
        return Fees(*(-(-wei * _EIGHTHS_OF_A_REPLACEMENT // 8) for wei in self))

    def at_least(self, other: Fees) -> Fees:
        return Fees(max(self.max_wei, other.max_wei), max(self.tip_wei, other.tip_wei))


def offer(base_fee_wei: int, tip_wei: int, cap_wei: int) -> Fees:
    """Twice the base fee, which is good for six full blocks in a row, and a tip; never above the cap.

    Raises PortUnavailable while the cap does not even pay the base fee.
    """
    if base_fee_wei >= cap_wei:
        raise PortUnavailable(f"the chain's base fee of {base_fee_wei} wei a gas is above the cap of {cap_wei}")
    most = min(2 * base_fee_wei + tip_wei, cap_wei)
    return Fees(most, min(tip_wei, most))


def raised(before: Fees, now: Fees, cap_wei: int) -> Fees:
    """What replaces ``before``, given that ``now`` is the offer of the hour. Raises PortUnavailable above the cap."""
    fees = before.raised().at_least(now)
    if fees.max_wei > cap_wei:
        raise PortUnavailable(f"a transaction waits at {before.max_wei} wei a gas, and more is above the cap {cap_wei}")
    return fees
