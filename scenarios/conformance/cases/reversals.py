"""Reversals, before and after their originals."""

from __future__ import annotations

from engine.interface import DeclineReason, IdempotencyConflict
from scenarios.conformance.bench import Bench
from scenarios.conformance.registry import case
from scenarios.conformance.verdicts import declined, refused, same


@case("Reversals")
async def a_hold_is_never_released_twice(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    same((await bench.reverse("a1")).released_cents, 2_500)
    same((await bench.reverse("a1")).released_cents, 2_500)
    same((await bench.reverse("a1", key="other")).released_cents, 0)
    same(await bench.funds(), {"available": 10_000}, "the funds")


@case("Reversals")
async def a_reversal_key_with_another_body_is_refused(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    await bench.approve("a2", 2_500)
    await bench.reverse("a1", key="r")
    with refused(IdempotencyConflict):
        await bench.reverse("a2", key="r")
    same(await bench.funds(), {"available": 7_500, "held": 2_500}, "the funds")


@case("Reversals")
async def a_reversal_that_comes_first_refuses_its_original(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    same((await bench.reverse("a1")).released_cents, 0)
    same(declined(await bench.authorize("a1", 2_500)), DeclineReason.REVERSED_BEFORE_ARRIVAL, "the reason")
    same(await bench.funds(), {"available": 10_000}, "the funds")


@case("Reversals")
async def a_reversal_of_what_was_declined_frees_nothing(bench: Bench) -> None:
    await bench.open()
    same(declined(await bench.authorize("a1", 100)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    same((await bench.reverse("a1")).released_cents, 0)
