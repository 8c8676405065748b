"""Every HoldStore: funds and limits are taken in one step, given back exactly once."""

from __future__ import annotations

import asyncio

import pytest
from harness import HOLD_STORES, run
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.decline import DeclineReason
from engine.domain.ledger import AccountSnapshot, HoldChange, OpenHold, Spend
from engine.domain.terms import DAY_NS, LimitTerms, Velocity
from engine.interface import NotSupported
from engine.ports import Hold, Unplaced

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
    await store.load(AccountSnapshot("ada", 1, cents * 10_000, (), ()))
    return store


async def refusal(store, hold, limits):
    return (await store.place(hold, limits)).refusal


def test_of_many_holds_at_one_instant_only_what_the_balance_covers_is_placed(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        placed = await asyncio.gather(*(refusal(store, hold(f"a{n}", 300), WIDE) for n in range(10)))
        assert placed.count(None) == 3
        assert placed.count(DeclineReason.INSUFFICIENT_FUNDS) == 7

    run(scenario)


@pytest.mark.parametrize(("cents", "reason"), [(999, None), (1_000, None), (1_001, DeclineReason.INSUFFICIENT_FUNDS)])
def test_a_hold_may_take_all_that_is_there_and_no_more(make, cents, reason) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        assert await refusal(store, hold("a", cents), WIDE) is reason

    run(scenario)


def test_a_taken_id_takes_nothing_more(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        assert await refusal(store, hold("a", 600), WIDE) is None
        assert await refusal(store, hold("a", 600), WIDE) is Unplaced.TAKEN
        assert await refusal(store, hold("b", 400), WIDE) is None
        assert await refusal(store, hold("c", 1), WIDE) is DeclineReason.INSUFFICIENT_FUNDS

    run(scenario)


def released(cents: int, ref: str = "a", at_ns: int = DAY_1, epoch: int = 1, left: int = 0) -> list[HoldChange]:
    return [HoldChange("ada", ref, left * 10_000, cents * 10_000, -cents, at_ns, epoch=epoch)]


def test_a_change_is_followed_once_however_often_it_is_told(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        await store.place(hold("a", 1_000), WIDE)
        for _ in range(3):
            assert not await store.apply("reversal", released(1_000))
        assert await refusal(store, hold("b", 1_000), WIDE) is None
        assert await refusal(store, hold("c", 1), WIDE) is DeclineReason.INSUFFICIENT_FUNDS

    run(scenario)


@pytest.mark.parametrize(("epoch", "behind", "available"), [(4, [], 500), (5, [], 600), (6, ["ada"], 500)])
def test_an_image_takes_changes_of_its_own_epoch_has_earlier_ones_and_cannot_take_later_ones(
    make, epoch, behind, available
) -> None:
    async def scenario(kernel):
        store = make(kernel)
        await store.load(AccountSnapshot("ada", 5, 500 * 10_000, (), ()))
        change = HoldChange("ada", available_usdc6=100 * 10_000, epoch=epoch)
        for _ in range(2):
            assert list(await store.apply("deposit", [change])) == behind
        assert await refusal(store, hold("b", available + 1), WIDE) is DeclineReason.INSUFFICIENT_FUNDS
        assert await refusal(store, hold("b", available), WIDE) is None

    run(scenario)


@pytest.mark.parametrize(("epoch", "available"), [(4, 500), (5, 500), (6, 900)])
def test_only_a_later_snapshot_replaces_an_image(make, epoch, available) -> None:
    async def scenario(kernel):
        store = make(kernel)
        await store.load(AccountSnapshot("ada", 5, 500 * 10_000, (), ()))
        await store.load(AccountSnapshot("ada", epoch, 900 * 10_000, (), ()))
        assert await refusal(store, hold("b", available + 1), WIDE) is DeclineReason.INSUFFICIENT_FUNDS
        assert (await store.place(hold("b", available), WIDE))[:2] == (max(epoch, 5), None)

    run(scenario)


def test_a_change_for_two_accounts_reaches_the_one_that_is_there_and_later_the_other_once_each(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 0)
        both = [HoldChange(name, available_usdc6=100 * 10_000, epoch=1) for name in ("ada", "bob")]
        assert list(await store.apply("r", both)) == ["bob"]
        await store.load(AccountSnapshot("bob", 1, 0, (), ()))
        assert not await store.apply("r", both)
        assert not await store.apply("r", both)
        for name in ("ada", "bob"):
            assert await refusal(store, hold("x" + name, 101, account=name), WIDE) is DeclineReason.INSUFFICIENT_FUNDS
            assert await refusal(store, hold("x" + name, 100, account=name), WIDE) is None

    run(scenario)


@pytest.mark.parametrize("loss", ["flush", "evict", "fail_over"])
def test_after_a_loss_nothing_is_placed_until_the_account_is_loaded_again(make, loss) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        store.checkpoint()
        await store.place(hold("a", 400), WIDE)
        store.evict("ada") if loss == "evict" else getattr(store, loss)()
        assert (await store.place(hold("b", 1), WIDE))[:2] == (0, Unplaced.NOT_LOADED)
        assert list(await store.apply("r", [HoldChange("ada", available_usdc6=1, epoch=1)])) == ["ada"]
        spends = (Spend("a", "", "", DAY_1, 400),)
        await store.load(AccountSnapshot("ada", 2, 600 * 10_000, (OpenHold("a", "ada", 4_000_000),), spends))
        assert await refusal(store, hold("a", 400), WIDE) is Unplaced.TAKEN
        tight = LimitTerms(1_000, 1_000, 1_000)
        assert await refusal(store, hold("b", 601), tight) is DeclineReason.INSUFFICIENT_FUNDS
        assert await refusal(store, hold("b", 300), tight) is None
        assert await refusal(store, hold("c", 300), LimitTerms(1_000, 999, 999)) is DeclineReason.DAILY_LIMIT
        assert await refusal(store, hold("c", 300), tight) is None

    run(scenario)


def test_holds_wait_to_be_swept_in_order_as_they_are_then(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        for n, ref in enumerate("abc"):
            await store.place(hold(ref, 100, DAY_1 + n), WIDE)
        await store.apply("r1", released(100))
        await store.apply("r2", released(40, "b", left=60))
        await store.place(hold("b", 5)._replace(extends=True), WIDE)
        assert list(await store.unswept(DAY_1 + 1, 9)) == []
        assert list(await store.unswept(DAY_1 + 2, 9)) == [OpenHold("b", "ada", 650_000)]
        assert [h.authorization_id for h in await store.unswept(DAY_1 + 9, 1)] == ["b"]
        await store.swept(["b"])
        assert [h.authorization_id for h in await store.unswept(DAY_1 + 9, 1)] == ["c"]

    run(scenario)


def test_only_a_hold_that_is_there_can_be_extended(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        more = hold("a", 400)._replace(extends=True)
        assert await refusal(store, more, WIDE) is Unplaced.TAKEN
        assert await refusal(store, hold("a", 600), WIDE) is None
        assert await refusal(store, more, WIDE) is None
        assert await refusal(store, more, WIDE) is DeclineReason.INSUFFICIENT_FUNDS

    run(scenario)


def test_a_refused_hold_counts_in_no_window(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 2_500)
        assert await refusal(store, hold("big", 1_001), LIMITS) is DeclineReason.TRANSACTION_LIMIT
        for n in range(2):
            assert await refusal(store, hold(f"a{n}", 1_000), LIMITS) is None
        assert await refusal(store, hold("over", 501), LIMITS) is DeclineReason.INSUFFICIENT_FUNDS
        assert await refusal(store, hold("rest", 500), LIMITS) is None

    run(scenario)


def test_the_day_is_full_until_midnight_and_the_month_until_the_first(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel)
        first = DAY_1 - 2 * DAY_NS  # the 26th, 27th and 28th of February take the month's limit
        for day in range(3):
            at_ns = first + day * DAY_NS
            for n in range(2):
                assert await refusal(store, hold(f"{day}-{n}", 1_000, at_ns), LIMITS) is None
        last = first + 3 * DAY_NS - 1
        assert await refusal(store, hold("same month", 1, last), LIMITS) is DeclineReason.MONTHLY_LIMIT
        assert await refusal(store, hold("next month", 1, last + 1), LIMITS) is None

    run(scenario)


@pytest.mark.parametrize(("cents", "reason"), [(499, None), (500, None), (501, DeclineReason.DAILY_LIMIT)])
def test_the_daily_limit_may_be_reached_and_not_passed(make, cents, reason) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel)
        for n in range(2):
            await refusal(store, hold(f"a{n}", 1_000), LIMITS)
        assert await refusal(store, hold("last", cents), LIMITS) is reason

    run(scenario)


def test_what_a_hold_gives_back_goes_to_its_own_windows_alone(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel)
        for n in range(2):
            await store.place(hold(f"monday{n}", 1_000), LIMITS)
            await store.place(hold(f"tuesday{n}", 1_000, DAY_1 + DAY_NS), LIMITS)
        await store.apply("r1", released(1_000, "monday0"))
        assert await refusal(store, hold("x", 501, DAY_1 + DAY_NS), LIMITS) is DeclineReason.DAILY_LIMIT
        await store.apply("r2", released(1_000, "tuesday0", DAY_1 + DAY_NS))
        assert await refusal(store, hold("y", 1_000, DAY_1 + DAY_NS), LIMITS) is None

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
        store = await funded(HOLD_STORES[name], kernel, 0)
        credited, held = 0, {}
        for step, (verb, number, cents) in enumerate(steps):
            ref = f"a{number}"
            if verb == "credit":
                credited += cents
                await store.apply(f"credit {step}", [HoldChange("ada", available_usdc6=cents * 10_000, epoch=1)])
            elif verb == "drop":
                await store.apply(f"drop {step}", released(held.pop(ref, 0), ref))
            elif ref not in held:
                reason = await refusal(store, hold(ref, cents), WIDE)
                assert (reason is None) is (cents <= credited - sum(held.values()))
                if reason is None:
                    held[ref] = cents
        left = credited - sum(held.values())
        assert await refusal(store, hold("probe", left + 1), WIDE) is DeclineReason.INSUFFICIENT_FUNDS
        if left:
            assert await refusal(store, hold("probe", left), WIDE) is None

    run(scenario)


@pytest.mark.parametrize(
    "limits",
    [LimitTerms(weekly_cents=1), LimitTerms(velocity=(Velocity(60, 1),)), LimitTerms(blocked_mccs=frozenset("5"))],
)
def test_limits_are_enforced_or_refused_and_never_ignored(make, limits) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel)
        try:
            placed = [(await store.place(hold(f"a{n}", 2)._replace(mcc="5"), limits)).refusal for n in range(2)]
        except NotSupported:
            return
        assert placed[-1] is not None

    run(scenario)
