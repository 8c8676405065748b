"""A little world around the rules of the reference engine, in which every message takes its time.

Each message is sent, decided and answered at three instants of its own, so that everything may overlap with everything.
The engine is :class:`scenarios.engines.reference_state.State`, right by assumption, with one hook per rule that a test
may break. The chain keeps balances and one pending withdrawal a user, as CardToken does.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from engine.domain.settlement import Settlement
from engine.interface import (
    APPROVED_CODE,
    RESPONSE_CODES,
    AccountOpening,
    AuthorizationAdvice,
    AuthorizationKind,
    AuthorizationRequest,
    AuthorizationResponse,
    Balance,
    CardOpening,
    CardStatus,
    ClearingBatch,
    ClearingReceipt,
    DeclineReason,
    DepositNotice,
    DisputeNotice,
    DisputeState,
    EngineError,
    ExpiryReceipt,
    IdempotencyConflict,
    NoticeReceipt,
    Presence,
    Presentment,
    PresentmentKind,
    ReversalRequest,
    ReversalResponse,
    SettlementReceipt,
    Terms,
    WithdrawalNotice,
    WithdrawalStage,
)
from scenarios.engines.reference_state import State
from simulators.auditor import Auditor, ChainEvent, Tick

MS = 1_000_000
SECOND_NS = 1_000 * MS
HOUR_NS = 3_600 * SECOND_NS
DAY_NS = 24 * HOUR_NS
START_NS = 1_772_323_200 * SECOND_NS
"""2026-03-01T00:00:00Z."""
USDC6 = 10_000


PURCHASE = AuthorizationKind.PURCHASE


class Desk:
    """The engine's verbs without a wire: decides at the instant at which it is called. Tests break one method of it."""

    def __init__(self, terms: Terms) -> None:
        self.state = State(terms)
        self.answers: dict[str, tuple[Any, Any]] = {}

    def act(self, message: Any, now_ns: int) -> Any:
        """Do what a message asks, once; raises IdempotencyConflict."""
        if isinstance(message, DepositNotice):
            return NoticeReceipt(message.deposit_id, self.state.deposit(message, now_ns))
        if isinstance(message, WithdrawalNotice):
            return NoticeReceipt(message.event_id, self.state.withdraw(message, now_ns))
        if isinstance(message, AccountOpening):
            return self.state.open(message)
        if isinstance(message, Tick):
            return ExpiryReceipt(self.state.expire(message.now_ns))
        known = self.answers.get(message.idempotency_key)
        if known is None:
            answer = self.first(message, now_ns)
            self.answers[message.idempotency_key] = (message, answer)
            return answer
        if replace(message, sent_at_ns=known[0].sent_at_ns) != known[0]:
            raise IdempotencyConflict(message.idempotency_key)
        return self.again(known[1], now_ns)

    def first(self, message: Any, now_ns: int) -> Any:
        if isinstance(message, AuthorizationRequest):
            return self.authorize(message, now_ns)
        if isinstance(message, ReversalRequest):
            return ReversalResponse(message.authorization_id, self.state.reverse(message, now_ns))
        if isinstance(message, AuthorizationAdvice):
            return self.advise(message, now_ns)
        if isinstance(message, DisputeNotice):
            return self.dispute(message, now_ns)
        return ClearingReceipt(message.file_id, tuple([self.post(p, now_ns) for p in message.presentments]))

    def advise(self, message: AuthorizationAdvice, now_ns: int) -> Any:
        return self.state.advise(message, now_ns)

    def dispute(self, message: DisputeNotice, now_ns: int) -> Any:
        return self.state.dispute(message, now_ns)

    def again(self, answer: Any, now_ns: int) -> Any:
        return answer

    def reason(self, message: AuthorizationRequest, now_ns: int) -> DeclineReason | None:
        return self.state.reason_against(message, now_ns)

    def authorize(self, message: AuthorizationRequest, now_ns: int) -> AuthorizationResponse:
        if message.partial_supported or message.kind not in (PURCHASE, AuthorizationKind.PREAUTHORIZATION):
            return self.state.authorize(message, now_ns)
        reason = self.reason(message, now_ns)
        if reason is not None:
            return AuthorizationResponse(message.authorization_id, False, 0, RESPONSE_CODES[reason], reason, 0)
        until_ns = self.state.hold(message, now_ns)
        return AuthorizationResponse(
            message.authorization_id, True, message.amount_cents, APPROVED_CODE, None, until_ns
        )

    def post(self, presentment: Presentment, now_ns: int) -> Any:
        return self.state.post(presentment, now_ns)

    def burns(self, settlements: list[Settlement]) -> list[Settlement]:
        """What is really sent to the chain."""
        return settlements

    def balance(self, account_id: str) -> Balance:
        a = self.state.account(account_id)
        return Balance(account_id, a.available, a.held, a.unsettled, a.withdrawing, a.receivable)


