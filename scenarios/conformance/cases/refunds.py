"""Refunds that clear: they pay what is owed, then can be spent, and so much less is burned."""

from __future__ import annotations

from engine.interface import (
    CaptureOutcome,
    CaptureResult,
    DeclineReason,
    LimitTerms,
    PresentmentKind,
    StatementKind,
    Terms,
)
from scenarios.conformance.bench import Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, same

POSTED = CaptureOutcome.POSTED


@case("Refunds", each("ref", ["a1", "", "never seen"]))
async def a_refund_can_be_spent_at_once_and_shrinks_what_is_burned(bench: Bench, ref: str) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    await bench.capture("a1", 2_500)
    same(await bench.refund("r1", 1_000, ref), CaptureResult("r1", POSTED, 1_000, 0, 0, 0))
    same(await bench.funds(), {"available": 8_500, "unsettled": 1_500}, "the funds")
    same((await bench.settle()).settled_usdc6, 15_000_000, "settled_usdc6")
    same(await bench.funds(), {"available": 8_500}, "the funds after the burn")
    same(bench.chain_usdc6(), 85_000_000, "what the chain holds")
    await bench.approve("a2", 8_500)


@case("Refunds", each("sold,burned", [(999, 0), (1_000, 0), (1_001, 1)]))
async def a_refund_after_the_burn_is_used_up_by_later_captures(bench: Bench, sold: int, burned: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.capture("a1", 2_500)
    await bench.settle()
    await bench.refund("r1", 1_000, "a1")
    same(await bench.funds(), {"available": 8_500, "unsettled": -1_000}, "the funds")
    same((await bench.settle()).users, 0, "users of a settlement of credit")
    await bench.capture("a2", sold)
    receipt = await bench.settle()
    same((receipt.users, receipt.settled_usdc6), (1 if burned else 0, burned * 10_000), "users and settled_usdc6")
    left = {"unsettled": sold - 1_000} if sold < 1_000 else {}
    same(await bench.funds(), {"available": 8_500 - sold, **left}, "the funds at the end")
    same(bench.chain_usdc6(), 75_000_000 - burned * 10_000, "what the chain holds")


@case("Refunds", each("cents,recovered", [(299, 299), (300, 300), (301, 300)]))
async def a_refund_pays_first_what_is_owed(bench: Bench, cents: int, recovered: int) -> None:
    await bench.open()
    await bench.fund(1_000)
    await bench.capture("a1", 1_300)
    same(await bench.funds(), {"unsettled": 1_000, "receivable": 300}, "the funds before")
    result = await bench.refund("r1", cents, "a1")
    same(result, CaptureResult("r1", POSTED, cents, 0, 0, recovered))
    free = {"available": cents - recovered} if cents > recovered else {}
    owed = {"receivable": 300 - recovered} if recovered < 300 else {}
    same(await bench.funds(), {**free, "unsettled": 1_000 - (cents - recovered), **owed}, "the funds")


@case("Refunds")
async def a_refund_leaves_an_open_hold_alone(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    await bench.refund("r1", 500, "a1")
    same(await bench.funds(), {"available": 8_000, "held": 2_500, "unsettled": -500}, "the funds")
    same((await bench.capture("a1", 2_500)).released_cents, 0)
    same(await bench.funds(), {"available": 8_000, "unsettled": 2_000}, "the funds after the sale")


@case("Refunds")
async def a_refund_posts_once(bench: Bench) -> None:
    await bench.open()
    await bench.fund(1_000)
    await bench.refund("r1", 500)
    same((await bench.refund("r1", 500)).outcome, CaptureOutcome.DUPLICATE)
    same(await bench.funds(), {"available": 1_500, "unsettled": -500}, "the funds")


@case("Refunds", each("cents,outcome", [(-1, CaptureOutcome.INVALID_AMOUNT), (0, CaptureOutcome.INVALID_AMOUNT),
                                        (1, POSTED), (2, POSTED)]))  # fmt: skip
async def a_presentment_needs_an_amount(bench: Bench, cents: int, outcome: CaptureOutcome) -> None:
    """What waits for a person has not been posted: corrected, it may come again under its id."""
    await bench.open()
    await bench.fund(1_000)
    same((await bench.refund("r1", cents)).outcome, outcome)
    same((await bench.capture("s", cents)).outcome, outcome)
    same(await bench.funds(), {"available": 1_000}, "the funds")
    same((await bench.refund("r1", 5)).outcome, CaptureOutcome.DUPLICATE if outcome is POSTED else POSTED)


@case("Refunds")
async def a_refund_for_a_stranger_waits_for_a_person(bench: Bench) -> None:
    await bench.open()
    same((await bench.refund("r1", 500, card="nobody")).outcome, CaptureOutcome.UNKNOWN_CARD)
    same(await bench.funds(), {}, "the funds")


@case("Refunds")
async def sale_and_refund_in_one_batch_are_posted_in_order(bench: Bench) -> None:
    await bench.open()
    await bench.fund(1_000)
    sale = bench.presentment("a1", 1, 1_300)
    back = bench.presentment("a1", 2, 1_300, kind=PresentmentKind.REFUND)
    receipt = await bench.clear(sale, back)
    expected = (CaptureResult("a1.1", POSTED, 1_300, 0, 300), CaptureResult("a1.2", POSTED, 1_300, 0, 0, 300))
    same(receipt.results, expected)
    same(await bench.funds(), {"available": 1_000}, "the funds")


@case("Refunds", terms=Terms(limits=LimitTerms(None, 1_000, None)))
async def a_refund_gives_nothing_back_to_the_limits(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 1_000)
    await bench.capture("a1", 1_000)
    await bench.refund("r1", 1_000, "a1")
    same(declined(await bench.authorize("a2", 1)), DeclineReason.DAILY_LIMIT, "the reason")


@case("Refunds")
async def a_refund_has_its_lines_in_the_statement(bench: Bench) -> None:
    await bench.open()
    await bench.fund(1_000, deposit_id="0xd:1")
    await bench.capture("a1", 1_300)
    await bench.refund("r1", 500, "a1")
    lines = [(entry.kind, entry.ref, entry.amount_usdc6) for entry in await bench.statement()]
    expected = [
        (StatementKind.DEPOSIT, "0xd:1", 10_000_000),
        (StatementKind.CAPTURE, "a1.1", 13_000_000),
        (StatementKind.RECEIVABLE, "a1.1", 3_000_000),
        (StatementKind.REFUND, "r1", 5_000_000),
        (StatementKind.RECOVERY, "recovery:r1", 3_000_000),
    ]
    same(lines, expected, "the lines")
