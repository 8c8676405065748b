"""Authorizations of which more is told than a purchase, its reversal and its captures: increments, advices, parts.

For these alone it is kept how much was granted, how much of that was captured or taken back, and whether anything
about them is in flight. Where a message was alone in flight, its effect is exact; where several were, the bounds
``low`` and ``high`` of the authorization hold whatever their order may have been.
"""

from __future__ import annotations

from simulators.auditor import debts
from simulators.auditor.account import NEVER_NS
from simulators.auditor.book import RELEASED, USDC6_PER_CENT, Account, Auth, Book
from simulators.auditor.hours import Hours


class Story:
    """``granted`` and ``used`` (captured or taken back) in cents, None where that is not known for certain.

    ``flying``: messages sent and not answered. ``version``: grows with each that is sent. ``advices``, ``advising``:
    how many were advices, and how many of those are in flight. ``excess_usdc6``: by how much its advices took more than
    there was.
    """

    __slots__ = ("advices", "advising", "excess_usdc6", "flying", "granted", "used", "version")

    def __init__(self, granted: int | None, used: int | None) -> None:
        self.granted = granted
        self.used = used
        self.flying = self.version = self.advices = self.advising = self.excess_usdc6 = 0

    @property
    def advised(self) -> int | None:
        """The number of its advices; None while one is in flight, and what is held may be all that it says."""
        return None if self.advising else self.advices


def of(book: Book, auth: Auth, authorization_id: str) -> Story:
    """Its story, begun here if there was none."""
    story = book.stories.get(authorization_id)
    if story is None:
        known = is_quiet(book, auth, authorization_id)
        granted = book.granted.get(authorization_id, auth.cents) if known else None
        story = Story(granted, None if granted is None else granted - auth.high)
        book.stories[authorization_id] = story
    return story


def is_quiet(book: Book, auth: Auth, authorization_id: str) -> bool:
    """Approved, and it is known to the cent what it holds."""
    account = auth.account
    if authorization_id in book.entangled or account.presented_cents != account.captured_cents:
        return False
    return type(auth.answer) is int and auth.low == auth.high


def sent(book: Book, auth: Auth, authorization_id: str, *, advice: bool = False) -> Story:
    """A message about it, each key once."""
    story = of(book, auth, authorization_id)
    story.flying += 1
    story.version += 1
    story.advices += advice
    story.advising += advice
    return story


def set_held(hours: Hours, auth: Auth, cents: int) -> None:
    """It is known to the cent what it holds now, unless its time may be over."""
    account = auth.account
    account.high_cents += cents - auth.high
    auth.high = cents
    if auth.window != RELEASED:
        account.spent_cents += cents - auth.low
        auth.low = cents


def lower(hours: Hours, auth: Auth, low: int) -> None:
    """From now on no more than ``low`` is certain."""
    less = auth.low - low
    if less > 0:
        auth.account.spent_cents -= less
        auth.low = low
        hours.count_back(auth, less)


def left_for_certain(book: Book, auth: Auth, authorization_id: str) -> int:
    """The least that it holds until its time is over, in cents; 0 where nobody can tell."""
    story = book.stories.get(authorization_id)
    if story is None or story.flying or authorization_id in book.entangled or story.granted is None:
        return 0
    if story.used is None or auth.account.presented_cents != auth.account.captured_cents:
        return 0
    return min(max(story.granted - story.used, 0), auth.high)


def freed(book: Book, auth: Auth, authorization_id: str, freed_cents: int) -> None:
    """So much is held no more, for certain; as much of what it took beyond the funds is there again."""
    story = book.stories.get(authorization_id)
    if story is not None and story.excess_usdc6:
        back = min(story.excess_usdc6, freed_cents * USDC6_PER_CENT)
        story.excess_usdc6 -= back
        auth.account.free_usdc6 -= back


def is_over(book: Book, auth: Auth | None, authorization_id: str) -> bool:
    """Whether it was approved and has ended, for certain."""
    if authorization_id in book.entangled:
        return False
    story = book.stories.get(authorization_id)
    if auth is None or type(auth.answer) is not int or auth.high or (story is not None and story.flying):
        return False
    return auth.account.presented_cents == auth.account.captured_cents


def is_open(auth: Auth) -> bool:
    """Whether something is held for certain, and its end is not near."""
    return auth.low > 0 and type(auth.answer) is int and auth.window != RELEASED


def give_up_on(account: Account) -> None:
    """Something happened of which either of two effects may be: nothing is judged of this account's money any more."""
    account.unresolved += 1
    debts.of(account).least -= NEVER_NS
    account.free_usdc6 += NEVER_NS
    account.excused_usdc6 += NEVER_NS
    account.crediting_cents += NEVER_NS
    account.credit_ever_cents += NEVER_NS
