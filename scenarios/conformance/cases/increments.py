"""More on an open authorization."""

from __future__ import annotations

from engine.interface import (
    AuthorizationKind,
    AuthorizationResponse,
    CardStatus,
    DeclineReason,
    IdempotencyConflict,
    LimitTerms,
    Terms,
)
from scenarios.conformance.bench import DAY_NS, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, refused, same

ESTIMATE = AuthorizationKind.PREAUTHORIZATION
INVALID = DeclineReason.INVALID_TRANSACTION


@case("Incremental")
async def an_increment_adds_to_the_hold_and_does_not_prolong_it(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    first = await bench.approve("a1", 2_500, kind=ESTIMATE)
    bench.clock.at_ns += DAY_NS
    answer = await bench.increment("a1", 1_000)
    same(answer, AuthorizationResponse("a1", True, 1_000, "00", None, first.hold_expires_at_ns))
    same(await bench.funds(), {"available": 6_500, "held": 3_500}, "the funds")
    bench.clock.at_ns = first.hold_expires_at_ns
    same((await bench.expire()).expired, ("a1",))
    same(await bench.funds(), {"available": 10_000}, "the funds")


@case("Incremental", each("cents,approved", [(7_499, True), (7_500, True), (7_501, False)]))
async def an_increment_needs_funds_and_leaves_the_hold_where_there_are_none(
    bench: Bench, cents: int, approved: bool
) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    answer = await bench.increment("a1", cents)
    same(declined(answer), None if approved else DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    held = 2_500 + (cents if approved else 0)
    left = {"available": 10_000 - held} if held < 10_000 else {}
    same(await bench.funds(), {**left, "held": held}, "the funds")


@case("Incremental", each("left,approved", [(0, False), (1, True), (2, True)]))
async def as_long_as_a_cent_is_held_it_can_be_added_to(bench: Bench, left: int, approved: bool) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 1_000)
    await bench.reverse("a1", cents=1_000 - left)
    same(declined(await bench.increment("a1", 100)), None if approved else INVALID, "the reason")
    same((await bench.balance()).held_usdc6, (left + 100) * 10_000 if approved else 0, "what is held")


@case("Incremental")
async def each_increment_is_a_request_of_its_own(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 1_000)
    request = bench.request("a1", 500, key="more", kind=AuthorizationKind.INCREMENTAL)
    first = await bench.tell(request, bench.engine.authorize)
    same(await bench.tell(request, bench.engine.authorize), first)
    same(await bench.funds(), {"available": 8_500, "held": 1_500}, "the funds after a repeat")
    same((await bench.increment("a1", 500, 2)).approved, True)
    same(await bench.funds(), {"available": 8_000, "held": 2_000}, "the funds after one more")
    with refused(IdempotencyConflict):
        await bench.increment("a1", 501, key="more")


@case("Incremental", each("ended", ["never seen", "declined", "reversed", "captured", "expired"]))
async def only_what_is_open_can_be_added_to(bench: Bench, ended: str) -> None:
    await bench.open()
    await bench.fund(10_000)
    if ended == "declined":
        same(declined(await bench.authorize("a1", 10_001)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    elif ended != "never seen":
        await bench.approve("a1", 1_000)
    if ended == "reversed":
        await bench.reverse("a1")
    elif ended == "captured":
        await bench.capture("a1", 1_000)
        await bench.settle()
    elif ended == "expired":
        bench.clock.at_ns += 6 * DAY_NS
        await bench.expire()
    funds = await bench.funds()
    same(declined(await bench.increment("a1", 100)), INVALID, "the reason")
    same(await bench.funds(), funds, "the funds")


@case("Incremental", each("change", [{"card": "bob-card"}, {"network": "amex"}]))
async def nobody_else_adds_to_an_authorization(bench: Bench, change: dict[str, str]) -> None:
    await bench.open()
    await bench.open("bob")
    await bench.fund(10_000)
    await bench.fund(10_000, "bob")
    await bench.approve("a1", 1_000)
    same(declined(await bench.increment("a1", 100, **change)), INVALID, "the reason")
    same(await bench.funds(), {"available": 9_000, "held": 1_000}, "the funds")
    same(await bench.funds("bob"), {"available": 10_000}, "the other's funds")


@case("Incremental")
async def an_increment_is_a_new_decision_on_the_card(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 1_000)
    await bench.open(card_status=CardStatus.STOLEN)
    same(declined(await bench.increment("a1", 100)), DeclineReason.CARD_STOLEN, "the reason")
    same(await bench.funds(), {"available": 9_000, "held": 1_000}, "the funds")


@case("Incremental", each("cents,approved", [(399, True), (400, True), (401, False)]),
      terms=Terms(limits=LimitTerms(None, 1_000, None)))  # fmt: skip
async def an_increment_counts_on_the_day_of_its_original(bench: Bench, cents: int, approved: bool) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 600)
    bench.clock.at_ns += DAY_NS
    await bench.approve("a2", 900)
    answer = await bench.increment("a1", cents)
    same(declined(answer), None if approved else DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a3", 100)
    same(declined(await bench.authorize("a4", 1)), DeclineReason.DAILY_LIMIT, "the reason today")


@case("Incremental")
async def an_increment_is_captured_with_the_rest(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 1_000)
    await bench.increment("a1", 500)
    result = await bench.capture("a1", 1_200)
    same((result.posted_cents, result.released_cents), (1_200, 300))
    same(await bench.funds(), {"available": 8_800, "unsettled": 1_200}, "the funds")


@case("Incremental")
async def a_reversal_takes_increments_back_as_well(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 1_000)
    await bench.increment("a1", 500)
    same((await bench.reverse("a1", cents=700)).released_cents, 700)
    same((await bench.increment("a1", 200, 2)).approved, True)
    same((await bench.reverse("a1", key="rest")).released_cents, 1_000)
    same(await bench.funds(), {"available": 10_000}, "the funds")
