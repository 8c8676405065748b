"""Withdraw: follow a two-step withdrawal on chain, so that money on its way out is not spent as well."""

from __future__ import annotations

from engine.domain import ledger as journal
from engine.domain.accounts import Funds
from engine.domain.debts import with_debts_paid
from engine.domain.ledger import Commit, Entry, HoldChange, Rows, Touch
from engine.interface import NoticeReceipt, Refused, UnknownAccount, WithdrawalNotice, WithdrawalStage
from engine.ports import Ports
from engine.services.follow import follow
from engine.services.once import answer_once


class Withdraw:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def __call__(self, notice: WithdrawalNotice) -> NoticeReceipt:
        """Book the step unless it was booked before. Raises UnknownAccount, and Refused for a negative amount."""
        now_ns = self._ports.clock.now_ns()
        account_id, ref, amount = notice.account_id, notice.event_id, notice.amount_usdc6
        key = f"withdrawal:{ref}"
        if amount < 0:
            raise Refused(f"withdrawal {ref}: an amount is not negative: {amount}")

        def transition(rows: Rows) -> Commit:
            if rows.posted:
                return Commit(result=False)  # the answer is forgotten, the step is not
            funds = rows.funds.get(account_id)
            if funds is None:
                raise UnknownAccount(f"withdrawal {ref}: no account {account_id!r}")
            entries = entries_of(notice, funds, now_ns)
            change = sum(
                posting.amount for entry in entries for posting in entry.postings if posting.book == "available"
            )
            changes = (HoldChange(account_id, available_usdc6=change),) if change else ()
            commit = Commit(entries=entries, posted=(key,), changes=changes, result=True)
            return with_debts_paid(commit, rows, now_ns)

        body = repr((account_id, str(notice.stage), amount))
        touch = Touch(accounts=(account_id,), posted=(key,))
        is_new, changes, replayed = await answer_once(self._ports.ledger, key, body, touch, transition)
        await follow(self._ports, key, changes)
        return NoticeReceipt(ref, is_new and not replayed)


def entries_of(notice: WithdrawalNotice, funds: Funds, now_ns: int) -> tuple[Entry, ...]:
    """The postings of one step.

    A request sets aside all that it names, even what holds and captures still need: the available balance is then
    negative, nothing more is approved, and it comes back as settlements burn first and shrink the withdrawal.
    """
    ref, account_id, amount = notice.event_id, notice.account_id, notice.amount_usdc6
    set_aside = funds.withdrawing_usdc6
    match notice.stage:
        case WithdrawalStage.REQUESTED:
            return (journal.withdrawal_request(ref, account_id, now_ns, amount),)
        case WithdrawalStage.CANCELLED:
            return (journal.withdrawal_return(ref, account_id, now_ns, set_aside),) if set_aside else ()
        case WithdrawalStage.REDUCED:
            back = max(set_aside - amount, 0)
            return (journal.withdrawal_return(ref, account_id, now_ns, back),) if back else ()
        case WithdrawalStage.COMPLETED:
            from_aside = min(amount, set_aside)
            paid = journal.withdrawal(
                ref, account_id, now_ns, from_withdrawing_usdc6=from_aside, from_available_usdc6=amount - from_aside
            )
            rest = set_aside - from_aside
            return (paid, journal.withdrawal_return(ref, account_id, now_ns, rest)) if rest else (paid,)
