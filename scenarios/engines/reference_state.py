"""What the reference engine knows, and what each verb does to it: synchronous, one statement after the other.

Money is in millionths of a USDC. An account's ``available`` is negative while more of it is on its way out than is
free. The rules are written here a second time, apart from ``engine/domain``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from engine.domain.settlement import Settlement
from engine.interface import (
    AccountOpening,
    AccountStatus,
    AuthorizationKind,
    AuthorizationRequest,
    CaptureOutcome,
    CaptureResult,
    CardOpening,
    CardStatus,
    DeclineReason,
    DepositNotice,
    EngineError,
    Presentment,
    StatementEntry,
    StatementKind,
    Terms,
    WithdrawalNotice,
    WithdrawalStage,
)

USDC6_PER_CENT = 10_000


@dataclass(slots=True)
class Account:
    """``to_burn`` is the part of ``unsettled`` that is in no settlement yet."""

    opening: AccountOpening
    available: int = 0
    held: int = 0
    unsettled: int = 0
    withdrawing: int = 0
    receivable: int = 0
    to_burn: int = 0
    spent: dict[str, int] = field(default_factory=dict)
    """Cents that count in each window: a day is ``2026-03-01``, a month ``2026-03``."""


@dataclass(slots=True)
class Authorization:
    """``held_cents`` is 0 once it has ended."""

    account: Account
    held_cents: int
    windows: tuple[str, str]
    expires_at_ns: int


class State:
    """Everything the reference engine keeps, but for stored answers. No method awaits."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._cards: dict[str, tuple[CardOpening, Account]] = {}
        self._authorizations: dict[str, Authorization] = {}
        self._reversed_early: set[str] = set()
        self._posted: set[str] = set()
        self._formed = 0
        self.accounts: dict[str, Account] = {}
        self.statement: list[StatementEntry] = []
        self.open_settlements: list[Settlement] = []

    def account(self, account_id: str) -> Account:
        """Raises EngineError for a stranger."""
        account = self.accounts.get(account_id)
        if account is None:
            raise EngineError(f"no account {account_id!r}")
        return account

    def open(self, opening: AccountOpening) -> None:
        """Status, KYC level and cards are replaced; funds stay."""
        account = self.accounts.setdefault(opening.account_id, Account(opening))
        account.opening = opening
        for card in opening.cards:
            self._cards[card.card_id] = (card, account)

    # ---- authorizations -------------------------------------------------------------------------------------------

    def reason_against(self, request: AuthorizationRequest, now_ns: int) -> DeclineReason | None:
        """The ladder, top to bottom; its order is that of DeclineReason. Equal to a bound is allowed."""
        limits, amount_cents = self._terms.limits, request.amount_cents
        if request.authorization_id in self._authorizations:
            return DeclineReason.INVALID_TRANSACTION
        if request.card_id not in self._cards:
            return DeclineReason.CARD_NOT_FOUND
        card, account = self._cards[request.card_id]
        if card.status is CardStatus.CANCELLED:
            return DeclineReason.CARD_CANCELLED
        if card.status is CardStatus.FROZEN:
            return DeclineReason.CARD_FROZEN
        if now_ns >= card.expires_at_ns:
            return DeclineReason.CARD_EXPIRED
        if account.opening.status is AccountStatus.SUSPENDED:
            return DeclineReason.ACCOUNT_SUSPENDED
        if account.opening.kyc_level < self._terms.minimum_kyc_level:
            return DeclineReason.KYC_REQUIRED
        if amount_cents * USDC6_PER_CENT > account.available:
            return DeclineReason.INSUFFICIENT_FUNDS
        if amount_cents > limits.per_transaction_cents:
            return DeclineReason.TRANSACTION_LIMIT
        day, month = windows(now_ns)
        if account.spent.get(day, 0) + amount_cents > limits.daily_cents:
            return DeclineReason.DAILY_LIMIT
        if account.spent.get(month, 0) + amount_cents > limits.monthly_cents:
            return DeclineReason.MONTHLY_LIMIT
        if request.authorization_id in self._reversed_early:
            return DeclineReason.REVERSED_BEFORE_ARRIVAL
        return None

    def hold(self, request: AuthorizationRequest, now_ns: int) -> int:
        """Set the amount aside and count it in its windows; when the hold will end."""
        _, account = self._cards[request.card_id]
        amount = request.amount_cents * USDC6_PER_CENT
        account.available -= amount
        account.held += amount
        for window in windows(now_ns):
            account.spent[window] = account.spent.get(window, 0) + request.amount_cents
        estimate = request.kind is AuthorizationKind.PREAUTHORIZATION
        expires_at_ns = now_ns + self._terms.holds.lifetime_ns(request.network, preauthorization=estimate)
        self._authorizations[request.authorization_id] = Authorization(
            account, request.amount_cents, windows(now_ns), expires_at_ns
        )
        return expires_at_ns

    def reverse(self, authorization_id: str) -> int:
        """What was still held, in cents; a reversal that comes first is remembered."""
        authorization = self._authorizations.get(authorization_id)
        if authorization is None:
            self._reversed_early.add(authorization_id)
            return 0
        return _release(authorization)

    def expire(self, now_ns: int) -> tuple[str, ...]:
        """End every hold that is over; their ids."""
        over = [
            authorization_id
            for authorization_id, authorization in self._authorizations.items()
            if authorization.held_cents and authorization.expires_at_ns <= now_ns
        ]
        for authorization_id in over:
            _release(self._authorizations[authorization_id])
        return tuple(over)

    # ---- captures and settlement ----------------------------------------------------------------------------------

    def post(self, presentment: Presentment, now_ns: int) -> CaptureResult:
        """A capture always posts, once: from the hold, then from other funds, and the rest is owed."""
        ref = presentment.presentment_id
        if ref in self._posted:
            return CaptureResult(ref, CaptureOutcome.DUPLICATE, 0, 0, 0)
        authorization = self._authorizations.get(presentment.authorization_id)
        if authorization is None and presentment.card_id not in self._cards:
            return CaptureResult(ref, CaptureOutcome.UNKNOWN_CARD, 0, 0, 0)
        self._posted.add(ref)
        from_hold_cents = released_cents = 0
        if authorization is not None:
            account = authorization.account
            from_hold_cents = min(presentment.amount_cents, authorization.held_cents)
            authorization.held_cents -= from_hold_cents
            if presentment.final:
                released_cents, authorization.held_cents = authorization.held_cents, 0
        else:
            account = self._cards[presentment.card_id][1]
        amount = presentment.amount_cents * USDC6_PER_CENT
        account.held -= (from_hold_cents + released_cents) * USDC6_PER_CENT
        account.available += released_cents * USDC6_PER_CENT
        beyond = amount - from_hold_cents * USDC6_PER_CENT
        # Funds on their way out are still the customer's: what a settlement burns first can no longer leave.
        covered = min(beyond, max(account.available + account.withdrawing, 0))
        owed = beyond - covered
        account.available -= covered
        account.receivable += owed
        account.unsettled += amount - owed
        account.to_burn += amount - owed
        self._write(StatementKind.CAPTURE, ref, account, amount, now_ns)
        if owed:
            self._write(StatementKind.RECEIVABLE, ref, account, owed, now_ns)
        owed_cents = -(-owed // USDC6_PER_CENT)
        return CaptureResult(ref, CaptureOutcome.POSTED, presentment.amount_cents, released_cents, owed_cents)

    def form_settlements(self, now_ns: int) -> None:
        """Net what is captured per account, in batches; an id is made once and never again."""
        owing = [account for account in self.accounts.values() if account.to_burn]
        for start in range(0, len(owing), self._terms.batch_users):
            batch = owing[start : start + self._terms.batch_users]
            amounts = tuple((account.opening.account_id, account.to_burn) for account in batch)
            self._formed += 1
            digest = hashlib.sha256(f"reference settlement {self._formed} {amounts}".encode()).hexdigest()
            self.open_settlements.append(Settlement("0x" + digest, now_ns, amounts))
            for account in batch:
                account.to_burn = 0

    def close(self, settlement: Settlement, missing_usdc6: dict[str, int], now_ns: int) -> None:
        """It is final on chain; what a balance did not cover is owed, since a payout took more than was free."""
        self.open_settlements.remove(settlement)
        for account_id, amount in settlement.amounts_usdc6:
            account = self.accounts[account_id]
            missing = missing_usdc6.get(account_id, 0)
            account.unsettled -= amount
            self._write(StatementKind.SETTLEMENT, settlement.settlement_id, account, amount - missing, now_ns)
            if missing:
                account.available += missing
                account.receivable += missing
                self._write(StatementKind.RECEIVABLE, settlement.settlement_id, account, missing, now_ns)

    # ---- what the chain tells ---------------------------------------------------------------------------------------

    def deposit(self, notice: DepositNotice, now_ns: int) -> bool:
        """Credit once; what is owed is paid first, and then burned like a capture."""
        account = self.account(notice.account_id)
        if notice.deposit_id in self._posted:
            return False
        self._posted.add(notice.deposit_id)
        self._write(StatementKind.DEPOSIT, notice.deposit_id, account, notice.amount_usdc6, now_ns)
        paid = min(account.receivable, notice.amount_usdc6)
        account.available += notice.amount_usdc6 - paid
        if paid:
            account.receivable -= paid
            account.unsettled += paid
            account.to_burn += paid
            self._write(StatementKind.RECOVERY, f"recovery:{notice.deposit_id}", account, paid, now_ns)
        return True

    def withdraw(self, notice: WithdrawalNotice, now_ns: int) -> bool:
        """Follow one step, once: ``withdrawing`` is what may still leave."""
        account = self.account(notice.account_id)
        if notice.event_id in self._posted:
            return False
        self._posted.add(notice.event_id)
        pending = 0
        if notice.stage is WithdrawalStage.REQUESTED:
            pending = account.withdrawing + notice.amount_usdc6
        elif notice.stage is WithdrawalStage.REDUCED:
            pending = min(account.withdrawing, notice.amount_usdc6)
        elif notice.stage is WithdrawalStage.COMPLETED:
            account.available -= notice.amount_usdc6
            self._write(StatementKind.WITHDRAWAL, notice.event_id, account, notice.amount_usdc6, now_ns)
        account.available += account.withdrawing - pending
        account.withdrawing = pending
        return True

    def _write(self, kind: StatementKind, ref: str, account: Account, amount_usdc6: int, now_ns: int) -> None:
        self.statement.append(StatementEntry(kind, ref, account.opening.account_id, amount_usdc6, now_ns))


def _release(authorization: Authorization) -> int:
    """End the hold: funds and limits get back what was still held, in cents."""
    freed_cents = authorization.held_cents
    account = authorization.account
    authorization.held_cents = 0
    account.held -= freed_cents * USDC6_PER_CENT
    account.available += freed_cents * USDC6_PER_CENT
    for window in authorization.windows:
        account.spent[window] -= freed_cents
    return freed_cents


def windows(at_ns: int) -> tuple[str, str]:
    """The UTC day and month of an instant."""
    day = datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).date().isoformat()
    return day, day[:7]
