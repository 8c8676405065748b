"""I3: one key, one effect, one answer.

Rule. A request repeated under its key gets the first answer again, to the letter; the same key with another body is
refused. A presentment, a deposit and a withdrawal step each take effect once. A reversal frees at most what was held,
and nothing where nothing was. Where nothing is in flight, an account's balance is exactly what the messages add up
to.

Evidence. Answers are compared with the first one given under that key. The balance is compared only while nothing of
the account is unanswered: held with the bounds of the books (equal unless a hold may just have expired), captured
money with what was presented and burned, and the rest, ``available + withdrawing - receivable``, with deposits less
payouts, holds and captures. That last sum does not depend on the order in which an engine takes things, nor on how it
shares money between the three.

No false alarm. Answers are compared only for requests whose first answer is remembered and whose body is the same in
every field that is kept. Two bodies in flight at once under one key are judged not at all, since either may be the
first. What was forgotten (see ``memory_ns``) is recognised by its age, and only widens the bounds.
"""

from __future__ import annotations

from typing import Any

from engine.interface import AuthorizationRequest, AuthorizationResponse, Balance, DeclineReason
from simulators.auditor.book import DECLINED, FAILED, MUDDLED, USDC6_PER_CENT, Account, Auth, Book
from simulators.auditor.words import usd, usdc, when


def seen_before(book: Book, message: AuthorizationRequest) -> bool:
    """True where this request opens nothing new: a repeat, or a key or an authorization that is taken."""
    key, authorization_id = message.idempotency_key, message.authorization_id
    auth = book.auths.get(authorization_id)
    if auth is None:
        if key == authorization_id:
            return False
        owner = book.recall(key)
        if (owner is not None and owner != authorization_id) or key in book.auths:
            return True
        book.said[key] = authorization_id
        return False
    if (auth.key or authorization_id) != key:
        return True
    if auth.answer is DeclineReason.INVALID_AMOUNT and auth.cents != message.amount_cents:
        del book.auths[authorization_id]  # a request that was no request; a sound one may follow under its key
        return False
    if auth.answer is not None and auth.answer is not FAILED:
        return True
    if same_body(book, auth, message):
        if auth.answer is FAILED:
            auth.account.in_flight += 1
            auth.answer = None
    else:
        auth.answer = MUDDLED
        more_cents = max(message.amount_cents - auth.high, 0)
        auth.high += more_cents
        auth.account.high_cents += more_cents
    return True


def same_body(book: Book, auth: Auth, message: AuthorizationRequest) -> bool:
    """As far as the body is kept: how much, and whose card (unless cards have changed hands)."""
    if auth.cents != message.amount_cents:
        return False
    return book.cards_moved or auth.account is book.cards.get(message.card_id, book.nobody)


def is_first(book: Book, at_ns: int, message: AuthorizationRequest, answer: AuthorizationResponse) -> bool:
    """True where this is the first answer to an authorization; else it is judged here."""
    key, authorization_id = message.idempotency_key, message.authorization_id
    auth = book.auths.get(authorization_id)
    if auth is None:
        owner = book.recall(key) or (key if key in book.auths else None)
        if owner is not None and owner != authorization_id:
            what = f"authorization {owner}" if isinstance(owner, str) else "another kind of request"
            _not_refused(book, at_ns, key, authorization_id, f"first used for {what}")
        return False
    if (auth.key or authorization_id) != key or auth.answer is MUDDLED:
        return False
    if not same_body(book, auth, message):
        _not_refused(book, at_ns, key, authorization_id, f"first used for {usd(auth.cents)}")
        return False
    if auth.answer is None or auth.answer is FAILED:
        return True
    if not _same_answer(auth, answer):
        book.found(
            "I3", at_ns, authorization_id, auth.account.account_id,
            f"two answers under key {key!r}: first {_told(auth.answer)}, at {when(at_ns)} {_told_now(answer)}",
        )  # fmt: skip
    return False


def _same_answer(auth: Auth, answer: AuthorizationResponse) -> bool:
    first = auth.answer
    if type(first) is int:
        return (
            answer.approved
            and answer.approved_cents == auth.cents
            and answer.hold_expires_at_ns == first
            and answer.reason is None
        )
    if isinstance(first, AuthorizationResponse):
        return first == answer
    return not answer.approved and (answer.reason or DECLINED) is first


