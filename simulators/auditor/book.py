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
from simulators.auditor.account import Account, Auth, Notice
from simulators.auditor.records import Finding
from simulators.auditor.secrecy import Secrets
from simulators.auditor.tallies import Tallies

__all__ = ["Account", "Auth", "Book", "Notice", "Outcome"]

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


class Book:
    """Everything the auditor knows. Modules beside this one read it and write it; only ``found`` speaks."""

    def __init__(self, terms: Terms, slack_ns: int, memory_ns: int, finality_ns: int, patience_ns: int) -> None:
        self.terms = terms
        self.no_declines = False
        """Whether refusals are left unjudged."""
        self.plain_limits = True
        """Whether an account's limits are a transaction's, a UTC day's and a UTC month's, and no others."""
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
        self.credits: dict[str, Any] = {}
        """Refunds by presentment: ``credits.Credit``."""
        self.disputes: dict[str, Any] = {}
        """Disputes by the presentment that they are about: ``credits.Credit``."""
        self.dispute_lines: set[tuple[str, str, str, int]] = set()
        """What the statement has to say of disputes: kind, dispute, account, cents."""
        self.dispute_owed: dict[str, tuple[str, int]] = {}
        """By dispute: account, and cents that a credit taken back left uncovered."""
        self.forgetful = False
        """Whether any authorization has been forgotten."""
        self.entangled: set[str] = set()
        """Authorizations whose own request was in flight beside an advice: how much they hold is anybody's guess."""
        self.untold: set[str] = set()
        """Disputes of which it cannot be told what became of them."""
        self.early_cards: set[tuple[str, str, str]] = set()
        """Of those reversals: authorization, card, network."""
        self.presented: dict[str, int] = {}
        """Packed, see above; kept to the end, for the statement."""
        self.presented_again: set[str] = set()
        self.flown: set[str] = set()
        """Presentments in flight that the story of their authorization counts as such."""
        self.loose: set[str] = set()
        """Presentments that were sent while no approval of their authorization was known."""
        self.parts: dict[str, int] = {}
        """Cents presented of an authorization while a withdrawal was under way."""
        self.receivables: dict[str, int] = {}
        """Cents reported as not covered, by presentment."""
        self.held_when_sent: dict[str, int] = {}
        """The most, in cents, still held when a presentment was first sent; only where that was not the whole."""
        self.left: dict[str, tuple[int, int, int]] = {}
        """By final presentment in flight: see ``final_rest``."""
        self.closed: dict[str, int] = {}
        """When it was answered that a final presentment ended more of a hold than it took, by authorization."""
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
        self.sums: dict[str, dict[Any, int]] = {}
        """By account, the lines of the statement added up by their kind, in millionths."""
        self.last_supply: tuple[int, int] | None = None
        self.notices: dict[str, Notice] = {}
        self.exchanges: dict[str, Any] = {}
        """Rarer requests by key: ``exchanges.Exchange``."""
        self.stories: dict[str, Any] = {}
        """Authorizations with increments, advices or partial reversals: ``stories.Story``."""
        self.barred: dict[str, tuple[Any, int]] = {}
        """Requests in flight by key: what speaks against their cards, and the standing's number."""
        self.granted: dict[str, int] = {}
        """Cents of authorizations that were approved for less than was asked."""
        self.taken: dict[str, bool] = {}
        """Keys that ask for an authorization which another key had asked for; True if that one was held for certain."""
        self.more_limits: set[str] = set()
        """Cards with limits of their own, or of a mandate."""
        self.secrets = Secrets()
        self.tallies = Tallies(self)
        self.lost_ns = -1
        """When the engine last lost its memory."""
        self.settling: tuple[Any, int] | None = None
        """The settlement tick at work that was alone when it was sent, and when that was."""
        self.settlers = 0
        """Settlement ticks at work."""
        self.expiring = 0
        """Expiry ticks at work."""
        self.settled_ns: int | None = None
        """When the latest of those that were answered had been sent; None while there was no tick at all."""
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

    def died(self, at_ns: int) -> None:
        """The engine has lost what it had in memory; what it had answered has to be there still."""
        self.lost_ns = at_ns
        for account in self.accounts.values():
            account.held_at_loss_cents = account.spent_cents - account.captured_cents

    def found(self, invariant: str, at_ns: int, ref: str, account_id: str, message: str) -> None:
        """Report a broken invariant."""
        self.counts[invariant] += 1
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(invariant, at_ns, ref, account_id, message))

    def has_heard(self, at_ns: int, block_ns: int) -> bool:
        """Whether the engine certainly knows by now how a settlement in a block of that instant ended: it is final,
        and where an engine is given ticks, one of them was sent since and answered.
        """
        return block_ns + self.finality_ns < (at_ns if self.settled_ns is None else self.settled_ns)

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
                self.forgetful = True
                self.granted.pop(authorization_id, None)
        self._finished_before, self.finished = self.finished, []
        self._said_before, self.said = self.said, {}
