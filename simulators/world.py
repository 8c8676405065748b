"""The world: runs what ``building`` has made of the settings, to the end, and says what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from contracts import loader
from engine.domain.money import USDC6_PER_CENT
from engine.interface import EngineFactory
from simulators.actors.cardholders import Traffic
from simulators.actors.chain import CardChain, Executed, Seen
from simulators.actors.changes import LifeOfCards
from simulators.actors.courses import Courses
from simulators.actors.inspector import Inspector
from simulators.actors.issuer import Issuer
from simulators.actors.merchants import demands_of
from simulators.actors.watcher import STAGES
from simulators.auditor import ChainEvent, Finding
from simulators.building import WorldError, build, planned
from simulators.eavesdropper import overhearing
from simulators.kernel import Chunk, Ties
from simulators.script import Script
from simulators.settings import HOUR_NS, MINUTE_NS, SECOND_NS, Purchases, WorldSettings

__all__ = ["World", "WorldError", "WorldResult"]

LAST_ANSWERS_NS = 30 * MINUTE_NS
"""How long, after the end, the world waits for answers that are still due."""


@dataclass(frozen=True, slots=True)
class WorldResult:
    """What a run leaves behind, besides the events that went to the sink."""

    trace_sha256: str
    virtual_ns: int
    start_ns: int
    swipes: int
    findings: tuple[Finding, ...]
    invariants: tuple[str, ...]


class World:
    """One run. Build it, ``run`` it once, read the result."""

    def __init__(
        self,
        settings: WorldSettings,
        purchases: Purchases | None,
        engine_factory: EngineFactory,
        sink: Callable[[Chunk], None] | None = None,
        ties: Ties | None = None,
    ) -> None:
        settings, purchases, storms = planned(settings, purchases)
        self._settings = settings
        self._epoch_ns = settings.start_ns - settings.warmup_ns
        parts = build(settings, purchases, engine_factory, sink, storms, ties)
        self._kernel, self._trace, self._auditor = parts.kernel, parts.trace, parts.auditor
        self._node, self._chain, self._ledger = parts.node, parts.chain, parts.ledger
        self._engine, self._tap, self._networks = parts.engine, parts.tap, parts.networks
        self._watcher, self._clock, self._everybody = parts.watcher, parts.clock, parts.people
        self._people = [person for person in self._everybody if settings.keep.cardholder(person.account_id)]
        self._over = parts.over
        self._chain.on_block = self._on_block
        numbers = count(1)
        self._next_id = lambda: f"auth-{next(numbers):07d}"
        self._issuer = Issuer(self._kernel, self._tap, self._engine, self._auditor)
        self._script = Script(settings, parts, self._next_id, self._issuer.tell_of)
        self._opened = False
        self._traffic = self._traffic_of(purchases) if purchases is not None else None

    def _traffic_of(self, purchases: Purchases) -> Traffic:
        demands = demands_of(purchases, self._settings.habits, self._kernel.stream("merchants").generator)
        settings = self._settings
        courses = Courses(settings.habits, len(purchases), self._kernel.stream("courses").generator)
        until_ns = settings.start_ns + settings.keep.traffic_of(settings.traffic_ns)
        return Traffic(
            self._kernel, purchases, demands, self._everybody, self._networks, self._next_id, until_ns, courses,
            settings.keep,
        )  # fmt: skip

    # running

    def run(self, progress: Callable[[float, int], None] | None = None) -> WorldResult:
        """Run to the end; ``progress`` gets the share of virtual time passed and the swipes so far. Once only."""
        settings, kernel = self._settings, self._kernel
        end_ns = settings.warmup_ns + settings.keep.traffic_of(settings.traffic_ns) + settings.drain_ns
        try:
            self._chain.start()
            kernel.process(self._warm_up(), "warm-up", daemon=True)
            for network in self._networks.values():
                network.start()
            self._watcher.start()
            self._clock.start()
            kernel.process(self._open_the_shops(), "traffic", daemon=True)
            kernel.process(self._sampling(), "hourly figures", daemon=True)
            kernel.process(self._script.steps(), "script", daemon=True)
            if progress is not None:
                kernel.look_in(lambda: progress(min(kernel.now_ns / end_ns, 1.0), self._swipes()))
            with overhearing(kernel, self._auditor):
                kernel.run(end_ns)
                kernel.run(kernel.spawn(self._close_the_books(), "closing the books"))
            if progress is not None:
                progress(1.0, self._swipes())
            self._auditor.finish(kernel.utc_ns)
            self._write_findings()
            return WorldResult(
                self._trace.close(), kernel.now_ns, settings.start_ns, self._swipes(),
                tuple(self._auditor.findings), self._auditor.invariants,
            )  # fmt: skip
        finally:
            kernel.close()
            self._node.close()
            self._over()

    @property
    def now_ns(self) -> int:
        """Virtual nanoseconds since this world began."""
        return self._kernel.now_ns

    @property
    def ties(self) -> int:
        """How many ties in time were shuffled so far; none unless the world is explored."""
        return self._kernel.ties

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the auditor has found so far."""
        return tuple(self._auditor.findings)

    def end_early(self) -> str:
        """After ``run`` has raised: hand on what the trace holds, and give its SHA-256."""
        return self._trace.close()

    def _swipes(self) -> int:
        return self._script.swiped + (self._traffic.swiped if self._traffic is not None else 0)

    def _warm_up(self) -> Iterator[Any]:
        """Open the accounts, then fund them on chain; both have to be done when the shops open."""
        kernel = self._kernel
        for person in self._people:
            person.limit(self._settings.card_limits, self._settings.mandate_limits)
            if self._settings.changes.mandates:
                person.give_mandates()
            self._chain.register(person.account_id, person.address)
            yield from self._issuer.tell_of(person)
        funding = self._settings.funding
        random = kernel.stream("funding").generator
        spread = random.standard_normal(len(self._everybody)) * funding.opening_sigma
        cents = (funding.opening_cents * np.exp(spread)).round().astype("int64").tolist()
        if funding.opening_cents:
            keep = self._settings.keep
            self._chain.fund(
                [
                    (person.address, max(amount_cents, 1) * USDC6_PER_CENT)
                    for person, amount_cents in zip(self._everybody, cents, strict=True)
                    if keep.cardholder(person.account_id)
                ]
            )
        self._opened = True

    def _open_the_shops(self) -> Iterator[Any]:
        yield self._kernel.env.timeout(self._settings.warmup_ns)
        if not self._opened or self._watcher.told < (len(self._people) if self._settings.funding.opening_cents else 0):
            raise WorldError(
                f"warmup of {self._settings.warmup_ns / MINUTE_NS:g} min is too short to open and fund "
                f"{len(self._people):,} accounts; give it more{self._issuer.last_refusal}"
            )
        for payday in self._settings.funding.paydays:
            self._kernel.process(self._payday(payday.at_ns, payday.amount_cents), "payday", daemon=True)
        self._let_things_happen()
        if self._traffic is not None:
            yield from self._traffic.swiping()

    def _let_things_happen(self) -> None:
        """To cards; and somebody begins to ask for balances."""
        kernel, settings = self._kernel, self._settings
        if settings.changes.any:
            cards = LifeOfCards(kernel, self._trace, settings.changes, settings.seed, self._issuer.tell_of)
            for person in self._people:
                cards.start(person, settings.keep.traffic_of(settings.traffic_ns))
        if settings.balances_every_ns:
            inspector = Inspector(kernel, self._tap, self._people, settings.balances_every_ns)
            kernel.process(inspector.asking(), "balances", daemon=True)

    def _payday(self, after_ns: int, amount_cents: int) -> Iterator[Any]:
        yield self._kernel.env.timeout(after_ns)
        self._chain.fund([(person.address, amount_cents * USDC6_PER_CENT) for person in self._people])

    # what is written down

    def _on_block(self, executed: Sequence[Executed], seen: Sequence[Seen]) -> None:
        append, auditor = self._trace.append, self._auditor
        now_ns, utc_ns = self._kernel.now_ns, self._kernel.utc_ns
        for one in executed:
            receipt = one.receipt
            append(
                (now_ns, "chain.tx", receipt.tx_hash, "", "", 0, 0, "ok" if receipt.ok else "reverted", -1,
                 f"gas={receipt.gas_used} to={one.purpose} users={one.users} block={receipt.block_number}")
            )  # fmt: skip
        for one in seen:
            event = one.event
            kind, account_id, amount, settlement_id, result = _described(one, self._chain)
            if not kind:
                continue
            append((now_ns, kind, settlement_id or one.ref, account_id, "", 0, amount, result, -1, ""))
            auditor.chain(utc_ns, ChainEvent(type(event).__name__, account_id, amount, settlement_id, one.ref))
        if executed:
            auditor.supply(utc_ns, *self._chain.supply())

    def _sampling(self) -> Iterator[Any]:
        while True:
            self._sample_funds()
            yield self._kernel.env.timeout(HOUR_NS)

    def _sample_funds(self) -> None:
        supply, usdc_held = self._chain.supply()
        figures = {"supply": supply, "usdc_held": usdc_held}
        if self._ledger.in_use:
            totals = self._ledger.totals()
            figures |= {
                "available": totals.available_usdc6,
                "held": totals.held_usdc6,
                "unsettled": totals.unsettled_usdc6,
                "withdrawing": totals.withdrawing_usdc6,
                "receivable": totals.receivable_usdc6,
            }
        for component, amount in figures.items():
            self._trace.append((self._kernel.now_ns, "funds", component, "", "", 0, amount, "", -1, ""))

    async def _close_the_books(self) -> None:
        """Wait for the last answers; then ask for every balance and the statement, as an auditor does at year's end."""
        self._clock.stopped = True
        waiting_until_ns = self._kernel.now_ns + LAST_ANSWERS_NS
        await self._kernel.delay_ns(1)  # a tick of this very instant is told first
        while self._tap.open_exchanges and self._kernel.now_ns < waiting_until_ns:
            await self._kernel.delay_ns(self._settings.chain.slot_ns)
        self._sample_funds()
        for network in self._networks.values():
            network.clearing.close_the_books()
        for person in self._people:
            balance = await _in_time("balance", self._engine.balance(person.account_id))
            self._auditor.balance(self._kernel.utc_ns, balance)
        cursor = 0
        while cursor >= 0:
            page = await _in_time("statement", self._engine.statement(cursor))
            if 0 <= page.next_cursor <= cursor:
                raise WorldError(f"the engine's statement after cursor {cursor} goes on at {page.next_cursor}: no end")
            self._auditor.statement(page.entries)
            for entry in page.entries:
                self._trace.append(
                    (entry.at_ns - self._epoch_ns, "ledger", entry.ref, entry.account_id, "", 0, entry.amount_usdc6,
                     entry.kind, -1, "")
                )  # fmt: skip
            cursor = page.next_cursor
        if (close := getattr(self._engine, "aclose", None)) is not None:
            await close()

    def _write_findings(self) -> None:
        for finding in self._auditor.findings:
            self._trace.append(
                (finding.at_ns - self._epoch_ns, "finding", finding.ref, finding.account_id, "", 0, 0,
                 finding.invariant, -1, finding.message)
            )  # fmt: skip