def _told(answer: Any) -> str:
    if type(answer) is int:
        return f"approved, held until {when(answer)}"
    return _told_now(answer) if isinstance(answer, AuthorizationResponse) else f"declined ({answer})"


def _told_now(answer: AuthorizationResponse) -> str:
    if answer.approved:
        return f"approved {usd(answer.approved_cents)}, held until {when(answer.hold_expires_at_ns)}"
    return f"declined ({answer.reason})"


def _not_refused(book: Book, at_ns: int, key: str, authorization_id: str, first: str) -> None:
    book.found(
        "I3", at_ns, authorization_id, "",
        f"key {key!r}, {first}, came again at {when(at_ns)} with another body and was answered; it has to be refused",
    )  # fmt: skip


def approved_after_reversal(book: Book, at_ns: int, auth: Auth, authorization_id: str) -> None:
    """An approval of what had been taken back before it was asked."""
    book.found(
        "I3", at_ns, authorization_id, auth.account.account_id,
        f"{usd(auth.cents)} approved at {when(at_ns)} although the reversal of this authorization had been answered "
        "before the request was sent; nothing will free that hold",
    )  # fmt: skip


def balance(book: Book, at_ns: int, said: Balance) -> None:
    """Compare what the engine says of an account with the books; silent while anything of it is unanswered."""
    account = book.account(said.account_id)
    account.said_held_usdc6 = said.held_usdc6
    if account.unresolved or account.presented_cents != account.captured_cents:
        return
    wrong = [*_held(account, said), *_captured(book, at_ns, account, said), *_rest(account, said)]
    if wrong:
        book.found(
            "I3", at_ns, "", said.account_id,
            f"the balance of account {said.account_id} at {when(at_ns)} is not what its messages add up to: "
            + "; ".join(wrong),
        )  # fmt: skip


def _held(account: Account, said: Balance) -> list[str]:
    least = (account.spent_cents - account.captured_cents) * USDC6_PER_CENT
    most = account.high_cents * USDC6_PER_CENT
    if least <= said.held_usdc6 <= most:
        return []
    expected = usdc(most) if least == most else f"{usdc(least)} to {usdc(most)}"
    return [f"held is {usdc(said.held_usdc6)}, open holds are {expected}"]


def _captured(book: Book, at_ns: int, account: Account, said: Balance) -> list[str]:
    captured_usdc6 = account.captured_cents * USDC6_PER_CENT
    least = most = captured_usdc6 - account.burned_usdc6
    if at_ns - account.burned_at_ns <= book.finality_ns:
        most = captured_usdc6 - account.burned_before_usdc6  # in a block, perhaps not final to the engine
    told = said.unsettled_usdc6 + said.receivable_usdc6
    wrong = []
    if not least <= told <= most:
        wrong.append(
            f"unsettled {usdc(said.unsettled_usdc6)} and receivable {usdc(said.receivable_usdc6)} make {usdc(told)}, "
            f"captured {usdc(captured_usdc6)} less burned {usdc(account.burned_usdc6)} is {usdc(least)}"
        )
    if not 0 <= said.receivable_usdc6 <= account.receivable_usdc6:
        wrong.append(
            f"receivable is {usdc(said.receivable_usdc6)}, at most {usdc(account.receivable_usdc6)} was reported and "
            "not paid since"
        )
    return wrong


def _rest(account: Account, said: Balance) -> list[str]:
    told = said.available_usdc6 + said.withdrawing_usdc6 - said.receivable_usdc6
    held_and_captured = said.held_usdc6 + account.captured_cents * USDC6_PER_CENT
    expected = account.paid_in_usdc6 - account.paid_out_usdc6 - held_and_captured
    wrong = []
    if told != expected:
        wrong.append(
            f"available {usdc(said.available_usdc6)} + withdrawing {usdc(said.withdrawing_usdc6)} - receivable "
            f"{usdc(said.receivable_usdc6)} is {usdc(told)}; deposits {usdc(account.paid_in_usdc6)} - payouts "
            f"{usdc(account.paid_out_usdc6)} - held and captured {usdc(held_and_captured)} is {usdc(expected)}"
        )
    if not 0 <= said.withdrawing_usdc6 <= account.pending_usdc6:
        wrong.append(
            f"withdrawing is {usdc(said.withdrawing_usdc6)}, at most {usdc(account.pending_usdc6)} is on its way out"
        )
    return wrong
