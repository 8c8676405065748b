"""The hold store in memory: balances, holds and limit windows, changed in one step per call."""

from __future__ import annotations

from collections.abc import Sequence

from engine.domain.decide import numeric
from engine.domain.decline import DeclineReason
from engine.domain.money import USDC6_PER_CENT
from engine.domain.terms import LimitTerms
from engine.domain.windows import day_of, month_of_day
from engine.ports import Hold, HoldChange
from simulators.backends.served import Served


class _Balance:
    """What an account may spend, and what counts in the newest day and month seen."""

    __slots__ = ("available_usdc6", "day", "day_cents", "month", "month_cents")

    def __init__(self) -> None:
        self.available_usdc6 = 0
        self.day = self.month = -1
        self.day_cents = self.month_cents = 0

    def enter(self, day: int) -> None:
        """Open the windows of ``day``, where they are newer than those at hand."""
        if day > self.day:
            self.day, self.day_cents = day, 0
            month = month_of_day(day)
            if month > self.month:
                self.month, self.month_cents = month, 0


class MemoryHoldStore:
    """The port ``HoldStore``. A call takes effect when it has been served."""

    def __init__(self, served: Served) -> None:
        self._serve = served.serve
        self._balances: dict[str, _Balance] = {}
        self._holds: dict[str, Hold] = {}

    async def place(self, hold: Hold, limits: LimitTerms) -> DeclineReason | None:
        await self._serve()
        if hold.authorization_id in self._holds:
            return None
        balance = self._balances.get(hold.account_id)
        if balance is None:
            balance = self._balances[hold.account_id] = _Balance()
        day = day_of(hold.at_ns)
        if day != balance.day:
            balance.enter(day)
        reason = numeric(
            hold.amount_cents,
            hold.amount_usdc6,
            balance.available_usdc6,
            balance.day_cents,
            balance.month_cents,
            limits,
        )
        if reason is None:
            balance.available_usdc6 -= hold.amount_usdc6
            balance.day_cents += hold.amount_cents
            balance.month_cents += hold.amount_cents
            self._holds[hold.authorization_id] = hold
        return reason

    async def drop(self, authorization_ids: Sequence[str]) -> None:
        await self._serve()
        for authorization_id in authorization_ids:
            kept = self._holds.pop(authorization_id, None)
            if kept is None:
                continue
            balance = self._balances[kept.account_id]
            balance.available_usdc6 += kept.amount_usdc6
            left_cents = kept.amount_usdc6 // USDC6_PER_CENT
            day = day_of(kept.at_ns)
            if day == balance.day:
                balance.day_cents -= left_cents
            if month_of_day(day) == balance.month:
                balance.month_cents -= left_cents

    async def apply(self, changes: Sequence[HoldChange]) -> None:
        await self._serve()
        for change in changes:
            balance = self._balances.get(change.account_id)
            if balance is None:
                balance = self._balances[change.account_id] = _Balance()
            balance.available_usdc6 += change.available_usdc6
            if not change.authorization_id:
                continue
            kept = self._holds.pop(change.authorization_id, None)
            if kept is not None and change.hold_left_usdc6:
                self._holds[change.authorization_id] = kept._replace(amount_usdc6=change.hold_left_usdc6)
