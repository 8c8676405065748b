"""What is kept of one account, one authorization and one notice."""

from __future__ import annotations

from typing import Any

NEVER_NS = 1 << 200
"""Later than anything."""


class Account:
    """One customer. No field is ever certain and possible at once; the names say which."""

    __slots__ = (
        "account_id",
        "advised",
        "aside_usdc6",
        "burned_at_ns",
        "burned_before_usdc6",
        "burned_usdc6",
        "captured_cents",
        "chain_in_usdc6",
        "chain_out_usdc6",
        "credit_cents",
        "credit_ever_cents",
        "crediting_cents",
        "day",
        "day_back_cents",
        "day_cents",
        "debt",
        "declined_ns",
        "excess_usdc6",
        "excused_usdc6",
        "forgiven_usdc6",
        "free_usdc6",
        "freeing",
        "gap_since_ns",
        "gap_usdc6",
        "given_up_cents",
        "held_at_loss_cents",
        "high_cents",
        "in_flight",
        "index",
        "last_said",
        "leaving_usdc6",
        "month",
        "month_back_cents",
        "month_cents",
        "net_cents",
        "paid_in_usdc6",
        "paid_out_usdc6",
        "pending_usdc6",
        "presented_cents",
        "raised_ns",
        "receivable_usdc6",
        "repeated_cents",
        "said_held_usdc6",
        "short_at_ns",
        "short_usdc6",
        "spent_cents",
        "standing",
        "steps",
        "steps_crossed",
        "told",
        "uneven",
        "unresolved",
        "unsure_month",
        "watch_ns",
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
        self.freeing = 0
        """Messages in flight that may free funds (``debts``)."""
        self.debt: Any = None
        """What else is known of that: ``debts.Debt``."""
        self.burned_usdc6 = self.burned_before_usdc6 = self.burned_at_ns = self.short_usdc6 = 0
        self.forgiven_usdc6 = self.short_at_ns = 0
        """Settled on chain in all, before the latest settlements, when; missed by settlements; reported as too much;
        when something was last missed."""
        self.paid_in_usdc6 = self.paid_out_usdc6 = 0
        """Deposits and payouts whose notices are answered."""
        self.unresolved = 0
        """Notices sent and not answered."""
        self.uneven = False
        """Some amount was no whole number of cents."""
        self.withdrawing_usdc6 = self.leaving_usdc6 = 0
        """Certainly set aside of what was free; asked for on chain, until the engine has been told how it ended."""
        self.aside_usdc6 = self.pending_usdc6 = 0
        """On its way out as the engine was told: certainly, possibly."""
        self.steps = 0
        """Steps of withdrawals sent and not answered."""
        self.steps_crossed = False
        """Whether two of those were in flight at once: in which order they were taken, nobody can tell."""
        self.gap_usdc6 = self.gap_since_ns = 0
        """The most that the latest withdrawal asked for beyond what was free when it was noticed, less what holds of
        then have given back; when its notice was answered."""
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
        self.last_said: Any = None
        """Its last balance, where nothing was in flight, and the books of then: see ``totals``."""
        self.standing: Any = None
        """What is known of its cards and mandates: ``standing.Standing``."""
        self.watch_ns = NEVER_NS
        """From when on something of the account may be barred: approvals are looked at more closely then."""
        self.given_up_cents = 0
        """Asked for in all, and declined or taken back: what could be held without anybody knowing of it."""
        self.repeated_cents: set[int] | None = None
        """Amounts of requests that came more than once."""
        self.held_at_loss_cents = 0
        """Held for certain when the engine last lost its memory, and not ended since."""
        self.told: tuple[str, ...] = ()
        """What was wrong with its balance when that was last looked at."""
        self.credit_cents = self.credit_ever_cents = self.crediting_cents = 0
        """Refunds and dispute credits, less what was taken back, as answered; the same, nothing taken back; sent."""
        self.net_cents = 0
        """The most that captures less credits ever amounted to, before the latest credit."""
        self.advised = False
        """Whether an advice has ever counted in its limits."""
        self.excess_usdc6 = 0
        """By how much advices took more than there was, as far as that is in ``free_usdc6``."""

    def enter(self, day: int, month: int) -> None:
        """Open the windows of a newer day."""
        self.day, self.day_cents, self.day_back_cents = day, 0, 0
        if month != self.month:
            self.month, self.month_cents, self.month_back_cents = month, 0, 0


class Auth:
    """One authorization.

    ``low`` and ``high``: certainly and possibly held, in cents. ``window``: the UTC day of its request, later that of
    its decision (see the constants above). ``answer``: None in flight, when the hold ends (int) if approved, else the
    reason. ``message``: what opened it, as first sent. ``flights``: its presentments, see ``final_rest``.
    """

    __slots__ = ("account", "answer", "cents", "flights", "high", "low", "message", "window")

    account: Account
    message: Any
    cents: int
    low: int
    high: int
    window: int
    answer: Any
    flights: int


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
