"""Whoever listens to an account hears of every change of its image, whichever process made it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from engine.adapters.redis import Feed, Gatherer, RedisHoldStore, connect
from engine.domain.ledger import AccountSnapshot, HoldChange
from engine.domain.scopes import ACCOUNT, Scope
from engine.domain.terms import LimitTerms
from engine.ports import Hold
from tests.conformance.ports.redis_server import server, url

PATIENCE_S = 20
LIMITS = (Scope(ACCOUNT, LimitTerms()),)


async def step(changes: AsyncIterator[None]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await anext(changes)


@pytest.fixture(name="url")
def empty() -> str:
    server("first").flushall()
    return url("first")


def test_loading_placing_and_following_are_heard_and_what_is_anothers_is_not(url: str) -> None:
    async def scenario() -> None:
        gatherer, feed = Gatherer(connect(url, patience_s=10), patience_s=10), Feed(connect(url))
        store = RedisHoldStore(gatherer)
        async with aclosing(feed.changes("ada")) as ada, aclosing(feed.changes("bob")) as bob:
            await step(ada)  # it may have missed something before it began
            await step(bob)
            await store.load(AccountSnapshot("ada", 1, 10**9, (), ()))
            await step(ada)
            await store.place(Hold("a", "ada", 10_000, 1, 1, "c"), LIMITS)
            await step(ada)
            await store.apply("r", [HoldChange("ada", available_usdc6=5, epoch=1)])
            await step(ada)
            waiting = asyncio.ensure_future(anext(bob))
            await store.load(AccountSnapshot("bob", 1, 10**9, (), ()))
            async with asyncio.timeout(PATIENCE_S):
                await waiting
        await feed.close()
        await gatherer.close()

    asyncio.run(scenario())


def test_after_its_connection_broke_it_listens_again_and_says_that_something_may_have_changed(url: str) -> None:
    async def scenario() -> None:
        feed = Feed(connect(url))
        async with aclosing(feed.changes("ada")) as ada:
            await step(ada)
            server("first").client_kill_filter(_type="pubsub")
            await step(ada)
        await feed.close()

    asyncio.run(scenario())
