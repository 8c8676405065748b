"""I3 and I10, in words: an answer speaks of what was asked, and what it says can be.

Rule. An authorization's response carries the authorization's id; approved, it has code 00 (10 for a part of what
was asked) and no reason; declined, a reason, the code of that reason, and no amount and no hold. A reversal's response
carries the id that was reversed (all I3). A clearing receipt carries its file's id and one result for each presentment,
in order, under its id; a result frees nothing unless its presentment was posted and final, and then at most what was
left of the hold (I10).

Evidence. The answer beside its request, and for what was freed the most that may have been held when the presentment
was first sent (see ``book``).

No false alarm. All but the amounts freed are equalities of two messages. What an authorization may have held only
falls from its sending on, so what was possible when the presentment was sent bounds whatever is decided later, in
whichever order it is answered; ``Auth.high`` at the answer would not. Where two bodies are in flight under one key, or
where the authorization may have been forgotten, nothing is said.
"""

from __future__ import annotations

from typing import Any

from engine.interface import (
    AuthorizationRequest,
    AuthorizationResponse,
    CaptureOutcome,
    ClearingBatch,
    ClearingReceipt,
    DeclineReason,
    Presentment,
    ReversalRequest,
    ReversalResponse,
)
from simulators.auditor import codes
from simulators.auditor.book import DECLINED, MUDDLED, Auth, Book
from simulators.auditor.words import usd, when

NEVER_HELD = frozenset({DECLINED, *DeclineReason}) - {
    DeclineReason.INVALID_AMOUNT,
    DeclineReason.ISSUER_UNAVAILABLE,
    DeclineReason.SYSTEM_MALFUNCTION,
}
"""Answers after which nothing can be held: not those of an engine that gave up, nor where a sound request may follow.
"""


def misspoken(book: Book, at_ns: int, request: AuthorizationRequest, answer: AuthorizationResponse) -> None:
    """An authorization's answer whose id, code or reason is not the one that belongs there."""
    asked = request.authorization_id
    answered_at = f"the answer of {when(at_ns)} to authorization {asked}"
    if answer.authorization_id != asked:
        _say(book, "I3", at_ns, asked, f"{answered_at} names authorization {answer.authorization_id}")
    decision = "approved" if answer.approved else "declined"
    if answer.approved and answer.reason is not None:
        _say(book, "I3", at_ns, asked, f"{answered_at} is approved and gives a reason to decline ({answer.reason})")
    elif not answer.approved and answer.reason is None:
        _say(book, "I3", at_ns, asked, f"{answered_at} is declined and gives no reason")
    elif answer.response_code != (code := _code_of(request, answer)):
        because = "" if answer.approved else f" ({answer.reason})"
        wanted = "that is no known reason" if code is None else f"that is code {code!r}"
        _say(
            book, "I3", at_ns, asked,
            f"{answered_at} is {decision}{because} with code {answer.response_code!r}; {wanted}",
        )  # fmt: skip
    book.secrets.scan(book, at_ns, "the answer to AuthorizationRequest", repr(answer))


def _code_of(request: AuthorizationRequest, answer: AuthorizationResponse) -> str | None:
    """The code that belongs to an answer; None where its reason is none."""
    if answer.approved and request.partial_supported and 0 < answer.approved_cents < request.amount_cents:
        return codes.PARTIAL
    return codes.CODE_OF.get(answer.reason)


def declined_with_amounts(book: Book, at_ns: int, answer: AuthorizationResponse, request: AuthorizationRequest) -> None:
    """A decline that approves an amount or promises a hold."""
    _say(
        book, "I3", at_ns, request.authorization_id,
        f"the answer of {when(at_ns)} to authorization {request.authorization_id} is declined ({answer.reason}) and "
        f"has {usd(answer.approved_cents)} approved and a hold until {answer.hold_expires_at_ns} ns; both have to be 0",
    )  # fmt: skip


def reversal(book: Book, at_ns: int, request: ReversalRequest, answer: ReversalResponse) -> None:
    """Called for each answer to a reversal."""
    if answer.authorization_id != request.authorization_id:
        _say(
            book, "I3", at_ns, request.authorization_id,
            f"the answer of {when(at_ns)} to the reversal of {request.authorization_id} names authorization "
            f"{answer.authorization_id}",
        )  # fmt: skip


def receipt(book: Book, at_ns: int, batch: ClearingBatch, answer: ClearingReceipt) -> None:
    """Called for the first answer to a batch: its file, and how many results there are."""
    if answer.file_id != batch.file_id:
        _say(
            book, "I10", at_ns, batch.file_id,
            f"the receipt of {when(at_ns)} for file {batch.file_id} names file {answer.file_id}",
        )  # fmt: skip
    if len(answer.results) != len(batch.presentments):
        _say(
            book, "I10", at_ns, batch.file_id,
            f"the receipt of {when(at_ns)} has {len(answer.results)} results for {len(batch.presentments)} "
            "presentments",
        )  # fmt: skip


def remember_held(book: Book, auth: Auth, presentment_id: str) -> None:
    """A presentment is sent while its authorization can hold no longer what it was approved for."""
    if auth.high or type(auth.answer) is int or auth.answer in NEVER_HELD:
        book.held_when_sent[presentment_id] = auth.high


def result(book: Book, at_ns: int, batch: ClearingBatch, presentment: Presentment, said: Any) -> None:
    """A result under another id, or one that freed something."""
    ref = presentment.presentment_id
    if said.presentment_id != ref:
        _say(
            book, "I10", at_ns, ref,
            f"the result of {when(at_ns)} for presentment {ref} names presentment {said.presentment_id}",
        )  # fmt: skip
    freed_cents = said.released_cents
    if not freed_cents:
        return
    most_cents = _most_freed(book, at_ns, batch, presentment, said.outcome)
    if freed_cents < 0 or (most_cents is not None and freed_cents > most_cents):
        most = "" if most_cents is None else f"; at most {usd(most_cents)} can have been left"
        _say(
            book, "I10", at_ns, ref,
            f"{usd(presentment.amount_cents)} of authorization {presentment.authorization_id}, {said.outcome} at "
            f"{when(at_ns)}, freed {usd(freed_cents)}{most}",
        )  # fmt: skip


def _most_freed(
    book: Book, at_ns: int, batch: ClearingBatch, presentment: Presentment, outcome: CaptureOutcome
) -> int | None:
    """The most, in cents, that this presentment may have freed; None where that is not known."""
    if not presentment.final or outcome is not CaptureOutcome.POSTED:
        return 0
    auth = book.auths.get(presentment.authorization_id)
    if (auth is not None and auth.answer is MUDDLED) or presentment.authorization_id in book.entangled:
        return None
    if presentment.authorization_id in book.stories and auth is not None:
        return None
    held_cents = book.held_when_sent.get(presentment.presentment_id)
    if held_cents is None and auth is not None:
        held_cents = auth.cents
    if held_cents is None:
        # Never asked for, or over before the file was sent; or else forgotten since, which takes a whole memory.
        old = at_ns - batch.sent_at_ns >= book.memory_ns
        return None if old or presentment.presentment_id in book.presented_again else 0
    return max(held_cents - presentment.amount_cents, 0)


def _say(book: Book, invariant: str, at_ns: int, ref: str, message: str) -> None:
    auth = book.auths.get(ref)
    book.found(invariant, at_ns, ref, "" if auth is None else auth.account.account_id, message)
