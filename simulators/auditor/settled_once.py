"""I7: every captured unit is burned on chain exactly once, in bounded time.

Rule. What has been burned of an account never exceeds what was captured. A settlement id burns in one transaction
only, and that has at most ``terms.batch_users`` users. What is captured and covered is burned within
``terms.settlement_bound_ns``; what a deposit recovers of a receivable, within that time from the deposit.

Evidence. CardSettlement events against presentments. Burning may follow a presentment as soon as that was *sent*; a
deadline starts when its posting, or the deposit, was *answered*, and with the end of the slot in which that was (a
64th of the bound, at most 15 minutes). What was reported as receivable, or what the chain reported as missing, is not
awaited.

No false alarm. An engine cannot have captured what nobody presented, so a burn beyond all presentments is one too
many. Users are counted once, and only those whom an event names. At a deadline only those captures are asked for that
were answered a whole bound earlier, less the most that may be owed; burns are counted from their block, before they
are final.
"""

from __future__ import annotations

from simulators.auditor.book import USDC6_PER_CENT, Account, Book
from simulators.auditor.hours import Hours
from simulators.auditor.records import ChainEvent
from simulators.auditor.words import span, usdc, when


def burned(book: Book, at_ns: int, account: Account, event: ChainEvent) -> None:
    """A CardSettlement in a block."""
    transaction = event.ref.partition(":")[0]
    known = book.settlements.get(event.settlement_id)
    if known is None:
        book.settlements[event.settlement_id] = known = (transaction, at_ns, {})
    elif known[0] != transaction:
        book.found(
            "I7", at_ns, event.settlement_id, account.account_id,
            f"settlement {event.settlement_id} burned {usdc(event.amount_usdc6)} at {when(at_ns)} in transaction "
            f"{transaction}; it had been used in {known[0]}",
        )  # fmt: skip
    counted(book, at_ns, account, event)
    amounts = known[2]
    amounts[account.index] = amounts.get(account.index, 0) + event.amount_usdc6
    if book.has_heard(at_ns, account.burned_at_ns):
        account.burned_before_usdc6 = account.burned_usdc6
    account.burned_at_ns = at_ns
    account.burned_usdc6 += event.amount_usdc6
    net_cents = max(account.net_cents, account.presented_cents - account.credit_cents)
    captured_usdc6 = net_cents * USDC6_PER_CENT
    excess = account.burned_usdc6 - max(captured_usdc6, account.forgiven_usdc6)
    if excess > 0:
        book.found(
            "I7", at_ns, event.settlement_id, account.account_id,
            f"burned too much: {usdc(event.amount_usdc6)} at {when(at_ns)} make {usdc(account.burned_usdc6)} burned of "
            f"account {account.account_id}, of which {usdc(captured_usdc6)} was ever presented: {usdc(excess)} too "
            "much",
        )  # fmt: skip
        account.forgiven_usdc6 = account.burned_usdc6


def counted(book: Book, at_ns: int, account: Account, event: ChainEvent) -> None:
    """Count the user of a CardSettlement or SettlementShortfall, before it is booked; too many are reported once."""
    settlement_id = event.settlement_id
    known = book.settlements.get(settlement_id)
    if (settlement_id, account.account_id) in book.shortfalls or (known is not None and account.index in known[2]):
        return
    book.users_settled[settlement_id] += 1
    if book.users_settled[settlement_id] == book.terms.batch_users + 1:
        book.found(
            "I7", at_ns, settlement_id, account.account_id,
            f"settlement {settlement_id} settles more than {book.terms.batch_users} users, with account "
            f"{account.account_id} at {when(at_ns)}; so many may be in one batch",
        )  # fmt: skip


def fall_due(book: Book, hours: Hours, at_ns: int) -> None:
    """Judge the deadlines that have passed."""
    due = hours.due
    bound = span(book.terms.settlement_bound_ns)
    while due and due[0][0] <= at_ns:
        deadline_ns, account, owed_usdc6, credited_cents = due.popleft()
        owed_usdc6 -= (account.credit_ever_cents - credited_cents) * USDC6_PER_CENT
        late = owed_usdc6 - account.burned_usdc6 - account.short_usdc6
        if late <= 0 or owed_usdc6 <= book.late.get(account, 0):
            continue
        book.late[account] = owed_usdc6
        book.found(
            "I7", at_ns, "", account.account_id,
            f"not burned in time: {usdc(late)} captured from account {account.account_id} was due by "
            f"{when(deadline_ns)}, {bound} after it was posted, and is not on chain",
        )  # fmt: skip
