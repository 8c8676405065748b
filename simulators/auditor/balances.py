"""What an engine says of an account, beside what its messages add up to: I3, or by its cause I5, I6, I10 or I11.

Rule. Where nothing of the account is in flight: ``held`` is what open holds amount to; ``unsettled + receivable`` is
captured less credited less burned; ``available + withdrawing - receivable`` is deposits less payouts, holds and
captures, plus credits; ``withdrawing`` is what was asked for, less what was cancelled, reduced or paid out since, even
where that is more than was free. Together the first four components are what the chain holds for the account. Nothing
is available to a customer who owes (I10).

Named by cause: held less than for certain after the engine lost its memory is I5 (a lost approval); held more than
can be, where so much had been declined or taken back, is I6 (a zombie), unless a repeated request has just that
amount, which is I3; funds off by just the amount of a deposit or a payout are I11; all else is I3.

Evidence. Component by component, and as sums that depend on no order in which an engine takes things, nor on how it
shares money between them.

No false alarm. A balance is not judged while anything of its account but an authorization is unanswered; holds have
the bounds of the books, which are equal unless one may just have expired; a burn may be new to the engine until it is
final and a settlement tick that was sent after that is answered. What failed may be held until its validity, and the
grace after it, are over.
"""

from __future__ import annotations

from engine.interface import Balance
from simulators.auditor import totals
from simulators.auditor.book import USDC6_PER_CENT, Account, Book
from simulators.auditor.words import usdc, when


def balance(book: Book, at_ns: int, said: Balance) -> None:
    """Compare what the engine says of an account with the books; silent while anything of it is unanswered."""
    account = book.account(said.account_id)
    account.said_held_usdc6 = said.held_usdc6
    if account.unresolved or account.presented_cents != account.captured_cents:
        return
    wrong = [*_held(account, said), *_captured(book, at_ns, account, said), *_rest(book, account, said)]
    told = tuple(message for _, message in wrong)
    totals.told(book, at_ns, account, None if wrong else said)
    if told == account.told:
        return
    account.told = told
    for invariant in dict.fromkeys(invariant for invariant, _ in wrong):
        book.found(
            invariant, at_ns, "", said.account_id,
            f"the balance of account {said.account_id} at {when(at_ns)} is not what its messages add up to: "
            + "; ".join(message for name, message in wrong if name == invariant),
        )  # fmt: skip


def _held(account: Account, said: Balance) -> list[tuple[str, str]]:
    least = (account.spent_cents - account.captured_cents) * USDC6_PER_CENT
    most = account.high_cents * USDC6_PER_CENT
    if least <= said.held_usdc6 <= most:
        return []
    expected = usdc(most) if least == most else f"{usdc(least)} to {usdc(most)}"
    told = f"held is {usdc(said.held_usdc6)}, open holds are {expected}"
    if said.held_usdc6 < least:
        return [("I5" if account.held_at_loss_cents > 0 else "I3", told)]
    excess = said.held_usdc6 - most
    if excess // USDC6_PER_CENT in (account.repeated_cents or ()):
        return [("I3", told)]
    return [("I6" if excess <= account.given_up_cents * USDC6_PER_CENT else "I3", told)]


def _captured(book: Book, at_ns: int, account: Account, said: Balance) -> list[tuple[str, str]]:
    captured_usdc6 = (account.captured_cents - account.credit_cents) * USDC6_PER_CENT
    least = most = captured_usdc6 - account.burned_usdc6
    if not book.has_heard(at_ns, account.burned_at_ns):
        most = captured_usdc6 - account.burned_before_usdc6  # in a block, perhaps not known to the engine
    told = said.unsettled_usdc6 + said.receivable_usdc6
    wrong = []
    if not least <= told <= most:
        what = "captured less credited" if account.credit_ever_cents else "captured"
        wrong.append(
            f"unsettled {usdc(said.unsettled_usdc6)} and receivable {usdc(said.receivable_usdc6)} make {usdc(told)}, "
            f"{what} {usdc(captured_usdc6)} less burned {usdc(account.burned_usdc6)} is {usdc(least)}"
        )
    if not 0 <= said.receivable_usdc6 <= account.receivable_usdc6:
        wrong.append(
            f"receivable is {usdc(said.receivable_usdc6)}, at most {usdc(account.receivable_usdc6)} was reported and "
            "not paid since"
        )
    wrong = [("I3", message) for message in wrong]
    if said.available_usdc6 > 0 and said.receivable_usdc6 > 0:
        wrong.append(
            (
                "I10",
                f"{usdc(said.available_usdc6)} is available while {usdc(said.receivable_usdc6)} is owed: what there is "
                "pays what is owed, at once",
            )
        )
    return wrong


def _rest(book: Book, account: Account, said: Balance) -> list[tuple[str, str]]:
    told = said.available_usdc6 + said.withdrawing_usdc6 - said.receivable_usdc6
    held_and_captured = said.held_usdc6 + (account.captured_cents - account.credit_cents) * USDC6_PER_CENT
    expected = account.paid_in_usdc6 - account.paid_out_usdc6 - held_and_captured
    wrong = []
    if told != expected:
        what = "held and captured less credited" if account.credit_ever_cents else "held and captured"
        invariant = "I11" if _moved(book, account, abs(told - expected)) else "I3"
        wrong.append(
            (
                invariant,
                f"available {usdc(said.available_usdc6)} + withdrawing {usdc(said.withdrawing_usdc6)} - receivable "
                f"{usdc(said.receivable_usdc6)} is {usdc(told)}; deposits {usdc(account.paid_in_usdc6)} - payouts "
                f"{usdc(account.paid_out_usdc6)} - {what} {usdc(held_and_captured)} is {usdc(expected)}",
            )
        )
    least, most = account.aside_usdc6, account.pending_usdc6
    if not least <= said.withdrawing_usdc6 <= most:
        on_its_way = usdc(most) if least == most else f"{usdc(least)} to {usdc(most)}"
        wrong.append(("I3", f"withdrawing is {usdc(said.withdrawing_usdc6)}, {on_its_way} is on its way out"))
    return wrong


def _moved(book: Book, account: Account, amount_usdc6: int) -> bool:
    """Whether just this amount came in or went out at some time."""
    return any(
        notice.account is account and notice.kind and notice.amount_usdc6 == amount_usdc6
        for notice in book.notices.values()
    )
