"""A bench to run one engine on, under plain asyncio: a clock set by hand, a chain in a dict, the auditor on the wire.

Another engine joins the conformance tests by adding its factory to ``FACTORIES``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from engine.domain.settlement import Settlement
from engine.interface import (
    AccountOpening,
    AuthorizationKind,
    AuthorizationRequest,
    AuthorizationResponse,
    Balance,
    CaptureResult,
    CardEngine,
    CardOpening,
    ClearingBatch,
    ClearingReceipt,
    DepositNotice,
    EngineFactory,
    EngineKit,
    ExpiryReceipt,
    LimitTerms,
    NoticeReceipt,
    Presentment,
    ReversalRequest,
    ReversalResponse,
    SettlementReceipt,
    StatementEntry,
    Terms,
    WithdrawalNotice,
    WithdrawalStage,
)
from engine.ports import BurnOutcome, Clock, Ports, PortUnavailable
from engine.services.engine import build as build_production
from scenarios.engines import asgi_app, reference
from simulators.auditor import Auditor, ChainEvent, Tick
from simulators.backends.cache import MemoryCache
from simulators.backends.holds import MemoryHoldStore
from simulators.backends.ledger import MemoryLedger
from simulators.http_engine import HttpEngine

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
START_NS = 1_772_323_200 * SECOND_NS
"""2026-03-01T00:00:00Z."""
USDC6_PER_CENT = 10_000
WIDE = LimitTerms(10**9, 10**9, 10**9)
"""Limits that no test runs into by accident."""


class BenchClock:
    """The port ``Clock``: it shows what it is set to."""

    def __init__(self) -> None:
        self.at_ns = START_NS

    def now_ns(self) -> int:
        return self.at_ns


class BenchChain:
    """The port ``SettlementChain`` on a CardToken in a dict: one block every 12 s of waiting, final one block later.

    ``trouble`` is what happens to the next submissions, in order: ``lost`` (refused, nothing sent), ``unheard`` (sent,
    and the node does not answer), ``deaf`` (sent, and the outcome cannot be asked for a while).
    """

    def __init__(self, clock: BenchClock) -> None:
        self._clock = clock
        self._waiting: dict[str, tuple[Settlement, dict[str, str]]] = {}
        self._mined: dict[str, tuple[int, BurnOutcome]] = {}
        self._block = 0
        self._deaf_until = 0
        self.balances: dict[str, int] = {}
        self.trouble: list[str] = []
        self.submitted: list[str] = []
        self.heard: Callable[[ChainEvent], None] = lambda event: None

    async def submit(self, settlement: Settlement, addresses: dict[str, str]) -> None:
        self.submitted.append(settlement.settlement_id)
        trouble = self.trouble.pop(0) if self.trouble else ""
        if trouble == "lost":
            raise PortUnavailable("connection refused")
        if settlement.settlement_id not in self._mined:
            self._waiting[settlement.settlement_id] = (settlement, addresses)
        if trouble == "deaf":
            self._deaf_until = self._block + 5
        if trouble == "unheard":
            raise PortUnavailable("timed out")

    async def outcome(self, settlement_id: str) -> BurnOutcome | None:
        if self._block < self._deaf_until:
            raise PortUnavailable("timed out")
        mined = self._mined.get(settlement_id)
        return mined[1] if mined is not None and mined[0] < self._block else None

    async def wait_block(self) -> None:
        await asyncio.sleep(0)
        self._clock.at_ns += 12 * SECOND_NS
        self._block += 1
        for settlement, addresses in self._waiting.values():
            self._mine(settlement, addresses)
        self._waiting.clear()

    def deposit(self, address: str, amount_usdc6: int) -> None:
        self.balances[address] = self.balances.get(address, 0) + amount_usdc6

    def pay_out(self, address: str, amount_usdc6: int) -> None:
        self.balances[address] -= amount_usdc6

    def _mine(self, settlement: Settlement, addresses: dict[str, str]) -> None:
        transaction = f"0xtx{self._block:06d}{settlement.settlement_id[2:12]}"
        missing: dict[str, int] = {}
        for index, (account_id, amount) in enumerate(settlement.amounts_usdc6):
            balance = self.balances.get(addresses[account_id], 0)
            burned = min(balance, amount)
            self.balances[addresses[account_id]] = balance - burned
            if burned:
                self._tell("CardSettlement", account_id, burned, settlement, f"{transaction}:{index}")
            if burned < amount:
                missing[account_id] = amount - burned
                self._tell("SettlementShortfall", account_id, amount - burned, settlement, f"{transaction}:{index}")
        outcome = BurnOutcome(settlement.settlement_id, transaction, 50_000, missing)
        self._mined[settlement.settlement_id] = (self._block, outcome)

    def _tell(self, kind: str, account_id: str, amount: int, settlement: Settlement, ref: str) -> None:
        self.heard(ChainEvent(kind, account_id, amount, settlement.settlement_id, ref))


Made = tuple[CardEngine, BenchClock, BenchChain]


class _AtOnce:
    """A backend that serves at once, after letting others run."""

    in_use = True

    def __init__(self, clock: Clock) -> None:
        self.utc_ns = clock.now_ns

    async def serve(self) -> None:
        await asyncio.sleep(0)


def _production(kit: EngineKit) -> CardEngine:
    served: Any = _AtOnce(kit.ports.clock)
    ports = Ports(kit.ports.clock, MemoryCache(served), MemoryHoldStore(served), MemoryLedger(served), kit.ports.chain)
    return build_production(EngineKit(kit.terms, ports))


def _asgi(kit: EngineKit) -> CardEngine:
    return HttpEngine(asgi_app.KitApp(reference.build), kit)


FACTORIES: dict[str, EngineFactory] = {"reference": reference.build, "asgi": _asgi, "production": _production}


def make(factory: EngineFactory, terms: Terms) -> Made:
    """An engine on a clock and a chain of its own; it gets no other port."""
    clock = BenchClock()
    chain = BenchChain(clock)
    nothing: Any = None
    return factory(EngineKit(terms, Ports(clock, nothing, nothing, nothing, chain))), clock, chain


class Bench:
    """Says things to an engine, with the auditor listening. Every message may be sent again with the same words."""

    def __init__(self, made: Made, terms: Terms) -> None:
        self.engine, self.clock, self.chain = made
        self.terms = terms
        self.auditor = Auditor(terms)
        self.chain.heard = lambda event: self.auditor.chain(self.clock.at_ns, event)
        self.addresses: dict[str, str] = {}
        self._seen = 0

    async def tell(self, message: Any, call: Callable[[Any], Awaitable[Any]], said: Any = None) -> Any:
        """One exchange on the wire."""
        self.auditor.sent(self.clock.at_ns, message)
        try:
            answer = await call(message if said is None else said)
        except Exception as error:
            self.auditor.failed(self.clock.at_ns, message, error)
            raise
        self.auditor.answered(self.clock.at_ns, message, answer)
        return answer

    async def open(self, account_id: str = "ada", **changes: Any) -> None:
        """An account with one visa card, ``<account>-card``."""
        self.addresses[account_id] = f"0x{account_id}"
        card = CardOpening(f"{account_id}-card", "visa", changes.pop("card_expires_at_ns", 2**62))
        if "card_status" in changes:
            card = CardOpening(card.card_id, card.network, card.expires_at_ns, changes.pop("card_status"))
        opening = AccountOpening(account_id, self.addresses[account_id], (card,), **changes)
        self.auditor.opened(self.clock.at_ns, opening)
        await self.tell(opening, self.engine.open_account)

    async def fund(self, cents: int, account_id: str = "ada", deposit_id: str = "", usdc6: int = 0) -> NoticeReceipt:
        """A deposit on chain, and its notice."""
        self._seen += 1
        amount_usdc6 = usdc6 or cents * USDC6_PER_CENT
        ref = deposit_id or f"0xdeposit{self._seen}:0"
        self.chain.deposit(self.addresses[account_id], amount_usdc6)
        self.auditor.chain(self.clock.at_ns, ChainEvent("CardDeposit", account_id, amount_usdc6, "", ref))
        return await self.tell(DepositNotice(ref, account_id, amount_usdc6, 1), self.engine.deposit)

    async def again(self, deposit_id: str, cents: int, account_id: str = "ada") -> NoticeReceipt:
        """A deposit notice once more."""
        notice = DepositNotice(deposit_id, account_id, cents * USDC6_PER_CENT, 1)
        return await self.tell(notice, self.engine.deposit)

    async def withdraw(self, stage: WithdrawalStage, cents: int, ref: str, account_id: str = "ada") -> NoticeReceipt:
        """A step of a withdrawal on chain, and its notice."""
        amount_usdc6 = cents * USDC6_PER_CENT
        if stage is WithdrawalStage.COMPLETED:
            self.chain.pay_out(self.addresses[account_id], amount_usdc6)
        event = ChainEvent(f"Withdrawal{stage.capitalize()}", account_id, amount_usdc6, "", ref)
        self.auditor.chain(self.clock.at_ns, event)
        notice = WithdrawalNotice(ref, account_id, stage, amount_usdc6, 1)
        return await self.tell(notice, self.engine.withdraw)

    def request(self, ref: str, cents: int, account_id: str = "ada", **changes: Any) -> AuthorizationRequest:
        """An authorization request; ``key`` is the id unless given."""
        return AuthorizationRequest(
            changes.get("key", ref), ref, changes.get("card", f"{account_id}-card"), cents,
            changes.get("network", "visa"), changes.get("merchant", "shop"), "5411",
            self.clock.at_ns, changes.get("kind", AuthorizationKind.PURCHASE),
        )  # fmt: skip

    async def authorize(self, ref: str, cents: int, account_id: str = "ada", **changes: Any) -> AuthorizationResponse:
        """Ask; send again what ``request`` made to repeat it."""
        return await self.tell(self.request(ref, cents, account_id, **changes), self.engine.authorize)

    async def approve(self, ref: str, cents: int, account_id: str = "ada", **changes: Any) -> AuthorizationResponse:
        """Ask for what has to be approved."""
        answer = await self.authorize(ref, cents, account_id, **changes)
        assert answer.approved, answer
        return answer

    async def reverse(self, ref: str, account_id: str = "ada", key: str = "") -> ReversalResponse:
        request = ReversalRequest(key or f"{ref}:reversal", ref, f"{account_id}-card", "visa", self.clock.at_ns)
        return await self.tell(request, self.engine.reverse)

    def presentment(self, ref: str, part: int, cents: int, *, final: bool = True, card: str = "") -> Presentment:
        return Presentment(f"{ref}.{part}", ref, card or "ada-card", "visa", cents, final)

    async def clear(self, *presentments: Presentment, key: str = "") -> ClearingReceipt:
        """A clearing batch."""
        self._seen += 1
        batch = ClearingBatch(key or f"file/{self._seen}", "visa", "file", self.clock.at_ns, presentments)
        return await self.tell(batch, self.engine.capture)

    async def capture(
        self, ref: str, cents: int, part: int = 1, *, final: bool = True, card: str = ""
    ) -> CaptureResult:
        """One presentment in a batch of its own."""
        receipt = await self.clear(self.presentment(ref, part, cents, final=final, card=card))
        return receipt.results[0]

    async def expire(self, now_ns: int | None = None) -> ExpiryReceipt:
        tick = Tick("expire", self.clock.at_ns if now_ns is None else now_ns)
        return await self.tell(tick, self.engine.expire, tick.now_ns)

    async def settle(self) -> SettlementReceipt:
        tick = Tick("settle", self.clock.at_ns)
        return await self.tell(tick, self.engine.settle, tick.now_ns)

    async def balance(self, account_id: str = "ada") -> Balance:
        balance = await self.engine.balance(account_id)
        self.auditor.balance(self.clock.at_ns, balance)
        return balance

    async def funds(self, account_id: str = "ada") -> dict[str, int]:
        """The balance in cents, zeros left out."""
        balance = await self.balance(account_id)
        names = ("available", "held", "unsettled", "withdrawing", "receivable")
        amounts = {name: getattr(balance, f"{name}_usdc6") for name in names}
        assert not any(amount % USDC6_PER_CENT for amount in amounts.values()), amounts
        return {name: amount // USDC6_PER_CENT for name, amount in amounts.items() if amount}

    async def statement(self) -> list[StatementEntry]:
        entries: list[StatementEntry] = []
        cursor = 0
        while cursor >= 0:
            page = await self.engine.statement(cursor)
            entries += page.entries
            cursor = page.next_cursor
        return entries

    async def close(self) -> None:
        """Settle what is left, ask everything, let the auditor have the last word."""
        await self.settle()
        for account_id in self.addresses:
            await self.balance(account_id)
        self.auditor.statement(await self.statement())
        self.auditor.finish(self.clock.at_ns + 2 * 3_600 * SECOND_NS)
        if isinstance(self.engine, HttpEngine):
            await self.engine.aclose()


def run(made: Made, scenario: Callable[[Bench], Coroutine[Any, Any, None]], terms: Terms) -> Auditor:
    """Run a scenario on an engine and close the books; the auditor that listened."""

    async def whole() -> Auditor:
        bench = Bench(made, terms)
        await scenario(bench)
        await bench.close()
        return bench.auditor

    return asyncio.run(whole())
