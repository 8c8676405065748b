"""I4 for every other limit: of cards and mandates, by week, year, lifetime and velocity, in other zones, rolling.

Rule. In every window of a policy, what was approved less what that policy gives back never exceeds the limit; equal
is allowed. An increment counts at the instant of its original.

Evidence. Every approval is kept with the interval in which it was decided, from its sending to its answer, and with
the most that may have come back of it, by cause. At each approval all those are added up whose intervals lie in one
window with its own. A calendar's window holds an interval if it holds both ends; a window that rolls holds a set of
intervals if from the earliest sending to the latest answer is less than its length.

No false alarm. Of a set of approvals that all were decided in one window, and of which nothing was given back, the one
decided last was held against all the others. Increments and advices, which an engine may count without holding them
against what came later, count only towards what was sent after they were answered. What is refunded, reversed or
expired comes off, where the policy may give it back, as soon as that is possible.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.interface import LimitTerms
from simulators.auditor.account import NEVER_NS, Account, Auth
from simulators.auditor.causes import ANYHOW, EXPIRY, REVERSAL, Cause
from simulators.auditor.windows import HOUR_NS, Bound, bounds_of
from simulators.auditor.words import usd, when

if TYPE_CHECKING:
    from simulators.auditor.book import Book


class Tale:
    """An authorization as limits see it. ``first_ns`` to ``last_ns``: when it was decided.

    ``refusable``: it was held against the limits. ``grants``: when each amount was answered, and cents; the first is
    its own, the others are increments. The most that may have come back is kept by cause.
    """

    __slots__ = (
        "anyhow", "authorization_id", "card_id", "expired", "first_ns", "grants", "last_ns", "mandate_id", "refusable",
        "reversed",
    )  # fmt: skip

    def __init__(self, message: Any, answered_ns: int, slack_ns: int, mandate_id: str, cents: int) -> None:
        self.authorization_id = message.authorization_id
        self.card_id = message.card_id
        self.mandate_id = mandate_id
        self.first_ns = message.sent_at_ns - slack_ns
        self.last_ns = answered_ns + slack_ns
        self.refusable = True
        self.grants = [(answered_ns, cents)]
        self.anyhow = self.reversed = self.expired = 0

    @property
    def answered_ns(self) -> int:
        """When its own approval was answered."""
        return self.grants[0][0]

    def granted(self, before_ns: int) -> int:
        """What counts for certain towards something sent at ``before_ns``, before anything came back."""
        own = self.refusable or self.answered_ns <= before_ns
        more = sum(cents for answered_ns, cents in self.grants[1:] if answered_ns <= before_ns)
        return (self.grants[0][1] if own else 0) + more


class Tallies:
    """All of them. Nothing is kept while no limits need it (``on``)."""

    def __init__(self, book: Book) -> None:
        self._book = book
        limits = book.terms.limits
        self.on = bool(bounds_of(limits, True))
        self._by_account: dict[Account, list[Tale]] = {}
        self._by_id: dict[str, Tale] = {}
        self._refunded: dict[str, int] = {}
        """The most that was refunded, by authorization."""
        self._replaces: dict[str, str] = {}

    # ---- what counts ------------------------------------------------------------------------------------------------

    def approved(self, at_ns: int, auth: Auth, message: Any, cents: int) -> None:
        """An authorization was approved; judged at once."""
        if not auth.low or cents <= 0:
            return  # it may have been taken back before
        tale = self._begin(at_ns, auth.account, message, cents)
        self._judge(at_ns, auth.account, message, tale, message.sent_at_ns, cents, increment=False)

    def adopted(self, at_ns: int, account: Account, message: Any) -> None:
        """An advice opened an authorization for certain: it counts, and no limit refuses it."""
        if self.on and message.amount_cents > 0:
            self._begin(at_ns, account, message, message.amount_cents).refusable = False

    def more(self, at_ns: int, auth: Auth, message: Any, cents: int) -> None:
        """An increment was approved: it is held against what counts in the windows of its original."""
        tale = self._by_id.get(message.authorization_id)
        if tale is None:
            return
        self._judge(at_ns, auth.account, message, tale, message.sent_at_ns, cents, increment=True)
        tale.grants.append((at_ns, cents))

    def _begin(self, at_ns: int, account: Account, message: Any, cents: int) -> Tale:
        known = account.standing
        card = None if known is None or known.opening is None else known.cards.get(message.card_id)
        mandate_id = "" if card is None or known.since_ns > message.sent_at_ns else card.mandate_id
        tale = Tale(message, at_ns, self._book.slack_ns, mandate_id, cents)
        self._by_id[message.authorization_id] = tale
        self._by_account.setdefault(account, []).append(tale)
        return tale

    # ---- what comes back --------------------------------------------------------------------------------------------

    def may_return(self, authorization_id: str, cents: int, cause: Cause) -> None:
        """So much of what is held may come back from now on."""
        tale = self._by_id.get(authorization_id)
        if tale is None:
            return
        if cause is REVERSAL:
            tale.reversed += cents
        elif cause is EXPIRY:
            tale.expired += cents
        else:
            tale.anyhow += cents

    def may_refund(self, authorization_id: str, cents: int) -> None:
        """So much of a sale may be refunded from now on."""
        if self.on and authorization_id:
            self._refunded[authorization_id] = self._refunded.get(authorization_id, 0) + cents

    def forget(self, authorization_id: str) -> None:
        """How much of it counts, nobody can tell any more."""
        self.may_return(authorization_id, NEVER_NS, ANYHOW)

    def replaced(self, card_id: str, forerunner: str) -> None:
        """A card takes the place of another."""
        self._replaces.setdefault(card_id, forerunner)

    # ---- judging ----------------------------------------------------------------------------------------------------

    def _judge(
        self, at_ns: int, account: Account, message: Any, tale: Tale, sent_ns: int, cents: int, *, increment: bool
    ) -> None:
        """An approval just answered: ``increment`` for an increment, which is the last of its set."""
        for whose, limits, tales in self._scopes(account, message, tale):
            bounds = bounds_of(limits, whose == "account")
            if not bounds:
                continue
            counted = [
                (other, *self._certain(other, limits, sent_ns, increment and other is not tale)) for other in tales
            ]
            for bound in bounds:
                self._hold(at_ns, account, message, tale, whose, bound, counted, cents, increment)

    def _hold(
        self, at_ns: int, account: Account, message: Any, tale: Tale, whose: str, bound: Bound,
        counted: list[tuple[Tale, int, int]], cents: int, increment: bool,
    ) -> None:  # fmt: skip
        total = cents if increment else 0
        count = 0
        for other, window_cents, lifetime_cents in counted:
            if bound.is_lifetime:
                total += lifetime_cents
            elif window_cents and _together(tale, other, bound, increment):
                total += window_cents
                count += other.refusable or other.answered_ns <= message.sent_at_ns
        told = []
        if bound.cents is not None and total > bound.cents:
            told.append((f"{usd(total)} approved", usd(bound.cents)))
        if bound.count is not None and count > bound.count and not increment:
            told.append((f"{count} approvals", str(bound.count)))
        for what, most in told:
            self._book.found(
                "I4", at_ns, message.authorization_id, account.account_id,
                f"{bound.name} limit of the {whose}: with {usd(cents)} approved at {when(at_ns)} account "
                f"{account.account_id} has {what} and not given back in one window; at most {most} is allowed",
            )  # fmt: skip

    def _certain(self, tale: Tale, limits: LimitTerms, sent_ns: int, only_before: bool) -> tuple[int, int]:
        """Cents that count for certain in the windows, and in the lifetime."""
        if only_before and tale.answered_ns > sent_ns:
            return 0, 0
        policy = limits.policy
        windows = lifetime = tale.granted(sent_ns) - tale.anyhow
        refunded = self._refunded.get(tale.authorization_id, 0)
        for back, rule in (
            (tale.reversed, policy.reversals),
            (tale.expired, policy.expiries),
            (refunded, policy.refunds),
        ):
            windows -= back if rule == "windows" else 0
            lifetime -= back if rule != "nothing" else 0
        return max(windows, 0), max(lifetime, 0)

    def _scopes(self, account: Account, message: Any, tale: Tale) -> Iterable[tuple[str, LimitTerms, list[Tale]]]:
        """Whose limits hold for certain, and what counts in them: not what may have been decided after the purchase,
        but by the limits of before an opening.
        """
        tales = self._by_account[account]
        sent_ns = message.sent_at_ns
        yield "account", self._book.terms.limits, tales
        known = account.standing
        if known is None or known.opening is None or self._book.cards_moved or known.since_ns > sent_ns:
            return
        card = known.cards.get(message.card_id)
        if card is None:
            return
        if card.limits is not None:
            line = self._line(card.card_id) if card.limits.policy.follows_replacement else {card.card_id}
            own = [other for other in tales if other.card_id in line]
            yield "card", card.limits, [
                other for other in own
                if other.answered_ns <= sent_ns or (other.card_id == card.card_id and other.first_ns >= known.since_ns)
            ]  # fmt: skip
        mandate = known.mandates.get(card.mandate_id) if card.mandate_id else None
        if mandate is not None and mandate.limits is not None:
            own = [other for other in tales if other.mandate_id == card.mandate_id]
            yield (
                "mandate",
                mandate.limits,
                [other for other in own if other.answered_ns <= sent_ns or other.first_ns >= known.since_ns],
            )

    def _line(self, card_id: str) -> set[str]:
        """A card and those whose place it took."""
        line = {card_id}
        while (card_id := self._replaces.get(card_id, "")) and card_id not in line:
            line.add(card_id)
        return line


def _together(tale: Tale, other: Tale, bound: Bound, increment: bool) -> bool:
    """Whether both were decided in one window for certain; the other one not after an original, for its increment."""
    if other is tale:
        return bound.rolls_ns is not None or _number(tale, bound) is not None
    if bound.rolls_ns is not None:
        if increment and other.last_ns > tale.first_ns:
            return False
        return max(tale.last_ns, other.last_ns) - min(tale.first_ns, other.first_ns) < bound.rolls_ns
    number = _number(tale, bound)
    return number is not None and number == _number(other, bound)


def _number(tale: Tale, bound: Bound) -> int | None:
    """The window in which it was decided; None where it may be one or another."""
    if tale.last_ns - tale.first_ns > HOUR_NS:
        return None
    first, last = bound.number(tale.first_ns), bound.number(tale.last_ns)
    return first if first == last else None
