"""Kinds of authorization other than a purchase, advices, and reversals of a part."""

from __future__ import annotations

from engine.interface import AdviceOutcome, AuthorizationKind, DeclineReason, IdempotencyConflict
from scenarios.conformance.bench import Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, refused, same

INQUIRY = AuthorizationKind.BALANCE_INQUIRY


@case("Partial approval", each("asked,code", [(9_999, "00"), (10_000, "00"), (10_001, "10"), (20_000, "10")]))
async def what_is_available_is_approved_where_less_is_welcome(bench: Bench, asked: int, code: str) -> None:
    await bench.open()
    await bench.fund(10_000)
    answer = await bench.approve("a1", asked, partial=True)
    same((answer.approved_cents, answer.response_code), (min(asked, 10_000), code))
    same((await bench.funds())["held"], min(asked, 10_000), "what is held")


@case("Partial approval")
async def nothing_is_no_part(bench: Bench) -> None:
    await bench.open()
    same(declined(await bench.authorize("a1", 1, partial=True)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")


@case("Incremental", each("more,approved", [(7_499, True), (7_500, True), (7_501, False)]))
async def an_increment_needs_its_own_funds_and_keeps_the_hold(bench: Bench, more: int, approved: bool) -> None:
    await bench.open()
    await bench.fund(10_000)
    first = await bench.approve("a1", 2_500, kind=AuthorizationKind.PREAUTHORIZATION)
    answer = await bench.increment("a1", more)
    same(declined(answer), None if approved else DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    same((await bench.funds())["held"], 2_500 + more * approved, "what is held")
    if approved:
        same(answer.hold_expires_at_ns, first.hold_expires_at_ns, "when the hold ends")


@case("Incremental")
async def an_increment_without_an_authorization_is_refused(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    same(declined(await bench.increment("a1", 100)), DeclineReason.INVALID_TRANSACTION, "the reason")


@case("Cash withdrawal", each("cents,approved", [(9_999, True), (10_000, True), (10_001, False)]))
async def cash_is_held_like_a_purchase(bench: Bench, cents: int, approved: bool) -> None:
    await bench.open()
    await bench.fund(10_000)
    answer = await bench.authorize("a1", cents, kind=AuthorizationKind.CASH_WITHDRAWAL)
    same(declined(answer), None if approved else DeclineReason.INSUFFICIENT_FUNDS, "the reason")


@case("Balance inquiry")
async def an_inquiry_tells_whole_cents_and_holds_nothing(bench: Bench) -> None:
    await bench.open()
    await bench.fund(0, usdc6=19_999)
    answer = await bench.approve("a1", 0, kind=INQUIRY)
    same((answer.approved_cents, answer.available_cents, answer.hold_expires_at_ns), (0, 1, 0))
    same(declined(await bench.authorize("a2", 1, kind=INQUIRY)), DeclineReason.INVALID_AMOUNT, "the reason")
    same((await bench.balance()).available_usdc6, 19_999, "what is available")


@case("Refund authorization")
async def an_announced_refund_holds_nothing(bench: Bench) -> None:
    await bench.open()
    answer = await bench.approve("a1", 2_500, kind=AuthorizationKind.REFUND)
    same((answer.approved_cents, answer.hold_expires_at_ns), (2_500, 0))
    same(await bench.funds(), {}, "the funds")


@case("Advices", each("cents", [9_999, 10_000, 10_001]))
async def an_advice_is_adopted_even_beyond_the_funds(bench: Bench, cents: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    receipt = await bench.advise("a1", cents)
    same((receipt.outcome, receipt.held_cents), (AdviceOutcome.ADOPTED, cents))
    left = {"available": 10_000 - cents} if cents != 10_000 else {}
    same(await bench.funds(), {**left, "held": cents}, "the funds")


@case("Advices", each("cents", [2_499, 2_500, 2_501]))
async def the_amount_of_an_advice_is_absolute(bench: Bench, cents: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500, kind=AuthorizationKind.PREAUTHORIZATION)
    first = await bench.advise("a1", cents)
    same(first.held_cents, cents, "what is held")
    same(await bench.advise("a1", cents), first, "the answer to a repeat")
    with refused(IdempotencyConflict):
        await bench.advise("a1", cents + 1)
    same(await bench.funds(), {"available": 10_000 - cents, "held": cents}, "the funds")


@case("Advices")
async def an_advice_that_declines_releases_the_hold(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    same((await bench.advise("a1", 0, approved=False)).held_cents, 0, "what is held")
    same(await bench.funds(), {"available": 10_000}, "the funds")


@case("Reversals", each("cents,freed", [(2_499, 2_499), (2_500, 2_500), (2_501, 2_500), (0, 2_500)]))
async def a_part_is_taken_back_and_never_more_than_is_held(bench: Bench, cents: int, freed: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    same((await bench.reverse("a1", cents=cents)).released_cents, freed, "what was released")
    held = {"held": 2_500 - freed} if freed < 2_500 else {}
    same(await bench.funds(), {"available": 7_500 + freed, **held}, "the funds")


@case("Reversals", each("change", [{"network": "amex"}, {"card": "bob-card"}]))
async def a_reversal_that_names_another_card_or_network_frees_nothing(bench: Bench, change: dict[str, str]) -> None:
    await bench.open()
    await bench.open("bob")
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    same((await bench.reverse("a1", **change)).released_cents, 0, "what was released")
    same(await bench.funds(), {"available": 7_500, "held": 2_500}, "the funds")
