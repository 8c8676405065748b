"""Hints that an account's image has changed, from whichever process changed it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from engine.adapters.redis.connection import PREFIX

LISTEN_S = 0.25
"""After so long at most somebody new is listened for."""
AGAIN_S = 0.5
"""After Redis was lost, so long until it is asked again."""


class Feed:
    """One subscription for all who listen in this process. ``redis`` is a pool of its own: listening takes a
    connection for good."""

    def __init__(self, redis: Redis, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._channels = f"{prefix}image:"
        self._listeners: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    async def changes(self, account_id: str) -> AsyncIterator[None]:
        """A step for each time that the account may have changed; several changes may be one step."""
        happened = asyncio.Event()
        channel = self._channels + account_id
        self._listeners[channel].add(happened)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._listen(), name="feed of changes")
        try:
            while True:
                await happened.wait()
                happened.clear()
                yield
        finally:
            self._listeners[channel].discard(happened)
            if not self._listeners[channel]:
                del self._listeners[channel]

    async def close(self) -> None:
        """Stop listening. Those who wait for a change wait for ever."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._redis.aclose(close_connection_pool=True)

    async def _listen(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await self._pass_on(pubsub)
            except (RedisError, OSError):
                await asyncio.sleep(AGAIN_S)

    async def _pass_on(self, pubsub: PubSub) -> None:
        """Whoever is new may have missed something until now: that is a change, too."""
        heard: set[str] = set()
        while True:
            wanted = set(self._listeners)
            if gone := heard - wanted:
                await pubsub.unsubscribe(*gone)
            if new := wanted - heard:
                await pubsub.subscribe(*new)
                for channel in new:
                    self._tell(channel)
            heard = wanted
            if not heard:
                await asyncio.sleep(LISTEN_S)
                continue
            message = await pubsub.get_message(timeout=LISTEN_S)
            if message is not None:
                self._tell(message["channel"].decode())

    def _tell(self, channel: str) -> None:
        for happened in self._listeners.get(channel, ()):
            happened.set()
