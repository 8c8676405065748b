"""Kinds of authorizations beside a purchase: less than was asked, cash, a balance, a refund to come."""

from __future__ import annotations

from engine.interface import (
    PARTIAL_CODE,
    AccountStatus,
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

CASH = AuthorizationKind.CASH_WITHDRAWAL
INQUIRY = AuthorizationKind.BALANCE_INQUIRY
REFUND = AuthorizationKind.REFUND
SMALL = Terms(limits=LimitTerms(5_000, 6_000, 7_000))


@case(
    "Partial approval",
    each("cents,granted,code", [(9_999, 9_999, "00"), (10_000, 10_000, "00"), (10_001, 10_000, "10")]),
)
async def what_there_is_is_granted_where_less_is_welcome(bench: Bench, cents: int, granted: int, code: str) -> None:
    await bench.open()
    await bench.fund(10_000)
    answer = await bench.approve("a1", cents, partial=True)
    same((answer.approved_cents, answer.response_code, answer.reason), (granted, code, None))
    same(answer.hold_expires_at_ns, bench.start_ns + 5 * DAY_NS, "hold_expires_at_ns")
    left = {"available": 10_000 - granted} if granted < 10_000 else {}
    same(await bench.funds(), {**left, "held": granted}, "the funds")


@case("Partial approval")
async def less_is_granted_only_where_it_is_welcome(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    same(declined(await bench.authorize("a1", 10_001)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    same(await bench.funds(), {"available": 10_000}, "the funds")


@case(
    "Partial approval",
    each("usdc6,granted", [(9_999, None), (10_000, 1), (10_001, 1), (19_999, 1), (20_000, 2), (20_001, 2)]),
)
async def a_part_is_whole_cents_and_never_nothing(bench: Bench, usdc6: int, granted: int | None) -> None:
    await bench.open()
    await bench.fund(0, usdc6=usdc6)
    answer = await bench.authorize("a1", 500, partial=True)
    if granted is None:
        same(declined(answer), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    else:
        same((answer.approved, answer.approved_cents, answer.response_code), (True, granted, PARTIAL_CODE))
        same((await bench.balance()).held_usdc6, granted * 10_000, "what is held")


@case("Partial approval", terms=SMALL)
async def a_limit_is_no_reason_for_a_part(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    same(declined(await bench.authorize("a1", 5_001, partial=True)), DeclineReason.TRANSACTION_LIMIT, "the reason")
    await bench.approve("a2", 5_000, partial=True)
    same(declined(await bench.authorize("a3", 1_001, partial=True)), DeclineReason.DAILY_LIMIT, "the reason")


@case("Partial approval", each("limit,approved", [(4_001, True), (4_000, True), (3_999, False)]),
      terms=lambda limit, approved: Terms(limits=LimitTerms(limit, None, None)))  # fmt: skip
async def limits_look_at_the_part_that_is_granted(bench: Bench, limit: int, approved: bool) -> None:
    await bench.open()
    await bench.fund(4_000)
    answer = await bench.authorize("a1", 9_000, partial=True)
    same(declined(answer), None if approved else DeclineReason.TRANSACTION_LIMIT, "the reason")


@case("Partial approval", terms=Terms(limits=LimitTerms(None, 5_000, None)))
async def a_part_counts_with_what_was_granted(bench: Bench) -> None:
    await bench.open()
    await bench.fund(4_000)
    await bench.approve("a1", 9_000, partial=True)
    await bench.fund(4_000)
    same(declined(await bench.authorize("a2", 1_001)), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a3", 1_000)


@case("Partial approval")
async def a_repeat_of_a_partial_approval_gets_it_again(bench: Bench) -> None:
    await bench.open()
    await bench.fund(4_000)
    request = bench.request("a1", 9_000, partial=True)
    first = await bench.tell(request, bench.engine.authorize)
    await bench.fund(50_000)
    same(await bench.tell(request, bench.engine.authorize), first)
    with refused(IdempotencyConflict):
        await bench.authorize("a1", 9_000)


@case("Partial approval")
async def a_part_is_captured_and_reversed_like_any_hold(bench: Bench) -> None:
    await bench.open()
    await bench.fund(4_000)
    await bench.approve("a1", 9_000, partial=True)
    await bench.capture("a1", 1_500, final=False)
    same((await bench.reverse("a1")).released_cents, 2_500)
    same(await bench.funds(), {"available": 2_500, "unsettled": 1_500}, "the funds")


@case("Cash withdrawal", each("cents,approved", [(2_499, True), (2_500, True), (2_501, False)]))
async def cash_is_held_like_a_purchase(bench: Bench, cents: int, approved: bool) -> None:
    await bench.open()
    await bench.fund(2_500)
    answer = await bench.authorize("a1", cents, kind=CASH, mcc="6011")
    same(declined(answer), None if approved else DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    if approved:
        left = {"available": 2_500 - cents} if cents < 2_500 else {}
        same(await bench.funds(), {**left, "held": cents}, "the funds")


@case("Cash withdrawal", terms=SMALL)
async def cash_counts_in_the_limits(bench: Bench) -> None:
    await bench.open()
    await bench.fund(50_000)
    same(declined(await bench.authorize("a1", 5_001, kind=CASH)), DeclineReason.TRANSACTION_LIMIT, "the reason")
    await bench.approve("a2", 5_000, kind=CASH)
    same(declined(await bench.authorize("a3", 1_001)), DeclineReason.DAILY_LIMIT, "the reason")


@case("Balance inquiry", each("usdc6,cents", [(0, 0), (9_999, 0), (10_000, 1), (19_999, 1), (100_000_000, 10_000)]))
async def a_balance_is_told_in_whole_cents_and_nothing_is_held(bench: Bench, usdc6: int, cents: int) -> None:
    await bench.open()
    if usdc6:
        await bench.fund(0, usdc6=usdc6)
    answer = await bench.authorize("a1", 0, kind=INQUIRY)
    same(answer, AuthorizationResponse("a1", True, 0, "00", None, 0, cents))
    balance = await bench.balance()
    same((balance.available_usdc6, balance.held_usdc6), (usdc6, 0), "the funds")


@case("Balance inquiry")
async def only_what_is_not_held_is_available(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 2_500)
    await bench.capture("a2", 1_000)
    same((await bench.authorize("a3", 0, kind=INQUIRY)).available_cents, 6_500, "available_cents")


@case("Balance inquiry")
async def a_balance_below_zero_is_told_as_nothing(bench: Bench) -> None:
    await bench.open()
    await bench.fund(1_000)
    await bench.advise("a1", 1_500)
    same((await bench.authorize("a2", 0, kind=INQUIRY)).available_cents, 0, "available_cents")


@case("Balance inquiry", each("cents", [-1, 1]))
async def a_balance_is_asked_with_amount_zero(bench: Bench, cents: int) -> None:
    await bench.open()
    await bench.fund(1_000)
    same(declined(await bench.authorize("a1", cents, kind=INQUIRY)), DeclineReason.INVALID_AMOUNT, "the reason")
    answer = await bench.authorize("a1", 0, kind=INQUIRY)
    same(answer.available_cents, 1_000, "available_cents, under the same key")


@case("Balance inquiry", each("kind", [INQUIRY, REFUND]))
async def what_holds_nothing_still_asks_for_a_card_in_good_standing(bench: Bench, kind: AuthorizationKind) -> None:
    cents = 0 if kind is INQUIRY else 100
    ladder = [
        ({"card_status": CardStatus.FROZEN, "kyc_level": 0}, DeclineReason.CARD_FROZEN),
        ({"card_expires_at_ns": bench.start_ns, "kyc_level": 0}, DeclineReason.CARD_EXPIRED),
        ({"status": AccountStatus.SUSPENDED, "kyc_level": 0}, DeclineReason.ACCOUNT_SUSPENDED),
        ({"kyc_level": 0}, DeclineReason.KYC_REQUIRED),
        ({}, None),
    ]
    same(declined(await bench.authorize("a", cents, kind=kind)), DeclineReason.CARD_NOT_FOUND, "the reason")
    for number, (fault, reason) in enumerate(ladder):
        await bench.open(**fault)
        same(declined(await bench.authorize(f"a{number}", cents, kind=kind)), reason, f"the reason with {fault}")


@case("Balance inquiry")
async def a_repeated_inquiry_gets_the_first_answer(bench: Bench) -> None:
    await bench.open()
    await bench.fund(1_000)
    request = bench.request("a1", 0, kind=INQUIRY)
    first = await bench.tell(request, bench.engine.authorize)
    await bench.fund(1_000)
    same(await bench.tell(request, bench.engine.authorize), first)
    with refused(IdempotencyConflict):
        await bench.authorize("a2", 0, key="a1", kind=INQUIRY)


@case("Refund authorization", terms=Terms(limits=LimitTerms(100, 100, 100)))
async def a_refund_is_welcome_whatever_funds_and_limits_are(bench: Bench) -> None:
    await bench.open()
    answer = await bench.authorize("a1", 5_000, kind=REFUND)
    same(answer, AuthorizationResponse("a1", True, 5_000, "00", None, 0))
    same(await bench.funds(), {}, "the funds")
    await bench.fund(1_000)
    await bench.approve("a2", 100)
    same(await bench.funds(), {"available": 900, "held": 100}, "the funds")


@case("Refund authorization")
async def an_announced_refund_is_no_money_yet(bench: Bench) -> None:
    await bench.open()
    await bench.approve("a1", 5_000, kind=REFUND)
    same(declined(await bench.authorize("a2", 1)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    same((await bench.reverse("a1")).released_cents, 0)
    same(await bench.funds(), {}, "the funds")


@case("Refund authorization")
async def a_refund_needs_an_amount(bench: Bench) -> None:
    await bench.open()
    same(declined(await bench.authorize("a1", 0, kind=REFUND)), DeclineReason.INVALID_AMOUNT, "the reason")
    await bench.approve("a1", 1, kind=REFUND)
