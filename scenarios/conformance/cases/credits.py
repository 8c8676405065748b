"""Refunds and disputes: money that comes back."""

from __future__ import annotations

from engine.interface import DisputeOutcome, DisputeState
from scenarios.conformance.bench import Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import same


@case("Refunds", each("cents", [299, 300, 301]))
async def a_refund_pays_first_what_is_owed(bench: Bench, cents: int) -> None:
    await bench.open()
    await bench.fund(1_000)
    await bench.capture("a1", 1_300)
    result = await bench.refund("r1", cents, "a1")
    same((result.posted_cents, result.recovered_cents), (cents, min(cents, 300)))
    owed = (await bench.funds()).get("receivable", 0)
    same(owed, max(300 - cents, 0), "what is owed")


@case("Refunds")
async def a_refund_posts_once_and_shrinks_what_is_burned(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.capture("a1", 4_000)
    await bench.refund("r1", 1_500, "a1")
    same((await bench.refund("r1", 1_500, "a1")).posted_cents, 0, "what a repeat posts")
    same(await bench.funds(), {"available": 7_500, "unsettled": 2_500}, "the funds")
    same((await bench.settle()).settled_usdc6, 25_000_000, "what is burned")


@case("Disputes", each("end,left", [(DisputeState.WON, 10_000), (DisputeState.LOST, 6_000)]))
async def a_dispute_credits_at_once_and_takes_back_what_is_lost(bench: Bench, end: DisputeState, left: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.capture("a1", 4_000)
    receipt = await bench.dispute("d1", "a1.1", DisputeState.SUBMITTED, 4_000)
    same((receipt.outcome, receipt.credited_cents), (DisputeOutcome.APPLIED, 4_000))
    same((await bench.funds())["available"], 10_000, "what is available")
    await bench.dispute("d1", "a1.1", end, 4_000)
    same((await bench.funds())["available"], left, "what is available")


@case("Disputes")
async def a_state_that_cannot_be_reached_changes_nothing(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.capture("a1", 4_000)
    receipt = await bench.dispute("d1", "a1.1", DisputeState.ARBITRATION, 4_000)
    same((receipt.outcome, receipt.state), (DisputeOutcome.NOT_ALLOWED, None))
    unknown = await bench.dispute("d2", "nothing", DisputeState.NEW, 4_000)
    same((unknown.outcome, unknown.state), (DisputeOutcome.UNKNOWN_PRESENTMENT, None))
    same(await bench.funds(), {"available": 6_000, "unsettled": 4_000}, "the funds")