@dataclass(frozen=True)
class Leg:
    """How long a message takes to its decision and back; ``fails``: "" or "before" or "after" the decision."""

    there_ns: int = 5 * MS
    back_ns: int = 5 * MS
    fails: str = ""


class _Flight:
    """A message under way; ``dead`` once the process that was to answer it has died."""

    def __init__(self, message: Any, done: Callable[[Any], None] | None) -> None:
        self.message = message
        self.done = done
        self.dead = False


@dataclass
class _Pending:
    amount: int = 0


@dataclass
class World:
    """Virtual time, a desk, a chain, and the auditor on the wire between them."""

    terms: Terms
    desk: Desk
    settings: dict[str, Any] = field(default_factory=dict)
    accounts: tuple[str, ...] = ("ada", "bob", "cleo")
    auditor: Auditor = field(init=False)
    now_ns: int = START_NS

    def __post_init__(self) -> None:
        self.auditor = Auditor(self.terms, **self.settings)
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._numbers = count(1)
        self._refs: dict[str, int] = {}
        self.on_chain = dict.fromkeys(self.accounts, 0)
        self.pending = {account_id: _Pending() for account_id in self.accounts}
        self._notices: list[Any] = []
        self._settling = False
        self.batches: list[ClearingBatch] = []
        self.requests: dict[str, AuthorizationRequest] = {}
        self._flights: list[_Flight] = []
        for account_id in self.accounts:
            opening = self.opening(account_id)
            self.auditor.opened(START_NS, opening)
            self.desk.state.open(opening)
        self.at(START_NS + HOUR_NS, self._hourly)

    def opening(self, account_id: str, status: CardStatus = CardStatus.ACTIVE, **changes: Any) -> AccountOpening:
        """The account; ``status`` is that of its first card."""
        cards = (
            CardOpening(f"{account_id}-visa", "visa", 2**62, status),
            CardOpening(f"{account_id}-amex", "amex", 2**62),
        )
        return AccountOpening(account_id, f"0x{account_id}", cards, **changes)

    # ---- time -----------------------------------------------------------------------------------------------------

    def at(self, at_ns: int, do: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (at_ns, next(self._order), do))

    def after(self, delay_ns: int, do: Callable[[], None]) -> None:
        self.at(self.now_ns + delay_ns, do)

    def run(self, for_ns: int) -> None:
        """Let time pass."""
        until_ns = self.now_ns + for_ns
        while self._queue and self._queue[0][0] <= until_ns:
            self.now_ns, _, do = heapq.heappop(self._queue)
            do()
        self.now_ns = until_ns

    def _hourly(self) -> None:
        self.after(HOUR_NS, self._hourly)
        self.settle()
        self.send(Tick("expire", self.now_ns), Leg())

    # ---- the wire -------------------------------------------------------------------------------------------------

    def send(self, message: Any, leg: Leg, done: Callable[[Any], None] | None = None) -> None:
        """Send now; decide and answer later. A failed message is sent again until it is answered."""
        self.auditor.sent(self.now_ns, message)
        flight = _Flight(message, done)
        self._flights.append(flight)

        def decide() -> None:
            if flight.dead:
                return
            answer: Any = EngineError("no answer")
            if leg.fails != "before":
                try:
                    answer = self.desk.act(message, self.now_ns)
                except IdempotencyConflict as error:
                    answer = error
            self.after(leg.back_ns, lambda: tell(answer))

        def tell(answer: Any) -> None:
            if flight.dead:
                return
            self._flights.remove(flight)
            if isinstance(answer, IdempotencyConflict):
                self.auditor.failed(self.now_ns, message, answer)
            elif leg.fails:
                self.auditor.failed(self.now_ns, message, EngineError("no answer"))
                self.send(message, Leg(leg.there_ns, leg.back_ns), done)
            else:
                self.auditor.answered(self.now_ns, message, answer)
                if done is not None:
                    done(answer)

        self.after(leg.there_ns, decide)

    def die(self) -> None:
        """The process dies and is back at once; whoever waits for an answer asks again a second later."""
        self.auditor.engine_died(self.now_ns)
        lost, self._flights = self._flights, []
        for flight in lost:
            flight.dead = True
            self.auditor.failed(self.now_ns, flight.message, EngineError("connection lost"))
            self.after(SECOND_NS, lambda flight=flight: self.send(flight.message, Leg(), flight.done))
        self.auditor.engine_back(self.now_ns)

    def open(self, opening: AccountOpening, leg: Leg = Leg()) -> None:
        self.auditor.opened(self.now_ns, opening)
        self.send(opening, leg)

    def ask(
        self, kind: AuthorizationKind, ref: str, cents: int, card: str, leg: Leg = Leg(), partial: bool = False
    ) -> None:
        """An authorization of a rarer kind, under a key of its own."""
        key = f"{ref}:{kind}:{next(self._numbers)}"
        network = card.split("-")[1]
        self.send(
            AuthorizationRequest(
                key, ref, card, cents, network, "shop", "5411", self.now_ns - 3 * MS, kind, partial_supported=partial
            ),
            leg,
        )

    def advise(self, ref: str, cents: int, card: str, leg: Leg = Leg(), approved: bool = True) -> None:
        key = f"{ref}:advice:{next(self._numbers)}"
        network = card.split("-")[1]
        amount = cents if approved else 0
        self.send(
            AuthorizationAdvice(key, ref, card, approved, amount, network, "shop", "5411", self.now_ns - 3 * MS), leg
        )

    def refund(self, ref: str, cents: int, card: str, leg: Leg = Leg()) -> None:
        number = next(self._numbers)
        refund = Presentment(f"refund-{number}", ref, card, card.split("-")[1], cents, True, PresentmentKind.REFUND)
        batch = ClearingBatch(f"batch-{number}", card.split("-")[1], "file", self.now_ns, (refund,))
        self.batches.append(batch)
        self.send(batch, leg)

    def dispute(self, presentment: Presentment, state: DisputeState, cents: int, leg: Leg = Leg()) -> None:
        ref = presentment.presentment_id
        key = f"{ref}:dispute:{next(self._numbers)}"
        self.send(
            DisputeNotice(
                key, f"d-{ref}", ref, presentment.card_id, presentment.network, state, cents, self.now_ns - 3 * MS
            ),
            leg,
        )

    def swipe(
        self, ref: str, cents: int, account_id: str = "ada", network: str = "visa", leg: Leg = Leg(), key: str = "",
        estimate: bool = False, sent_ago_ns: int = 3 * MS, partial: bool = False, present: bool = True,
    ) -> AuthorizationRequest:  # fmt: skip
        kind = AuthorizationKind.PREAUTHORIZATION if estimate else AuthorizationKind.PURCHASE
        request = AuthorizationRequest(
            key or ref,
            ref,
            f"{account_id}-{network}",
            cents,
            network,
            "shop",
            "5411",
            self.now_ns - sent_ago_ns,
            kind,
            partial,
            Presence.PRESENT if present else Presence.NOT_PRESENT,
        )
        self.requests.setdefault(ref, request)
        self.send(request, leg)
        return request

    def reverse(self, ref: str, leg: Leg = Leg(), key: str = "", cents: int = 0, card: str = "") -> None:
        """All of it, or ``cents``; ``card`` (account-network) where it overtakes its original."""
        known = self.requests.get(ref)
        card = card or (known.card_id if known is not None else "ada-visa")
        request = ReversalRequest(key or f"{ref}:reversal", ref, card, card.split("-")[1], self.now_ns, cents)
        self.send(request, leg)

    def present(
        self, *parts: tuple[str, int, bool], cards: dict[str, str] | None = None, leg: Leg = Leg()
    ) -> ClearingBatch:  # fmt: skip
        """Presentments of (authorization, cents, final), each with a new id; ``cards`` by authorization, else ada's."""
        presentments = []
        for ref, cents, final in parts:
            part = self._refs[ref] = self._refs.get(ref, 0) + 1
            card = (cards or {}).get(ref, "ada-visa")
            presentments.append(Presentment(f"{ref}.{part}", ref, card, "visa", cents, final))
        batch = ClearingBatch(f"batch-{next(self._numbers)}", "visa", "file", self.now_ns, tuple(presentments))
        self.batches.append(batch)
        self.send(batch, leg)
        return batch

    # ---- the chain ------------------------------------------------------------------------------------------------

    def _event(self, kind: str, account_id: str, amount: int, settlement_id: str = "", ref: str = "") -> None:
        self.auditor.chain(self.now_ns, ChainEvent(kind, account_id, amount, settlement_id, ref))

    def _notify(self, message: Any, final_ns: int = 24 * SECOND_NS) -> None:
        """Notices go out in order, one at a time, each until it is answered."""

        def next_one(_: Any = None) -> None:
            if _ is not None:
                self._notices.pop(0)
            if self._notices:
                self.send(self._notices[0], Leg(), next_one)

        def queue() -> None:
            self._notices.append(message)
            if len(self._notices) == 1:
                next_one()

        self.after(final_ns, queue)

    def deposit(self, account_id: str, usdc6: int) -> str:
        ref = f"0xdeposit{next(self._numbers)}:0"
        self.on_chain[account_id] += usdc6
        self._event("CardDeposit", account_id, usdc6, ref=ref)
        self._notify(DepositNotice(ref, account_id, usdc6, 1))
        return ref

    def withdrawal(self, account_id: str, stage: WithdrawalStage, usdc6: int = 0) -> bool:
        """A step as the contract allows it; False where it does not."""
        pending = self.pending[account_id]
        if stage is WithdrawalStage.REQUESTED:
            amount = min(usdc6, self.on_chain[account_id])
            if pending.amount or not amount:
                return False
            pending.amount = amount
        else:
            amount, pending.amount = pending.amount, 0
            if not amount:
                return False
            if stage is WithdrawalStage.COMPLETED:
                self.on_chain[account_id] -= amount
        self._step(account_id, stage, amount)
        return True

    def _step(self, account_id: str, stage: WithdrawalStage, amount: int) -> None:
        ref = f"0xwithdrawal{next(self._numbers)}:0"
        self._event(f"Withdrawal{stage.capitalize()}", account_id, amount, ref=ref)
        self._notify(WithdrawalNotice(ref, account_id, stage, amount, 1))

    def settle(self) -> None:
        """A tick: formed at once, in a block 12 s later, final and booked another 24 s later."""
        if self._settling:
            return
        self._settling = True
        tick = Tick("settle", self.now_ns)
        self.auditor.sent(self.now_ns, tick)
        self.desk.state.form_settlements(self.now_ns)
        formed = list(self.desk.state.open_settlements)
        missing: dict[str, dict[str, int]] = {}

        def mine() -> None:
            for settlement in self.desk.burns(formed):
                missing[settlement.settlement_id] = self._burn(settlement)
            self.after(24 * SECOND_NS, book)

        def book() -> None:
            self._settling = False
            burned = 0
            for settlement in formed:
                short = missing.get(settlement.settlement_id, {})
                self.desk.state.close(settlement, short, self.now_ns)
                burned += settlement.total_usdc6 - sum(short.values())
            users = sum(len(settlement.amounts_usdc6) for settlement in formed)
            self.auditor.answered(self.now_ns, tick, SettlementReceipt(len(formed), len(formed), users, burned, 50_000))

        self.after(12 * SECOND_NS, mine)

    def _burn(self, settlement: Settlement) -> dict[str, int]:
        missing = {}
        transaction = f"0xsettle{next(self._numbers)}"
        for index, (account_id, amount) in enumerate(settlement.amounts_usdc6):
            burned = min(amount, self.on_chain[account_id])
            self.on_chain[account_id] -= burned
            if burned:
                self._event("CardSettlement", account_id, burned, settlement.settlement_id, f"{transaction}:{index}")
            left = self.on_chain[account_id]
            if self.pending[account_id].amount > left:
                self.pending[account_id].amount = left
                self._step(account_id, WithdrawalStage.REDUCED, left)
            if burned < amount:
                missing[account_id] = amount - burned
                ref = f"{transaction}:{index}"
                self._event("SettlementShortfall", account_id, amount - burned, settlement.settlement_id, ref)
        supply = sum(self.on_chain.values())
        self.auditor.supply(self.now_ns, supply, supply)
        return missing

    # ---- the end --------------------------------------------------------------------------------------------------

    def close(self) -> Auditor:
        """Let everything come to rest, ask for all there is, let the auditor finish."""
        self.run(3 * HOUR_NS)
        for account_id in self.accounts:
            self.auditor.balance(self.now_ns, self.desk.balance(account_id))
        self.auditor.statement(self.desk.state.statement)
        self.auditor.finish(self.now_ns)
        return self.auditor


def world(terms: Terms | None = None, desk: type[Desk] = Desk, cents: int = 10_000, **settings: Any) -> World:
    """A world whose accounts have ``cents`` each, credited; ``settings`` are the auditor's."""
    terms = terms or Terms()
    made = World(terms, desk(terms), settings)
    for account_id in made.accounts if cents else ():
        made.deposit(account_id, cents * USDC6)
    made.run(60 * SECOND_NS)
    return made
