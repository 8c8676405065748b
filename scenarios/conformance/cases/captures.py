"""Presentments: what posts, once, and what it takes."""

from __future__ import annotations

from engine.interface import (
    CaptureOutcome,
    CaptureResult,
    CardStatus,
    DeclineReason,
    IdempotencyConflict,
    LimitTerms,
    Terms,
)
from scenarios.conformance.bench import DAY_NS, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, refused, same


@case(
    "Captures",
    each(
        "cents,expected,funds",
        [
            (2_499, (2_499, 1, 0), {"available": 7_501, "unsettled": 2_499}),
            (2_500, (2_500, 0, 0), {"available": 7_500, "unsettled": 2_500}),
            (2_501, (2_501, 0, 0), {"available": 7_499, "unsettled": 2_501}),
            (9_999, (9_999, 0, 0), {"available": 1, "unsettled": 9_999}),
            (10_000, (10_000, 0, 0), {"unsettled": 10_000}),
            (10_001, (10_001, 0, 1), {"unsettled": 10_000, "receivable": 1}),
        ],
    ),
)
async def a_final_capture_takes_the_true_amount(
    bench: Bench, cents: int, expected: tuple[int, int, int], funds: dict[str, int]
) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    same(await bench.capture("a1", cents), CaptureResult("a1.1", CaptureOutcome.POSTED, *expected))
    same(await bench.funds(), funds, "the funds")


@case("Captures")
async def parts_use_the_hold_up_and_the_last_frees_the_rest(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 5_000)
    same((await bench.capture("a1", 2_000, 1, final=False)).released_cents, 0)
    same(await bench.funds(), {"available": 5_000, "held": 3_000, "unsettled": 2_000}, "the funds")
    same((await bench.capture("a1", 1_000, 2)).released_cents, 2_000)
    same(await bench.funds(), {"available": 7_000, "unsettled": 3_000}, "the funds")


@case("Captures")
async def parts_beyond_the_hold_take_from_what_is_available(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 5_000)
    await bench.capture("a1", 4_000, 1, final=False)
    await bench.capture("a1", 4_000, 2, final=False)
    same(await bench.funds(), {"available": 2_000, "unsettled": 8_000}, "the funds")


@case(
    "Captures",
    each("case", ["no authorization", "declined", "reversed", "expired", "captured before"]),
    terms=Terms(limits=LimitTerms(2_500, 2_500, 2_500)),
)
async def a_capture_posts_without_a_hold(bench: Bench, case: str) -> None:
    """Limits and the card's state do not matter to it either."""
    await bench.open()
    await bench.fund(10_000)
    spent = 0
    if case == "declined":
        same(declined(await bench.authorize("a1", 2_501)), DeclineReason.TRANSACTION_LIMIT, "the reason")
    elif case != "no authorization":
        await bench.approve("a1", 2_500)
    if case == "reversed":
        await bench.reverse("a1")
    elif case == "expired":
        bench.clock.at_ns += 6 * DAY_NS
        await bench.expire()
    elif case == "captured before":
        await bench.capture("a1", (spent := 2_500), 1)
    await bench.open(card_status=CardStatus.FROZEN)
    result = await bench.capture("a1", 3_000, 2)
    same(result, CaptureResult("a1.2", CaptureOutcome.POSTED, 3_000, 0, 0))
    same(await bench.funds(), {"available": 7_000 - spent, "unsettled": 3_000 + spent}, "the funds")


@case("Captures")
async def a_presentment_posts_once_however_often_it_comes(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    one = bench.presentment("a1", 1, 2_500)
    first = await bench.clear(one, key="b1")
    same([result.outcome for result in first.results], [CaptureOutcome.POSTED])
    same(await bench.clear(one, key="b1"), first)
    again = await bench.clear(one, bench.presentment("a1", 2, 100), one, key="b2")
    duplicate = CaptureResult("a1.1", CaptureOutcome.DUPLICATE, 0, 0, 0)
    same(again.results, (duplicate, CaptureResult("a1.2", CaptureOutcome.POSTED, 100, 0, 0), duplicate))
    same(await bench.funds(), {"available": 7_400, "unsettled": 2_600}, "the funds")


@case("Captures")
async def a_batch_key_with_another_body_is_refused(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.clear(bench.presentment("a1", 1, 2_500), key="b1")
    with refused(IdempotencyConflict):
        await bench.clear(bench.presentment("a1", 1, 2_501), key="b1")


@case("Captures")
async def a_presentment_of_a_stranger_waits_for_a_person(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    receipt = await bench.clear(
        bench.presentment("x1", 1, 500, card="nobody"), bench.presentment("a1", 1, 500), key="b1"
    )
    same([result.outcome for result in receipt.results], [CaptureOutcome.UNKNOWN_CARD, CaptureOutcome.POSTED])
    same(await bench.funds(), {"available": 9_500, "unsettled": 500}, "the funds")
