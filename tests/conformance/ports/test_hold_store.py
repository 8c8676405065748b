"""Every HoldStore: funds and limits are taken in one step, given back exactly once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from harness import HOLD_STORES
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.decline import DeclineReason
from engine.domain.ledger import AccountSnapshot, HoldChange, OpenHold
from engine.domain.limits import Spend
from engine.domain.policies import PRESETS, Cause
from engine.domain.scopes import ACCOUNT, Scope
from engine.domain.terms import DAY_NS, NO_LIMITS, LimitTerms, Velocity
from engine.ports import Hold, Unplaced


def plain(*cents: int) -> tuple[Scope, ...]:
    return (Scope(ACCOUNT, LimitTerms(*cents)),)


LIMITS = plain(1_000, 2_500, 6_000)
WIDE = plain(10**9, 10**9, 10**9)
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


async def refusal(store, hold, scopes):
    return (await store.place(hold, scopes)).refusal


def test_of_many_holds_at_one_instant_only_what_the_balance_covers_is_placed(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        placed = await asyncio.gather(*(refusal(store, hold(f"a{n}", 300), WIDE) for n in range(10)))
        assert placed.count(None) == 3
        assert placed.count(DeclineReason.INSUFFICIENT_FUNDS) == 7

    make.run(scenario)


@pytest.mark.parametrize(("cents", "reason"), [(999, None), (1_000, None), (1_001, DeclineReason.INSUFFICIENT_FUNDS)])
def test_a_hold_may_take_all_that_is_there_and_no_more(make, cents, reason) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        assert await refusal(store, hold("a", cents), WIDE) is reason

    make.run(scenario)


def test_a_taken_id_takes_nothing_more(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        assert await refusal(store, hold("a", 600), WIDE) is None
        assert await refusal(store, hold("a", 600), WIDE) is Unplaced.TAKEN
        assert await refusal(store, hold("b", 400), WIDE) is None
        assert await refusal(store, hold("c", 1), WIDE) is DeclineReason.INSUFFICIENT_FUNDS

    make.run(scenario)


def released(cents: int, ref: str = "a", at_ns: int = DAY_1, epoch: int = 1, left: int = 0) -> list[HoldChange]:
    spent = Spend(ref, "", "", at_ns, left + cents)
    return [HoldChange("ada", ref, left * 10_000, cents * 10_000, spent, spent._replace(reversed_cents=cents), epoch)]


def test_a_change_is_followed_once_however_often_it_is_told(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        await store.place(hold("a", 1_000), WIDE)
        for _ in range(3):
            assert not await store.apply("reversal", released(1_000))
        assert await refusal(store, hold("b", 1_000), WIDE) is None
        assert await refusal(store, hold("c", 1), WIDE) is DeclineReason.INSUFFICIENT_FUNDS

    make.run(scenario)


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

    make.run(scenario)


@pytest.mark.parametrize(("epoch", "available"), [(4, 500), (5, 500), (6, 900)])
def test_only_a_later_snapshot_replaces_an_image(make, epoch, available) -> None:
    async def scenario(kernel):
        store = make(kernel)
        await store.load(AccountSnapshot("ada", 5, 500 * 10_000, (), ()))
        await store.load(AccountSnapshot("ada", epoch, 900 * 10_000, (), ()))
        assert await refusal(store, hold("b", available + 1), WIDE) is DeclineReason.INSUFFICIENT_FUNDS
        assert (await store.place(hold("b", available), WIDE))[:2] == (max(epoch, 5), None)

    make.run(scenario)


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

    make.run(scenario)


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
        tight = plain(1_000, 1_000, 1_000)
        assert await refusal(store, hold("b", 601), tight) is DeclineReason.INSUFFICIENT_FUNDS
        assert await refusal(store, hold("b", 300), tight) is None
        assert await refusal(store, hold("c", 300), plain(1_000, 999, 999)) is DeclineReason.DAILY_LIMIT
        assert await refusal(store, hold("c", 300), tight) is None

    make.run(scenario)


def test_holds_wait_to_be_swept_in_order_as_they_are_then(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        for n, ref in enumerate("abc"):
            await store.place(hold(ref, 100, DAY_1 + n), WIDE)
        await store.apply("r1", released(100))
        await store.apply("r2", released(40, "b", left=60))
        await store.place(hold("b", 5)._replace(extends=Spend("b", "", "", DAY_1 + 1, 100, 40)), WIDE)
        assert list(await store.unswept(DAY_1 + 1, 9)) == []
        assert list(await store.unswept(DAY_1 + 2, 9)) == [OpenHold("b", "ada", 650_000)]
        assert [h.authorization_id for h in await store.unswept(DAY_1 + 9, 1)] == ["b"]
        await store.swept(["b"])
        assert [h.authorization_id for h in await store.unswept(DAY_1 + 9, 1)] == ["c"]

    make.run(scenario)


def test_only_a_hold_that_is_there_can_be_extended(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 1_000)
        more = hold("a", 400)._replace(extends=Spend("a", "", "", DAY_1, 600))
        assert await refusal(store, more, WIDE) is Unplaced.TAKEN
        assert await refusal(store, hold("a", 600), WIDE) is None
        assert await refusal(store, more, WIDE) is None
        assert await refusal(store, more, WIDE) is DeclineReason.INSUFFICIENT_FUNDS

    make.run(scenario)


def test_a_refused_hold_counts_in_no_window(make) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel, 2_500)
        assert await refusal(store, hold("big", 1_001), LIMITS) is DeclineReason.TRANSACTION_LIMIT
        for n in range(2):
            assert await refusal(store, hold(f"a{n}", 1_000), LIMITS) is None
        assert await refusal(store, hold("over", 501), LIMITS) is DeclineReason.INSUFFICIENT_FUNDS
        assert await refusal(store, hold("rest", 500), LIMITS) is None

    make.run(scenario)


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

    make.run(scenario)


@pytest.mark.parametrize(("cents", "reason"), [(499, None), (500, None), (501, DeclineReason.DAILY_LIMIT)])
def test_the_daily_limit_may_be_reached_and_not_passed(make, cents, reason) -> None:
    async def scenario(kernel):
        store = await funded(make, kernel)
        for n in range(2):
            await refusal(store, hold(f"a{n}", 1_000), LIMITS)
        assert await refusal(store, hold("last", cents), LIMITS) is reason

    make.run(scenario)


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

    make.run(scenario)


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

    HOLD_STORES[name].run(scenario)


class Books:
    """What the ledger would have: every spend as it stands, so that an image can be made anew at any time."""

    def __init__(self, store, cents: int = 10**6) -> None:
        self.store, self.left_cents, self.epoch, self.undone = store, cents, 0, 0
        self.spends: dict[str, Spend] = {}

    async def load(self, store=None) -> None:
        self.epoch += 1
        holds = tuple(OpenHold(ref, "ada", s.granted_cents * 10_000) for ref, s in self.spends.items())
        spends = tuple(sorted(self.spends.values(), key=lambda spend: spend.counted_at_ns))
        snapshot = AccountSnapshot("ada", self.epoch, self.left_cents * 10_000, holds, spends)
        await (store or self.store).load(snapshot)

    async def place(self, hold: Hold, scopes: tuple[Scope, ...], store=None) -> DeclineReason | None:
        """The answer of the store, loaded again where it asks for it: at most once."""
        store = store or self.store
        reason = await refusal(store, hold, scopes)
        if reason is Unplaced.NOT_LOADED:
            await self.load(store)
            reason = await refusal(store, hold, scopes)
        if reason is None:
            self.left_cents -= hold.amount_cents
            self.spends[hold.authorization_id] = hold.granted
        return reason

    async def follow(self, ref: str, spend: Spend) -> None:
        name = spend.authorization_id
        change = HoldChange(
            "ada", name, spend.granted_cents * 10_000, spent=self.spends.get(name), spend=spend, epoch=self.epoch
        )
        self.spends[name] = spend
        await self.store.apply(ref, [change])


def own(key: str, **bounds) -> tuple[Scope, ...]:
    return (*WIDE, Scope(key, replace(NO_LIMITS, **bounds)))


KINDS = [
    (own("card:c", per_transaction_cents=100), DeclineReason.TRANSACTION_LIMIT),
    (own("card:c", daily_cents=160), DeclineReason.DAILY_LIMIT),
    (own("line:old", weekly_cents=160), DeclineReason.WEEKLY_LIMIT),
    (own("mandate:m", monthly_cents=160), DeclineReason.MONTHLY_LIMIT),
    (own(ACCOUNT, yearly_cents=160)[1:], DeclineReason.YEARLY_LIMIT),
    (own("mandate:m", lifetime_cents=160), DeclineReason.LIFETIME_LIMIT),
    (own("card:c", velocity=(Velocity(60, max_cents=160),)), DeclineReason.VELOCITY_LIMIT),
]


def spent_by(ref: str, cents: int, at_ns: int = DAY_1, card: str = "c") -> Hold:
    return hold(ref, cents, at_ns)._replace(card_id=card, mcc="5411", counter_id="old", mandate_id="m")


@pytest.mark.parametrize(("cents", "allowed"), [(99, True), (100, True), (101, False)])
@pytest.mark.parametrize(("scopes", "reason"), KINDS)
def test_every_limit_of_account_card_and_mandate_may_be_reached_and_not_passed(
    make, scopes, reason, cents, allowed
) -> None:
    async def scenario(kernel):
        books = Books(make(kernel))
        assert await books.place(spent_by("a", 60), scopes) is None
        assert await books.place(spent_by("b", cents), scopes) is (None if allowed else reason)

    make.run(scenario)


@pytest.mark.parametrize(("bounds", "mcc", "reason"), [
    ({"daily_count": 2}, "5411", DeclineReason.VELOCITY_LIMIT),
    ({"daily_count": 3}, "5411", None),
    ({"velocity": (Velocity(60, max_count=2),)}, "5411", DeclineReason.VELOCITY_LIMIT),
    ({"blocked_mccs": frozenset({"7995"})}, "7995", DeclineReason.CATEGORY_BLOCKED),
    ({"blocked_mccs": frozenset({"7995"})}, "5411", None),
    ({"allowed_mccs": frozenset({"5411"})}, "7995", DeclineReason.CATEGORY_NOT_ALLOWED),
])  # fmt: skip
def test_counts_and_merchant_categories_are_enforced(make, bounds, mcc, reason) -> None:
    async def scenario(kernel):
        books, scopes = Books(make(kernel)), own("card:c", **bounds)
        for ref in "ab":
            assert await books.place(spent_by(ref, 1), scopes) is None
        assert await books.place(spent_by("last", 1)._replace(mcc=mcc), scopes) is reason

    make.run(scenario)


def test_want_of_funds_is_answered_before_any_limit(make) -> None:
    async def scenario(kernel):
        books = Books(make(kernel), 10)
        assert await books.place(spent_by("a", 11), own("card:c", daily_cents=0)) is DeclineReason.INSUFFICIENT_FUNDS
        assert await books.place(spent_by("a", 10), own("card:c", daily_cents=0)) is DeclineReason.DAILY_LIMIT

    make.run(scenario)


def test_what_one_card_spends_counts_for_its_mandate_and_not_for_other_cards(make) -> None:
    async def scenario(kernel):
        books = Books(make(kernel))
        assert await books.place(spent_by("a", 60, card="other"), own("mandate:m", daily_cents=100)) is None
        assert await books.place(spent_by("b", 100), own("card:c", daily_cents=100)) is None
        assert await books.place(spent_by("d", 1), own("mandate:m", daily_cents=161)) is None
        assert await books.place(spent_by("e", 1), own("mandate:m", daily_cents=161)) is DeclineReason.DAILY_LIMIT

    make.run(scenario)


@pytest.mark.parametrize(("cents", "reason"), [(99, None), (100, None), (101, DeclineReason.WEEKLY_LIMIT)])
@pytest.mark.parametrize("grown", [False, True])
def test_what_is_spent_under_plain_limits_counts_in_the_others_too(make, grown, cents, reason) -> None:
    async def scenario(kernel):
        books, scopes = Books(make(kernel)), own("mandate:m", weekly_cents=300)
        assert await books.place(spent_by("a", 100), scopes) is None
        assert await books.place(spent_by("b", 50 if grown else 100, card="free"), WIDE) is None
        if grown:
            more = spent_by("b", 50, card="free")._replace(extends=books.spends["b"])
            assert await books.place(more, WIDE) is None
        assert await books.place(spent_by("c", cents), scopes) is reason

    make.run(scenario)


@pytest.mark.parametrize("scopes", [LIMITS, (*LIMITS, *own("card:c")[1:])], ids=["plain", "with a card's"])
@pytest.mark.parametrize(("cents", "reason"), [(399, None), (400, None), (401, DeclineReason.TRANSACTION_LIMIT)])
def test_the_limit_of_a_transaction_holds_for_it_with_its_increments(make, scopes, cents, reason) -> None:
    async def scenario(kernel):
        books = Books(make(kernel))
        assert await books.place(spent_by("a", 600), scopes) is None
        more = spent_by("a", cents)._replace(extends=books.spends["a"])
        assert await books.place(more, scopes) is reason

    make.run(scenario)


@pytest.mark.parametrize(("cents", "reason"), [(399, None), (400, None), (401, DeclineReason.DAILY_LIMIT)])
@pytest.mark.parametrize("scopes", [plain(10**6, 1_000, 10**6), own(ACCOUNT, daily_cents=1_000, daily_count=1)[1:]])
def test_an_increment_counts_on_the_day_of_its_original_and_is_no_transaction(make, scopes, cents, reason) -> None:
    async def scenario(kernel):
        books = Books(make(kernel))
        assert await books.place(spent_by("a", 600), scopes) is None
        assert await books.place(spent_by("tomorrow", 1_000, DAY_1 + DAY_NS), scopes) is None
        more = spent_by("a", cents)._replace(extends=books.spends["a"])
        assert await books.place(more, scopes) is reason
        full = await books.place(spent_by("tomorrow too", 1, DAY_1 + DAY_NS), scopes)
        assert full is DeclineReason.DAILY_LIMIT

    make.run(scenario)


def test_an_advice_counts_above_the_limit_and_a_forced_capture_where_the_policy_says(make) -> None:
    async def scenario(kernel):
        books = Books(make(kernel))
        scopes = own("card:c", daily_cents=100)
        forced = own("card:c", daily_cents=100, policy=PRESETS["lithic-velocity"])
        assert await books.place(spent_by("a", 60), scopes) is None
        capture = spent_by("p", 41).spend._replace(forced=True)
        await books.follow("capture", capture)
        assert await books.place(spent_by("c", 1), forced) is DeclineReason.DAILY_LIMIT
        assert await books.place(spent_by("b", 40), scopes) is None
        await books.follow("advice", spent_by("told", 500, DAY_1 + 2 * DAY_NS).spend)
        assert await books.place(spent_by("d", 1, DAY_1 + 2 * DAY_NS), scopes) is DeclineReason.DAILY_LIMIT

    make.run(scenario)


@pytest.mark.parametrize("late_ns", [0, DAY_NS, 31 * DAY_NS, 33 * DAY_NS, 400 * DAY_NS])
def test_forgetting_closed_windows_changes_no_decision_however_late_one_comes(make, late_ns) -> None:
    async def scenario(kernel):
        books, scopes = Books(make(kernel)), own("card:c", daily_cents=100)
        now_ns = DAY_1 + late_ns
        assert await books.place(spent_by("a", 60), scopes) is None
        for _ in range(2):
            await books.store.compact(now_ns)
        assert await books.place(spent_by("b", 41), scopes) is DeclineReason.DAILY_LIMIT
        assert await books.place(spent_by("c", 40), scopes) is None

    make.run(scenario)


BOUNDS = [
    {"daily_cents": 300}, {"weekly_cents": 400}, {"monthly_cents": 500}, {"yearly_cents": 600}, {"lifetime_cents": 600},
    {"daily_count": 3}, {"velocity": (Velocity(86_400, 2, 300),)},
]  # fmt: skip
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["place", "place", "grow", "advise", "force", "compact", *Cause]),
        st.integers(0, 5), st.integers(1, 150), st.sampled_from([0, 1, DAY_NS // 2, DAY_NS, 9 * DAY_NS]),
        st.sampled_from(["c", "d"]),
    ), max_size=14,
)  # fmt: skip
CHOICES = st.lists(
    st.tuples(
        st.sampled_from([ACCOUNT, "card:c", "card:d", "line:old", "mandate:m"]),
        st.sampled_from(BOUNDS), st.sampled_from(list(PRESETS.values())),
    ), min_size=1, max_size=3, unique_by=lambda choice: choice[0],
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(EVENTS, CHOICES, st.sampled_from(sorted(HOLD_STORES)))
def test_an_image_that_followed_everything_decides_as_one_made_from_what_the_ledger_has(events, choices, name) -> None:
    async def scenario(kernel):
        scopes = tuple(Scope(key, replace(NO_LIMITS, policy=policy, **bounds)) for key, bounds, policy in choices)
        books, at_ns = Books(HOLD_STORES[name](kernel)), DAY_1
        await books.load()
        for step, (verb, number, cents, later_ns, card) in enumerate(events):
            at_ns, ref = at_ns + later_ns, f"a{number}"
            known = books.spends.get(ref)
            if verb == "place" and known is None:
                await books.place(spent_by(ref, cents, at_ns, card), scopes)
            elif verb == "grow" and known is not None:
                hold = spent_by(ref, cents, known.counted_at_ns, known.card_id)
                await books.place(hold._replace(extends=known), scopes)
            elif verb == "compact":
                await books.store.compact(at_ns)
            elif verb == "advise" and known is not None:
                await books.follow(f"{step}", known._replace(granted_cents=cents))
            elif verb in ("force", "advise"):
                told = spent_by(f"f{step}", cents, at_ns, card).spend
                await books.follow(f"{step}", told._replace(forced=verb == "force"))
            elif verb in tuple(Cause) and known is not None:
                await books.follow(f"{step}", known.given_back(cents, verb))
            for probe_cents in (1, 60, 150):
                probe = spent_by("probe", probe_cents, at_ns, card)
                anew = HOLD_STORES[name](kernel)
                expected = await Books.place(copied(books), probe, scopes, anew)
                assert await as_it_is(books, probe, scopes) is expected

    HOLD_STORES[name].run(scenario)


def copied(books: Books) -> Books:
    """Books of their own, so that a probe leaves no trace."""
    twin = Books(books.store, books.left_cents)
    twin.spends, twin.epoch = dict(books.spends), books.epoch
    return twin


async def as_it_is(books: Books, probe: Hold, scopes: tuple[Scope, ...]) -> DeclineReason | None:
    """What the image says of a probe, which is taken back where it is placed."""
    reason = await books.place(probe, scopes)
    if reason is None:
        books.left_cents += probe.amount_cents
        spend = books.spends.pop("probe")
        gone = spend.given_back(spend.granted_cents, Cause.UNDONE)
        change = HoldChange("ada", "probe", 0, probe.amount_usdc6, spend, gone, books.epoch)
        books.undone += 1
        await books.store.apply(f"undo {books.undone}", [change])
    return reason
