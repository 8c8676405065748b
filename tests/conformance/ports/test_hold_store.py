"""Every HoldStore: funds and limits are taken in one step, given back exactly once."""

from __future__ import annotations

import asyncio

import pytest
from harness import HOLD_STORES, run
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.decline import DeclineReason
from engine.domain.terms import DAY_NS, LimitTerms
from engine.ports import Hold, HoldChange

LIMITS = LimitTerms(per_transaction_cents=1_000, daily_cents=2_500, monthly_cents=6_000)
WIDE = LimitTerms(10**9, 10**9, 10**9)
DAY_1 = 17_225 * DAY_NS  # 2017-02-28


@pytest.fixture(params=sorted(HOLD_STORES))
def make(request):
    return HOLD_STORES[request.param]


def hold(ref: str, cents: int, at_ns: int = DAY_1, account: str = "ada") -> Hold:
    return Hold(ref, account, cents * 10_000, cents, at_ns)


async def funded(make, kernel, cents: int = 10**6):
    store = make(kernel)
    await store.apply("opening", [HoldChange("ada", "", 0, cents * 10_000)])
    return store


def test_of_many_holds_at_one_instant_only_what_the_balance_covers_is_placed(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        placed = await asyncio.gather(*(store.place(hold(f"a{n}", 300), WIDE) for n in range(10)))
        assert placed.count(None) == 3
        assert placed.count(DeclineReason.INSUFFICIENT_FUNDS) == 7

    run(scenario)


@pytest.mark.parametrize(("cents", "reason"), [(999, None), (1_000, None), (1_001, DeclineReason.INSUFFICIENT_FUNDS)])
def test_a_hold_may_take_all_that_is_there_and_no_more(make, cents, reason) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        assert await store.place(hold("a", cents), WIDE) is reason

    run(scenario)


def test_placing_the_same_authorization_again_takes_nothing_more(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        assert await store.place(hold("a", 600), WIDE) is None
        assert await store.place(hold("a", 600), WIDE) is None
        assert await store.place(hold("b", 400), WIDE) is None
        assert await store.place(hold("c", 1), WIDE) is DeclineReason.INSUFFICIENT_FUNDS

    run(scenario)


def test_dropping_twice_gives_back_once(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        await store.place(hold("a", 1_000), WIDE)
        await store.drop(["a", "unknown"])
        await store.drop(["a"])
        assert await store.place(hold("b", 1_000), WIDE) is None
        assert await store.place(hold("c", 1), WIDE) is DeclineReason.INSUFFICIENT_FUNDS

    run(scenario)


def test_a_refused_hold_counts_in_no_window(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 2_500)
        assert await store.place(hold("big", 1_001), LIMITS) is DeclineReason.TRANSACTION_LIMIT
        for n in range(2):
            assert await store.place(hold(f"a{n}", 1_000), LIMITS) is None
        assert await store.place(hold("over", 501), LIMITS) is DeclineReason.INSUFFICIENT_FUNDS
        assert await store.place(hold("rest", 500), LIMITS) is None

    run(scenario)


def test_the_day_is_full_until_midnight_and_the_month_until_the_first(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel)
        first = DAY_1 - 2 * DAY_NS  # the 26th, 27th and 28th of February take the month's limit
        for day in range(3):
            at_ns = first + day * DAY_NS
            for n in range(2):
                assert await store.place(hold(f"{day}-{n}", 1_000, at_ns), LIMITS) is None
        last = first + 3 * DAY_NS - 1
        assert await store.place(hold("same month", 1, last), LIMITS) is DeclineReason.MONTHLY_LIMIT
        assert await store.place(hold("next month", 1, last + 1), LIMITS) is None

    run(scenario)


@pytest.mark.parametrize(("cents", "reason"), [(499, None), (500, None), (501, DeclineReason.DAILY_LIMIT)])
def test_the_daily_limit_may_be_reached_and_not_passed(make, cents, reason) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel)
        for n in range(2):
            await store.place(hold(f"a{n}", 1_000), LIMITS)
        assert await store.place(hold("last", cents), LIMITS) is reason

    run(scenario)


def test_a_dropped_hold_gives_its_limit_back_to_its_own_windows_alone(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel)
        for n in range(2):
            await store.place(hold(f"monday{n}", 1_000), LIMITS)
            await store.place(hold(f"tuesday{n}", 1_000, DAY_1 + DAY_NS), LIMITS)
        await store.drop(["monday0"])
        assert await store.place(hold("x", 501, DAY_1 + DAY_NS), LIMITS) is DeclineReason.DAILY_LIMIT
        await store.drop(["tuesday0"])
        assert await store.place(hold("y", 1_000, DAY_1 + DAY_NS), LIMITS) is None

    run(scenario)


def test_after_a_partial_capture_only_what_is_left_comes_back(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        await store.place(hold("a", 1_000), WIDE)
        await store.apply("capture", [HoldChange("ada", "a", 400 * 10_000, 0)])
        await store.drop(["a"])
        assert await store.place(hold("b", 401), WIDE) is DeclineReason.INSUFFICIENT_FUNDS
        assert await store.place(hold("b", 400), WIDE) is None

    run(scenario)


def test_what_is_applied_twice_under_one_ref_counts_once(make) -> None:
    async def scenario(kernel):
        store = make(kernel)
        for _ in range(2):
            await store.apply("deposit", [HoldChange("ada", "", 0, 500 * 10_000)])
        assert await store.place(hold("a", 501), WIDE) is DeclineReason.INSUFFICIENT_FUNDS
        assert await store.place(hold("a", 500), WIDE) is None

    run(scenario)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.integers(0, 8), st.integers(1, 900)),
        st.tuples(st.just("drop"), st.integers(0, 8), st.just(0)),
        st.tuples(st.just("credit"), st.just(0), st.integers(1, 900)),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(STEPS, st.sampled_from(sorted(HOLD_STORES)))
def test_the_balance_is_always_what_was_credited_less_what_is_held(steps, name) -> None:
    async def scenario(kernel):
        store = HOLD_STORES[name](kernel)
        credited, held = 0, {}
        for step, (verb, number, cents) in enumerate(steps):
            ref = f"a{number}"
            if verb == "credit":
                credited += cents
                await store.apply(f"credit {step}", [HoldChange("ada", "", 0, cents * 10_000)])
            elif verb == "drop":
                held.pop(ref, None)
                await store.drop([ref])
            elif ref not in held:
                reason = await store.place(hold(ref, cents), WIDE)
                assert (reason is None) is (cents <= credited - sum(held.values()))
                if reason is None:
                    held[ref] = cents
        left = credited - sum(held.values())
        assert await store.place(hold("probe", left + 1), WIDE) is DeclineReason.INSUFFICIENT_FUNDS
        if left:
            assert await store.place(hold("probe", left), WIDE) is None

    run(scenario)
