"""What every CardEngine has to do, on each of them; the auditor listens to all of it and must find nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from engine_bench import DAY_NS, START_NS, WIDE, Bench, Made, run

from engine.interface import (
    RESPONSE_CODES,
    AccountStatus,
    AuthorizationKind,
    AuthorizationResponse,
    CaptureOutcome,
    CaptureResult,
    CardStatus,
    DeclineReason,
    EngineError,
    IdempotencyConflict,
    LimitTerms,
    NoticeReceipt,
    StatementKind,
    Terms,
    WithdrawalStage,
)

MakeEngine = Callable[[Terms], Made]
Scenario = Callable[[Bench], Coroutine[Any, Any, None]]


def prove(make_engine: MakeEngine, scenario: Scenario, terms: Terms | None = None) -> None:
    """Run the scenario; what it asserts holds, and the auditor has nothing to say."""
    terms = terms or Terms(limits=WIDE)
    assert run(make_engine(terms), scenario, terms).findings == []


def declined(answer: AuthorizationResponse) -> DeclineReason | None:
    """The reason of a well-formed decline; None for an approval."""
    if answer.approved:
        return None
    assert answer.reason is not None
    assert (answer.approved_cents, answer.hold_expires_at_ns) == (0, 0)
    assert answer.response_code == RESPONSE_CODES[answer.reason]
    return answer.reason


# ---- authorizations ------------------------------------------------------------------------------------------------


def test_an_approval_sets_its_amount_aside(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        answer = await bench.authorize("a1", 2_500)
        validity_ns = bench.terms.holds.validity_ns["visa"]
        assert answer == AuthorizationResponse("a1", True, 2_500, "00", None, START_NS + validity_ns)
        assert await bench.funds() == {"available": 7_500, "held": 2_500}

    prove(make_engine, scenario)


@pytest.mark.parametrize(
    "network,kind,days",
    [
        ("visa", AuthorizationKind.PURCHASE, 5),
        ("mastercard", AuthorizationKind.PURCHASE, 7),
        ("amex", AuthorizationKind.PURCHASE, 7),
        ("elsewhere", AuthorizationKind.PURCHASE, 7),
        ("visa", AuthorizationKind.PREAUTHORIZATION, 30),
    ],
)
def test_a_hold_lives_as_long_as_its_network_and_kind_say(
    make_engine: MakeEngine, network: str, kind: AuthorizationKind, days: int
) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        answer = await bench.approve("a1", 100, network=network, kind=kind)
        assert answer.hold_expires_at_ns == START_NS + days * DAY_NS

    prove(make_engine, scenario)


@pytest.mark.parametrize("cents,approved", [(9_999, True), (10_000, True), (10_001, False)])
def test_all_that_is_available_can_be_spent_and_not_a_cent_more(
    make_engine: MakeEngine, cents: int, approved: bool
) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        answer = await bench.authorize("a1", cents)
        assert declined(answer) is (None if approved else DeclineReason.INSUFFICIENT_FUNDS)

    prove(make_engine, scenario)


def test_a_fraction_of_a_cent_does_not_buy_a_cent(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(0, usdc6=19_999)
        assert declined(await bench.authorize("a1", 2)) is DeclineReason.INSUFFICIENT_FUNDS
        await bench.approve("a2", 1)
        balance = await bench.balance()
        assert (balance.available_usdc6, balance.held_usdc6) == (9_999, 10_000)

    prove(make_engine, scenario)


def test_many_swipes_at_once_never_spend_the_same_money(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        answers = await asyncio.gather(*(bench.authorize(f"a{n}", 1_500) for n in range(20)))
        assert sum(answer.approved for answer in answers) == 6
        assert await bench.funds() == {"available": 1_000, "held": 9_000}

    prove(make_engine, scenario)


def test_the_ladder_answers_the_highest_reason_that_holds(make_engine: MakeEngine) -> None:
    """Every fault that an account can carry is mended from the top; each time the next lower reason shows."""
    terms = Terms(limits=LimitTerms(per_transaction_cents=1_000, daily_cents=800, monthly_cents=700))

    async def scenario(bench: Bench) -> None:
        faults: dict[str, Any] = {
            "card_status": CardStatus.FROZEN, "card_expires_at_ns": START_NS, "status": AccountStatus.SUSPENDED,
            "kyc_level": 0,
        }  # fmt: skip
        attempts = iter(range(100))

        async def reason(cents: int = 1_200) -> DeclineReason | None:
            return declined(await bench.authorize(f"a{next(attempts)}", cents))

        assert await reason() is DeclineReason.CARD_NOT_FOUND
        await bench.open(**faults | {"card_status": CardStatus.CANCELLED})
        assert await reason(0) is DeclineReason.INVALID_AMOUNT
        assert await reason(-1) is DeclineReason.INVALID_AMOUNT
        assert await reason() is DeclineReason.CARD_CANCELLED
        await bench.open(**faults)
        assert await reason() is DeclineReason.CARD_FROZEN
        await bench.open(**faults | {"card_status": CardStatus.ACTIVE})
        assert await reason() is DeclineReason.CARD_EXPIRED
        del faults["card_status"], faults["card_expires_at_ns"]
        await bench.open(**faults)
        assert await reason() is DeclineReason.ACCOUNT_SUSPENDED
        await bench.open(kyc_level=0)
        assert await reason() is DeclineReason.KYC_REQUIRED
        await bench.open()
        assert await reason() is DeclineReason.INSUFFICIENT_FUNDS
        await bench.fund(100_000)
        assert await reason() is DeclineReason.TRANSACTION_LIMIT
        assert await reason(1_000) is DeclineReason.DAILY_LIMIT
        assert await reason(800) is DeclineReason.MONTHLY_LIMIT
        assert await reason(700) is None
        assert await bench.funds() == {"available": 99_300, "held": 700}

    prove(make_engine, scenario, terms)


def test_a_card_is_good_until_the_instant_of_its_expiry(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open(card_expires_at_ns=START_NS + 5)
        await bench.fund(1_000)
        bench.clock.at_ns = START_NS + 4
        await bench.approve("a1", 100)
        bench.clock.at_ns = START_NS + 5
        assert declined(await bench.authorize("a2", 100)) is DeclineReason.CARD_EXPIRED

    prove(make_engine, scenario)


def test_opening_an_account_again_keeps_its_funds(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(1_000)
        await bench.approve("a1", 300)
        await bench.open(status=AccountStatus.SUSPENDED)
        assert await bench.funds() == {"available": 700, "held": 300}
        await bench.open()
        await bench.approve("a2", 700)

    prove(make_engine, scenario)


# ---- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cents,approved", [(999, True), (1_000, True), (1_001, False)])
def test_the_limit_per_transaction_is_still_allowed(make_engine: MakeEngine, cents: int, approved: bool) -> None:
    terms = Terms(limits=LimitTerms(1_000, 10**9, 10**9))

    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(100_000)
        reason = declined(await bench.authorize("a1", cents))
        assert reason is (None if approved else DeclineReason.TRANSACTION_LIMIT)

    prove(make_engine, scenario, terms)


@pytest.mark.parametrize("cents,approved", [(399, True), (400, True), (401, False)])
@pytest.mark.parametrize("window", ["daily", "monthly"])
def test_a_window_may_be_filled_to_its_limit(make_engine: MakeEngine, window: str, cents: int, approved: bool) -> None:
    limits = LimitTerms(10**9, 1_000, 10**9) if window == "daily" else LimitTerms(10**9, 10**9, 1_000)
    expected = DeclineReason.DAILY_LIMIT if window == "daily" else DeclineReason.MONTHLY_LIMIT

    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(100_000)
        await bench.approve("a1", 600)
        assert declined(await bench.authorize("a2", cents)) is (None if approved else expected)

    prove(make_engine, scenario, Terms(limits=limits))


def test_days_begin_at_midnight_utc_and_months_on_the_first(make_engine: MakeEngine) -> None:
    """From 30 to 31 March a new day, to 1 April a new month as well; a nanosecond before is still the old one."""
    terms = Terms(limits=LimitTerms(10**9, 1_000, 1_500))

    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(100_000)
        bench.clock.at_ns = START_NS + 30 * DAY_NS - 1
        await bench.approve("a1", 1_000)
        assert declined(await bench.authorize("a2", 1)) is DeclineReason.DAILY_LIMIT
        bench.clock.at_ns = START_NS + 30 * DAY_NS
        await bench.approve("a3", 500)
        assert declined(await bench.authorize("a4", 1)) is DeclineReason.MONTHLY_LIMIT
        bench.clock.at_ns = START_NS + 31 * DAY_NS - 1
        assert declined(await bench.authorize("a5", 1)) is DeclineReason.MONTHLY_LIMIT
        bench.clock.at_ns = START_NS + 31 * DAY_NS
        await bench.approve("a6", 1_000)

    prove(make_engine, scenario, terms)


def test_a_reversal_gives_its_windows_back_and_a_capture_does_not(make_engine: MakeEngine) -> None:
    terms = Terms(limits=LimitTerms(10**9, 1_000, 10**9))

    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(100_000)
        await bench.approve("a1", 600)
        await bench.approve("a2", 400)
        await bench.reverse("a2")
        await bench.capture("a1", 100)
        assert declined(await bench.authorize("a3", 401)) is DeclineReason.DAILY_LIMIT
        await bench.approve("a4", 400)

    prove(make_engine, scenario, terms)


def test_a_reversal_on_the_next_day_gives_nothing_to_that_day(make_engine: MakeEngine) -> None:
    terms = Terms(limits=LimitTerms(10**9, 1_000, 10**9))

    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(100_000)
        await bench.approve("a1", 900)
        bench.clock.at_ns += DAY_NS
        await bench.approve("a2", 900)
        await bench.reverse("a1")
        assert declined(await bench.authorize("a3", 101)) is DeclineReason.DAILY_LIMIT
        await bench.approve("a4", 100)

    prove(make_engine, scenario, terms)


def test_an_expiry_gives_back_to_the_month_what_was_still_held(make_engine: MakeEngine) -> None:
    terms = Terms(limits=LimitTerms(10**9, 10**9, 1_000))

    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(100_000)
        await bench.approve("a1", 1_000)
        await bench.capture("a1", 300, final=False)
        await bench.settle()
        bench.clock.at_ns += 6 * DAY_NS
        assert (await bench.expire()).expired == ("a1",)
        assert declined(await bench.authorize("a2", 701)) is DeclineReason.MONTHLY_LIMIT
        await bench.approve("a3", 700)

    prove(make_engine, scenario, terms)


# ---- one key, one answer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cents", [2_500, 99_999], ids=["approved", "declined"])
def test_a_repeat_gets_the_first_answer_and_does_nothing(make_engine: MakeEngine, cents: int) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        request = bench.request("a1", cents, key="k1")
        first = await bench.tell(request, bench.engine.authorize)
        funds = await bench.funds()
        await bench.fund(100_000)
        bench.clock.at_ns += 3_600 * 10**9
        assert await bench.tell(request, bench.engine.authorize) == first
        assert await bench.funds() == {**funds, "available": funds["available"] + 100_000}

    prove(make_engine, scenario)


def test_twins_in_flight_get_one_answer_and_one_hold(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        request = bench.request("a1", 2_500)
        answers = await asyncio.gather(*(bench.tell(request, bench.engine.authorize) for _ in range(5)))
        assert len(set(answers)) == 1
        assert await bench.funds() == {"available": 7_500, "held": 2_500}

    prove(make_engine, scenario)


@pytest.mark.parametrize("change", [{"cents": 2_501}, {"merchant": "other"}, {"ref": "a2"}, {"card": "bob-card"}])
def test_a_key_with_another_body_is_refused(make_engine: MakeEngine, change: dict[str, Any]) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.open("bob")
        await bench.fund(10_000)
        await bench.approve("a1", 2_500, key="k1")
        body: dict[str, Any] = {"ref": "a1", "cents": 2_500, "key": "k1"} | change
        with pytest.raises(IdempotencyConflict):
            await bench.authorize(body.pop("ref"), body.pop("cents"), **body)
        assert await bench.funds() == {"available": 7_500, "held": 2_500}

    prove(make_engine, scenario)


def test_an_invalid_amount_does_not_use_up_its_key(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        assert declined(await bench.authorize("a1", 0)) is DeclineReason.INVALID_AMOUNT
        await bench.approve("a1", 2_500)

    prove(make_engine, scenario)


def test_another_key_opens_no_second_hold_for_an_authorization(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.approve("a1", 2_500)
        assert declined(await bench.authorize("a1", 2_500, key="k2")) is DeclineReason.INVALID_TRANSACTION
        assert await bench.funds() == {"available": 7_500, "held": 2_500}

    prove(make_engine, scenario)


# ---- reversals and expiry ------------------------------------------------------------------------------------------


def test_a_hold_is_never_released_twice(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.approve("a1", 2_500)
        assert (await bench.reverse("a1")).released_cents == 2_500
        assert (await bench.reverse("a1")).released_cents == 2_500  # the first answer again
        assert (await bench.reverse("a1", key="other")).released_cents == 0
        assert await bench.funds() == {"available": 10_000}

    prove(make_engine, scenario)


def test_a_reversal_key_with_another_body_is_refused(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.approve("a1", 2_500)
        await bench.approve("a2", 2_500)
        await bench.reverse("a1", key="r")
        with pytest.raises(IdempotencyConflict):
            await bench.reverse("a2", key="r")
        assert await bench.funds() == {"available": 7_500, "held": 2_500}

    prove(make_engine, scenario)


def test_a_reversal_that_comes_first_refuses_its_original(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        assert (await bench.reverse("a1")).released_cents == 0
        assert declined(await bench.authorize("a1", 2_500)) is DeclineReason.REVERSED_BEFORE_ARRIVAL
        assert await bench.funds() == {"available": 10_000}

    prove(make_engine, scenario)


def test_a_reversal_beside_its_original_leaves_nothing_held(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        for n in range(10):
            await asyncio.gather(bench.authorize(f"a{n}", 2_500), bench.reverse(f"a{n}"))
        assert await bench.funds() == {"available": 10_000}

    prove(make_engine, scenario)


def test_a_reversal_of_what_was_declined_frees_nothing(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        assert declined(await bench.authorize("a1", 100)) is DeclineReason.INSUFFICIENT_FUNDS
        assert (await bench.reverse("a1")).released_cents == 0

    prove(make_engine, scenario)


def test_a_hold_ends_at_its_expiry_and_not_before(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        end_ns = (await bench.approve("a1", 2_500)).hold_expires_at_ns
        bench.clock.at_ns = end_ns - 1
        assert (await bench.expire()).expired == ()
        bench.clock.at_ns = end_ns
        assert (await bench.expire()).expired == ("a1",)
        assert (await bench.expire()).expired == ()
        assert (await bench.reverse("a1")).released_cents == 0
        assert await bench.funds() == {"available": 10_000}

    prove(make_engine, scenario)


# ---- captures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cents,expected,funds",
    [
        (2_499, (2_499, 1, 0), {"available": 7_501, "unsettled": 2_499}),
        (2_500, (2_500, 0, 0), {"available": 7_500, "unsettled": 2_500}),
        (2_501, (2_501, 0, 0), {"available": 7_499, "unsettled": 2_501}),
        (10_000, (10_000, 0, 0), {"unsettled": 10_000}),
        (10_001, (10_001, 0, 1), {"unsettled": 10_000, "receivable": 1}),
    ],
)
def test_a_final_capture_takes_the_true_amount(
    make_engine: MakeEngine, cents: int, expected: tuple[int, int, int], funds: dict[str, int]
) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.approve("a1", 2_500)
        assert await bench.capture("a1", cents) == CaptureResult("a1.1", CaptureOutcome.POSTED, *expected)
        assert await bench.funds() == funds

    prove(make_engine, scenario)


def test_parts_use_the_hold_up_and_the_last_frees_the_rest(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.approve("a1", 5_000)
        assert (await bench.capture("a1", 2_000, 1, final=False)).released_cents == 0
        assert await bench.funds() == {"available": 5_000, "held": 3_000, "unsettled": 2_000}
        assert (await bench.capture("a1", 1_000, 2)).released_cents == 2_000
        assert await bench.funds() == {"available": 7_000, "unsettled": 3_000}

    prove(make_engine, scenario)


def test_parts_beyond_the_hold_take_from_what_is_available(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.approve("a1", 5_000)
        await bench.capture("a1", 4_000, 1, final=False)
        await bench.capture("a1", 4_000, 2, final=False)
        assert await bench.funds() == {"available": 2_000, "unsettled": 8_000}

    prove(make_engine, scenario)


@pytest.mark.parametrize("case", ["no authorization", "declined", "reversed", "expired", "captured before"])
def test_a_capture_posts_without_a_hold(make_engine: MakeEngine, case: str) -> None:
    """Limits and the card's state do not matter to it either."""
    terms = Terms(limits=LimitTerms(2_500, 2_500, 2_500))

    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        spent = 0
        if case == "declined":
            assert declined(await bench.authorize("a1", 2_501)) is DeclineReason.TRANSACTION_LIMIT
        elif case != "no authorization":
            await bench.approve("a1", 2_500)
        if case == "reversed":
            await bench.reverse("a1")
        elif case == "expired":
            bench.clock.at_ns += 6 * DAY_NS
            await bench.expire()
        elif case == "captured before":
            await bench.capture("a1", spent := 2_500, 1)
        await bench.open(card_status=CardStatus.FROZEN)
        result = await bench.capture("a1", 3_000, 2)
        assert result == CaptureResult("a1.2", CaptureOutcome.POSTED, 3_000, 0, 0)
        assert await bench.funds() == {"available": 7_000 - spent, "unsettled": 3_000 + spent}

    prove(make_engine, scenario, terms)


