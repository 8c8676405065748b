"""What CardToken and its USDC should do, in Python, written from the contract's interface.

Each action answers the events that the contract must emit, or the reason for which it must refuse; a refusal changes
nothing. Amounts are usdc6, times are chain seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from contracts.calls import DEFAULT_ADMIN_ROLE, PAUSER_ROLE, SETTLER_ROLE, PendingWithdrawal
from contracts.events import (
    CardDeposit,
    CardEvent,
    CardSettlement,
    Paused,
    SettlementShortfall,
    SurplusSwept,
    Unpaused,
    WithdrawalCancelled,
    WithdrawalCompleted,
    WithdrawalReduced,
    WithdrawalRequested,
)
from contracts.reverts import RevertReason

ZERO_ADDRESS = "0x" + "00" * 20
ROLES = {"admin": DEFAULT_ADMIN_ROLE, "pauser": PAUSER_ROLE, "settler": SETTLER_ROLE}

Outcome = tuple[CardEvent, ...] | RevertReason


class Refusal(Exception):
    """Carries the expected reason out of an action."""

    def __init__(self, name: str, *args: object) -> None:
        self.reason = RevertReason(name, args)
        super().__init__(str(self.reason))


def require(holds: bool, name: str, *args: object) -> None:
    """Refuse, as Solidity's require does."""
    if not holds:
        raise Refusal(name, *args)


