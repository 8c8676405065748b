"""I3: one key, one effect, one answer. I5 where an answer changed because the engine had lost its memory.

Rule. A request repeated under its key gets the first answer again, to the letter; the same key with another body is
refused. An authorization id is approved under one key only. A presentment, a deposit and a withdrawal step each take
effect once. A reversal frees at most what was held, and nothing where nothing was. Where nothing is in flight, an
account's balance is exactly what the messages add up to (``balances``).

Evidence. Answers are compared with the first one given under that key, bodies in every field but the key and the
instant of sending.

No false alarm. Answers are compared only for requests whose first answer is remembered and whose body is the same. Two
bodies in flight at once under one key are judged not at all, since either may be the first. What was forgotten (see
``memory_ns``) is recognised by its age, and only widens the bounds.
"""

from __future__ import annotations

from typing import Any

from engine.interface import AuthorizationRequest, AuthorizationResponse, DeclineReason
from simulators.auditor import validity
from simulators.auditor.book import DECLINED, FAILED, MUDDLED, RELEASED, UNSURE, Auth, Book
from simulators.auditor.exchanges import body_of
from simulators.auditor.words import usd, when


def seen_before(book: Book, message: AuthorizationRequest) -> bool:
    """True where this request opens nothing new: a repeat, or a key or an authorization that is taken."""
    key, authorization_id = message.idempotency_key, message.authorization_id
    auth = book.auths.get(authorization_id)
    if auth is None:
        if key == authorization_id:
            return key in book.exchanges
        owner = book.recall(key)
        if (owner is not None and owner != authorization_id) or key in book.auths or key in book.exchanges:
            return True
        book.said[key] = authorization_id
        return False
    if auth.message.idempotency_key != key:
        return _under_another_key(book, auth, message)
    same = same_body(auth, message)
    if auth.answer is DeclineReason.INVALID_AMOUNT and not same:
        del book.auths[authorization_id]  # a request that was no request; a sound one may follow under its key
        return False
    auth.account.repeated_cents = (auth.account.repeated_cents or set()) | {auth.cents}
    if auth.answer is not None and auth.answer is not FAILED:
        return True
    if same:
        if auth.answer is FAILED:
            auth.account.in_flight += 1
            auth.answer = None
            if auth.account.advised and auth.window != RELEASED:
                auth.window = UNSURE  # it may have been decided before an advice that used the limits up
    else:
        auth.answer = MUDDLED
        more_cents = max(message.amount_cents - auth.high, 0)
        auth.high += more_cents
        auth.account.high_cents += more_cents
    return True


def _under_another_key(book: Book, auth: Auth, message: AuthorizationRequest) -> bool:
    """An authorization id that was used before: free again after a decline, taken once it was approved."""
    authorization_id, key = message.authorization_id, message.idempotency_key
    if isinstance(auth.answer, DeclineReason) or auth.answer is DECLINED:
        del book.auths[authorization_id]
        entangle(book, authorization_id)
        if key != authorization_id:
            book.said[key] = authorization_id
        return False
    approved = type(auth.answer) is int
    book.taken.setdefault(key, approved)
    if authorization_id in book.stories:
        book.stories[authorization_id].version += 1
    if not approved:
        # Either of the two may be the one that is approved.
        if auth.answer is None:
            auth.account.in_flight -= 1
        auth.answer = MUDDLED
        more_cents = max(message.amount_cents - auth.high, 0)
        auth.high += more_cents
        auth.account.high_cents += more_cents
    return True


def entangle(book: Book, authorization_id: str) -> None:
    """It begins anew while something about the one before may still take hold of it."""
    story = book.stories.get(authorization_id)
    if story is not None and story.flying:
        book.entangled.add(authorization_id)


def same_body(auth: Auth, message: AuthorizationRequest) -> bool:
    """In everything that makes a request another one."""
    return auth.message is message or body_of(auth.message) == body_of(message)


def same_request(auth: Auth, message: AuthorizationRequest) -> bool:
    """The same body under the same key."""
    return auth.message.idempotency_key == message.idempotency_key and same_body(auth, message)


def is_first(book: Book, at_ns: int, message: AuthorizationRequest, answer: AuthorizationResponse) -> bool:
    """True where this is the first answer to an authorization; else it is judged here."""
    key, authorization_id = message.idempotency_key, message.authorization_id
    auth = book.auths.get(authorization_id)
    if auth is None:
        owner = book.recall(key) or (key if key in book.auths else None)
        if (owner is not None and owner != authorization_id) or key in book.exchanges:
            what = f"authorization {owner}" if isinstance(owner, str) else "another kind of request"
            _not_refused(book, at_ns, key, authorization_id, f"first used for {what}")
        return False
    if auth.message.idempotency_key != key:
        if answer.approved and book.taken.get(key):
            _approved_again(book, at_ns, auth, message)
        return False
    if auth.answer is MUDDLED:
        return False
    if not same_body(auth, message):
        _not_refused(book, at_ns, key, authorization_id, f"first used for {usd(auth.cents)}")
        return False
    if auth.answer is None or auth.answer is FAILED:
        return True
    if not _same_answer(book, auth, answer):
        lost = _answered_before_the_loss(book, auth)
        book.found(
            "I5" if lost else "I3", at_ns, authorization_id, auth.account.account_id,
            f"two answers under key {key!r}: first {_told(auth.answer)}, at {when(at_ns)} {_told_now(answer)}"
            + ("; the engine had lost its memory in between" if lost else ""),
        )  # fmt: skip
    return False


def _answered_before_the_loss(book: Book, auth: Auth) -> bool:
    """Approved for certain before the engine last lost its memory; of a decline nobody knows when it was answered."""
    if type(auth.answer) is not int or book.lost_ns < 0:
        return False
    return auth.answer - validity.lifetime_ns(book.terms.holds, auth.message) <= book.lost_ns


def _same_answer(book: Book, auth: Auth, answer: AuthorizationResponse) -> bool:
    first = auth.answer
    if type(first) is int:
        return (
            answer.approved
            and answer.approved_cents == book.granted.get(auth.message.authorization_id, auth.cents)
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


def _approved_again(book: Book, at_ns: int, auth: Auth, message: AuthorizationRequest) -> None:
    book.found(
        "I9", at_ns, message.authorization_id, auth.account.account_id,
        f"{usd(message.amount_cents)} approved at {when(at_ns)} under key {message.idempotency_key!r}; this "
        f"authorization had been approved under key {auth.message.idempotency_key!r} before that was sent",
    )  # fmt: skip


def approved_after_reversal(book: Book, at_ns: int, auth: Auth, authorization_id: str) -> None:
    """An approval of what had been taken back before it was asked."""
    book.found(
        "I9", at_ns, authorization_id, auth.account.account_id,
        f"{usd(auth.cents)} approved at {when(at_ns)} although the reversal of this authorization had been answered "
        "before the request was sent; nothing will free that hold",
    )  # fmt: skip
