"""The power goes at every await of every verb, before and after the call takes effect; then callers ask again.

A verb waits for nothing but ports and its own sleeps. A cut in a sleep leaves what a cut behind the call before it
leaves, so the calls are what is enumerated: a first run counts them, and each is then cut twice.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_authorize_when_stores_fail import REQUEST, STORE, USUAL, run

from engine.domain.accounts import Funds
from engine.domain.ledger import Commit, Touch
from engine.domain.terms import DAY_NS, SECOND_NS
from engine.interface import (
    AccountOpening,
    CardOpening,
    CardStatus,
    ClearingBatch,
    DepositNotice,
    EngineError,
    EngineKit,
    Presentment,
    ReversalRequest,
    Terms,
    WithdrawalNotice,
    WithdrawalStage,
)
from engine.ports import BurnOutcome, Ports
from engine.services.engine import ProductionEngine, build
from simulators.backends.cache import MemoryCache
from simulators.backends.holds import MemoryHoldStore
from simulators.backends.ledger import MemoryLedger
from simulators.backends.served import Served
from simulators.kernel import Kernel
from simulators.kernel.bridge import wait_for_event
from simulators.kernel.power import PowerCut

FUNDS = 10_000_000
HELD = 6_000_000
OPENING = AccountOpening("ada", "0xada", (CardOpening("card-1", "visa", 10**19),))
FROZEN = AccountOpening("ada", "0xada", (CardOpening("card-1", "visa", 10**19, CardStatus.FROZEN),))
BATCH = ClearingBatch("file/0", "visa", "file", 0, (Presentment("p1", "auth-1", "card-1", "visa", 700),))
REVERSAL = ReversalRequest("r1", "auth-1", "card-1", "visa", 0)


class Chain:
    """A chain on which everything that was submitted is final at once."""

    def __init__(self) -> None:
        self.burned: dict[str, int] = {}

    async def submit(self, settlement: Any, addresses: dict[str, str]) -> None:
        await asyncio.sleep(0.001)
        self.burned[settlement.settlement_id] = settlement.total_usdc6

    async def outcome(self, settlement_id: str) -> BurnOutcome | None:
        await asyncio.sleep(0.001)
        return BurnOutcome(settlement_id, "0x", 1, {}) if settlement_id in self.burned else None

    async def wait_block(self) -> None:
        await asyncio.sleep(12)


@dataclass
class Cutter:
    """Counts calls; the one numbered ``at`` never returns, and says so."""

    at: int = 0
    after: bool = False
    calls: list[str] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def around(self, name: str, port: Any) -> Any:
        return Cut(self, name, port)


class Cut:
    def __init__(self, cutter: Cutter, name: str, port: Any) -> None:
        self._cutter, self._name, self._port = cutter, name, port

    def __getattr__(self, method: str) -> Any:
        real, cutter = getattr(self._port, method), self._cutter

        async def call(*arguments: Any) -> Any:
            cutter.calls.append(f"{self._name}.{method}")
            mine = len(cutter.calls) == cutter.at
            if mine and not cutter.after:
                cutter.reached.set()
                await asyncio.Event().wait()
            answer = await real(*arguments)
            if mine:
                cutter.reached.set()
                await asyncio.Event().wait()
            return answer

        return call


class Shop:
    """The stores, which outlive any engine."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.stores = {
            "cache": MemoryCache(Served(kernel, "cache", STORE)),
            "holds": MemoryHoldStore(Served(kernel, "holds", STORE)),
            "ledger": MemoryLedger(Served(kernel, "ledger", STORE)),
            "chain": Chain(),
        }
        self.ledger, self.holds, self.cache = self.stores["ledger"], self.stores["holds"], self.stores["cache"]

    def now_ns(self) -> int:
        return self.kernel.utc_ns

    def engine(self, cutter: Cutter | None = None) -> ProductionEngine:
        stores = self.stores
        if cutter is not None:
            stores = {name: cutter.around(name, port) for name, port in stores.items()}
        return build(EngineKit(Terms(), Ports(clock=self, **stores)))

    async def agrees(self) -> Funds:
        """Nothing is pending or orphaned, and the image has what the ledger has, wherever it counts."""
        funds = await self.ledger.funds("ada")
        assert not await self.ledger.unfollowed(9)
        assert not await self.holds.unswept(self.now_ns(), 9)
        rows = (await self.ledger.update(Touch(accounts=("ada",)), lambda rows: Commit(result=rows))).result
        image = self.holds._images.get("ada")
        if image is not None and image.epoch == rows.epochs["ada"]:
            assert self.holds.available_usdc6("ada") in (None, funds.available_usdc6)
        await self.engine().authorize(REQUEST.__class__("probe", "probe", "card-1", 1, "visa", "s", "5411", 0))
        after = await self.ledger.funds("ada")
        assert self.holds.available_usdc6("ada") in (None, after.available_usdc6)
        return funds


async def approved(shop: Shop) -> None:
    assert (await shop.engine().authorize(REQUEST)).approved


async def captured(shop: Shop) -> None:
    await approved(shop)
    await shop.engine().capture(BATCH)


async def flushed(shop: Shop) -> None:
    shop.holds.flush()


async def evicted_and_captured(shop: Shop) -> None:
    await approved(shop)
    shop.holds.evict("ada")


