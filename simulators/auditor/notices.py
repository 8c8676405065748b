"""What the chain watcher tells the engine: deposits and withdrawal steps. Judged: I3 (each is applied once)."""

from __future__ import annotations

from engine.interface import DepositNotice, NoticeReceipt, StatementKind, WithdrawalNotice, WithdrawalStage
from simulators.auditor import debts
from simulators.auditor.book import USDC6_PER_CENT, Account, Book, Notice
from simulators.auditor.hours import Hours
from simulators.auditor.words import usdc, when

_WITHOUT_END = 1 << 200


def deposit_seen(book: Book, deposit_id: str, account: Account, amount_usdc6: int) -> Notice:
    """The first word of a deposit, from a block or from its notice: from now on it may be spent."""
    notice = book.notices.get(deposit_id)
    if notice is None:
        notice = book.notices[deposit_id] = Notice(account, amount_usdc6, StatementKind.DEPOSIT)
        account.free_usdc6 += amount_usdc6
        account.uneven |= amount_usdc6 % USDC6_PER_CENT != 0
    return notice


def deposit_sent(book: Book, hours: Hours, at_ns: int, message: DepositNotice) -> None:
    """The notice itself is on its way."""
    notice = deposit_seen(book, message.deposit_id, book.account(message.account_id), message.amount_usdc6)
    if not notice.sent:
        debts.payment_sent(book, at_ns, notice.account, notice.amount_usdc6)
    _sent(notice)


def deposit_answered(book: Book, hours: Hours, at_ns: int, message: DepositNotice, receipt: NoticeReceipt) -> None:
    """From now on it is credited; what is owed has been paid from it."""
    notice = book.notices[message.deposit_id]
    if not _answered(book, at_ns, message.deposit_id, notice, receipt):
        return
    account = notice.account
    account.paid_in_usdc6 += notice.amount_usdc6
    account.raised_ns = at_ns
    owed_usdc6 = account.receivable_usdc6
    debts.payment_answered(account, notice.amount_usdc6)
    if account.receivable_usdc6 != owed_usdc6:
        hours.touched[account] = None  # that part is to be burned now


def withdrawal_sent(book: Book, hours: Hours, at_ns: int, message: WithdrawalNotice) -> None:
    """From now on a step that ends a withdrawal may have freed what was set aside."""
    notice = book.notices.get(message.event_id)
    if notice is None:
        account = book.account(message.account_id)
        line = StatementKind.WITHDRAWAL if message.stage is WithdrawalStage.COMPLETED else ""
        notice = book.notices[message.event_id] = Notice(account, message.amount_usdc6, line)
        account.uneven |= message.amount_usdc6 % USDC6_PER_CENT != 0
    _sent(notice)
    account, first = notice.account, notice.sent == 1
    if first:
        account.steps += 1
        account.steps_crossed |= account.steps > 1
    if message.stage is WithdrawalStage.REQUESTED:
        if first:
            notice.mark = (_free_for_certain(account), account.high_cents, AskedSince(hours))
            account.pending_usdc6 += message.amount_usdc6
            account.leaving_usdc6 = max(account.leaving_usdc6, message.amount_usdc6)
        return
    step_possible(account, message.stage, message.amount_usdc6)
    if first:
        left_usdc6 = message.amount_usdc6 if message.stage is WithdrawalStage.REDUCED else 0
        account.aside_usdc6 = min(account.aside_usdc6, left_usdc6)


def step_possible(account: Account, stage: str, amount_usdc6: int) -> None:
    """A withdrawal was cancelled, reduced or completed, by a notice or in a block: less is certainly on its way out."""
    if stage == WithdrawalStage.CANCELLED:
        account.free_usdc6 += account.withdrawing_usdc6
        account.withdrawing_usdc6 = 0
        return
    over = max(account.withdrawing_usdc6 - amount_usdc6, 0)
    account.free_usdc6 += over
    account.withdrawing_usdc6 -= over


