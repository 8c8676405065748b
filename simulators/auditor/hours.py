"""What the passing of time does to the books: days turn, holds may end, captures fall due, old memories go.

Time is cut into slots, so that nothing has to be sorted. At the start of a slot every hold that may end before the
slot is over stops being certain; at its end the captures answered in it get their common deadline. Being early with the
one and late with the other can only silence an alarm, never raise one.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import Any

from simulators.auditor import validity
from simulators.auditor.book import FAILED, MONTH_ONLY, NEVER, RELEASED, UNSURE, Account, Auth, Book
from simulators.auditor.causes import ANYHOW, EXPIRY, Cause

DAY_NS = 86_400_000_000_000
SLOTS = 64
LONGEST_SLOT_NS = 900_000_000_000

Due = tuple[int, Account, int, int]
"""Deadline, account, what must have been burned (or reported missing) by then, in millionths, and the cents ever
credited until then: later credits need not be burned."""


class Hours:
    """The clockwork. ``advance`` is to be called whenever ``at_ns`` has reached ``next_ns``."""

    def __init__(self, book: Book, grace_ns: int = 0) -> None:
        terms = book.terms
        self._grace_ns = grace_ns
        shortest_ns = min(*validity.all_ns(terms.holds), terms.settlement_bound_ns, LONGEST_SLOT_NS * SLOTS)
        self._book = book
        self._terms = terms
        self.slot_ns = max(shortest_ns // SLOTS, 1)
        self.slots = 0
        """How many have been closed."""
        self.next_ns = 0
        self._slot_start_ns = 0
        self._forget_ns = 0
        self._compact_day = -1
        self._months: dict[int, int] = {}
        self.day_sent = self.day_answered = UNSURE
        self.month = -1
        self.filling: dict[str, list[Auth]] = {}
        """Purchases in person sent in this slot, by network, where only that decides how long they are held."""
        self.plain_ns: dict[str, int] = {}
        """How long those are held; a network that is not here has to be looked up."""
        self._filling_by: dict[int, list[Auth]] = {}
        """All others, by how long they are held."""
        self._ending: dict[int, deque[tuple[int, list[Auth]]]] = {}
        self.overdue: list[Auth] = []
        """Approved holds whose time was over while nothing else had ended them."""
        self.lingering: deque[tuple[int, Auth]] = deque()
        """Declined because the engine gave up: what it had set aside may take a while to come back."""
        self.touched: dict[Account, None] = {}
        """Accounts with something to burn that has no deadline yet."""
        self.due: deque[Due] = deque()

    def lane(self, message: Any) -> list[Auth]:
        """The list that gets an authorization sent in this slot, where ``filling`` has none or not for its kind."""
        network = message.network
        if network not in self.plain_ns:
            known_ns = validity.plain_ns(self._terms.holds, network)
            if known_ns:
                self.plain_ns[network] = known_ns
                self.filling[network] = []
        lifetime_ns = validity.lifetime_ns(self._terms.holds, message)
        lane = self._filling_by.get(lifetime_ns)
        if lane is None:
            lane = self._filling_by[lifetime_ns] = []
        return lane

    def lifetime_ns(self, message: Any) -> int:
        """How long the hold of an authorization or an advice lives."""
        return validity.lifetime_ns(self._terms.holds, message)

    def month_of(self, day: int) -> int:
        """``year * 12 + month - 1`` of a day since the epoch."""
        month = self._months.get(day)
        if month is None:
            date = datetime.fromtimestamp(day * 86_400, UTC)
            month = self._months[day] = date.year * 12 + date.month - 1
        return month

    def advance(self, at_ns: int) -> None:
        """Catch up with ``at_ns``."""
        if at_ns >= self._slot_start_ns + self.slot_ns:
            self._close_slot(at_ns)
        self._turn_day(at_ns)
        self._end_holds(self._slot_start_ns + self.slot_ns)
        while self.lingering and self.lingering[0][0] <= at_ns:
            self._linger_no_more(self.lingering.popleft()[1], at_ns)
        if at_ns >= self._forget_ns:
            self._book.forget()
            self._forget_ns = at_ns + self._book.memory_ns
        self.next_ns = min(self._slot_start_ns + self.slot_ns, self._next_edge_ns(at_ns))

    def _next_edge_ns(self, at_ns: int) -> int:
        """When the day in force changes next: at midnight, or where the unsure time around it begins or ends."""
        slack_ns = self._book.slack_ns
        midnight_ns = (at_ns // DAY_NS) * DAY_NS
        edges = (midnight_ns + slack_ns, midnight_ns + DAY_NS - slack_ns, midnight_ns + DAY_NS)
        return min(edge for edge in edges if edge > at_ns)

    def _turn_day(self, at_ns: int) -> None:
        day = at_ns // DAY_NS
        since_ns = at_ns - day * DAY_NS
        slack_ns = self._book.slack_ns
        if since_ns < slack_ns or since_ns >= DAY_NS - slack_ns:
            # Two values that never meet: what is sent or answered now is in no window for certain.
            self.day_sent, self.day_answered = UNSURE, NEVER
            return
        self.day_sent = self.day_answered = day
        self.month = self.month_of(day)
        if day != self._compact_day:
            self._compact_day = day
            self._compact()

    def _compact(self) -> None:
        """Once a day: let go of what has ended, so that memory follows the living."""
        for waiting in self._ending.values():
            for _, auths in waiting:
                auths[:] = [auth for auth in auths if auth.high]
        self.overdue = [auth for auth in self.overdue if auth.high]

    def lanes(self) -> list[list[Auth]]:
        """All lists of this slot's authorizations."""
        return [*self.filling.values(), *self._filling_by.values()]

    def _close_slot(self, at_ns: int) -> None:
        self.slots += 1
        for network, auths in self.filling.items():
            if auths:
                self._will_end(self.plain_ns[network], auths)
                self.filling[network] = []
        for lifetime_ns, auths in self._filling_by.items():
            if auths:
                self._will_end(lifetime_ns, auths)
                self._filling_by[lifetime_ns] = []
        if self.touched:
            deadline_ns = self._slot_start_ns + self.slot_ns + self._terms.settlement_bound_ns + self._book.slack_ns
            for account in self.touched:
                captured = (account.captured_cents - account.crediting_cents) * 10_000
                owed = captured - account.receivable_usdc6 + account.short_usdc6
                self.due.append((deadline_ns, account, owed, account.credit_ever_cents))
            self.touched.clear()
        self._slot_start_ns = at_ns - at_ns % self.slot_ns

    def _will_end(self, lifetime_ns: int, auths: list[Auth]) -> None:
        """Decided when they were sent, at the earliest, or counted from when the network sent them."""
        due_ns = self._slot_start_ns + lifetime_ns - self.slot_ns - self._book.slack_ns
        self._ending.setdefault(lifetime_ns, deque()).append((due_ns, auths))

    def _end_holds(self, until_ns: int) -> None:
        """What may end before ``until_ns`` is no longer certain."""
        for waiting in self._ending.values():
            while waiting and waiting[0][0] <= until_ns:
                for auth in waiting.popleft()[1]:
                    if auth.high and type(auth.answer) is int:
                        self.release(auth, EXPIRY)
                        self.overdue.append(auth)
                    elif auth.high and auth.answer is FAILED:
                        # Nobody knows of it: if it was approved all the same, its hold ends like any other.
                        self.lingering.append((until_ns + 2 * self.slot_ns + self._grace_ns, auth))

    def _linger_no_more(self, auth: Auth, at_ns: int) -> None:
        """Unless a repeat was answered meanwhile: then it is a hold like any other, decided nobody knows when."""
        if auth.answer is None:
            self.lingering.append((at_ns + self._grace_ns + self.slot_ns, auth))
        elif type(auth.answer) is int:
            self.release(auth, EXPIRY)
            self.overdue.append(auth)
        else:
            self.end(auth, at_ns)

    def end(self, auth: Auth, at_ns: int) -> None:
        """From now on nothing is held for certain."""
        self.release(auth, ANYHOW if auth.low else None)
        account = auth.account
        account.high_cents -= auth.high
        account.given_up_cents += auth.high
        account.raised_ns = at_ns
        auth.high = 0

    def release(self, auth: Auth, cause: Cause | None = ANYHOW) -> None:
        """From now on this hold may be gone, and its limits given back; ``cause`` None: that has been counted."""
        account = auth.account
        if cause is not None and self._book.tallies.on:
            self._book.tallies.may_return(auth.message.authorization_id, auth.high, cause)
        if auth.low:
            account.spent_cents -= auth.low
            auth.low = 0
        window, auth.window = auth.window, RELEASED
        if type(auth.answer) is not int:
            return  # not counted yet, and now it will not be
        if window >= 0:
            if account.day == window:
                account.day_cents -= auth.high
                account.day_back_cents += auth.high
            month = self.month_of(window)
        elif window <= MONTH_ONLY:
            month = MONTH_ONLY - window
        else:
            return
        if account.month == month:
            account.month_cents -= auth.high
            account.month_back_cents += auth.high

    def count_back(self, auth: Auth, cents: int) -> None:
        """From now on so much of what an open hold counts for may have been given back."""
        account, window = auth.account, auth.window
        if window >= 0 and account.day == window:
            account.day_cents -= cents
            account.day_back_cents += cents
        if window >= 0 or window <= MONTH_ONLY:
            month = self.month_of(window) if window >= 0 else MONTH_ONLY - window
            if account.month == month:
                account.month_cents -= cents
                account.month_back_cents += cents

    def give_back(self, account: Account, window: int, cents: int) -> None:
        """A reversal answered that it freed so much of what had counted in a day's windows."""
        if window >= 0:
            if account.day == window:
                account.day_back_cents -= cents
            if account.month == self.month_of(window):
                account.month_back_cents -= cents
