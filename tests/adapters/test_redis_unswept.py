"""However many dead holds wait to be swept, no call keeps Redis busy for long, and those behind them are found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.adapters.redis import Gatherer, RedisHoldStore, connect
from engine.adapters.redis.holds import LOOKED_AT
from engine.domain.ledger import AccountSnapshot, OpenHold
from engine.domain.scopes import ACCOUNT, Scope
from engine.domain.terms import LimitTerms
from engine.ports import Hold
from tests.conformance.ports.redis_server import server, url

LIMITS = (Scope(ACCOUNT, LimitTerms(10**9, 10**9, 10**9)),)
DEAD = 3 * LOOKED_AT - 1
"""Two calls look at dead ones alone, and the third at one less."""
LATER_NS = 10


class Watched(Gatherer):
    """Counts for each call at how many holds it looked."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.looks: list[int] = []

    async def call(self, *args: Any) -> Any:
        before = _looks()
        answer = await super().call(*args)
        self.looks.append(_looks() - before)
        return answer


def _looks() -> int:
    return server("first").info("commandstats").get("cmdstat_hmget", {"calls": 0})["calls"]


def run(scenario: Callable[[RedisHoldStore, Watched], Awaitable[None]]) -> None:
    async def within() -> None:
        server("first").flushall()
        gatherer = Watched(connect(url("first"), patience_s=10), patience_s=10)
        try:
            await scenario(RedisHoldStore(gatherer), gatherer)
        finally:
            await gatherer.close()

    asyncio.run(within())


async def place(store: RedisHoldStore, *refs: str) -> None:
    for ref in refs:
        assert (await store.place(Hold(ref, "ada", 10_000, 1, 1, "c"), LIMITS)).refusal is None


async def many_die(store: RedisHoldStore, *alive: str) -> None:
    """Those ``alive`` are placed first, then thousands of which an image of a later epoch knows nothing."""
    await store.load(AccountSnapshot("ada", 1, 10**12, (), ()))
    await place(store, *alive, "d0")
    server("first").rpush("swipelab:unswept", *([server("first").lindex("swipelab:unswept", -1)] * (DEAD - 1)))
    kept = tuple(OpenHold(ref, "ada", 10_000) for ref in alive)
    await store.load(AccountSnapshot("ada", 2, 10**12, kept, ()))


def test_one_behind_thousands_of_dead_ones_is_found_and_no_call_looks_at_more_than_so_many() -> None:
    async def scenario(store: RedisHoldStore, watched: Watched) -> None:
        await many_die(store)
        await place(store, "due")
        watched.looks.clear()
        assert list(await store.unswept(LATER_NS, 9)) == [OpenHold("due", "ada", 10_000)]
        assert watched.looks == [LOOKED_AT, LOOKED_AT, LOOKED_AT]
        assert server("first").llen("swipelab:unswept") == 1
        await store.swept(["due"])
        assert list(await store.unswept(LATER_NS, 9)) == []
        assert server("first").llen("swipelab:unswept") == 0

    run(scenario)


def test_the_dead_between_two_that_live_are_dropped_piece_by_piece() -> None:
    async def scenario(store: RedisHoldStore, watched: Watched) -> None:
        await many_die(store, "first")
        await place(store, "second")
        watched.looks.clear()
        found = []
        while holds := await store.unswept(LATER_NS, 9):
            found += [hold.authorization_id for hold in holds]
            await store.swept([hold.authorization_id for hold in holds])
        assert found == ["first", "second"]
        assert max(watched.looks) == LOOKED_AT
        assert len(watched.looks) <= 2 * DEAD // LOOKED_AT + 2
        assert server("first").llen("swipelab:unswept") == 0

    run(scenario)


@pytest.mark.parametrize("late", [0, LATER_NS])
def test_where_all_are_dead_or_too_young_there_is_none(late: int) -> None:
    async def scenario(store: RedisHoldStore, watched: Watched) -> None:
        await many_die(store)
        if not late:
            await place(store, "young")
        watched.looks.clear()
        assert list(await store.unswept(late, 9)) == []
        assert max(watched.looks) <= LOOKED_AT
        assert len(watched.looks) <= DEAD // LOOKED_AT + 1

    run(scenario)
