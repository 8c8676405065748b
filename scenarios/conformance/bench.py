"""A bench to put one engine on: says every message of the seam in few words, with the auditor on the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from engine.interface import (
    AccountOpening,
    AdviceReceipt,
    AuthorizationAdvice,
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
    DisputeNotice,
    DisputeReceipt,
    DisputeState,
    ExpiryReceipt,
    Initiator,
    LimitTerms,
    NoticeReceipt,
    NotSupported,
    Presence,
    Presentment,
    PresentmentKind,
    ReversalRequest,
    ReversalResponse,
    SettlementReceipt,
    StatementEntry,
    Terms,
    WithdrawalNotice,
    WithdrawalStage,
)
from scenarios.conformance.chain import SECOND_NS, BenchChain, BenchClock, address_of
from scenarios.conformance.verdicts import Broken
from simulators.auditor import Auditor, ChainEvent, Tick

DAY_NS = 86_400 * SECOND_NS
USDC6_PER_CENT = 10_000
WIDE = LimitTerms(10**9, 10**9, 10**9)
"""Limits that no case runs into by accident."""


class Bench:
    """Says things to an engine, with the auditor listening. Every message may be sent again with the same words.

    Money is in cents, ids are short ("a1"), and what is not given is usual: a purchase in a shop with a visa card.
    """

    def __init__(
        self, engine: CardEngine, clock: BenchClock, chain: BenchChain, terms: Terms, auditor: Auditor | None = None
    ) -> None:
        self.engine, self.clock, self.chain, self.terms = engine, clock, chain, terms
        self.auditor = auditor or Auditor(terms)
        self.chain.heard = lambda event: self.auditor.chain(self.clock.at_ns, event)
        self.addresses: dict[str, str] = {}
        self._seen = 0

    @property
    def start_ns(self) -> int:
        """When the case began; NotApplicable where the clock is not the bench's."""
        return self.clock.start_ns

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
        """An account with one visa card, ``<account>-card``, unless ``cards`` are given.

        ``card_...`` changes that card: ``card_status``, ``card_expires_at_ns``, ``card_limits`` and so on.
        """
        self.addresses[account_id] = address_of(account_id)
        of_card = {name.removeprefix("card_"): changes.pop(name) for name in list(changes) if name.startswith("card_")}
        usual = CardOpening(
            of_card.pop("id", f"{account_id}-card"), of_card.pop("network", "visa"),
            of_card.pop("expires_at_ns", 2**62), **of_card,
        )  # fmt: skip
        cards = changes.pop("cards", (usual,))
        opening = AccountOpening(account_id, self.addresses[account_id], cards, **changes)
        self.auditor.opened(self.clock.at_ns, opening)
        await self.tell(opening, self.engine.open_account)

    # ---- funds --------------------------------------------------------------------------------------------------

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

    # ---- authorizations -------------------------------------------------------------------------------------------

    def request(self, ref: str, cents: int, account_id: str = "ada", **changes: Any) -> AuthorizationRequest:
        """An authorization request; ``key`` is the id unless given."""
        return AuthorizationRequest(
            changes.get("key", ref), ref, changes.get("card", f"{account_id}-card"), cents,
            changes.get("network", "visa"), changes.get("merchant", "shop"), changes.get("mcc", "5411"),
            self.clock.at_ns, changes.get("kind", AuthorizationKind.PURCHASE), changes.get("partial", False),
            changes.get("presence", Presence.PRESENT), changes.get("initiator", Initiator.CARDHOLDER),
        )  # fmt: skip

    async def authorize(self, ref: str, cents: int, account_id: str = "ada", **changes: Any) -> AuthorizationResponse:
        """Ask; send again what ``request`` made to repeat it."""
        return await self.tell(self.request(ref, cents, account_id, **changes), self.engine.authorize)

    async def approve(self, ref: str, cents: int, account_id: str = "ada", **changes: Any) -> AuthorizationResponse:
        """Ask for what has to be approved."""
        answer = await self.authorize(ref, cents, account_id, **changes)
        if not answer.approved:
            raise Broken(f"the answer for {cents} cents", "an approval", str(answer.reason))
        return answer

    async def increment(self, ref: str, cents: int, part: int = 1, **changes: Any) -> AuthorizationResponse:
        """So much more on an authorization, under a key of its own."""
        given = {"key": f"{ref}+{part}", "kind": AuthorizationKind.INCREMENTAL} | changes
        return await self.authorize(ref, cents, **given)

    async def advise(self, ref: str, cents: int, account_id: str = "ada", **changes: Any) -> AdviceReceipt:
        """What the network has decided: ``approved`` unless said otherwise."""
        advice = AuthorizationAdvice(
            changes.get("key", f"{ref}:advice"), ref, changes.get("card", f"{account_id}-card"),
            changes.get("approved", True), cents, changes.get("network", "visa"), changes.get("merchant", "shop"),
            changes.get("mcc", "5411"), self.clock.at_ns, changes.get("kind", AuthorizationKind.PURCHASE),
            changes.get("presence", Presence.PRESENT), changes.get("initiator", Initiator.CARDHOLDER),
        )  # fmt: skip
        return await self.tell(advice, verb(self.engine, "advise"))

    async def reverse(
        self, ref: str, account_id: str = "ada", key: str = "", cents: int = 0, **changes: Any
    ) -> ReversalResponse:
        """All of it, or ``cents``."""
        request = ReversalRequest(
            key or f"{ref}:reversal", ref, changes.get("card", f"{account_id}-card"), changes.get("network", "visa"),
            self.clock.at_ns, cents,
        )  # fmt: skip
        return await self.tell(request, self.engine.reverse)

    # ---- clearing ---------------------------------------------------------------------------------------------------

    def presentment(
        self, ref: str, part: int, cents: int, *, final: bool = True, card: str = "", **changes: Any
    ) -> Presentment:
        kind = changes.get("kind", PresentmentKind.SALE)
        presentment_id = changes.get("presentment_id", f"{ref}.{part}")
        network = changes.get("network", "visa")
        return Presentment(presentment_id, ref, card or "ada-card", network, cents, final, kind)

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

    async def refund(self, presentment_id: str, cents: int, ref: str = "", card: str = "") -> CaptureResult:
        """A credit in a batch of its own; ``ref`` names the sale's authorization."""
        one = self.presentment(ref, 0, cents, card=card, kind=PresentmentKind.REFUND, presentment_id=presentment_id)
        return (await self.clear(one)).results[0]

    async def dispute(
        self, dispute_id: str, presentment_id: str, state: DisputeState, cents: int, **changes: Any
    ) -> DisputeReceipt:
        """A dispute reaches a state; ``key`` is id and state unless given."""
        notice = DisputeNotice(
            changes.get("key", f"{dispute_id}:{state}"), dispute_id, presentment_id, changes.get("card", "ada-card"),
            changes.get("network", "visa"), state, cents, self.clock.at_ns,
        )  # fmt: skip
        return await self.tell(notice, verb(self.engine, "dispute"))

    # ---- the clock --------------------------------------------------------------------------------------------------

    async def expire(self, now_ns: int | None = None) -> ExpiryReceipt:
        tick = Tick("expire", self.clock.at_ns if now_ns is None else now_ns)
        return await self.tell(tick, self.engine.expire, tick.now_ns)

    async def settle(self) -> SettlementReceipt:
        self.chain.needed()
        tick = Tick("settle", self.clock.at_ns)
        return await self.tell(tick, self.engine.settle, tick.now_ns)

    # ---- what there is ------------------------------------------------------------------------------------------

    async def balance(self, account_id: str = "ada") -> Balance:
        balance = await self.engine.balance(account_id)
        self.auditor.balance(self.clock.at_ns, balance)
        return balance

    async def funds(self, account_id: str = "ada") -> dict[str, int]:
        """The balance in cents, zeros left out."""
        balance = await self.balance(account_id)
        names = ("available", "held", "unsettled", "withdrawing", "receivable")
        amounts = {name: getattr(balance, f"{name}_usdc6") for name in names}
        if any(amount % USDC6_PER_CENT for amount in amounts.values()):
            raise Broken("the balance", "whole cents", amounts)
        return {name: amount // USDC6_PER_CENT for name, amount in amounts.items() if amount}

    async def statement(self) -> list[StatementEntry]:
        entries: list[StatementEntry] = []
        cursor = 0
        while cursor >= 0:
            page = await self.engine.statement(cursor)
            entries += page.entries
            cursor = page.next_cursor
        return entries

    def chain_usdc6(self, account_id: str = "ada") -> int:
        """What the chain holds for an account."""
        self.chain.needed()
        return self.chain.balances[address_of(account_id)]

    async def close(self) -> None:
        """Settle what is left, ask everything that the engine offers, let the auditor have the last word."""
        if self.chain.settles:
            with suppress(NotSupported):
                await self.settle()
        with suppress(NotSupported):
            for account_id in self.addresses:
                await self.balance(account_id)
        with suppress(NotSupported):
            self.auditor.statement(await self.statement())
        self.auditor.finish(self.clock.at_ns + 2 * 3_600 * SECOND_NS)

    async def leave(self) -> None:
        """Let an engine that runs as an application shut down."""
        aclose: Any = getattr(self.engine, "aclose", None)
        if aclose is not None:
            await aclose()


def verb(engine: CardEngine, name: str) -> Callable[[Any], Awaitable[Any]]:
    """The verb of an engine that may have been written before there was one. Raises NotSupported."""
    call = getattr(engine, name, None)
    if call is None:
        raise NotSupported(f"this engine offers no {name}")
    return call
