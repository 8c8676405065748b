"""The auditor's books: per account, what is certain and what is possible, from the wire alone.

An engine decides somewhere between the instant at which a message is sent and the instant at which it is answered. So
every amount is kept twice. A hold *certainly* exists from its approval's answer until anything that may end it is
sent (a reversal, a presentment, the end of its validity); it *possibly* exists from its request's sending until its
end has been answered. An alarm needs a certainty on one side and the most that is possible on the other; where
nothing is in flight the two are equal and every comparison is exact.

Cents (``*_cents``, and ``cents``, ``low``, ``high`` of an authorization) and millionths of a USDC (``*_usdc6``) are
never added without saying so.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from engine.interface import Terms
from simulators.auditor.records import Finding

USDC6_PER_CENT = 10_000
MAX_FINDINGS = 1_000
"""Kept in full; all are counted."""

# Values of Auth.window below 0.
UNSURE = -1
"""Sent or answered too close to midnight: in no window for certain."""
RELEASED = -2
"""Whatever it counted for may have been given back."""
REFUSED = -4
"""Its reversal had been answered before it was sent: it is not to be approved."""
ENDED = -5
"""Nothing is held."""
NEVER = -3
"""No window is ever this."""
MONTH_ONLY = -10
"""``MONTH_ONLY - month``: decided on one of two days of the same month."""

# Index bits of a packed presentment: cents << 26 | account index << 2 | state.
ACCOUNT_BITS = 24
ACCOUNT_MASK = (1 << ACCOUNT_BITS) - 1


class Outcome:
    """What stands in ``Auth.answer`` when there is no answer to keep."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


FAILED = Outcome("failed")
"""The engine raised; whether anything was done is unknown."""
MUDDLED = Outcome("muddled")
"""Two bodies under one key were in flight at once: either may be the one that counts."""
DECLINED = Outcome("declined")
"""Declined without a reason."""


class Account:
    """One customer. No field is ever certain and possible at once; the names say which."""

    __slots__ = (
        "account_id",
        "burned_at_ns",
        "burned_before_usdc6",
        "burned_usdc6",
        "captured_cents",
        "chain_in_usdc6",
        "chain_out_usdc6",
        "day",
        "day_back_cents",
        "day_cents",
        "declined_ns",
        "excused_usdc6",
        "forgiven_usdc6",
        "free_usdc6",
        "gap_usdc6",
        "high_cents",
        "in_flight",
        "index",
        "leaving_usdc6",
        "month",
        "month_back_cents",
        "month_cents",
        "paid_in_usdc6",
        "paid_out_usdc6",
        "pending_usdc6",
        "presented_cents",
        "raised_ns",
        "receivable_usdc6",
        "said_held_usdc6",
        "short_until_ns",
        "short_usdc6",
        "spent_cents",
        "uneven",
        "unresolved",
        "unsure_month",
        "withdrawals_ended",
        "withdrawals_noticed",
        "withdrawing_usdc6",
    )

    def __init__(self, account_id: str, index: int) -> None:
        self.account_id = account_id
        self.index = index
        self.free_usdc6 = 0
        """The most that holds and captures together may amount to: deposits seen, plus what may be owed, less what is
        certainly on its way out or gone."""
        self.spent_cents = 0
        """Certainly held or captured."""
        self.high_cents = 0
        """Possibly held."""
        self.presented_cents = self.captured_cents = 0
        """Sent in clearing files, each presentment once; of that, answered as posted."""
        self.receivable_usdc6 = 0
        """The most that the customer may owe."""
        self.burned_usdc6 = self.burned_before_usdc6 = self.burned_at_ns = self.short_usdc6 = 0
        self.forgiven_usdc6 = self.short_until_ns = 0
        """Settled on chain in all, before the latest settlements, when; missed by settlements; reported as too much;
        when the engine has booked for certain what was missed."""
        self.paid_in_usdc6 = self.paid_out_usdc6 = 0
        """Deposits and payouts whose notices are answered."""
        self.unresolved = 0
        """Notices sent and not answered."""
        self.uneven = False
        """Some amount was no whole number of cents."""
        self.withdrawing_usdc6 = self.pending_usdc6 = self.leaving_usdc6 = 0
        """Certainly set aside; possibly set aside; asked for on chain, until the engine has been told how it ended."""
        self.gap_usdc6 = 0
        """The most that the latest withdrawal asked for beyond what was free when it was noticed."""
        self.withdrawals_noticed = self.withdrawals_ended = 0
        """Requests whose notice was answered; withdrawals that are over, on chain."""
        self.chain_in_usdc6 = self.chain_out_usdc6 = self.excused_usdc6 = 0
        """Deposits and payouts in blocks; what a payout may have left unbacked by itself."""
        self.day = self.month = -1
        self.day_cents = self.month_cents = 0
        """Certainly counted in the newest windows seen."""
        self.day_back_cents = self.month_back_cents = 0
        """No longer counted for certain, and not answered as given back either."""
        self.unsure_month = -1
        """The latest month in which something may count or may not."""
        self.in_flight = 0
        """Authorizations sent and not answered."""
        self.raised_ns = self.declined_ns = 0
        """When money or limits last came back for certain; when a refusal was last answered."""
        self.said_held_usdc6: int | None = None
        """What the engine last said it holds."""

    def enter(self, day: int, month: int) -> None:
        """Open the windows of a newer day."""
        self.day, self.day_cents, self.day_back_cents = day, 0, 0
        if month != self.month:
            self.month, self.month_cents, self.month_back_cents = month, 0, 0


