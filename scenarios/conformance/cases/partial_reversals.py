"""Reversals of a part, and reversals that are not for this authorization."""

from __future__ import annotations

from engine.interface import DeclineReason, EngineError, IdempotencyConflict, LimitTerms, Terms
from scenarios.conformance.bench import DAY_NS, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, refused, same


@case("Reversals", each("cents,released", [(1, 1), (2_499, 2_499), (2_500, 2_500), (2_501, 2_500), (0, 2_500)]))
async def a_reversal_frees_what_it_names_and_never_more_than_is_held(bench: Bench, cents: int, released: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    same((await bench.reverse("a1", cents=cents)).released_cents, released)
    held = {"held": 2_500 - released} if released < 2_500 else {}
    same(await bench.funds(), {"available": 7_500 + released, **held}, "the funds")


@case("Reversals", each("cents,sound", [(-1, False), (0, True), (1, True)]))
async def a_reversal_of_less_than_nothing_is_refused(bench: Bench, cents: int, sound: bool) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 1)
    if sound:
        same((await bench.reverse("a1", cents=cents)).released_cents, 1)
    else:
        with refused(EngineError):
            await bench.reverse("a1", cents=cents)
    same((await bench.balance()).held_usdc6, 0 if sound else 10_000, "what is held")


@case("Reversals")
async def parts_are_taken_back_one_after_the_other(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    same((await bench.reverse("a1", cents=1_000, key="r1")).released_cents, 1_000)
    same((await bench.reverse("a1", cents=1_000, key="r1")).released_cents, 1_000)
    same((await bench.reverse("a1", cents=1_000, key="r2")).released_cents, 1_000)
    same((await bench.reverse("a1", cents=1_000, key="r3")).released_cents, 500)
    same((await bench.reverse("a1", cents=1_000, key="r4")).released_cents, 0)
    with refused(IdempotencyConflict):
        await bench.reverse("a1", cents=999, key="r1")
    same(await bench.funds(), {"available": 10_000}, "the funds")


@case("Reversals")
async def what_is_left_after_a_part_can_be_captured(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    await bench.reverse("a1", cents=1_000)
    result = await bench.capture("a1", 1_400)
    same((result.posted_cents, result.released_cents, result.receivable_cents), (1_400, 100, 0))
    same(await bench.funds(), {"available": 8_600, "unsettled": 1_400}, "the funds")


@case("Reversals")
async def what_was_captured_is_not_taken_back(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    await bench.capture("a1", 2_000, final=False)
    same((await bench.reverse("a1", cents=2_500)).released_cents, 500)
    same(await bench.funds(), {"available": 8_000, "unsettled": 2_000}, "the funds")


@case("Reversals", each("cents", [0, 1, 2_500]))
async def a_reversal_of_any_part_that_comes_first_refuses_its_original(bench: Bench, cents: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    same((await bench.reverse("a1", cents=cents)).released_cents, 0)
    same(declined(await bench.authorize("a1", 2_500)), DeclineReason.REVERSED_BEFORE_ARRIVAL, "the reason")
    await bench.approve("a2", 2_500)
    same(await bench.funds(), {"available": 7_500, "held": 2_500}, "the funds")


@case("Reversals", each("change", [{"card": "bob-card"}, {"card": "nobody"}, {"network": "amex"}]))
async def a_reversal_for_another_card_or_network_frees_nothing(bench: Bench, change: dict[str, str]) -> None:
    await bench.open()
    await bench.open("bob")
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    same((await bench.reverse("a1", key="strange", **change)).released_cents, 0)
    same(await bench.funds(), {"available": 7_500, "held": 2_500}, "the funds")
    same((await bench.reverse("a1")).released_cents, 2_500)


@case("Reversals", terms=Terms(limits=LimitTerms(None, 1_000, None)))
async def a_partial_reversal_gives_its_part_back_to_the_day_of_the_decision(bench: Bench) -> None:
    await bench.open()
    await bench.fund(100_000)
    await bench.approve("a1", 1_000)
    await bench.reverse("a1", cents=300)
    same(declined(await bench.authorize("a2", 301)), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a3", 300)
    bench.clock.at_ns += DAY_NS
    await bench.reverse("a1", cents=200, key="late")
    await bench.approve("a4", 1_000)
    same(declined(await bench.authorize("a5", 1)), DeclineReason.DAILY_LIMIT, "the reason on the next day")
