"""A foil: what a quick tutorial on crypto debit cards builds, taken literally. It looks right and loses money.

Every fault here is one that has been written in earnest. Each is commented where it happens:

* money is floating point, and truncated when it goes on chain;
* the spendable balance is a cached number, read, changed and written back with awaits in between, so that two
  swipes at once spend the same money;
* the cache entry lives 300 seconds; then the balance is loaded from the chain, where spent money has not been
  burned yet, so it comes back;
* the daily limit is charged before the decision is final and never given back; the monthly limit is never checked;
* neither authorizations nor presentments nor deposits are idempotent;
* there are no holds: what is authorized is queued to be burned, whatever the merchant presents later, and a reversal
  only touches the cached number;
* card status, card expiry, mandates and withdrawals on their way out are not looked at, nor are the limits of a card;
* a partial reversal frees everything; a partial approval is not known, so too little is simply declined;
* a refund goes on top of the cached number and never reaches the queue of burns; the cache entry expires, and the
  refund is gone with it; where a refund is announced, it is charged like a purchase;
* increments, advices and disputes are not in the tutorial, and are not supported;
* a settlement whose outcome is not known in time is marked as failed and sent again under another id.

The awaits stand for round trips to a cache, a database and a node; the chain balance is this engine's own tally of
deposits, payouts and burns, as a node would report it.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from engine.domain.settlement import Settlement
from engine.interface import (
    APPROVED_CODE,
    RESPONSE_CODES,
    AccountOpening,
    AdviceReceipt,
    AuthorizationAdvice,
    AuthorizationKind,
    AuthorizationRequest,
    AuthorizationResponse,
    Balance,
    CaptureOutcome,
    CaptureResult,
    ClearingBatch,
    ClearingReceipt,
    DeclineReason,
    DepositNotice,
    DisputeNotice,
    DisputeReceipt,
    EngineError,
    EngineKit,
    ExpiryReceipt,
    NoticeReceipt,
    NotSupported,
    PresentmentKind,
    ReversalRequest,
    ReversalResponse,
    SettlementReceipt,
    StatementEntry,
    StatementKind,
    StatementPage,
    WithdrawalNotice,
    WithdrawalStage,
)
from engine.ports import PortUnavailable

CACHE_S = 0.002
DATABASE_S = 0.004
NODE_S = 0.040
MISS_TTL_NS = 60_000_000_000
UPDATE_TTL_NS = 300_000_000_000
DAY_NS = 86_400_000_000_000
BLOCKS_WAITED = 4
PAGE = 500


@dataclass(slots=True)
class _Pending:
    """An approved authorization that waits to be burned."""

    account_id: str
    amount: float
    status: str = "pending"


class NaiveEngine:
    """A CardEngine; see the module for what is wrong with it."""

    def __init__(self, kit: EngineKit) -> None:
        self._terms = kit.terms
        self._clock = kit.ports.clock
        self._chain = kit.ports.chain
        self._users: dict[str, AccountOpening] = {}
        self._user_of_card: dict[str, str] = {}
        self._cached: dict[str, tuple[float, int]] = {}
        self._on_chain: dict[str, float] = {}
        self._spent_today: dict[tuple[str, int], float] = {}
        self._queue: list[_Pending] = []
        self._amounts: dict[str, float] = {}
        self._statement: list[StatementEntry] = []
        self._attempts = 0

    async def open_account(self, opening: AccountOpening) -> None:
        await asyncio.sleep(DATABASE_S)
        self._users[opening.account_id] = opening
        self._on_chain.setdefault(opening.account_id, 0.0)
        for card in opening.cards:
            self._user_of_card[card.card_id] = opening.account_id

    async def authorize(self, request: AuthorizationRequest) -> AuthorizationResponse:
        """No look at the idempotency key: a repeat is one more purchase."""
        await asyncio.sleep(CACHE_S)
        if request.kind is AuthorizationKind.INCREMENTAL:
            raise NotSupported("an authorization is for one amount")
        user = self._user_of_card.get(request.card_id)
        if user is None:
            return _declined(request, DeclineReason.CARD_NOT_FOUND)
        if request.kind is AuthorizationKind.BALANCE_INQUIRY:
            return await self._inquire(request, user)
        if self._users[user].kyc_level < self._terms.minimum_kyc_level:
            return _declined(request, DeclineReason.KYC_REQUIRED)
        amount = request.amount_cents / 100
        if await self._balance_of(user) < amount:
            return _declined(request, DeclineReason.INSUFFICIENT_FUNDS)
        reason = await self._charge_limits(user, amount)
        if reason is not None:
            return _declined(request, reason)
        await self._change_balance(user, -amount)
        self._amounts[request.authorization_id] = amount
        self._queue.append(_Pending(user, amount))
        lifetime_ns = self._terms.holds.lifetime_ns(
            request.network, preauthorization=request.kind is AuthorizationKind.PREAUTHORIZATION
        )
        expires_at_ns = self._clock.now_ns() + lifetime_ns
        return AuthorizationResponse(
            request.authorization_id, True, request.amount_cents, APPROVED_CODE, None, expires_at_ns
        )

    async def _inquire(self, request: AuthorizationRequest, user: str) -> AuthorizationResponse:
        """Rounded, not truncated: half a cent too much may be told. And any card may ask, whatever its state."""
        available_cents = round(await self._balance_of(user) * 100)
        return AuthorizationResponse(request.authorization_id, True, 0, APPROVED_CODE, None, 0, available_cents)

    async def advise(self, advice: AuthorizationAdvice) -> AdviceReceipt:
        raise NotSupported("whoever decides is this engine")

    async def reverse(self, request: ReversalRequest) -> ReversalResponse:
        """The number goes back up, every time it is asked for; the queued burn and the limit stay as they are."""
        await asyncio.sleep(DATABASE_S)
        amount = self._amounts.get(request.authorization_id)
        user = self._user_of_card.get(request.card_id)
        if amount is None or user is None:
            return ReversalResponse(request.authorization_id, 0)
        await self._change_balance(user, amount)
        return ReversalResponse(request.authorization_id, int(amount * 100))

    async def capture(self, batch: ClearingBatch) -> ClearingReceipt:
        """Everything was queued at the authorization, so a clearing file is only noted, as often as it comes."""
        await asyncio.sleep(DATABASE_S)
        results = []
        for presentment in batch.presentments:
            user = self._user_of_card.get(presentment.card_id)
            if user is None:
                results.append(CaptureResult(presentment.presentment_id, CaptureOutcome.UNKNOWN_CARD, 0, 0, 0))
                continue
            amount = presentment.amount_cents / 100
            if presentment.kind is PresentmentKind.REFUND:
                await self._change_balance(user, amount)
                self._note(StatementKind.REFUND, presentment.presentment_id, user, amount)
            else:
                self._note(StatementKind.CAPTURE, presentment.presentment_id, user, amount)
            results.append(
                CaptureResult(presentment.presentment_id, CaptureOutcome.POSTED, presentment.amount_cents, 0, 0)
            )
        return ClearingReceipt(batch.file_id, tuple(results))

    async def dispute(self, notice: DisputeNotice) -> DisputeReceipt:
        raise NotSupported("what is paid is paid")

    async def deposit(self, notice: DepositNotice) -> NoticeReceipt:
        """The cached balance is left alone: it will be loaded again when it has expired."""
        await asyncio.sleep(DATABASE_S)
        amount = notice.amount_usdc6 / 1_000_000
        self._on_chain[notice.account_id] = self._on_chain.get(notice.account_id, 0.0) + amount
        self._note(StatementKind.DEPOSIT, notice.deposit_id, notice.account_id, amount)
        return NoticeReceipt(notice.deposit_id, True)

    async def withdraw(self, notice: WithdrawalNotice) -> NoticeReceipt:
        """Only the payout is seen, as a lower balance on chain."""
        await asyncio.sleep(DATABASE_S)
        if notice.stage is WithdrawalStage.COMPLETED:
            amount = notice.amount_usdc6 / 1_000_000
            self._on_chain[notice.account_id] = self._on_chain.get(notice.account_id, 0.0) - amount
            self._note(StatementKind.WITHDRAWAL, notice.event_id, notice.account_id, amount)
        return NoticeReceipt(notice.event_id, True)

    async def expire(self, now_ns: int) -> ExpiryReceipt:
        """There are no holds to end."""
        return ExpiryReceipt(())

    async def settle(self, now_ns: int) -> SettlementReceipt:
        """Burn what is queued, user by user; what does not confirm in time has failed and is sent again."""
        await asyncio.sleep(DATABASE_S)
        pending = [item for item in self._queue if item.status in ("pending", "failed")]
        totals: dict[str, float] = {}
        for item in pending:
            item.status = "sent"
            totals[item.account_id] = totals.get(item.account_id, 0.0) + item.amount
        # Truncated, not rounded: a float such as 2.01 loses a unit here.
        amounts = [(user, int(total * 1_000_000)) for user, total in totals.items() if total > 0]
        batches = settled = gas = 0
        for start in range(0, len(amounts), self._terms.batch_users):
            chosen = tuple(amounts[start : start + self._terms.batch_users])
            users = {user for user, _ in chosen}
            items = [item for item in pending if item.account_id in users]
            burned, gas_used = await self._burn(chosen, items, now_ns)
            batches += burned > 0
            settled += burned
            gas += gas_used
        return SettlementReceipt(batches, batches, len(amounts), settled, gas)

    async def balance(self, account_id: str) -> Balance:
        if account_id not in self._users:
            raise EngineError(f"no account {account_id!r}")
        available = await self._balance_of(account_id)
        unsettled = sum(item.amount for item in self._queue if item.account_id == account_id and item.status != "done")
        return Balance(account_id, int(available * 1_000_000), 0, int(unsettled * 1_000_000), 0, 0)

    async def statement(self, cursor: int) -> StatementPage:
        page = tuple(self._statement[cursor : cursor + PAGE])
        end = cursor + len(page)
        return StatementPage(page, end if end < len(self._statement) else -1)

    # ---- the cached balance ---------------------------------------------------------------------------------------

    async def _balance_of(self, user: str) -> float:
        """From the cache; on a miss from the chain, which knows nothing of what is approved and not burned."""
        await asyncio.sleep(CACHE_S)
        cached = self._cached.get(user)
        if cached is not None and self._clock.now_ns() < cached[1]:
            return cached[0]
        await asyncio.sleep(NODE_S)
        balance = self._on_chain.get(user, 0.0)
        self._cached[user] = (balance, self._clock.now_ns() + MISS_TTL_NS)
        return balance

    async def _change_balance(self, user: str, change: float) -> None:
        """Read, modify, write: whoever does the same meanwhile is overwritten."""
        current = await self._balance_of(user)
        await asyncio.sleep(CACHE_S)
        self._cached[user] = (current + change, self._clock.now_ns() + UPDATE_TTL_NS)

    async def _charge_limits(self, user: str, amount: float) -> DeclineReason | None:
        """Charged at once and never given back; there is no monthly window."""
        limits = self._terms.limits
        if limits.per_transaction_cents is not None and amount > limits.per_transaction_cents / 100:
            return DeclineReason.TRANSACTION_LIMIT
        today = (user, self._clock.now_ns() // DAY_NS)
        spent = self._spent_today.get(today, 0.0)
        await asyncio.sleep(CACHE_S)
        if limits.daily_cents is not None and spent + amount > limits.daily_cents / 100:
            return DeclineReason.DAILY_LIMIT
        self._spent_today[today] = self._spent_today.get(today, 0.0) + amount
        return None

    # ---- the chain --------------------------------------------------------------------------------------------------

    async def _burn(self, amounts: tuple[tuple[str, int], ...], items: list[_Pending], now_ns: int) -> tuple[int, int]:
        """(burned, gas). A new id for each attempt, so the contract cannot tell a retry from a new settlement."""
        self._attempts += 1
        settlement_id = "0x" + hashlib.sha256(f"attempt {self._attempts}".encode()).hexdigest()
        addresses = {user: self._users[user].address for user, _ in amounts}
        try:
            await self._chain.submit(Settlement(settlement_id, now_ns, amounts), addresses)
            outcome = None
            for _ in range(BLOCKS_WAITED):
                await self._chain.wait_block()
                outcome = await self._chain.outcome(settlement_id)
                if outcome is not None:
                    break
        except PortUnavailable:
            outcome = None
        if outcome is None:
            for item in items:
                item.status = "failed"  # it may well be burned a minute from now
            return 0, 0
        for item in items:
            item.status = "done"
        burned = 0
        for user, amount in amounts:
            taken = amount - outcome.missing_usdc6.get(user, 0)
            burned += taken
            self._on_chain[user] -= taken / 1_000_000
            self._note(StatementKind.SETTLEMENT, settlement_id, user, taken / 1_000_000)
        return burned, outcome.gas_used

    def _note(self, kind: StatementKind, ref: str, user: str, amount: float) -> None:
        self._statement.append(StatementEntry(kind, ref, user, int(amount * 1_000_000), self._clock.now_ns()))


def _declined(request: AuthorizationRequest, reason: DeclineReason) -> AuthorizationResponse:
    return AuthorizationResponse(request.authorization_id, False, 0, RESPONSE_CODES[reason], reason, 0)


def build(kit: EngineKit) -> NaiveEngine:
    """The factory that ``--engine scenarios.engines.naive:build`` names."""
    return NaiveEngine(kit)