@dataclass
class CardTokenModel:
    """The state, and one method per function of the contract (the sender comes first)."""

    card: str
    treasury: str
    withdrawal_delay_s: int
    roles: dict[str, set[str]]
    usdc: Counter[str]
    allowances: dict[str, int]
    cards: Counter[str] = field(default_factory=Counter)
    pending: dict[str, PendingWithdrawal] = field(default_factory=dict)
    settled: set[bytes] = field(default_factory=set)
    paused: bool = False
    donated: int = 0

    def deposit_batch(self, sender: str, users: Sequence[str], amounts: Sequence[int]) -> Outcome:
        self._require_running()
        self._require_batch(users, amounts)
        for user, amount in zip(users, amounts, strict=True):
            self._require_entry(user, amount)
        return self._deposit(sender, users, amounts)

    def deposit_for(self, sender: str, user: str, amount: int) -> Outcome:
        self._require_running()
        self._require_entry(user, amount)
        return self._deposit(sender, [user], [amount])

    def settle(self, sender: str, user: str, amount: int, settlement_id: bytes) -> Outcome:
        return self._settle(sender, [user], [amount], settlement_id)

    def settle_batch(self, sender: str, users: Sequence[str], amounts: Sequence[int], settlement_id: bytes) -> Outcome:
        self._require_role(sender, "settler")
        self._require_running()
        self._require_batch(users, amounts)
        return self._settle(sender, users, amounts, settlement_id)

    def request_withdrawal(self, sender: str, amount: int, now_s: int) -> Outcome:
        self._require_running()
        require(amount > 0, "ZeroAmount")
        require(sender not in self.pending, "WithdrawalPending")
        require(amount <= self.cards[sender], "InsufficientBalance", self.cards[sender], amount)
        self.pending[sender] = PendingWithdrawal(amount, now_s + self.withdrawal_delay_s)
        return (WithdrawalRequested(sender, amount, now_s + self.withdrawal_delay_s),)

    def cancel_withdrawal(self, sender: str) -> Outcome:
        require(sender in self.pending, "NoWithdrawal")
        return (WithdrawalCancelled(sender, self.pending.pop(sender).amount_usdc6),)

    def withdraw(self, sender: str, now_s: int) -> Outcome:
        self._require_running()
        require(sender in self.pending, "NoWithdrawal")
        ready_at_s = self.pending[sender].ready_at_s
        require(now_s >= ready_at_s, "WithdrawalNotReady", ready_at_s)
        amount = self.pending.pop(sender).amount_usdc6
        self.cards[sender] -= amount
        self._pay(self.card, sender, amount)
        return (WithdrawalCompleted(sender, amount),)

    def pause(self, sender: str) -> Outcome:
        self._require_role(sender, "pauser")
        require(not self.paused, "EnforcedPause")
        self.paused = True
        return (Paused(sender),)

    def unpause(self, sender: str) -> Outcome:
        self._require_role(sender, "pauser")
        require(self.paused, "ExpectedPause")
        self.paused = False
        return (Unpaused(sender),)

    def sweep(self, sender: str) -> Outcome:
        self._require_role(sender, "admin")
        require(self.donated > 0, "ZeroAmount")
        swept, self.donated = self.donated, 0
        self._pay(self.card, self.treasury, swept)
        return (SurplusSwept(swept),)

    def grant_role(self, sender: str, role: str, account: str) -> Outcome:
        self._require_role(sender, "admin")
        self.roles[role].add(account)
        return ()

    def revoke_role(self, sender: str, role: str, account: str) -> Outcome:
        self._require_role(sender, "admin")
        self.roles[role].discard(account)
        return ()

    def renounce_role(self, sender: str, role: str, account: str) -> Outcome:
        require(sender == account, "AccessControlBadConfirmation")
        self.roles[role].discard(account)
        return ()

    def donate(self, sender: str, amount: int) -> Outcome:
        """USDC sent straight to the contract, which CardToken does not get to see."""
        have = self.usdc[sender]
        require(amount <= have, "ERC20InsufficientBalance", sender, have, amount)
        self._pay(sender, self.card, amount)
        self.donated += amount
        return ()

    def move(self, _sender: str) -> Outcome:
        """transfer, transferFrom and approve of cUSDC."""
        raise Refusal("NonTransferable")

    def has_role(self, account: str, role: str) -> bool:
        return account in self.roles[role]

    def _settle(self, sender: str, users: Sequence[str], amounts: Sequence[int], settlement_id: bytes) -> Outcome:
        self._require_role(sender, "settler")
        self._require_running()
        require(settlement_id not in self.settled, "AlreadySettled", settlement_id)
        for user, amount in zip(users, amounts, strict=True):
            self._require_entry(user, amount)
        self.settled.add(settlement_id)
        events: list[CardEvent] = []
        for user, amount in zip(users, amounts, strict=True):
            events += self._burn_spent(user, amount, settlement_id)
        return tuple(events)

    def _burn_spent(self, user: str, amount: int, settlement_id: bytes) -> list[CardEvent]:
        events: list[CardEvent] = []
        burned = min(amount, self.cards[user])
        self.cards[user] -= burned
        self._pay(self.card, self.treasury, burned)
        asked, left = self.pending.get(user), self.cards[user]
        if asked and asked.amount_usdc6 > left:
            del self.pending[user]
            if left:
                self.pending[user] = PendingWithdrawal(left, asked.ready_at_s)
            events.append(WithdrawalReduced(user, left))
        if burned:
            events.append(CardSettlement(user, burned, settlement_id))
        if burned < amount:
            events.append(SettlementShortfall(user, amount - burned, settlement_id))
        return events

    def _deposit(self, sender: str, users: Sequence[str], amounts: Sequence[int]) -> Outcome:
        total, allowed, have = sum(amounts), self.allowances.get(sender, 0), self.usdc[sender]
        require(total <= allowed, "ERC20InsufficientAllowance", self.card, allowed, total)
        require(total <= have, "ERC20InsufficientBalance", sender, have, total)
        self._pay(sender, self.card, total)
        for user, amount in zip(users, amounts, strict=True):
            self.cards[user] += amount
        return tuple(CardDeposit(user, amount) for user, amount in zip(users, amounts, strict=True))

    def _pay(self, payer: str, payee: str, amount: int) -> None:
        self.usdc[payer] -= amount
        self.usdc[payee] += amount

    def _require_running(self) -> None:
        require(not self.paused, "EnforcedPause")

    def _require_role(self, sender: str, role: str) -> None:
        require(self.has_role(sender, role), "AccessControlUnauthorizedAccount", sender, ROLES[role])

    @staticmethod
    def _require_batch(users: Sequence[str], amounts: Sequence[int]) -> None:
        require(len(users) == len(amounts), "LengthMismatch")
        require(len(users) > 0, "ZeroAmount")

    @staticmethod
    def _require_entry(user: str, amount: int) -> None:
        require(user != ZERO_ADDRESS, "ZeroAddress")
        require(amount > 0, "ZeroAmount")
