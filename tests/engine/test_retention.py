"""Answers are kept for as long as a repeat is owed one; and what must never happen twice rests on no answer."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_authorize_when_stores_fail import REQUEST, run
from test_idempotency import DECLINED, DEPOSIT, INQUIRY, MESSAGES, NOTICES, PARTIAL, WITHDRAWAL
from test_power_cut_at_every_await import BATCH, REVERSAL, Shop, approved, captured, nothing, started, swept
from test_power_cut_in_a_whole_life import REFUND, dispute

from engine.domain.ledger import Answer, Commit, Recorded
from engine.domain.terms import DAY_NS
from engine.interface import (
    AdviceOutcome,
    AuthorizationAdvice,
    AuthorizationKind,
    CaptureOutcome,
    DeclineReason,
    DisputeOutcome,
    DisputeState,
    EngineKit,
    Terms,
)
from engine.ports import Ports
from engine.services.engine import build
from engine.services.forget import AT_ONCE, ROUNDS, Forget
from engine.wire import to_bytes

PART = replace(REVERSAL, amount_cents=100)
MORE = replace(REQUEST, idempotency_key="more", kind=AuthorizationKind.INCREMENTAL, amount_cents=50)
LESS = AuthorizationAdvice("less", "auth-1", "card-1", True, 200, "visa", "shop", "5411", 0)
RETENTION_NS = Terms().idempotency_retention_ns
CALL_NS = 1_000_000
"""How long a call of the ledger takes here, to the nanosecond; it takes effect at its end."""


async def told(shop: Shop, verb: str, message: Any) -> Any:
    return await getattr(shop.engine(), verb)(message)


async def much_later(shop: Shop) -> None:
    """A tick long after the retention; not one answer is left, whatever backend it is in."""
    await asyncio.sleep(3 * DAY_NS / 10**9)
    await swept(shop)
    assert not shop.ledger._answers


def test_a_day_is_what_is_owed() -> None:
    assert RETENTION_NS == DAY_NS


@pytest.mark.parametrize(("beyond_ns", "kept"), [(-1, True), (0, True), (1, False)])
@pytest.mark.parametrize("message", [DECLINED, PARTIAL, INQUIRY, REFUND])
def test_the_tick_drops_an_answer_that_is_older_than_the_retention_and_none_before(message, beyond_ns, kept) -> None:
    async def scenario(kernel):
        shop = await started(kernel, nothing)
        engine = shop.engine()
        called_ns = kernel.now_ns
        first = await engine.authorize(message)
        answered_ns = kernel.now_ns
        assert called_ns < answered_ns - CALL_NS
        asked, real = [], shop.ledger.forget_answers

        async def forget_answers(*arguments):
            await kernel.delay_ns(answered_ns + RETENTION_NS + beyond_ns - CALL_NS - kernel.now_ns)
            asked.append(await real(*arguments))
            assert kernel.now_ns == answered_ns + RETENTION_NS + beyond_ns
            return asked[-1]

        shop.ledger.forget_answers = forget_answers
        await engine.expire(shop.now_ns())
        assert len(asked) == 1
        stored = await shop.ledger.answer(message.idempotency_key)
        assert (stored is not None) is kept
        if kept:
            assert to_bytes(await shop.engine().authorize(message)) == to_bytes(first)

    run(scenario)


@pytest.mark.parametrize("name", MESSAGES)
def test_within_the_retention_a_repeat_is_answered_the_same_whatever_ticks_have_passed(name) -> None:
    before, verb, message = MESSAGES[name]

    async def scenario(kernel):
        shop = await started(kernel, before)
        first = await told(shop, verb, message)
        for _ in range(23):
            await asyncio.sleep(3_600)
            await shop.engine().expire(shop.now_ns())
        shop.cache.flush()
        shop.holds.flush()
        assert to_bytes(await told(shop, verb, message)) == to_bytes(first)

    run(scenario)


def test_a_clock_of_the_engine_that_runs_ahead_drops_nothing_early() -> None:
    """The tick says what time it is; how old an answer is, the ledger knows by itself."""

    async def scenario(kernel):
        shop = await started(kernel, nothing)
        await shop.engine().authorize(DECLINED)
        await shop.engine().expire(shop.now_ns() + 3 * RETENTION_NS)
        assert await shop.ledger.answer(DECLINED.idempotency_key)

    run(scenario)


@pytest.mark.parametrize("message", [REQUEST, PARTIAL, replace(REQUEST, idempotency_key="auth-1")])
@pytest.mark.parametrize("ended", [False, True])
def test_after_the_retention_an_authorization_is_not_approved_a_second_time(message, ended) -> None:
    async def scenario(kernel):
        shop = await started(kernel, nothing)
        first = await shop.engine().authorize(message)
        assert first.approved
        if ended:
            await shop.engine().reverse(REVERSAL)
        funds = await shop.ledger.funds("ada")
        await much_later(shop)
        answer = await shop.engine().authorize(message)
        if message.idempotency_key == message.authorization_id:
            assert answer == first, "kept with the authorization itself, which costs nothing"
        else:
            expected = DeclineReason.REVERSED_BEFORE_ARRIVAL if ended else DeclineReason.INVALID_TRANSACTION
            assert answer.reason is expected
        assert await shop.ledger.funds("ada") == funds
        await swept(shop)
        await shop.agrees()

    run(scenario)


def test_after_the_retention_a_presentment_posts_no_second_time() -> None:
    async def scenario(kernel):
        shop = await started(kernel, captured)
        funds = await shop.ledger.funds("ada")
        await much_later(shop)
        (result,) = (await shop.engine().capture(BATCH)).results
        assert (result.outcome, result.posted_cents) == (CaptureOutcome.DUPLICATE, 0)
        assert await shop.ledger.funds("ada") == funds

    run(scenario)


@pytest.mark.parametrize("name", NOTICES)
def test_after_the_retention_what_happened_on_chain_is_booked_no_second_time(name) -> None:
    before, verb, notice = NOTICES[name]

    async def scenario(kernel):
        shop = await started(kernel, before)
        assert (await told(shop, verb, notice)).applied
        funds = await shop.ledger.funds("ada")
        for _ in range(2):
            await much_later(shop)
            assert not (await told(shop, verb, notice)).applied
        assert not (await told(shop, verb, notice)).applied, "and the new answer says so too"
        assert await shop.ledger.funds("ada") == funds
        await shop.agrees()

    run(scenario)


def test_after_the_retention_a_dispute_credits_no_second_time() -> None:
    async def scenario(kernel):
        shop = await started(kernel, captured)
        notice = dispute(DisputeState.SUBMITTED)
        await shop.engine().dispute(notice)
        funds = await shop.ledger.funds("ada")
        await much_later(shop)
        assert (await shop.engine().dispute(notice)).outcome is DisputeOutcome.NOT_ALLOWED
        assert await shop.ledger.funds("ada") == funds

    run(scenario)


def test_a_deposit_is_no_presentment_though_both_are_posted() -> None:
    async def scenario(kernel):
        shop = await started(kernel, approved)
        await shop.engine().deposit(DEPOSIT)
        await shop.engine().withdraw(WITHDRAWAL)
        notice = replace(dispute(DisputeState.SUBMITTED), presentment_id=f"deposit:{DEPOSIT.deposit_id}")
        assert (await shop.engine().dispute(notice)).outcome is DisputeOutcome.UNKNOWN_PRESENTMENT

    run(scenario)


def test_a_tick_drops_no_more_than_its_share_and_the_next_goes_on() -> None:
    class Counted:
        def __init__(self, left: int) -> None:
            self.left, self.calls = left, 0

        async def forget_answers(self, age_ns: int, limit: int) -> int:
            assert age_ns == RETENTION_NS
            self.calls += 1
            gone = min(limit, self.left)
            self.left -= gone
            return gone

    async def scenario(kernel):
        for left, calls in ((0, 1), (AT_ONCE - 1, 1), (AT_ONCE, 2), (AT_ONCE * ROUNDS + 1, ROUNDS)):
            ledger = Counted(left)
            await Forget(Ports(None, None, None, ledger, None), Terms())()
            assert ledger.calls == calls
            assert ledger.left == max(left - AT_ONCE * ROUNDS, 0)

    run(scenario)


def test_the_ledger_drops_the_oldest_first_and_at_most_what_it_is_told_to() -> None:
    async def scenario(kernel):
        ledger = Shop(kernel).ledger
        for number in range(5):
            assert await ledger.record(Commit(answers=(Answer(f"k{number}", b"", number),))) is Recorded.DONE
        await asyncio.sleep(1)
        assert await ledger.forget_answers(10**9 * 3, 99) == 0
        assert await ledger.forget_answers(1, 2) == 2
        assert [bool(await ledger.answer(f"k{number}")) for number in range(5)] == [False, False, True, True, True]
        assert await ledger.record(Commit(answers=(Answer("k0", b"", "new"),))) is Recorded.DONE
        assert await ledger.forget_answers(10**8, 99) == 3
        assert (await ledger.answer("k0")).response == "new"
        assert await ledger.forget_answers(10**8, 99) == 0

    run(scenario)


def test_other_terms_keep_them_for_longer() -> None:
    async def scenario(kernel):
        shop = await started(kernel, nothing)
        kit = EngineKit(Terms(idempotency_retention_ns=10 * DAY_NS), Ports(clock=shop, **shop.stores))
        first = await build(kit).authorize(DECLINED)
        await asyncio.sleep(9 * 86_400)
        await build(kit).expire(shop.now_ns())
        assert await build(kit).authorize(DECLINED) == first

    run(scenario)


@pytest.mark.parametrize("verb,message", [("reverse", PART), ("authorize", MORE), ("advise", LESS)])
def test_after_the_retention_what_changed_a_hold_changes_it_no_second_time(verb, message) -> None:
    """Nor does the hold store, which knows changes by the key, fall behind a ledger that would do it again."""

    async def scenario(kernel):
        shop = await started(kernel, approved)
        before = await shop.ledger.funds("ada")
        await told(shop, verb, message)
        if verb == "advise":
            await told(shop, "authorize", MORE)
        funds = await shop.ledger.funds("ada")
        assert funds != before
        await much_later(shop)
        again = await told(shop, verb, message)
        assert await shop.ledger.funds("ada") == funds
        held_cents = funds.held_usdc6 // 10_000
        if verb == "reverse":
            assert again.released_cents == 0
        elif verb == "advise":
            assert (again.outcome, again.held_cents) == (AdviceOutcome.ADOPTED, held_cents)
        else:
            assert again.reason is DeclineReason.INVALID_TRANSACTION
        await swept(shop)
        await shop.agrees()

    run(scenario)
