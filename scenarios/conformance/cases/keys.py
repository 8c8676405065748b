"""One key, one answer."""

from __future__ import annotations

from typing import Any

from engine.interface import DeclineReason, IdempotencyConflict
from scenarios.conformance.bench import Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, refused, same


@case("Idempotency", each("cents", [2_500, 99_999]))
async def a_repeat_gets_the_first_answer_and_does_nothing(bench: Bench, cents: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    request = bench.request("a1", cents, key="k1")
    first = await bench.tell(request, bench.engine.authorize)
    funds = await bench.funds()
    await bench.fund(100_000)
    same(await bench.tell(request, bench.engine.authorize), first)
    same(await bench.funds(), {**funds, "available": funds["available"] + 100_000}, "the funds")


@case("Idempotency", each("cents", [2_500, 99_999]))
async def a_repeat_within_the_retention_gets_the_first_answer(bench: Bench, cents: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    request = bench.request("a1", cents, key="k1")
    first = await bench.tell(request, bench.engine.authorize)
    await bench.fund(100_000)
    bench.clock.at_ns += bench.terms.idempotency_retention_ns - 1
    same(await bench.tell(request, bench.engine.authorize), first)


@case("Idempotency", each("change", [{"cents": 2_501}, {"merchant": "other"}, {"ref": "a2"}, {"card": "bob-card"}]))
async def a_key_with_another_body_is_refused(bench: Bench, change: dict[str, Any]) -> None:
    await bench.open()
    await bench.open("bob")
    await bench.fund(10_000)
    await bench.approve("a1", 2_500, key="k1")
    body: dict[str, Any] = {"ref": "a1", "cents": 2_500, "key": "k1"} | change
    with refused(IdempotencyConflict):
        await bench.authorize(body.pop("ref"), body.pop("cents"), **body)
    same(await bench.funds(), {"available": 7_500, "held": 2_500}, "the funds")


@case("Idempotency")
async def an_invalid_amount_does_not_use_up_its_key(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    same(declined(await bench.authorize("a1", 0)), DeclineReason.INVALID_AMOUNT, "the reason")
    await bench.approve("a1", 2_500)


@case("Idempotency")
async def another_key_opens_no_second_hold_for_an_authorization(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    same(declined(await bench.authorize("a1", 2_500, key="k2")), DeclineReason.INVALID_TRANSACTION, "the reason")
    same(await bench.funds(), {"available": 7_500, "held": 2_500}, "the funds")


@case("Idempotency", each("cents", [-1, 0]))
async def a_known_key_is_looked_at_before_the_amount(bench: Bench, cents: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    with refused(IdempotencyConflict):
        await bench.authorize("a1", cents)
    same(await bench.funds(), {"available": 7_500, "held": 2_500}, "the funds")
