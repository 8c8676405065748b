"""Real Redis servers for the conformance suites: two a process, so that one can fail over to the other."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable, Coroutine
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import redis

from engine.adapters.embedded import EmbeddedRedis
from engine.adapters.redis import Gatherer, RedisCache, RedisHoldStore, connect
from engine.domain.scopes import Scopes
from engine.ports import Hold, Placed, PortUnavailable


@cache
def url(name: str) -> str:
    """The address of a server that ends with this process."""
    own = EmbeddedRedis(Path(mkdtemp(prefix="swipelab-redis-")))
    atexit.register(own.kill)
    return own.url


@cache
def server(name: str) -> redis.Redis:
    """The same, to talk to."""
    return redis.Redis.from_url(url(name))


@cache
def address() -> Path:
    """The name under which one of them is found."""
    return Path(mkdtemp(prefix="swipelab-redis-")) / "socket"


def lead_to(name: str) -> None:
    """From now on new connections are to this server."""
    address().unlink(missing_ok=True)
    address().symlink_to(url(name).removeprefix("unix://"))


class LosingHoldStore(RedisHoldStore):
    """The hold store of production, on a server that can lose its memory in the ways that real ones do."""

    def __init__(self, client: Any, prefix: str) -> None:
        super().__init__(Gatherer(client), prefix)
        self._prefix = prefix
        self._broken = False

    def flush(self) -> None:
        server("first").flushall()

    def evict(self, account_id: str) -> None:
        server("first").delete(f"{self._prefix}image:{account_id}")

    def checkpoint(self) -> None:
        """The replica has all that the first has."""
        first, second = server("first"), server("second")
        second.flushall()
        for key in first.keys():  # noqa: SIM118 - a command, not a dict
            second.restore(key, 0, first.dump(key))

    def fail_over(self) -> None:
        """Connections break, and new ones lead to the replica."""
        lead_to("second")
        server("first").client_kill_filter(_type="normal", skipme=True)
        self._broken = True

    async def place(self, hold: Hold, scopes: Scopes) -> Placed:
        """Once the broken connections have been noticed, as the first call on each says."""
        while self._broken:
            try:
                self._broken = bool(await self.unswept(0, 1))
            except PortUnavailable:
                continue
        return await super().place(hold, scopes)


class LosingCache(RedisCache):
    """The cache of production, likewise."""

    def __init__(self, client: Any, prefix: str) -> None:
        super().__init__(Gatherer(client), prefix)

    def flush(self) -> None:
        server("first").flushall()


class OnRedis:
    """An adapter of production, on a server that is empty when a scenario begins."""

    def __init__(self, make: Callable[[Any, str], Any]) -> None:
        self._make = make
        self._made: list[Any] = []

    def __call__(self, _kernel: object) -> Any:
        """A new one, which shares the server and nothing on it."""
        prefix = f"{len(self._made)}:"
        client = connect(f"unix://{address()}", patience_s=10, prefix=prefix)
        self._made.append(client)
        return self._make(client, prefix)

    def run(self, scenario: Callable[[None], Coroutine[Any, Any, Any]]) -> Any:
        """Run one coroutine to its end, in real time."""
        for name in ("first", "second"):
            server(name).flushall()
        lead_to("first")
        return asyncio.run(self._within(scenario))

    async def _within(self, scenario: Callable[[None], Coroutine[Any, Any, Any]]) -> Any:
        try:
            return await scenario(None)
        finally:
            while self._made:
                await self._made.pop().aclose(close_connection_pool=True)
