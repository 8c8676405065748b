"""A final presentment frees what is left of its hold. Judged: I10 (that it does), I12 (nothing ends that hold again).

Rule. The result of a final presentment that takes less than was held says that the rest was freed, and no tick ends
that hold afterwards.

Evidence. What was certainly held when the presentment was sent, and its result.

No false alarm. Judged only where no other presentment of the authorization was in flight, nothing that may end or
change the hold was sent until the answer, and its time was not over.
"""

from __future__ import annotations

from typing import Any

from engine.interface import Presentment
from simulators.auditor.book import RELEASED, Auth, Book
from simulators.auditor.words import usd, when

LANDED = 1 << 20
"""``Auth.flights`` counts a presentment that was sent as 1, and its result as this."""


def sent(book: Book, presentment: Presentment, auth: Auth) -> None:
    """A final presentment of less than is certainly held, before the books give the rest up."""
    asked, authorization_id = auth.message, presentment.authorization_id
    same = (presentment.card_id, presentment.network) == (asked.card_id, asked.network)
    alone = auth.flights % LANDED == auth.flights // LANDED + 1
    if same and alone and type(auth.answer) is int and authorization_id not in book.entangled:
        left = auth.low - presentment.amount_cents
        book.left[presentment.presentment_id] = (left, auth.flights, _version(book, authorization_id))


def answered(book: Book, at_ns: int, presentment: Presentment, auth: Auth, result: Any) -> None:
    """Its posting, before the books end the hold; its own result has landed."""
    ref, authorization_id = presentment.presentment_id, presentment.authorization_id
    left, flights, version = book.left.pop(ref, (0, 0, 0))
    if not left or auth.flights != flights + LANDED or version != _version(book, authorization_id):
        return
    if auth.low != presentment.amount_cents or auth.window == RELEASED or ref in book.presented_again:
        return
    if result.released_cents < left:
        book.found(
            "I10", at_ns, ref, auth.account.account_id,
            f"{usd(presentment.amount_cents)} of authorization {authorization_id}, posted as final at {when(at_ns)}, "
            f"freed {usd(result.released_cents)}; {usd(left)} were left of its hold for certain",
        )  # fmt: skip
    book.closed[authorization_id] = at_ns


def _version(book: Book, authorization_id: str) -> int:
    story = book.stories.get(authorization_id)
    return 0 if story is None else story.version
