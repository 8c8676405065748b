"""I8: a customer's on-chain balance covers open holds and captures not yet burned.

Rule. Whenever something of an account happens on chain: deposits less payouts and burns, all as in blocks, are at least
what is held and captured for certain, less what is burned and what may be owed.

Evidence. Chain events alone on one side, answered approvals and captures on the other. A customer may ask for a payout
of money that holds already need, and the contract pays it after its delay, whatever the engine does; so what a request
asks for beyond what was free for certain, when the engine had been told of it, is excused once it is paid, as far as
reversals of holds of then have not given it back before; and so is a capture beyond its hold while money is on its way
out. What the engine approves after that is not excused.

No false alarm. The engine may only approve against final deposits, which are on chain long before. What it may burn for
a capture in flight is taken off the need as well, so a burn lowers both sides alike.
"""

from __future__ import annotations

from simulators.auditor.book import USDC6_PER_CENT, Account, Book
from simulators.auditor.words import usdc, when


def gap_usdc6(account: Account) -> int:
    """How far the need for certain exceeds the balance; at most 0 where it is covered."""
    burned = min(account.burned_usdc6, account.presented_cents * USDC6_PER_CENT)
    need = (account.spent_cents - account.crediting_cents) * USDC6_PER_CENT - account.receivable_usdc6 - burned
    return need - (account.chain_in_usdc6 - account.chain_out_usdc6 - account.burned_usdc6)


def excuse_payout(account: Account, paid_usdc6: int) -> None:
    """A payout is in a block: what it leaves open of the need of its own time is not the engine's doing."""
    if account.withdrawals_noticed <= account.withdrawals_ended:
        account.excused_usdc6 += paid_usdc6  # the engine has not been told of the request yet
        return
    account.excused_usdc6 += account.gap_usdc6


def given_back(account: Account, decided_ns: int, freed_cents: int) -> None:
    """A hold decided at that instant gave so much back: where a withdrawal had asked for it, it is set aside."""
    if decided_ns <= account.gap_since_ns:
        account.gap_usdc6 = max(account.gap_usdc6 - freed_cents * USDC6_PER_CENT, 0)


def judge(book: Book, at_ns: int, account: Account, what: str, ref: str) -> None:
    """After any chain event of the account."""
    gap = gap_usdc6(account) - account.excused_usdc6
    if gap <= 0:
        return
    balance = account.chain_in_usdc6 - account.chain_out_usdc6 - account.burned_usdc6
    book.found(
        "I8", at_ns, ref, account.account_id,
        f"not backed: after a {what} at {when(at_ns)} account {account.account_id} has {usdc(balance)} on chain, "
        f"{usdc(gap)} less than its open holds and unburned captures need",
    )  # fmt: skip
    account.excused_usdc6 += gap