async def uncached(shop: Shop) -> None:
    shop.cache.flush()


async def reversed_first(shop: Shop) -> None:
    await shop.engine().reverse(REVERSAL)


async def poor(shop: Shop) -> None:
    notice = WithdrawalNotice("w", "ada", WithdrawalStage.REQUESTED, FUNDS, 2)
    await shop.engine().withdraw(notice)


async def nothing(shop: Shop) -> None:
    pass


async def orphaned(shop: Shop) -> None:
    from engine.ports import Hold

    await approved(shop)
    await shop.holds.place(Hold("orphan", "ada", 1, 1, shop.now_ns()), USUAL)
    await asyncio.sleep(60)


LATER_NS = 40 * DAY_NS
CASES = {
    "authorize": (nothing, lambda e: e.authorize(REQUEST), 3),
    "authorize after a flush": (flushed, lambda e: e.authorize(REQUEST), 6),
    "authorize after the cache was lost": (uncached, lambda e: e.authorize(REQUEST), 5),
    "authorize after its reversal": (reversed_first, lambda e: e.authorize(REQUEST), 6),
    "authorize what is not covered": (poor, lambda e: e.authorize(REQUEST), 3),
    "reverse": (approved, lambda e: e.reverse(REVERSAL), 3),
    "reverse before the original": (nothing, lambda e: e.reverse(REVERSAL), 1),
    "capture": (approved, lambda e: e.capture(BATCH), 3),
    "capture after an eviction": (evicted_and_captured, lambda e: e.capture(BATCH), 3),
    "deposit": (nothing, lambda e: e.deposit(DepositNotice("d2", "ada", 5_000_000, 2)), 3),
    "withdraw": (
        nothing,
        lambda e: e.withdraw(WithdrawalNotice("w1", "ada", WithdrawalStage.REQUESTED, 3_000_000, 2)),
        3,
    ),
    "expire": (approved, lambda e: e.expire(LATER_NS), 9),
    "expire and sweep": (orphaned, lambda e: e.expire(e._ports.clock.now_ns()), 10),
    "settle": (captured, lambda e: e.settle(0), 9),
    "open account": (nothing, lambda e: e.open_account(FROZEN), 2),
    "open another account": (nothing, lambda e: e.open_account(AccountOpening("bob", "0xb", ())), 4),
}


async def started(kernel: Kernel, before: Any) -> Shop:
    shop = Shop(kernel)
    await shop.engine().open_account(OPENING)
    await shop.engine().deposit(DepositNotice("d", "ada", FUNDS, 1))
    await before(shop)
    return shop


async def asked_until_answered(engine: ProductionEngine, ask: Any) -> Any:
    for _ in range(5):
        try:
            return await ask(engine)
        except EngineError:
            await asyncio.sleep(1)
    raise AssertionError("never answered")


async def swept(shop: Shop) -> None:
    await asyncio.sleep(60)
    await shop.engine().expire(shop.now_ns())


def uncut(name: str) -> tuple[list[str], Funds]:
    """The calls of a run in which nothing fails, and what the account has afterwards."""
    before, ask, _ = CASES[name]

    async def scenario(kernel):
        shop = await started(kernel, before)
        cutter = Cutter()
        await ask(shop.engine(cutter))
        calls = list(cutter.calls)
        await swept(shop)
        return calls, await shop.agrees()

    return run(scenario)


@pytest.mark.parametrize("name", CASES)
def test_whenever_the_power_goes_what_was_asked_happens_once_and_the_stores_agree(name) -> None:
    before, ask, count = CASES[name]
    calls, funds = uncut(name)
    assert len(calls) == count, f"the awaits of this verb have changed: {calls}"
    for at in range(1, count + 1):
        for after in (False, True):

            async def scenario(kernel, at=at, after=after):
                shop = await started(kernel, before)
                cutter, group = Cutter(at, after), kernel.power_group("engine")
                first = group.call(ask(shop.engine(cutter)))
                await cutter.reached.wait()
                group.cut()
                assert isinstance((await wait_for_event(first)).error, PowerCut)
                answer = await asked_until_answered(shop.engine(), ask)
                again = await asked_until_answered(shop.engine(), ask)
                assert again == answer or not name.startswith(("authorize", "reverse", "capture"))
                await swept(shop)
                found = await shop.agrees()
                if name.startswith("authorize"):
                    held = HELD if answer.approved else 0
                    assert found.held_usdc6 == held, (at, after, answer, found)
                    assert await shop.engine().authorize(REQUEST) == answer
                else:
                    assert found == funds, (at, after)
                assert sum(shop.stores["chain"].burned.values()) in (0, 7_000_000)

            run(scenario)


def test_no_decision_comes_late_enough_to_revive_what_the_sweep_took() -> None:
    async def scenario(kernel):
        shop = await started(kernel, nothing)
        cutter = Cutter()
        engine = shop.engine(cutter)
        real = shop.ledger.record

        async def held_up(commit):
            await shop.engine().expire(shop.now_ns() + 3_600 * SECOND_NS)
            shop.ledger.record = real
            return await real(commit)

        shop.ledger.record = held_up
        assert (await engine.authorize(REQUEST)).approved
        assert cutter.calls.count("holds.place") == 2, "the swept hold was placed again"
        await swept(shop)
        assert (await shop.agrees()).held_usdc6 == HELD

    run(scenario)
