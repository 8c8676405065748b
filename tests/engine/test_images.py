"""Images are made once for all who need one, and a repeat brings them what a crash has kept from them."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_authorize_when_stores_fail import REQUEST, Faulty, run
from test_idempotency import MESSAGES, NOTICES
from test_power_cut_at_every_await import Cutter, Shop, nothing, started
from test_power_cut_in_a_whole_life import asked_until_answered

from engine.interface import EngineKit, Terms
from engine.ports import Ports
from engine.services.engine import build


def counted(shop: Shop, method: str) -> list[str]:
    """The accounts that the ledger is asked to read as a whole from now on."""
    calls, real = [], getattr(shop.ledger, method)

    async def call(*arguments: Any) -> Any:
        calls.append(arguments[0])
        return await real(*arguments)

    setattr(shop.ledger, method, call)
    return calls


def cents(number: int) -> Any:
    return replace(REQUEST, idempotency_key=f"k{number}", authorization_id=f"a{number}", amount_cents=1)


@pytest.mark.parametrize("together", [1, 2, 30])
def test_all_who_find_no_image_share_one_reload_and_are_all_decided(together) -> None:
    """Were each to make its own, each would refuse all the others as stale, in the worst case for ever."""

    async def scenario(kernel):
        shop = await started(kernel, nothing)
        shop.holds.flush()
        reloads, engine = counted(shop, "reload"), shop.engine()
        answers = await asyncio.gather(*(engine.authorize(cents(number)) for number in range(together)))
        assert all(answer.approved for answer in answers)
        assert reloads == ["ada"]

    run(scenario)


def test_those_whom_a_reload_has_made_stale_need_no_second_one() -> None:
    async def scenario(kernel):
        shop = await started(kernel, nothing)
        engine = shop.engine()
        running = [asyncio.ensure_future(engine.authorize(cents(number))) for number in range(10)]
        await asyncio.sleep(0.0025)  # all of them are placed, none is recorded
        reloads = counted(shop, "reload")
        await engine.authorize._images.renew("ada")
        assert all(answer.approved for answer in await asyncio.gather(*running))
        assert len(reloads) <= 2, "the one that made them stale, and at most one for all of them"

    run(scenario)


def test_a_reload_that_fails_fails_for_all_who_share_it_and_the_next_is_a_new_one() -> None:
    async def scenario(kernel):
        shop = await started(kernel, nothing)
        shop.holds.flush()
        stores = dict(shop.stores)
        stores["ledger"] = Faulty(shop.ledger, "reload", "fails before")
        engine = build(EngineKit(Terms(), Ports(clock=shop, **stores)))
        first = await asyncio.gather(*(engine.authorize(cents(number)) for number in range(3)))
        assert {answer.response_code for answer in first} == {"91"}
        assert (await engine.authorize(cents(9))).approved

    run(scenario)


def test_who_asks_for_a_new_image_does_not_get_one_that_is_being_made_already() -> None:
    """That one may have been read before, and placed upon since."""

    async def scenario(kernel):
        shop = await started(kernel, nothing)
        reloads, images = counted(shop, "reload"), shop.engine().authorize._images
        shared = asyncio.gather(images.load("ada"), images.load("ada"))
        await asyncio.sleep(0.0001)
        assert len(reloads) == 1
        await asyncio.gather(images.renew("ada"), images.renew("ada"))
        await shared
        assert len(reloads) == 2, "those who ask for a new one meanwhile share that one"

    run(scenario)


FOLLOWED = {
    name: case
    for name, case in (MESSAGES | NOTICES).items()
    if case[1] != "authorize" and name != "reversal first"
}  # fmt: skip


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_repeat_brings_the_image_what_a_crash_has_kept_from_it(name) -> None:
    """Once it is answered every later decision has to reflect it, and the next tick may be an hour away."""
    before, verb, message = FOLLOWED[name]

    async def scenario(kernel):
        shop = await started(kernel, before)
        cutter, group = Cutter(at=2), kernel.power_group("the first")
        group.call(getattr(shop.engine(cutter), verb)(message))
        await cutter.reached.wait()
        group.cut()
        assert cutter.calls == ["ledger.update", "holds.apply"]
        truth = (await shop.ledger.funds("ada")).available_usdc6
        assert shop.holds.available_usdc6("ada") != truth, "it is committed, and the image does not have it"
        await asked_until_answered(shop.engine(), lambda engine: getattr(engine, verb)(message))
        assert shop.holds.available_usdc6("ada") == truth
        assert not await shop.ledger.unfollowed(9)

    run(scenario)
