"""Every Cache: claims a key once, never takes an older view for a newer one, and knows nothing that it was not told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from harness import CACHES

from engine.domain.accounts import Account, AccountStatus, Card, CardStatus
from engine.domain.policies import PRESETS
from engine.domain.terms import NO_LIMITS, Velocity
from engine.ports import Opening

ADA = Account("ada", "0xada", AccountStatus.ACTIVE, 1)
CARD = Card("c", "ada", "visa", 9 * 10**18, CardStatus.ACTIVE)
LIMITS = replace(
    NO_LIMITS,
    daily_cents=10**12,
    velocity=(Velocity(60, 3),),
    blocked_mccs=frozenset({"7995"}),
    policy=PRESETS["lithic"],
)


@pytest.fixture(params=sorted(CACHES))
def make(request):
    return CACHES[request.param]


def test_of_many_that_claim_a_key_at_once_one_gets_it(make) -> None:
    async def scenario(kernel):
        cache = make(kernel)
        openings = await asyncio.gather(*(cache.begin("k", "c") for _ in range(9)))
        assert [opening.seen for opening in openings].count(False) == 1

    make.run(scenario)


def test_an_unknown_card_is_unknown_and_its_key_claimed(make) -> None:
    async def scenario(kernel):
        cache = make(kernel)
        assert await cache.begin("k", "c") == Opening(False, None, None, 0)
        assert (await cache.begin("k", "c")).seen

    make.run(scenario)


@pytest.mark.parametrize("card", [CARD, replace(CARD, limits=LIMITS, mandate_id="m", counter_id="old")])
def test_what_was_put_comes_back_to_the_last_field(make, card) -> None:
    async def scenario(kernel):
        cache = make(kernel)
        await cache.put_account(ADA, (card,), 3)
        assert await cache.begin("k", "c") == Opening(False, card, ADA, 3)

    make.run(scenario)


@pytest.mark.parametrize(("view", "status"), [(2, CardStatus.ACTIVE), (3, CardStatus.FROZEN), (4, CardStatus.FROZEN)])
def test_an_older_view_replaces_no_newer_one(make, view, status) -> None:
    async def scenario(kernel):
        cache = make(kernel)
        await cache.put_account(ADA, (CARD,), 3)
        await cache.put_account(ADA, (replace(CARD, status=CardStatus.FROZEN),), view)
        opening = await cache.begin("k", "c")
        assert (opening.card.status, opening.view) == (status, max(view, 3))

    make.run(scenario)


def test_a_view_is_as_old_as_the_older_of_card_and_account(make) -> None:
    async def scenario(kernel):
        cache = make(kernel)
        await cache.put_account(ADA, (CARD,), 3)
        await cache.put_account(replace(ADA, kyc_level=2), (), 5)
        assert await cache.begin("k", "c") == Opening(False, CARD, replace(ADA, kyc_level=2), 3)

    make.run(scenario)


def test_a_flush_forgets_copies_and_claims(make) -> None:
    async def scenario(kernel):
        cache = make(kernel)
        await cache.put_account(ADA, (CARD,), 3)
        await cache.begin("k", "c")
        cache.flush()
        assert await cache.begin("k", "c") == Opening(False, None, None, 0)

    make.run(scenario)
