"""What the network tells: decided in the issuer's stead, or the true amount of an estimate."""

from __future__ import annotations

from engine.interface import (
    AccountStatus,
    AdviceOutcome,
    AdviceReceipt,
    AuthorizationKind,
    CardStatus,
    DeclineReason,
    IdempotencyConflict,
    LimitTerms,
    Terms,
)
from scenarios.conformance.bench import DAY_NS, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, refused, same

ADOPTED = AdviceOutcome.ADOPTED


@case("Advices", each("cents", [9_999, 10_000, 10_001]))
async def an_approval_in_our_stead_is_held_even_beyond_the_funds(bench: Bench, cents: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    receipt = await bench.advise("a1", cents)
    same(receipt, AdviceReceipt("a1", ADOPTED, cents, bench.start_ns + 5 * DAY_NS))
    left = {"available": 10_000 - cents} if cents != 10_000 else {}
    same(await bench.funds(), {**left, "held": cents}, "the funds")
    reason = declined(await bench.authorize("a2", 1))
    same(reason, None if cents < 10_000 else DeclineReason.INSUFFICIENT_FUNDS, "the reason of the next")


@case("Advices")
async def a_deposit_first_fills_what_an_advice_took_too_much(bench: Bench) -> None:
    await bench.open()
    await bench.fund(1_000)
    await bench.advise("a1", 1_500)
    await bench.fund(500)
    same(declined(await bench.authorize("a2", 1)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    await bench.fund(1)
    await bench.approve("a3", 1)
    same(await bench.funds(), {"held": 1_501}, "the funds")


@case("Advices", each("cents,held", [(2_499, 2_499), (2_500, 2_500), (2_501, 2_501), (1, 1)]))
async def the_amount_of_an_advice_is_absolute(bench: Bench, cents: int, held: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    first = await bench.approve("a1", 2_500, kind=AuthorizationKind.PREAUTHORIZATION)
    bench.clock.at_ns += DAY_NS
    receipt = await bench.advise("a1", cents)
    same(receipt, AdviceReceipt("a1", ADOPTED, held, first.hold_expires_at_ns))
    same(await bench.funds(), {"available": 10_000 - held, "held": held}, "the funds")


@case("Advices", each("cents,held", [(3_001, 1), (3_000, 0), (2_999, 0)]))
async def what_was_taken_back_or_captured_is_not_held_again(bench: Bench, cents: int, held: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    first = await bench.approve("a1", 5_000)
    await bench.reverse("a1", cents=1_000)
    await bench.capture("a1", 2_000, final=False)
    receipt = await bench.advise("a1", cents)
    same(receipt, AdviceReceipt("a1", ADOPTED, held, first.hold_expires_at_ns if held else 0))
    still = {"held": held} if held else {}
    same(await bench.funds(), {"available": 8_000 - held, "unsettled": 2_000, **still}, "the funds")


@case("Advices")
async def a_refusal_in_our_stead_releases_the_hold(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    same(await bench.advise("a1", 0, approved=False), AdviceReceipt("a1", ADOPTED, 0, 0))
    same(await bench.funds(), {"available": 10_000}, "the funds")
    same((await bench.reverse("a1")).released_cents, 0)


@case("Advices")
async def what_was_refused_in_our_stead_is_not_approved_later(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    same(await bench.advise("a1", 0, approved=False), AdviceReceipt("a1", ADOPTED, 0, 0))
    same(declined(await bench.authorize("a1", 100)), DeclineReason.REVERSED_BEFORE_ARRIVAL, "the reason")
    same(await bench.funds(), {"available": 10_000}, "the funds")


@case("Advices")
async def a_request_that_comes_after_its_advice_holds_nothing_more(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.advise("a1", 2_500)
    same(declined(await bench.authorize("a1", 2_500)), DeclineReason.INVALID_TRANSACTION, "the reason")
    same(await bench.funds(), {"available": 7_500, "held": 2_500}, "the funds")


@case("Advices", each("fault", [{"card_status": CardStatus.FROZEN}, {"card_expires_at_ns": 1},
                                {"status": AccountStatus.SUSPENDED}, {"kyc_level": 0}]))  # fmt: skip
async def an_advice_does_not_ask_for_the_card_to_be_in_good_standing(bench: Bench, fault: dict) -> None:
    await bench.open(**fault)
    await bench.fund(10_000)
    same((await bench.advise("a1", 2_500)).outcome, ADOPTED)
    same(await bench.funds(), {"available": 7_500, "held": 2_500}, "the funds")


@case("Advices", terms=Terms(limits=LimitTerms(1_000, 1_200, None)))
async def an_advice_counts_in_the_limits_and_none_refuses_it(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    same((await bench.advise("a1", 1_001)).outcome, ADOPTED)
    same(declined(await bench.authorize("a2", 200)), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a3", 199)
    same((await bench.advise("a4", 5_000)).outcome, ADOPTED)
    same(declined(await bench.authorize("a5", 1)), DeclineReason.DAILY_LIMIT, "the reason")


@case("Advices", terms=Terms(limits=LimitTerms(None, 1_000, None)))
async def a_lower_advice_gives_the_difference_back_to_the_limits(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 1_000, kind=AuthorizationKind.PREAUTHORIZATION)
    await bench.advise("a1", 600)
    same(declined(await bench.authorize("a2", 401)), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a3", 400)


@case("Advices", each("ended", ["reversed", "reversed before", "captured", "expired"]))
async def an_advice_does_not_open_what_has_ended(bench: Bench, ended: str) -> None:
    await bench.open()
    await bench.fund(10_000)
    if ended != "reversed before":
        await bench.approve("a1", 1_000)
    if ended in ("reversed", "reversed before"):
        await bench.reverse("a1")
    elif ended == "captured":
        await bench.capture("a1", 400)
    else:
        bench.clock.at_ns += 6 * DAY_NS
        await bench.expire()
    funds = await bench.funds()
    same(await bench.advise("a1", 2_000), AdviceReceipt("a1", AdviceOutcome.NOT_OPEN, 0, 0))
    same(await bench.funds(), funds, "the funds")


@case("Advices", each("change", [{"card": "nobody"}, {"card": "bob-card"}, {"network": "amex"}]))
async def an_advice_on_somebody_elses_authorization_waits_for_a_person(bench: Bench, change: dict[str, str]) -> None:
    await bench.open()
    await bench.open("bob")
    await bench.fund(10_000)
    await bench.approve("a1", 1_000)
    same((await bench.advise("a1", 2_000, **change)).outcome, AdviceOutcome.UNKNOWN_CARD)
    same(await bench.funds(), {"available": 9_000, "held": 1_000}, "the funds")
    same(await bench.funds("bob"), {}, "the other's funds")


@case("Advices")
async def an_advice_for_a_card_that_nobody_issued_waits_for_a_person(bench: Bench) -> None:
    await bench.open()
    receipt = await bench.advise("a1", 2_000, card="nobody")
    same(receipt, AdviceReceipt("a1", AdviceOutcome.UNKNOWN_CARD, 0, 0))


@case("Advices", each("cents,outcome", [(-1, AdviceOutcome.INVALID_AMOUNT), (0, AdviceOutcome.INVALID_AMOUNT),
                                        (1, ADOPTED), (2, ADOPTED)]))  # fmt: skip
async def an_advice_on_something_new_needs_an_amount(bench: Bench, cents: int, outcome: AdviceOutcome) -> None:
    await bench.open()
    await bench.fund(10_000)
    same((await bench.advise("a1", cents)).outcome, outcome)
    same((await bench.balance()).held_usdc6, max(cents, 0) * 10_000, "what is held")


@case("Advices")
async def an_advice_of_nothing_takes_a_known_hold_back(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 1_000)
    same(await bench.advise("a1", 0), AdviceReceipt("a1", ADOPTED, 0, 0))
    same(await bench.funds(), {"available": 10_000}, "the funds")


@case("Advices")
async def an_advice_is_adopted_once(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    first = await bench.advise("a1", 2_500, key="k")
    await bench.capture("a1", 2_500)
    same(await bench.advise("a1", 2_500, key="k"), first)
    same(await bench.funds(), {"available": 7_500, "unsettled": 2_500}, "the funds")
    with refused(IdempotencyConflict):
        await bench.advise("a1", 2_501, key="k")


@case("Advices")
async def what_an_advice_opened_is_captured_and_burned(bench: Bench) -> None:
    await bench.open()
    await bench.fund(1_000)
    await bench.advise("a1", 800)
    same((await bench.capture("a1", 700)).released_cents, 100)
    same((await bench.settle()).settled_usdc6, 7_000_000, "settled_usdc6")
    same(await bench.funds(), {"available": 300}, "the funds")
