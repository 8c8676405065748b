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
        self._applied: set[str] = set()
        self._holds: dict[str, tuple[_Balance, int, int]] = {}
        """What is left of each hold: whose, how much (millionths of a USDC), counted on which day."""

    async def place(self, hold: Hold, limits: LimitTerms) -> DeclineReason | None:
        await self._serve()
        authorization_id, account_id, amount_usdc6, amount_cents, at_ns = hold
        if authorization_id in self._holds:
            return None
        balance = self._balances.get(account_id)
        if balance is None:
            balance = self._balances[account_id] = _Balance()
        day = day_of(at_ns)
        if day != balance.day:
            balance.enter(day)
        reason = numeric(
            amount_cents, amount_usdc6, balance.available_usdc6, balance.day_cents, balance.month_cents, limits
        )
        if reason is None:
            balance.available_usdc6 -= amount_usdc6
            balance.day_cents += amount_cents
            balance.month_cents += amount_cents
            self._holds[authorization_id] = (balance, amount_usdc6, day)
        return reason

    async def drop(self, authorization_ids: Sequence[str]) -> None:
        await self._serve()
        for authorization_id in authorization_ids:
            kept = self._holds.pop(authorization_id, None)
            if kept is None:
                continue
            balance, left_usdc6, day = kept
            balance.available_usdc6 += left_usdc6
            left_cents = left_usdc6 // USDC6_PER_CENT
            if day == balance.day:
                balance.day_cents -= left_cents
            if month_of_day(day) == balance.month:
                balance.month_cents -= left_cents

    async def apply(self, ref: str, changes: Sequence[HoldChange]) -> None:
        await self._serve()
        if ref in self._applied:
            return
        self._applied.add(ref)
        for account_id, authorization_id, left_usdc6, available_usdc6 in changes:
            balance = self._balances.get(account_id)
            if balance is None:
                balance = self._balances[account_id] = _Balance()
            balance.available_usdc6 += available_usdc6
            if not authorization_id:
                continue
            kept = self._holds.pop(authorization_id, None)
            if kept is not None and left_usdc6:
                owner, _, day = kept
                self._holds[authorization_id] = (owner, left_usdc6, day)
