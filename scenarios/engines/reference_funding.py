"""The reference engine and the chain: deposits, withdrawals, and what is burned."""

from __future__ import annotations

import hashlib

from engine.domain.settlement import Settlement
from engine.interface import DepositNotice, EngineError, StatementKind, WithdrawalNotice, WithdrawalStage
from scenarios.engines.reference_book import Book


class Funding(Book):
    """What the chain tells, and what it is told."""

    def deposit(self, notice: DepositNotice, now_ns: int) -> bool:
        """Credit once; what is owed is paid first, and then burned like a capture. Raises EngineError."""
        if notice.amount_usdc6 <= 0:
            raise EngineError(f"deposit {notice.deposit_id}: an amount is positive, not {notice.amount_usdc6}")
        account = self.account(notice.account_id)
        if not self._first_notice("deposit", notice.deposit_id, (notice.account_id, notice.amount_usdc6)):
            return False
        self._write(StatementKind.DEPOSIT, notice.deposit_id, account, notice.amount_usdc6, now_ns)
        paid = min(account.receivable, notice.amount_usdc6)
        account.available += notice.amount_usdc6 - paid
        if paid:
            account.receivable -= paid
            account.unsettled += paid
            account.to_burn += paid
            self._write(StatementKind.RECOVERY, f"recovery:{notice.deposit_id}", account, paid, now_ns)
        return True

    def withdraw(self, notice: WithdrawalNotice, now_ns: int) -> bool:
        """Follow one step, once: ``withdrawing`` is what may still leave. Raises EngineError."""
        if notice.amount_usdc6 < 0:
            raise EngineError(f"withdrawal {notice.event_id}: an amount is not negative: {notice.amount_usdc6}")
        account = self.account(notice.account_id)
        body = (notice.account_id, notice.stage, notice.amount_usdc6)
        if not self._first_notice("withdrawal", notice.event_id, body):
            return False
        pending = 0
        if notice.stage is WithdrawalStage.REQUESTED:
            pending = account.withdrawing + notice.amount_usdc6
        elif notice.stage is WithdrawalStage.REDUCED:
            pending = min(account.withdrawing, notice.amount_usdc6)
        elif notice.stage is WithdrawalStage.COMPLETED:
            account.available -= notice.amount_usdc6
            self._write(StatementKind.WITHDRAWAL, notice.event_id, account, notice.amount_usdc6, now_ns)
        account.available += account.withdrawing - pending
        account.withdrawing = pending
        self._pay_debt(account, notice.event_id, now_ns)
        return True

    def form_settlements(self, now_ns: int) -> None:
        """Net what is captured per account, in batches; an id is made once and never again.

        Where more was refunded than captured, the credit waits for captures to come.
        """
        owing = [account for account in self.accounts.values() if account.to_burn > 0]
        for start in range(0, len(owing), self._terms.batch_users):
            batch = owing[start : start + self._terms.batch_users]
            amounts = tuple((account.opening.account_id, account.to_burn) for account in batch)
            self._formed += 1
            digest = hashlib.sha256(f"reference settlement {self._formed} {amounts}".encode()).hexdigest()
            self.open_settlements.append(Settlement("0x" + digest, now_ns, amounts))
            for account in batch:
                account.to_burn = 0

    def close(self, settlement: Settlement, missing_usdc6: dict[str, int], now_ns: int) -> None:
        """It is final on chain; what a balance did not cover is owed, since a payout took more than was free."""
        self.open_settlements.remove(settlement)
        for account_id, amount in settlement.amounts_usdc6:
            account = self.accounts[account_id]
            missing = missing_usdc6.get(account_id, 0)
            account.unsettled -= amount
            self._write(StatementKind.SETTLEMENT, settlement.settlement_id, account, amount - missing, now_ns)
            if missing:
                account.available += missing
                account.receivable += missing
                self._write(StatementKind.RECEIVABLE, settlement.settlement_id, account, missing, now_ns)
                self._pay_debt(account, settlement.settlement_id, now_ns)
