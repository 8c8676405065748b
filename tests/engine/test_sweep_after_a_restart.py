"""What an engine leaves in the hold store when it dies is free again soon after the next one begins, without a tick."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_authorize_when_stores_fail import REQUEST, Faulty, run
from test_power_cut_at_every_await import FUNDS, Cutter, Shop, nothing, started, swept

from engine.domain.terms import SECOND_NS
from engine.interface import AuthorizationRequest, DeclineReason, EngineKit, Terms
from engine.ports import Ports
from engine.services.engine import build
from engine.services.images import Images
from engine.services.sweep import AT_ONCE, ORPHAN_AGE_IN_BUDGETS, ROUNDS, Sweep

EVERYTHING = replace(REQUEST, amount_cents=FUNDS // 10_000)
SOON_S = ORPHAN_AGE_IN_BUDGETS * Terms().decision_budget_ns / SECOND_NS
CALLS_S = 0.030
"""More than the calls of a sweep take here."""


def asked(number: int, **changes: Any) -> AuthorizationRequest:
    return replace(EVERYTHING, idempotency_key=f"k{number}", authorization_id=f"b{number}", **changes)


async def died_before_recording(shop: Shop) -> None:
    """All that the account has is placed, and whoever placed it is gone."""
    cutter, group = Cutter(at=3), shop.kernel.power_group("the first")
    group.call(shop.engine(cutter).authorize(EVERYTHING))
    await cutter.reached.wait()
    group.cut()
    assert shop.holds.available_usdc6("ada") == 0
    assert (await shop.ledger.funds("ada")).available_usdc6 == FUNDS


def test_an_orphan_refuses_funds_for_some_seconds_and_no_longer() -> None:
    async def scenario(kernel):
        shop = await started(kernel, nothing)
        await died_before_recording(shop)
        engine = shop.engine()
        began_s = kernel.loop.time()
        assert (await engine.authorize(asked(1))).reason is DeclineReason.INSUFFICIENT_FUNDS
        await asyncio.sleep(began_s + SOON_S - 0.001 - kernel.loop.time())
        assert shop.holds.available_usdc6("ada") == 0
        await asyncio.sleep(CALLS_S)
        assert shop.holds.available_usdc6("ada") == FUNDS
        assert (await engine.authorize(asked(2))).approved
        assert SOON_S <= 10, "some seconds"

    run(scenario)


def test_it_is_swept_once_and_by_each_engine_that_begins() -> None:
    async def scenario(kernel):
        shop = await started(kernel, nothing)
        calls, real = [], shop.ledger.unfollowed

        async def unfollowed(limit: int) -> Any:
            calls.append(kernel.now_ns)
            return await real(limit)

        shop.ledger.unfollowed = unfollowed
        for times in (1, 2):
            engine = shop.engine()
            await asyncio.sleep(60)
            assert len(calls) == times - 1, "nobody has asked it for anything"
            for number in range(3):
                await engine.authorize(asked(10 * times + number, amount_cents=1))
                await asyncio.sleep(60)
            assert len(calls) == times

    run(scenario)


@pytest.mark.parametrize(("port", "method"), [("ledger", "unfollowed"), ("holds", "unswept"), ("ledger", "unheld")])
def test_a_store_that_fails_meanwhile_delays_it_and_does_not_stop_it(port, method) -> None:
    async def scenario(kernel):
        shop = await started(kernel, nothing)
        await died_before_recording(shop)
        stores = dict(shop.stores)
        stores[port] = Faulty(stores[port], method, "fails before")
        engine = build(EngineKit(Terms(), Ports(clock=shop, **stores)))
        await engine.authorize(asked(1))
        await asyncio.sleep(SOON_S + CALLS_S)
        assert shop.holds.available_usdc6("ada") == 0
        await asyncio.sleep(SOON_S + CALLS_S + 1)
        assert shop.holds.available_usdc6("ada") == FUNDS

    run(scenario)


def test_what_is_recorded_meanwhile_is_left_alone() -> None:
    async def scenario(kernel):
        shop = await started(kernel, nothing)
        assert (await shop.engine().authorize(REQUEST)).approved
        engine = shop.engine()
        assert (await engine.authorize(asked(1, amount_cents=100))).approved
        await asyncio.sleep(2 * SOON_S)
        assert (await shop.ledger.funds("ada")).held_usdc6 == 7_000_000
        await swept(shop)
        await shop.agrees()

    run(scenario)


@pytest.mark.parametrize(
    ("left", "calls"),
    [
        (0, 1),
        (AT_ONCE - 1, 1),
        (AT_ONCE, 2),
        (AT_ONCE + 1, 2),
        (AT_ONCE * ROUNDS, ROUNDS),
        (AT_ONCE * ROUNDS + 1, ROUNDS),
    ],
)
def test_a_sweep_goes_on_while_there_may_be_more_and_leaves_the_rest_to_the_next(left, calls) -> None:
    class Pending:
        def __init__(self) -> None:
            self.left, self.calls = left, 0

        async def unfollowed(self, limit: int) -> list[tuple[str, tuple]]:
            self.calls += 1
            now = min(limit, self.left)
            self.left -= now
            return [("ref", ())] * now

        async def unswept(self, before_ns: int, limit: int) -> tuple[()]:
            return ()

    async def scenario(kernel):
        store: Any = Pending()
        ports = Ports(None, None, store, store, None)
        await Sweep(ports, Terms(), Images(ports))(0)
        assert (store.calls, store.left) == (calls, max(left - AT_ONCE * ROUNDS, 0))

    run(scenario)
