"""The reference engine: slow, in memory, and obviously right.

One state (:mod:`scenarios.engines.reference_state`), one lock around everything that touches it. It keeps nothing over
a crash and is in no hurry; what it is good for is to be read, to be compared with, and to be broken on purpose.

Only ``kit.terms``, ``kit.ports.clock`` and ``kit.ports.chain`` are used.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from engine.domain.settlement import Settlement
from engine.interface import (
    AccountOpening,
    AdviceReceipt,
    AuthorizationAdvice,
    AuthorizationKind,
    AuthorizationRequest,
    AuthorizationResponse,
    Balance,
    ClearingBatch,
    ClearingReceipt,
    DeclineReason,
    DepositNotice,
    DisputeNotice,
    DisputeReceipt,
    EngineKit,
    ExpiryReceipt,
    IdempotencyConflict,
    NoticeReceipt,
    ReversalRequest,
    ReversalResponse,
    SettlementReceipt,
    StatementPage,
    WithdrawalNotice,
)
from engine.ports import BurnOutcome, PortUnavailable
from scenarios.engines.reference_state import State, declined

PAGE = 500
BLOCKS_PER_TICK = 50
BLOCKS_PER_ATTEMPT = 10


class ReferenceEngine:
    """A CardEngine; see the module."""

    def __init__(self, kit: EngineKit) -> None:
        self._clock = kit.ports.clock
        self._chain = kit.ports.chain
        self._state = State(kit.terms)
        self._answers: dict[str, tuple[Any, Any]] = {}
        self._lock = asyncio.Lock()
        self._settling = asyncio.Lock()

    async def open_account(self, opening: AccountOpening) -> None:
        async with self._lock:
            self._state.open(opening)

    async def authorize(self, request: AuthorizationRequest) -> AuthorizationResponse:
        async with self._lock:
            sound = request.amount_cents > 0
            if request.kind is AuthorizationKind.BALANCE_INQUIRY:
                sound = request.amount_cents == 0
            if not sound and request.idempotency_key not in self._answers:
                # Not stored: the same key may come again with a sound amount.
                return declined(request, DeclineReason.INVALID_AMOUNT)
            return self._once(request, lambda r: self._state.authorize(r, self._clock.now_ns()))

    async def advise(self, advice: AuthorizationAdvice) -> AdviceReceipt:
        async with self._lock:
            return self._once(advice, lambda a: self._state.advise(a, self._clock.now_ns()))

    async def reverse(self, request: ReversalRequest) -> ReversalResponse:
        async with self._lock:
            now_ns = self._clock.now_ns()
            return self._once(request, lambda r: ReversalResponse(r.authorization_id, self._state.reverse(r, now_ns)))

    async def capture(self, batch: ClearingBatch) -> ClearingReceipt:
        async with self._lock:
            now_ns = self._clock.now_ns()
            return self._once(
                batch,
                lambda b: ClearingReceipt(b.file_id, tuple([self._state.post(p, now_ns) for p in b.presentments])),
            )

    async def dispute(self, notice: DisputeNotice) -> DisputeReceipt:
        async with self._lock:
            return self._once(notice, lambda n: self._state.dispute(n, self._clock.now_ns()))

    async def deposit(self, notice: DepositNotice) -> NoticeReceipt:
        async with self._lock:
            return NoticeReceipt(notice.deposit_id, self._state.deposit(notice, self._clock.now_ns()))

    async def withdraw(self, notice: WithdrawalNotice) -> NoticeReceipt:
        async with self._lock:
            return NoticeReceipt(notice.event_id, self._state.withdraw(notice, self._clock.now_ns()))

    async def expire(self, now_ns: int) -> ExpiryReceipt:
        async with self._lock:
            return ExpiryReceipt(self._state.expire(now_ns))

    async def settle(self, now_ns: int) -> SettlementReceipt:
        """The lock is not held while the chain works; what is captured meanwhile waits for the next tick."""
        async with self._settling:
            async with self._lock:
                self._state.form_settlements(now_ns)
                waiting = list(self._state.open_settlements)
            burned: list[tuple[Settlement, BurnOutcome]] = []
            for settlement in waiting:
                outcome = await self._burn(settlement)
                if outcome is None:
                    continue  # unknown: it stays open, under its id, for the next tick
                async with self._lock:
                    self._state.close(settlement, outcome.missing_usdc6, self._clock.now_ns())
                burned.append((settlement, outcome))
        return SettlementReceipt(
            batches=len(burned),
            transactions=len({outcome.transaction for _, outcome in burned}),
            users=sum(len(settlement.amounts_usdc6) for settlement, _ in burned),
            settled_usdc6=sum(s.total_usdc6 - sum(outcome.missing_usdc6.values()) for s, outcome in burned),
            gas_used=sum(outcome.gas_used for _, outcome in burned),
        )

    async def balance(self, account_id: str) -> Balance:
        async with self._lock:
            a = self._state.account(account_id)
            return Balance(account_id, a.available, a.held, a.unsettled, a.withdrawing, a.receivable)

    async def statement(self, cursor: int) -> StatementPage:
        async with self._lock:
            lines = self._state.statement
            page = tuple(lines[cursor : cursor + PAGE])
            end = cursor + len(page)
            return StatementPage(page, end if end < len(lines) else -1)

    def _once(self, request: Any, act: Any) -> Any:
        """The first answer under this key again, or ``act`` and remember. When it was sent is not part of the body."""
        known = self._answers.get(request.idempotency_key)
        if known is None:
            answer = act(request)
            self._answers[request.idempotency_key] = (request, answer)
            return answer
        body, answer = known
        if type(body) is not type(request) or body != replace(request, sent_at_ns=body.sent_at_ns):
            raise IdempotencyConflict(f"{request.idempotency_key}: used before with another body")
        return answer

    async def _burn(self, settlement: Settlement) -> BurnOutcome | None:
        """Send it, ask until the outcome is final, send the same id again when nothing is heard of it."""
        accounts = self._state.accounts
        addresses = {account_id: accounts[account_id].opening.address for account_id, _ in settlement.amounts_usdc6}
        for block in range(BLOCKS_PER_TICK):
            try:
                outcome = await self._chain.outcome(settlement.settlement_id)
                if outcome is not None:
                    return outcome
                if block % BLOCKS_PER_ATTEMPT == 0:
                    await self._chain.submit(settlement, addresses)
            except PortUnavailable:
                pass  # nobody knows; asking and sending again under the same id is harmless
            await self._chain.wait_block()
        return None


def build(kit: EngineKit) -> ReferenceEngine:
    """The factory that ``--engine scenarios.engines.reference:build`` names."""
    return ReferenceEngine(kit)