async def _in_time(verb: str, answer: Awaitable[Any]) -> Any:
    """What the engine answers to ``verb``; WorldError when it does not within LAST_ANSWERS_NS of virtual time."""
    try:
        async with asyncio.timeout(LAST_ANSWERS_NS / SECOND_NS):
            return await answer
    except TimeoutError:
        raise WorldError(f"the engine did not answer {verb} within {LAST_ANSWERS_NS // MINUTE_NS} min") from None


def _described(one: Seen, chain: CardChain) -> tuple[str, str, int, str, str]:
    """(kind of row, account, amount, settlement id, result) of a chain event; kind "" where no report needs it."""
    event = one.event
    if isinstance(event, loader.CardDeposit):
        return "chain.deposit", chain.account_of(event.user), event.amount_usdc6, "", "ok"
    if isinstance(event, loader.CardSettlement):
        settlement_id = "0x" + event.settlement_id.hex()
        return "chain.settlement", chain.account_of(event.user), event.amount_usdc6, settlement_id, "ok"
    if isinstance(event, loader.SettlementShortfall):
        settlement_id = "0x" + event.settlement_id.hex()
        return "chain.shortfall", chain.account_of(event.user), event.missing_usdc6, settlement_id, "short"
    if (stage := STAGES.get(type(event))) is not None:
        return "chain.withdrawal", chain.account_of(event.user), event.amount_usdc6, "", str(stage)
    return "", "", 0, "", ""