def withdrawal_answered(
    book: Book, hours: Hours, at_ns: int, message: WithdrawalNotice, receipt: NoticeReceipt
) -> None:
    """From now on the step is booked."""
    notice = book.notices[message.event_id]
    if not _answered(book, at_ns, message.event_id, notice, receipt):
        return
    account, amount_usdc6 = notice.account, message.amount_usdc6
    account.raised_ns = at_ns
    alone = not account.steps_crossed
    account.steps -= 1
    account.steps_crossed &= account.steps > 0
    if message.stage is WithdrawalStage.REQUESTED:
        account.aside_usdc6 += amount_usdc6 if alone else 0
        account.gap_since_ns = at_ns
        _set_aside(notice, amount_usdc6)
        return
    left_usdc6 = amount_usdc6 if message.stage is WithdrawalStage.REDUCED else 0
    if alone:
        account.pending_usdc6 = min(account.pending_usdc6, left_usdc6)
    if message.stage is not WithdrawalStage.REDUCED:
        account.leaving_usdc6 = 0
        if message.stage is WithdrawalStage.COMPLETED:
            account.paid_out_usdc6 += amount_usdc6
            account.withdrawing_usdc6 = 0  # gone, and off the free funds for good


def _set_aside(notice: Notice, amount_usdc6: int) -> None:
    """What a request certainly took: at most what was free at the least favourable instant while it was in flight."""
    account = notice.account
    free_then, high_then, mark = notice.mark
    account.withdrawals_noticed += 1
    asked = mark.cents_of(account)
    if asked is None:
        account.gap_usdc6 = _WITHOUT_END
        return
    needed = (high_then + asked + account.presented_cents) * USDC6_PER_CENT
    account.gap_usdc6 = max(min(needed + amount_usdc6 - free_then, needed - account.burned_usdc6), 0)
    certain = min(amount_usdc6, max(free_then - needed, 0))
    account.withdrawing_usdc6 += certain
    account.free_usdc6 -= certain


def _free_for_certain(account: Account) -> int:
    """Deposits credited, less payouts, in millionths."""
    return account.paid_in_usdc6 - account.paid_out_usdc6 - account.pending_usdc6


class AskedSince:
    """An instant among the authorizations sent, to find those that came after it."""

    def __init__(self, hours: Hours) -> None:
        self._hours = hours
        self._slots = hours.slots
        self._ends = {id(lane): (lane, len(lane)) for lane in hours.lanes()}

    def cents_of(self, account: Account) -> int | None:
        """Cents asked of an account since then, whatever became of them; None if that is too long ago to tell."""
        if self._hours.slots > self._slots + 1:
            return None
        since = [auth for lane, length in self._ends.values() for auth in lane[length:]]
        for lane in self._hours.lanes():
            if id(lane) not in self._ends:
                since += lane
        return sum(auth.cents for auth in since if auth.account is account)


def _sent(notice: Notice) -> None:
    notice.sent += 1
    if notice.sent == 1:
        notice.account.unresolved += 1


def _answered(book: Book, at_ns: int, ref: str, notice: Notice, receipt: NoticeReceipt) -> bool:
    """True where this answer is the first to tell of the effect."""
    notice.answered += 1
    first = notice.answered == 1
    if first:
        notice.account.unresolved -= 1
    whose = notice.account.account_id
    if receipt.applied:
        notice.applied += 1
        if notice.applied > 1:
            book.found(
                "I3", at_ns, ref, whose,
                f"{usdc(notice.amount_usdc6)} was applied again at {when(at_ns)}; this notice had been applied before",
            )  # fmt: skip
        return first
    if notice.sent == 1:
        book.found(
            "I3", at_ns, ref, whose,
            f"{usdc(notice.amount_usdc6)} was dropped as a duplicate at {when(at_ns)}; this notice had been sent only "
            "once",
        )  # fmt: skip
    return first
