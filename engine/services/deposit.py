"""Deposit: a final CardDeposit on chain becomes spendable, once; first it pays what the customer owes."""

from __future__ import annotations

from engine.domain import ledger as journal
from engine.domain.ledger import Commit, HoldChange, Queued, Rows, Touch
from engine.interface import DepositNotice, NoticeReceipt, Refused, UnknownAccount
from engine.ports import Ports
from engine.services.follow import follow
from engine.services.once import answer_once


class Deposit:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def __call__(self, notice: DepositNotice) -> NoticeReceipt:
        """Credit the deposit unless it was credited before. Raises UnknownAccount, and Refused for no amount."""
        now_ns = self._ports.clock.now_ns()
        account_id, ref, amount = notice.account_id, notice.deposit_id, notice.amount_usdc6
        key = f"deposit:{ref}"
        if amount <= 0:
            raise Refused(f"deposit {ref}: an amount is positive, not {amount}")

        def transition(rows: Rows) -> Commit:
            if rows.posted:
                return Commit(result=False)  # the answer is forgotten, the deposit is not
            funds = rows.funds.get(account_id)
            if funds is None:
                raise UnknownAccount(f"deposit {ref}: no account {account_id!r}")
            recovered = min(funds.receivable_usdc6, amount)
            entries = [journal.deposit(ref, account_id, now_ns, amount)]
            if recovered:
                entries.append(journal.recovery(f"recovery:{ref}", account_id, now_ns, recovered))
            return Commit(
                entries=tuple(entries),
                queued=(Queued(f"recovery:{ref}", account_id, recovered),) if recovered else (),
                posted=(key,),
                changes=(HoldChange(account_id, available_usdc6=amount - recovered),),
                result=True,
            )

        touch = Touch(accounts=(account_id,), posted=(key,))
        body = repr((account_id, amount))
        is_new, changes, replayed = await answer_once(self._ports.ledger, key, body, touch, transition)
        await follow(self._ports, key, changes)
        return NoticeReceipt(ref, is_new and not replayed)
