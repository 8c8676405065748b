"""Deposit: a final CardDeposit on chain becomes spendable, once; first it pays what the customer owes."""

from __future__ import annotations

from engine.domain import ledger as journal
from engine.domain.ledger import Commit, Queued, Rows, Touch
from engine.interface import DepositNotice, EngineError, NoticeReceipt
from engine.ports import HoldChange, Ports


class Deposit:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def __call__(self, notice: DepositNotice) -> NoticeReceipt:
        """Credit the deposit unless it was credited before. Raises EngineError for an unknown account."""
        now_ns = self._ports.clock.now_ns()
        account_id, ref = notice.account_id, notice.deposit_id

        def transition(rows: Rows) -> Commit:
            funds = rows.funds.get(account_id)
            if funds is None:
                raise EngineError(f"deposit {ref}: no account {account_id!r}")
            if ref in rows.posted:
                return Commit(result=None)
            recovered = min(funds.receivable_usdc6, notice.amount_usdc6)
            entries = [journal.deposit(ref, account_id, now_ns, notice.amount_usdc6)]
            if recovered:
                entries.append(journal.recovery(f"recovery:{ref}", account_id, now_ns, recovered))
            return Commit(
                entries=tuple(entries),
                queued=(Queued(f"recovery:{ref}", account_id, recovered),) if recovered else (),
                posted=(ref,),
                result=HoldChange(account_id, "", 0, notice.amount_usdc6 - recovered),
            )

        commit = await self._ports.ledger.update(Touch(accounts=(account_id,), posted=(ref,)), transition)
        if commit.result is None:
            return NoticeReceipt(ref, False)
        await self._ports.holds.apply((commit.result,))
        return NoticeReceipt(ref, True)