class Auth:
    """One authorization.

    ``low`` and ``high``: certainly and possibly held, in cents. ``window``: the UTC day of its request, later that of
    its decision (see the constants above). ``answer``: None in flight, when the hold ends (int) if approved, else the
    reason. ``key``: its idempotency key where that is not the authorization id itself.
    """

    __slots__ = ("account", "answer", "cents", "high", "key", "low", "window")

    account: Account
    key: str | None
    cents: int
    low: int
    high: int
    window: int
    answer: Any


class Notice:
    """A deposit or withdrawal notice: how often it was sent, answered, and answered as applied.

    ``kind``: of the statement line that it has to have, "" where it has none.
    """

    __slots__ = ("account", "amount_usdc6", "answered", "applied", "kind", "mark", "sent")

    def __init__(self, account: Account, amount_usdc6: int, kind: str) -> None:
        self.account = account
        self.amount_usdc6 = amount_usdc6
        self.kind = kind
        self.sent = self.answered = self.applied = 0
        self.mark: Any = None


class Book:
    """Everything the auditor knows. Modules beside this one read it and write it; only ``found`` speaks."""

    def __init__(self, terms: Terms, slack_ns: int, memory_ns: int, finality_ns: int, patience_ns: int) -> None:
        self.terms = terms
        self.patience_ns = patience_ns
        self.slack_ns = slack_ns
        self.memory_ns = memory_ns
        self.finality_ns = finality_ns
        self.findings: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self.accounts: dict[str, Account] = {}
        self.by_index: list[Account] = []
        self.cards: dict[str, Account] = {}
        self.cards_moved = False
        self.nobody = self.account("")
        self.auths: dict[str, Auth] = {}
        self.finished: list[str] = []
        self.early: dict[str, bool] = {}
        """Authorizations of which something came before they did; True once a reversal was answered."""
        self.reversals: dict[str, int | tuple[str, int]] = {}
        """By key: the window of what could be held when it was first sent, ENDED if nothing could; once answered, of
        what and how many cents."""
        self.presented: dict[str, int] = {}
        """Packed, see above; kept to the end, for the statement."""
        self.presented_again: set[str] = set()
        self.loose: set[str] = set()
        """Presentments that were sent while no approval of their authorization was known."""
        self.parts: dict[str, int] = {}
        """Cents presented of an authorization while a withdrawal was under way."""
        self.receivables: dict[str, int] = {}
        """Cents reported as not covered, by presentment."""
        self.held_when_sent: dict[str, int] = {}
        """The most, in cents, still held when a presentment was first sent; only where that was not the whole."""
        self.users_settled: Counter[str] = Counter()
        """Users in the chain's events of a settlement, each once."""
        self.batches: set[str] = set()
        self.settlements: dict[str, tuple[str, int, dict[int, int]]] = {}
        """By id: transaction, when, millionths burned by account index."""
        self.shortfalls: dict[tuple[str, str], int] = {}
        """Millionths missing, by settlement id and account id."""
        self.burned_usdc6 = self.settled_usdc6 = 0
        """Burned on chain; answered by settlement ticks."""
        self.late: dict[Account, int] = {}
        """What missed its deadline, as of Hours.due."""
        self.lines: set[tuple[str, str, str]] = set()
        self.statement_read = False
        self.last_supply: tuple[int, int] | None = None
        self.notices: dict[str, Notice] = {}
        self.waiting: Counter[str] = Counter()
        """Requests in flight, authorizations aside."""
        self.said: dict[str, Any] = {}
        """Answers under keys, for a while."""
        self._said_before: dict[str, Any] = {}
        self._finished_before: list[str] = []

    def account(self, account_id: str) -> Account:
        """The account, opened on first sight."""
        account = self.accounts.get(account_id)
        if account is None:
            account = self.accounts[account_id] = Account(account_id, len(self.by_index))
            if len(self.by_index) > ACCOUNT_MASK:
                raise OverflowError(f"more than {ACCOUNT_MASK:,} accounts")
            self.by_index.append(account)
        return account

    def found(self, invariant: str, at_ns: int, ref: str, account_id: str, message: str) -> None:
        """Report a broken invariant."""
        self.counts[invariant] += 1
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(invariant, at_ns, ref, account_id, message))

    def recall(self, key: str) -> Any:
        """What was remembered under a key; None if nothing, or too long ago."""
        known = self.said.get(key)
        return known if known is not None else self._said_before.get(key)

    def forget(self) -> None:
        """Drop what ended, and what was said, more than one memory ago. Called once a memory."""
        for authorization_id in self._finished_before:
            auth = self.auths.get(authorization_id)
            if auth is not None and not auth.high and auth.answer is not None:
                del self.auths[authorization_id]
        self._finished_before, self.finished = self.finished, []
        self._said_before, self.said = self.said, {}
