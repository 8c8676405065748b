"""A clock set by hand, and a chain in a dict: what an engine on the bench gets of the outside."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

from engine.domain.settlement import Settlement
from engine.ports import BurnOutcome, PortUnavailable
from simulators.auditor import ChainEvent

SECOND_NS = 1_000_000_000
START_NS = 1_772_323_200 * SECOND_NS
"""2026-03-01T00:00:00Z."""


def address_of(account_id: str) -> str:
    """The address whose CardToken balance backs an account."""
    return "0x" + hashlib.sha256(account_id.encode()).hexdigest()[:40]


class BenchClock:
    """The port ``Clock``: it shows what it is set to."""

    start_ns = START_NS

    def __init__(self) -> None:
        self.at_ns = START_NS

    def now_ns(self) -> int:
        return self.at_ns

    @property
    def utc_ns(self) -> int:
        """The same, to backends on the bench."""
        return self.now_ns()


class BenchChain:
    """The port ``SettlementChain`` on a CardToken in a dict: one block every 12 s of waiting, final one block later.

    ``trouble`` is what happens to the next submissions, in order: ``lost`` (refused, nothing sent), ``unheard`` (sent,
    and the node does not answer), ``deaf`` (sent, and the outcome cannot be asked for a while). ``balances`` are by
    address.
    """

    settles = True

    def __init__(self, clock: BenchClock) -> None:
        self._clock = clock
        self._waiting: dict[str, tuple[Settlement, dict[str, str]]] = {}
        self._mined: dict[str, tuple[int, BurnOutcome]] = {}
        self._block = 0
        self._deaf_until = 0
        self.balances: dict[str, int] = {}
        self.trouble: list[str] = []
        self.submitted: list[str] = []
        self.heard: Callable[[ChainEvent], None] = lambda event: None

    def needed(self) -> None:
        """Say that the case cannot do without this chain; nothing to see here."""

    async def submit(self, settlement: Settlement, addresses: dict[str, str]) -> None:
        self.submitted.append(settlement.settlement_id)
        trouble = self.trouble.pop(0) if self.trouble else ""
        if trouble == "lost":
            raise PortUnavailable("connection refused")
        if settlement.settlement_id not in self._mined:
            self._waiting[settlement.settlement_id] = (settlement, addresses)
        if trouble == "deaf":
            self._deaf_until = self._block + 5
        if trouble == "unheard":
            raise PortUnavailable("timed out")

    async def outcome(self, settlement_id: str) -> BurnOutcome | None:
        if self._block < self._deaf_until:
            raise PortUnavailable("timed out")
        mined = self._mined.get(settlement_id)
        return mined[1] if mined is not None and mined[0] < self._block else None

    async def wait_block(self) -> None:
        await asyncio.sleep(0)
        self._clock.at_ns += 12 * SECOND_NS
        self._block += 1
        for settlement, addresses in self._waiting.values():
            self._mine(settlement, addresses)
        self._waiting.clear()

    def deposit(self, address: str, amount_usdc6: int) -> None:
        self.balances[address] = self.balances.get(address, 0) + amount_usdc6

    def pay_out(self, address: str, amount_usdc6: int) -> None:
        self.balances[address] -= amount_usdc6

    def _mine(self, settlement: Settlement, addresses: dict[str, str]) -> None:
        transaction = f"0xtx{self._block:06d}{settlement.settlement_id[2:12]}"
        missing: dict[str, int] = {}
        for index, (account_id, amount) in enumerate(settlement.amounts_usdc6):
            balance = self.balances.get(addresses[account_id], 0)
            burned = min(balance, amount)
            self.balances[addresses[account_id]] = balance - burned
            if burned:
                self._tell("CardSettlement", account_id, burned, settlement, f"{transaction}:{index}")
            if burned < amount:
                missing[account_id] = amount - burned
                self._tell("SettlementShortfall", account_id, amount - burned, settlement, f"{transaction}:{index}")
        outcome = BurnOutcome(settlement.settlement_id, transaction, 50_000, missing)
        self._mined[settlement.settlement_id] = (self._block, outcome)

    def _tell(self, kind: str, account_id: str, amount: int, settlement: Settlement, ref: str) -> None:
        self.heard(ChainEvent(kind, account_id, amount, settlement.settlement_id, ref))
