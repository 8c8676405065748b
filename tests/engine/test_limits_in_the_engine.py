"""Limits that make no sense are refused when they are told; the job that forgets closed windows runs once a day."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from test_authorize_when_stores_fail import REQUEST, run
from test_power_cut_at_every_await import OPENING, Cutter, Shop

from engine.domain.policies import PRESETS
from engine.domain.terms import DAY_NS, NO_LIMITS, SECOND_NS, Velocity
from engine.interface import CardStatus, DeclineReason, DepositNotice, EngineError, EngineKit, MandateOpening, Terms
from engine.ports import Ports, PortUnavailable
from engine.services.engine import build
from engine.services.reset import Reset

FOREVER_NS = 10**19


def only(**bounds):
    return replace(NO_LIMITS, **bounds)


def opening(card=None, mandate=None, **changes):
    mandates = (MandateOpening("m", FOREVER_NS, limits=mandate),) if mandate is not None else ()
    one = replace(OPENING.cards[0], limits=card, mandate_id="m" if mandates else "", **changes)
    return replace(OPENING, cards=(one,), mandates=mandates)


@pytest.mark.parametrize(("card", "mandate", "wrong"), [
    (only(daily_cents=499), only(daily_cents=500), ""), (only(daily_cents=500), only(daily_cents=500), ""),
    (only(daily_cents=501), only(daily_cents=500), "card card-1: daily_cents is 501, but the mandate allows 500"),
    (only(daily_cents=-1), None, "card card-1: daily_cents is -1"), (only(daily_cents=0), None, ""),
    (only(velocity=(Velocity(9, 1),)), None, "not 9 seconds"), (only(velocity=(Velocity(10, 1),)), None, ""),
    (None, only(weekly_cents=-1), "mandate m: weekly_cents is -1"),
])  # fmt: skip
def test_limits_that_cannot_be_are_refused_and_the_account_stays_as_it_was(card, mandate, wrong) -> None:
    async def scenario(kernel):
        shop = Shop(kernel)
        engine = shop.engine()
        await engine.open_account(OPENING)
        before = await shop.ledger.card("card-1")
        if not wrong:
            await engine.open_account(opening(card, mandate))
            assert (await shop.ledger.card("card-1")).card.limits == card
            return
        with pytest.raises(EngineError, match=wrong):
            await engine.open_account(opening(card, mandate))
        assert await shop.ledger.card("card-1") == before

    run(scenario)


@pytest.mark.parametrize(("cents", "sound"), [(-1, False), (0, True), (1, True)])
def test_no_engine_is_built_on_terms_that_cannot_be(cents, sound) -> None:
    def scenario(kernel):
        shop = Shop(kernel)
        return build(EngineKit(Terms(only(daily_cents=cents)), Ports(shop, **shop.stores)))

    async def built(kernel):
        if sound:
            scenario(kernel)
        else:
            with pytest.raises(EngineError, match="daily_cents is -1"):
                scenario(kernel)

    run(built)


class Store:
    """Counts, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.compacted = failures, []

    async def compact(self, now_ns: int) -> None:
        if self.failures:
            self.failures -= 1
            raise PortUnavailable("down")
        self.compacted.append(now_ns)


def test_closed_windows_are_forgotten_once_a_day_and_on_the_first() -> None:
    async def scenario(kernel):
        store = Store()
        reset = Reset(Ports(None, None, store, None, None))
        first = 31 * DAY_NS  # the first of February
        ticks = [first - DAY_NS, first - SECOND_NS, first - 1, first, first + 1, first + DAY_NS - 1, first + DAY_NS]
        for now_ns in ticks:
            await reset(now_ns)
        assert store.compacted == [first - DAY_NS, first, first + DAY_NS]

    run(scenario)


def test_where_the_store_fails_the_next_tick_tries_again() -> None:
    async def scenario(kernel):
        store = Store(failures=1)
        reset = Reset(Ports(None, None, store, None, None))
        with pytest.raises(PortUnavailable):
            await reset(5)
        for now_ns in (6, 7):
            await reset(now_ns)
        assert store.compacted == [6]

    run(scenario)


def test_the_tick_of_a_new_day_forgets_for_all_accounts_also_those_of_frozen_cards() -> None:
    async def scenario(kernel):
        shop, cutter = Shop(kernel), Cutter()
        engine = shop.engine(cutter)
        limits = only(daily_cents=600, velocity=(Velocity(10, 5),))
        await engine.open_account(opening(limits))
        await engine.deposit(DepositNotice("d", "ada", 10_000_000, 1))
        assert (await engine.authorize(REQUEST)).approved
        tally = shop.holds._images["ada"].tally
        assert tally.size() > 0
        await engine.open_account(opening(limits, status=CardStatus.FROZEN))
        kernel_now_ns = shop.now_ns()
        for _ in range(2):
            await engine.expire(kernel_now_ns + 40 * DAY_NS)
        assert cutter.calls.count("holds.compact") == 1
        assert tally.size() == 0
        assert shop.holds._images["ada"].tally is tally

    run(scenario)


def test_cards_with_limits_of_their_own_spend_at_once_and_none_is_over() -> None:
    """Each needs counters that the image lacks at first: they are made for both, and neither refuses the other."""

    async def scenario(kernel):
        shop = Shop(kernel)
        engine = shop.engine()
        cards = tuple(
            replace(OPENING.cards[0], card_id=f"card-{n}", limits=only(weekly_cents=700, policy=PRESETS[name]))
            for n, name in enumerate(("stripe", "lithic"))
        )
        await engine.open_account(replace(OPENING, cards=cards))
        await engine.deposit(DepositNotice("d", "ada", 100_000_000, 1))
        requests = [
            replace(
                REQUEST, idempotency_key=f"{n}-{i}", authorization_id=f"{n}-{i}", card_id=f"card-{n}", amount_cents=300
            )
            for i in range(4)
            for n in range(2)
        ]
        answers = await asyncio.gather(*(engine.authorize(request) for request in requests))
        for n in range(2):
            reasons = [answer.reason for answer in answers if answer.authorization_id.startswith(f"{n}-")]
            assert sorted(map(str, reasons)) == ["None", "None", *[str(DeclineReason.WEEKLY_LIMIT)] * 2]

    run(scenario)
