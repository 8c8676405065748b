"""An authorization whose stores fail or hang is declined in time, or left unanswered, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest

from engine.domain.accounts import Funds
from engine.domain.scopes import ACCOUNT, Scope
from engine.interface import (
    AccountOpening,
    AuthorizationRequest,
    CardOpening,
    DeclineReason,
    DepositNotice,
    EngineKit,
    IdempotencyConflict,
    RequestInFlight,
    ReversalRequest,
    Terms,
)
from engine.ports import Hold, Ports, PortUnavailable
from engine.services.authorize import DECIDING_SHARE
from engine.services.engine import ProductionEngine, build
from simulators.backends.cache import MemoryCache
from simulators.backends.holds import MemoryHoldStore
from simulators.backends.ledger import MemoryLedger
from simulators.backends.served import Served
from simulators.kernel import Kernel
from simulators.settings import Backend, Latency

SERVED_NS = 1_000_000
STORE = Backend(Latency(SERVED_NS, 0.0), 100)
FUNDS_USDC6 = 10_000_000
USUAL = (Scope(ACCOUNT, Terms().limits),)
REQUEST = AuthorizationRequest("key-1", "auth-1", "card-1", 600, "visa", "shop", "5411", 0)
HOT_CALLS = [("cache", "begin"), ("holds", "place"), ("ledger", "record")]


class Faulty:
    """A port whose ``method`` misbehaves the first time: before its effect, or after it."""

    def __init__(self, port: Any, method: str, fault: str) -> None:
        self._port, self._method, self._fault = port, method, fault

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._port, name)
        if name != self._method or not self._fault:
            return real

        async def call(*arguments: Any) -> Any:
            fault, self._fault = self._fault, ""
            if fault.endswith("after"):
                await real(*arguments)
            if fault.startswith("hangs"):
                await asyncio.sleep(3_600)
            raise PortUnavailable(f"{name} {fault}")

        return call


class Down:
    """A port that does and answers nothing for ten seconds."""

    def __init__(self, port: Any, kernel: Kernel, hangs: bool) -> None:
        self._port, self._kernel, self._hangs = port, kernel, hangs
        self._until_ns = kernel.now_ns + 10_000_000_000

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._port, name)

        async def call(*arguments: Any) -> Any:
            if self._kernel.now_ns >= self._until_ns:
                return await real(*arguments)
            if self._hangs:
                await asyncio.sleep(3_600)
            raise PortUnavailable(f"{name}: down")

        return call


class Slow:
    """A port whose ``method`` ends at an instant of the run, having done its work when it was called."""

    def __init__(self, port: Any, method: str, kernel: Kernel, ends_ns: int) -> None:
        self._port, self._method, self._kernel, self._ends_ns = port, method, kernel, ends_ns

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._port, name)
        if name != self._method:
            return real

        async def call(*arguments: Any) -> Any:
            await self._kernel.delay_ns(self._ends_ns - self._kernel.now_ns - SERVED_NS)
            return await real(*arguments)

        return call


@dataclass
class Bench:
    engine: ProductionEngine
    ledger: MemoryLedger
    holds: MemoryHoldStore
    ports: Ports


async def bench(kernel: Kernel, port: str = "", method: str = "", fault: str = "") -> Bench:
    class Clock:
        def now_ns(self) -> int:
            return kernel.utc_ns

    ledger, holds = MemoryLedger(Served(kernel, "ledger", STORE)), MemoryHoldStore(Served(kernel, "holds", STORE))
    ports = {"clock": Clock(), "cache": MemoryCache(Served(kernel, "cache", STORE)), "holds": holds, "ledger": ledger}
    if port:
        ports[port] = Faulty(ports[port], method, fault)
    wired = Ports(**ports, chain=None)
    engine = build(EngineKit(Terms(), wired))
    await engine.open_account(AccountOpening("ada", "0xada", (CardOpening("card-1", "visa", 10**19),)))
    await engine.deposit(DepositNotice("d", "ada", FUNDS_USDC6, 1))
    return Bench(engine, ledger, holds, wired)


def run(scenario) -> Any:
    with Kernel(1) as kernel:
        return kernel.run(kernel.spawn(scenario(kernel), "test"))


async def nothing_is_held(at: Bench) -> None:
    assert await at.ledger.funds("ada") == Funds(available_usdc6=FUNDS_USDC6)
    everything = Hold("probe", "ada", FUNDS_USDC6, 1, at.ports.clock.now_ns())
    assert (await at.holds.place(everything, USUAL)).refusal is None, "the hold store still holds something"


@pytest.mark.parametrize("fault", ["fails before", "fails after", "hangs before", "hangs after"])
@pytest.mark.parametrize(("port", "method"), HOT_CALLS)
def test_whichever_store_fails_the_answer_comes_in_time_and_is_what_the_ledger_has(port, method, fault) -> None:
    async def scenario(kernel):
        at = await bench(kernel, port, method, fault)
        asked_ns = kernel.now_ns
        answer = await at.engine.authorize(REQUEST)
        assert kernel.now_ns - asked_ns <= Terms().decision_budget_ns
        await asyncio.sleep(60)
        if (method, fault.split()[1]) == ("record", "after"):
            assert answer.approved, "what is durable is the answer"
            assert (await at.ledger.funds("ada")).held_usdc6 == 6_000_000
        else:
            assert (answer.reason, answer.response_code) == (DeclineReason.ISSUER_UNAVAILABLE, "91")
            await nothing_is_held(at)
        assert await at.engine.authorize(REQUEST) == answer, "a repeat has to get the same answer"

    run(scenario)


@pytest.mark.parametrize(("beyond_ns", "approved"), [(-1, True), (0, False), (1, False)])
def test_a_decision_may_take_its_share_of_the_budget_and_not_a_nanosecond_more(beyond_ns, approved) -> None:
    """What is left of the budget is for making sure that the decline is what stands."""

    async def scenario(kernel):
        at = await bench(kernel)
        asked_ns = kernel.now_ns
        ends_ns = asked_ns + round(Terms().decision_budget_ns * DECIDING_SHARE) + beyond_ns
        slow = Slow(at.ledger, "record", kernel, ends_ns)
        answer = await build(EngineKit(Terms(), replace(at.ports, ledger=slow))).authorize(REQUEST)
        assert kernel.now_ns - asked_ns <= Terms().decision_budget_ns
        assert answer.reason is (None if approved else DeclineReason.ISSUER_UNAVAILABLE)
        await asyncio.sleep(60)
        assert (await at.ledger.funds("ada")).held_usdc6 == (6_000_000 if approved else 0)
        assert await at.engine.authorize(REQUEST) == answer

    run(scenario)


@pytest.mark.parametrize(("port", "method"), HOT_CALLS)
def test_after_a_failure_the_next_authorization_is_approved(port, method) -> None:
    async def scenario(kernel):
        at = await bench(kernel, port, method, "fails after")
        await at.engine.authorize(REQUEST)
        other = AuthorizationRequest("key-2", "auth-2", "card-1", 400, "visa", "shop", "5411", 0)
        assert (await at.engine.authorize(other)).approved

    run(scenario)


def test_twins_in_flight_get_one_answer_and_place_one_hold() -> None:
    async def scenario(kernel):
        at = await bench(kernel)
        answers = await asyncio.gather(*(at.engine.authorize(REQUEST) for _ in range(5)))
        assert len(set(answers)) == 1
        assert answers[0].approved
        assert (await at.ledger.funds("ada")).held_usdc6 == 6_000_000

    run(scenario)


def test_another_body_under_the_same_key_is_refused() -> None:
    async def scenario(kernel):
        at = await bench(kernel)
        await at.engine.authorize(REQUEST)
        with pytest.raises(IdempotencyConflict, match="key-1"):
            await at.engine.authorize(AuthorizationRequest("key-1", "auth-1", "card-1", 601, "visa", "shop", "5411", 0))
        assert (await at.ledger.funds("ada")).held_usdc6 == 6_000_000

    run(scenario)


def test_a_twin_whose_first_never_ends_is_told_so() -> None:
    async def scenario(kernel):
        at = await bench(kernel, "ledger", "answer", "hangs before")
        await at.engine.authorize(REQUEST)
        with pytest.raises(RequestInFlight, match="key-1"):
            await at.engine.authorize(REQUEST)

    run(scenario)


@pytest.mark.parametrize("is_repeat", [False, True])
@pytest.mark.parametrize("hangs", [False, True])
def test_where_the_ledger_cannot_be_asked_nothing_is_said_and_nothing_undone(hangs, is_repeat) -> None:
    """A decline would be a second answer if this were the repeat of an approval; and an approval stands."""

    async def scenario(kernel):
        at = await bench(kernel)
        if is_repeat:
            first = await at.engine.authorize(REQUEST)
        down = {name: Down(getattr(at.ports, name), kernel, hangs) for name in ("cache", "ledger")}
        asked_ns = kernel.now_ns
        with pytest.raises(PortUnavailable):
            await build(EngineKit(Terms(), replace(at.ports, **down))).authorize(REQUEST)
        assert kernel.now_ns - asked_ns <= Terms().decision_budget_ns
        await asyncio.sleep(60)
        if is_repeat:
            assert await at.engine.authorize(REQUEST) == first
            assert (await at.ledger.funds("ada")).held_usdc6 == 6_000_000
        else:
            assert (await at.ledger.funds("ada")).held_usdc6 == 0
            assert (await at.engine.authorize(REQUEST)).approved, "nothing was decided, so it can be decided now"

    run(scenario)


def test_a_second_key_for_a_living_authorization_is_refused_and_leaves_its_hold_alone() -> None:
    async def scenario(kernel):
        at = await bench(kernel)
        assert (await at.engine.authorize(REQUEST)).approved
        answer = await at.engine.authorize(
            AuthorizationRequest("key-2", "auth-1", "card-1", 600, "visa", "shop", "5411", 0)
        )
        assert answer.reason is DeclineReason.INVALID_TRANSACTION
        assert (await at.ledger.funds("ada")).held_usdc6 == 6_000_000
        await at.engine.reverse(ReversalRequest("r", "auth-1", "card-1", "visa", 0))
        await nothing_is_held(at)

    run(scenario)


@pytest.mark.parametrize("delay_ms", [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 10])
def test_a_reversal_frees_everything_whenever_it_meets_its_original(delay_ms) -> None:
    async def scenario(kernel):
        at = await bench(kernel)
        reversal = asyncio.create_task(at.engine.reverse(ReversalRequest("r", "auth-1", "card-1", "visa", 0)))
        await asyncio.sleep(0)
        await asyncio.sleep(delay_ms / 1_000)
        await at.engine.authorize(REQUEST)
        await reversal
        await at.engine.reverse(ReversalRequest("r2", "auth-1", "card-1", "visa", 0))
        await asyncio.sleep(1)
        await nothing_is_held(at)

    run(scenario)


def test_a_part_is_found_at_once_however_much_was_asked() -> None:
    """Within the budget there is no time to try a cent less, and a cent less again."""

    async def scenario(kernel):
        at = await bench(kernel)
        asked_ns = kernel.now_ns
        answer = await at.engine.authorize(replace(REQUEST, amount_cents=90_000, partial_supported=True))
        assert (answer.approved_cents, answer.response_code) == (FUNDS_USDC6 // 10_000, "10")
        assert kernel.now_ns - asked_ns < 10 * SERVED_NS

    run(scenario)


@pytest.mark.parametrize("said_usdc6", [5_990_000, 6_000_000, 6_010_000, 10**12])
def test_a_part_is_less_than_was_asked_whatever_the_hold_store_says_that_there_is(said_usdc6) -> None:
    class Confused:
        """Refuses once for want of funds, and names a figure that may not fit."""

        def __init__(self, holds: MemoryHoldStore) -> None:
            self._holds, self._has_said = holds, False

        def __getattr__(self, name: str) -> Any:
            return getattr(self._holds, name)

        async def place(self, hold: Hold, scopes: Any) -> Any:
            if not self._has_said:
                refused = await self._holds.place(hold._replace(amount_usdc6=2 * FUNDS_USDC6), scopes)
                self._has_said = refused.refusal is DeclineReason.INSUFFICIENT_FUNDS
                return refused._replace(available_usdc6=said_usdc6)
            return await self._holds.place(hold, scopes)

    async def scenario(kernel):
        at = await bench(kernel)
        engine = build(EngineKit(Terms(), replace(at.ports, holds=Confused(at.holds))))
        answer = await engine.authorize(replace(REQUEST, partial_supported=True))
        assert (answer.approved_cents, answer.response_code) == (599, "10")
        assert (await at.ledger.funds("ada")).held_usdc6 == 5_990_000

    run(scenario)


def test_a_twin_of_one_that_died_is_declined_once_that_has_had_its_budget() -> None:
    async def scenario(kernel):
        at = await bench(kernel)
        await at.ports.cache.begin(REQUEST.idempotency_key, REQUEST.card_id)  # whoever claimed it is gone
        asked_ns = kernel.now_ns
        answer = await at.engine.authorize(REQUEST)
        assert answer.reason is DeclineReason.ISSUER_UNAVAILABLE
        budget_ns = Terms().decision_budget_ns
        assert budget_ns < kernel.now_ns - asked_ns < 2 * budget_ns
        assert await at.engine.authorize(REQUEST) == answer

    run(scenario)
