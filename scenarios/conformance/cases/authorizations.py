"""Approvals and declines."""

from __future__ import annotations

from typing import Any

from engine.interface import AccountStatus, AuthorizationResponse, CardStatus, DeclineReason, LimitTerms, Terms
from scenarios.conformance.bench import DAY_NS, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, same


@case("Approvals")
async def an_approval_sets_its_amount_aside(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    answer = await bench.authorize("a1", 2_500)
    validity_ns = bench.terms.holds.validity_ns["visa"]
    same(answer, AuthorizationResponse("a1", True, 2_500, "00", None, bench.start_ns + validity_ns))
    same(await bench.funds(), {"available": 7_500, "held": 2_500}, "the funds")


@case("Approvals", each("cents,approved", [(9_999, True), (10_000, True), (10_001, False)]))
async def all_that_is_available_can_be_spent_and_not_a_cent_more(bench: Bench, cents: int, approved: bool) -> None:
    await bench.open()
    await bench.fund(10_000)
    answer = await bench.authorize("a1", cents)
    same(declined(answer), None if approved else DeclineReason.INSUFFICIENT_FUNDS, "the reason")


@case("Approvals", each("cents,approved", [(-1, False), (0, False), (1, True), (2, True)]))
async def an_authorization_needs_an_amount(bench: Bench, cents: int, approved: bool) -> None:
    await bench.open()
    await bench.fund(10_000)
    answer = await bench.authorize("a1", cents)
    same(declined(answer), None if approved else DeclineReason.INVALID_AMOUNT, "the reason")
    same((await bench.balance()).held_usdc6, cents * 10_000 if approved else 0, "what is held")


@case("Approvals", each("usdc6,approved", [(9_999, False), (10_000, True), (10_001, True)]))
async def the_last_millionth_of_a_cent_has_to_be_there(bench: Bench, usdc6: int, approved: bool) -> None:
    await bench.open()
    await bench.fund(0, usdc6=usdc6)
    reason = declined(await bench.authorize("a1", 1))
    same(reason, None if approved else DeclineReason.INSUFFICIENT_FUNDS, "the reason")


@case("Approvals")
async def a_fraction_of_a_cent_does_not_buy_a_cent(bench: Bench) -> None:
    await bench.open()
    await bench.fund(0, usdc6=19_999)
    same(declined(await bench.authorize("a1", 2)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    await bench.approve("a2", 1)
    balance = await bench.balance()
    same((balance.available_usdc6, balance.held_usdc6), (9_999, 10_000))


@case(
    "Ladder of declines",
    terms=Terms(limits=LimitTerms(per_transaction_cents=1_000, daily_cents=800, monthly_cents=700)),
)
async def the_ladder_answers_the_highest_reason_that_holds(bench: Bench) -> None:
    """Every fault that an account can carry is mended from the top; each time the next lower reason shows."""
    faults: dict[str, Any] = {
        "card_status": CardStatus.FROZEN,
        "card_expires_at_ns": bench.start_ns,
        "status": AccountStatus.SUSPENDED,
        "kyc_level": 0,
    }
    attempts = iter(range(100))

    async def reason(cents: int = 1_200) -> DeclineReason | None:
        return declined(await bench.authorize(f"a{next(attempts)}", cents))

    same(await reason(), DeclineReason.CARD_NOT_FOUND, "the reason")
    await bench.open(**faults)
    same(await reason(0), DeclineReason.INVALID_AMOUNT, "the reason")
    same(await reason(-1), DeclineReason.INVALID_AMOUNT, "the reason")
    same(await reason(), DeclineReason.CARD_FROZEN, "the reason")
    await bench.open(**faults | {"card_status": CardStatus.ACTIVE})
    same(await reason(), DeclineReason.CARD_EXPIRED, "the reason")
    del faults["card_status"], faults["card_expires_at_ns"]
    await bench.open(**faults)
    same(await reason(), DeclineReason.ACCOUNT_SUSPENDED, "the reason")
    await bench.open(kyc_level=0)
    same(await reason(), DeclineReason.KYC_REQUIRED, "the reason")
    await bench.open()
    same(await reason(), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    await bench.fund(100_000)
    same(await reason(), DeclineReason.TRANSACTION_LIMIT, "the reason")
    same(await reason(1_000), DeclineReason.DAILY_LIMIT, "the reason")
    same(await reason(800), DeclineReason.MONTHLY_LIMIT, "the reason")
    same(await reason(700), None, "the reason")
    same(await bench.funds(), {"available": 99_300, "held": 700}, "the funds")
    faults |= {"card_status": CardStatus.CANCELLED, "card_expires_at_ns": bench.start_ns}
    await bench.open(**faults)
    same(await reason(), DeclineReason.CARD_CANCELLED, "the reason, with all faults below it")


@case("Ladder of declines", each("ended", ["open", "captured", "expired"]))
async def an_id_that_is_taken_is_refused_before_anything_else(bench: Bench, ended: str) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    if ended == "captured":
        await bench.capture("a1", 2_500)
        await bench.settle()
    elif ended == "expired":
        bench.clock.at_ns += 6 * DAY_NS
        await bench.expire()
    invalid = DeclineReason.INVALID_TRANSACTION
    same(declined(await bench.authorize("a1", 10_001, key="k2")), invalid, "the reason where funds do not suffice")
    await bench.open(card_status=CardStatus.FROZEN)
    same(declined(await bench.authorize("a1", 100, key="k3")), invalid, "the reason with a frozen card")


@case("Ladder of declines")
async def that_it_was_reversed_before_is_the_last_reason(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.reverse("a1")
    same(declined(await bench.authorize("a1", 10_001)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    same(declined(await bench.authorize("a1", 1, key="k2")), DeclineReason.REVERSED_BEFORE_ARRIVAL, "the reason")