def test_a_presentment_posts_once_however_often_it_comes(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.approve("a1", 2_500)
        one = bench.presentment("a1", 1, 2_500)
        first = await bench.clear(one, key="b1")
        assert [result.outcome for result in first.results] == [CaptureOutcome.POSTED]
        assert await bench.clear(one, key="b1") == first
        again = await bench.clear(one, bench.presentment("a1", 2, 100), one, key="b2")
        duplicate = CaptureResult("a1.1", CaptureOutcome.DUPLICATE, 0, 0, 0)
        assert again.results == (duplicate, CaptureResult("a1.2", CaptureOutcome.POSTED, 100, 0, 0), duplicate)
        assert await bench.funds() == {"available": 7_400, "unsettled": 2_600}

    prove(make_engine, scenario)


def test_a_batch_key_with_another_body_is_refused(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.clear(bench.presentment("a1", 1, 2_500), key="b1")
        with pytest.raises(IdempotencyConflict):
            await bench.clear(bench.presentment("a1", 1, 2_501), key="b1")

    prove(make_engine, scenario)


def test_a_presentment_of_a_stranger_waits_for_a_person(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        receipt = await bench.clear(
            bench.presentment("x1", 1, 500, card="nobody"), bench.presentment("a1", 1, 500), key="b1"
        )
        assert [result.outcome for result in receipt.results] == [CaptureOutcome.UNKNOWN_CARD, CaptureOutcome.POSTED]
        assert await bench.funds() == {"available": 9_500, "unsettled": 500}

    prove(make_engine, scenario)


# ---- funds ---------------------------------------------------------------------------------------------------------


def test_a_deposit_is_credited_once(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        assert await bench.fund(10_000, deposit_id="0xd:1") == NoticeReceipt("0xd:1", True)
        assert await bench.again("0xd:1", 10_000) == NoticeReceipt("0xd:1", False)
        await bench.fund(1, deposit_id="0xd:2")
        assert await bench.funds() == {"available": 10_001}

    prove(make_engine, scenario)


@pytest.mark.parametrize("paid,owed", [(299, 1), (300, 0), (301, 0)])
def test_a_deposit_pays_first_what_is_owed_and_that_is_burned(make_engine: MakeEngine, paid: int, owed: int) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(1_000)
        await bench.capture("a1", 1_300)
        assert await bench.funds() == {"unsettled": 1_000, "receivable": 300}
        assert (await bench.settle()).settled_usdc6 == 10_000_000
        await bench.fund(paid)
        left = {"available": paid - 300} if paid > 300 else {"receivable": owed} if owed else {}
        assert await bench.funds() == {**left, "unsettled": min(paid, 300)}
        await bench.settle()
        assert await bench.funds() == left
        assert bench.chain.balances["0xada"] == max(paid - 300, 0) * 10_000

    prove(make_engine, scenario)


def test_money_on_its_way_out_cannot_be_spent(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.withdraw(WithdrawalStage.REQUESTED, 6_000, "w:1")
        assert declined(await bench.authorize("a1", 4_001)) is DeclineReason.INSUFFICIENT_FUNDS
        await bench.approve("a2", 4_000)
        await bench.withdraw(WithdrawalStage.COMPLETED, 6_000, "w:2")
        assert (await bench.withdraw(WithdrawalStage.REQUESTED, 6_000, "w:1")).applied is False
        assert await bench.funds() == {"held": 4_000}

    prove(make_engine, scenario)


def test_a_cancelled_withdrawal_comes_back(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.withdraw(WithdrawalStage.REQUESTED, 10_000, "w:1")
        assert declined(await bench.authorize("a1", 1)) is DeclineReason.INSUFFICIENT_FUNDS
        await bench.withdraw(WithdrawalStage.CANCELLED, 10_000, "w:2")
        await bench.approve("a2", 10_000)

    prove(make_engine, scenario)


def test_a_settlement_that_comes_first_shrinks_a_withdrawal(make_engine: MakeEngine) -> None:
    """Everything is asked for while 60 $ are held; they are captured and burned, and 40 $ leave."""

    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.approve("a1", 6_000)
        await bench.withdraw(WithdrawalStage.REQUESTED, 10_000, "w:1")
        assert declined(await bench.authorize("a2", 1)) is DeclineReason.INSUFFICIENT_FUNDS
        await bench.capture("a1", 6_000)
        await bench.settle()
        await bench.withdraw(WithdrawalStage.REDUCED, 4_000, "w:2")
        assert await bench.funds() == {"withdrawing": 4_000}
        await bench.withdraw(WithdrawalStage.COMPLETED, 4_000, "w:3")
        assert await bench.funds() == {}

    prove(make_engine, scenario)


def test_what_a_payout_took_too_early_is_owed(make_engine: MakeEngine) -> None:
    """A hold outlives the withdrawal: the chain pays everything out, the later burn finds nothing."""

    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.approve("a1", 6_000)
        await bench.withdraw(WithdrawalStage.REQUESTED, 10_000, "w:1")
        await bench.withdraw(WithdrawalStage.COMPLETED, 10_000, "w:2")
        await bench.capture("a1", 6_000)
        receipt = await bench.settle()
        assert (receipt.settled_usdc6, receipt.users) == (0, 1)
        assert await bench.funds() == {"receivable": 6_000}
        await bench.fund(7_000)
        assert await bench.funds() == {"available": 1_000, "unsettled": 6_000}

    prove(make_engine, scenario)


def test_strangers_are_refused(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(EngineError, match="nobody"):
            await bench.engine.balance("nobody")

    prove(make_engine, scenario)


# ---- settlement ----------------------------------------------------------------------------------------------------


def test_captures_are_netted_per_account_and_burned_once(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        for account_id in ("ada", "bob", "cleo"):
            await bench.open(account_id)
            await bench.fund(10_000, account_id)
        for n, account_id in enumerate(("ada", "bob", "ada", "ada")):
            await bench.approve(f"a{n}", 1_000, account_id)
            await bench.capture(f"a{n}", 1_000, card=f"{account_id}-card")
        receipt = await bench.settle()
        assert (receipt.batches, receipt.transactions, receipt.users, receipt.settled_usdc6) == (1, 1, 2, 40_000_000)
        assert (await bench.settle()).settled_usdc6 == 0
        assert bench.chain.balances == {"0xada": 70_000_000, "0xbob": 90_000_000, "0xcleo": 100_000_000}
        assert await bench.funds() == {"available": 7_000}

    prove(make_engine, scenario)


def test_a_batch_has_no_more_users_than_agreed(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        for n in range(5):
            await bench.open(f"u{n}")
            await bench.fund(1_000, f"u{n}")
            await bench.capture(f"a{n}", 1_000, card=f"u{n}-card")
        receipt = await bench.settle()
        assert (receipt.batches, receipt.users, receipt.settled_usdc6) == (3, 5, 50_000_000)

    prove(make_engine, scenario, Terms(limits=WIDE, batch_users=2))


@pytest.mark.parametrize("trouble", [["lost"], ["unheard"], ["deaf"], ["unheard", "unheard"], ["lost", "deaf"]])
def test_an_unknown_outcome_never_burns_twice_and_never_forgets(make_engine: MakeEngine, trouble: list[str]) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        await bench.capture("a1", 4_000)
        bench.chain.trouble = list(trouble)
        for _ in range(3):
            await bench.settle()
        assert await bench.funds() == {"available": 6_000}
        assert bench.chain.balances["0xada"] == 60_000_000
        assert len(set(bench.chain.submitted)) == 1
        assert all(len(one) == 66 and one.startswith("0x") for one in bench.chain.submitted)

    prove(make_engine, scenario)


def test_equal_captures_at_different_times_settle_under_different_ids(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(10_000)
        for n in range(3):
            await bench.capture(f"a{n}", 1_000)
            await bench.settle()
        assert len(set(bench.chain.submitted)) == 3
        assert bench.chain.balances["0xada"] == 70_000_000

    prove(make_engine, scenario)


# ---- the statement -------------------------------------------------------------------------------------------------


def test_the_statement_has_one_line_for_everything_that_moved_money(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(1_000, deposit_id="0xd:1")
        await bench.approve("a1", 900)
        await bench.reverse("a1")
        await bench.capture("a2", 1_200)
        await bench.fund(700, deposit_id="0xd:2")
        await bench.settle()
        await bench.withdraw(WithdrawalStage.REQUESTED, 500, "w:1")
        await bench.withdraw(WithdrawalStage.COMPLETED, 500, "w:2")
        lines = [(entry.kind, entry.ref, entry.amount_usdc6) for entry in await bench.statement()]
        assert lines == [
            (StatementKind.DEPOSIT, "0xd:1", 10_000_000),
            (StatementKind.CAPTURE, "a2.1", 12_000_000),
            (StatementKind.RECEIVABLE, "a2.1", 2_000_000),
            (StatementKind.DEPOSIT, "0xd:2", 7_000_000),
            (StatementKind.RECOVERY, "recovery:0xd:2", 2_000_000),
            (StatementKind.SETTLEMENT, bench.chain.submitted[0], 12_000_000),
            (StatementKind.WITHDRAWAL, "w:2", 5_000_000),
        ]
        assert {entry.account_id for entry in await bench.statement()} == {"ada"}

    prove(make_engine, scenario)


def test_a_long_statement_comes_in_pages_without_a_gap(make_engine: MakeEngine) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.open()
        await bench.fund(1_000_000)
        for part in range(6):
            await bench.clear(*(bench.presentment(f"a{part}-{n}", 1, 1) for n in range(200)))
        refs = [entry.ref for entry in await bench.statement() if entry.kind is StatementKind.CAPTURE]
        assert refs == [f"a{part}-{n}.1" for part in range(6) for n in range(200)]

    prove(make_engine, scenario)
