"""The foil: each thing that it does wrong is seen by the auditor, under the invariant that it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from engine.interface import (
    AuthorizationAdvice,
    AuthorizationKind,
    DisputeNotice,
    DisputeState,
    NotSupported,
    Presentment,
    PresentmentKind,
    ReversalRequest,
    Terms,
    WithdrawalStage,
)
from scenarios.conformance.bench import WIDE, Bench
from scenarios.conformance.chain import START_NS, BenchChain, BenchClock
from scenarios.conformance.subject import kit
from scenarios.engines import naive
from simulators.auditor import Auditor
from simulators.kernel import Kernel

HOUR_NS = 3_600 * 10**9


def findings(scenario: Callable[[Bench], Coroutine[Any, Any, None]], terms: Terms | None = None) -> Auditor:
    """Run the naive engine in virtual time; its round trips take their milliseconds."""
    terms = terms or Terms(limits=WIDE)

    clock = BenchClock()
    chain = BenchChain(clock)

    async def whole() -> Auditor:
        bench = Bench(naive.build(kit(terms, clock, chain)), clock, chain, terms)
        await bench.open()
        await bench.fund(10_000)
        await scenario(bench)
        return bench.auditor

    with Kernel(1) as kernel:
        return kernel.run(kernel.spawn(whole(), "naive"))


def test_it_works_well_enough_to_be_believed() -> None:
    """One swipe at a time, and never the same money: nothing to see, which is why such code gets written."""

    async def scenario(bench: Bench) -> None:
        await bench.approve("a1", 2_500)
        await bench.capture("a1", 2_500)
        assert (await bench.settle()).settled_usdc6 == 25_000_000
        assert not (await bench.authorize("a2", 7_501)).approved
        assert await bench.funds() == {"available": 7_500}

    auditor = findings(scenario)
    assert auditor.findings == []


def test_two_swipes_at_once_spend_the_same_money() -> None:
    async def scenario(bench: Bench) -> None:
        answers = await asyncio.gather(bench.authorize("a1", 6_000), bench.authorize("a2", 6_000))
        assert all(answer.approved for answer in answers)

    assert "I2" in findings(scenario).counts


def test_spent_money_comes_back_when_the_cache_entry_expires() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.approve("a1", 9_000)
        assert not (await bench.authorize("a2", 9_000)).approved
        bench.clock.at_ns += 301 * 10**9
        assert (await bench.authorize("a3", 9_000)).approved

    assert "I2" in findings(scenario).counts


def test_a_repeated_request_is_one_more_purchase() -> None:
    async def scenario(bench: Bench) -> None:
        request = bench.request("a1", 2_500)
        for _ in range(2):
            assert (await bench.tell(request, bench.engine.authorize)).approved
        await bench.balance()

    assert "I3" in findings(scenario).counts


def test_a_repeated_reversal_frees_twice() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.approve("a1", 2_500)
        await bench.reverse("a1")
        await bench.reverse("a1", key="other")

    assert "I3" in findings(scenario).counts


def test_a_deposit_is_credited_as_often_as_it_is_told() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.fund(1_000, deposit_id="0xd:1")
        await bench.again("0xd:1", 1_000)

    assert "I3" in findings(scenario).counts


def test_the_daily_limit_is_passed_by_two_at_once_and_the_monthly_one_by_anybody() -> None:
    terms = Terms()

    async def at_once(bench: Bench) -> None:
        await bench.fund(10_000_000)
        await asyncio.gather(*(bench.authorize(f"a{n}", 90_000) for n in range(12)))

    assert "I4" in findings(at_once, terms).counts

    async def all_month(bench: Bench) -> None:
        await bench.fund(10_000_000)
        for day in range(6):
            for n in range(5):
                await bench.authorize(f"a{day}-{n}", 90_000)
            bench.clock.at_ns = START_NS + (day + 1) * 24 * HOUR_NS

    messages = [finding.message for finding in findings(all_month, terms).findings if finding.invariant == "I4"]
    assert messages
    assert all(message.startswith("monthly limit") for message in messages)


def test_what_was_authorized_is_burned_though_nobody_presented_it() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.approve("a1", 2_500)
        await bench.settle()

    assert "I7" in findings(scenario).counts


def test_an_unknown_outcome_is_burned_again_under_another_id() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.approve("a1", 2_500)
        await bench.capture("a1", 2_500)
        bench.chain.trouble = ["unheard"]
        await bench.settle()
        await bench.settle()
        assert len(set(bench.chain.submitted)) == 2
        assert bench.chain_usdc6() == 50_000_000

    assert "I7" in findings(scenario).counts


def test_floating_point_loses_units_on_the_way_to_the_chain() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.approve("a1", 201)
        await bench.capture("a1", 201)
        assert (await bench.settle()).settled_usdc6 == 2_009_999
        await bench.balance()

    assert "I3" in findings(scenario).counts


def test_money_on_its_way_out_is_spent_as_well() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.withdraw(WithdrawalStage.REQUESTED, 10_000, "w:1")
        await bench.approve("a1", 10_000)
        await bench.withdraw(WithdrawalStage.COMPLETED, 10_000, "w:2")

    counts = findings(scenario).counts
    assert {"I2", "I8"} <= counts.keys()


def test_a_refund_is_gone_when_the_cache_entry_expires() -> None:
    async def scenario(bench: Bench) -> None:
        back = Presentment("r1", "", "ada-card", "visa", 1_000, kind=PresentmentKind.REFUND)
        await bench.clear(back)
        assert await bench.funds() == {"available": 11_000}
        bench.clock.at_ns += 301 * 10**9
        await bench.balance()

    assert "I3" in findings(scenario).counts


def test_a_partial_reversal_frees_all_of_it() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.approve("a1", 2_500)
        request = ReversalRequest("r", "a1", "ada-card", "visa", bench.clock.at_ns, 500)
        assert (await bench.tell(request, bench.engine.reverse)).released_cents == 2_500

    assert "I3" in findings(scenario).counts


def test_what_no_tutorial_has_is_not_supported() -> None:
    async def scenario(bench: Bench) -> None:
        more = bench.request("a1", 100, kind=AuthorizationKind.INCREMENTAL)
        advice = AuthorizationAdvice("k", "a1", "ada-card", True, 100, "visa", "shop", "5411", START_NS)
        notice = DisputeNotice("d", "d", "a1.1", "ada-card", "visa", DisputeState.NEW, 100, START_NS)
        with pytest.raises(NotSupported):
            await bench.engine.authorize(more)
        with pytest.raises(NotSupported):
            await bench.engine.advise(advice)
        with pytest.raises(NotSupported):
            await bench.engine.dispute(notice)
        assert await bench.funds() == {"available": 10_000}

    assert findings(scenario).findings == []
