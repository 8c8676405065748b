"""Live balances: told at once, told again when changed, and nobody slow or strange is kept on the line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from engine.http import streams
from simulators.kernel import Kernel
from tests.http.world import ADA, KEYS, World, bearer, opened, say

PATH = "/v1/accounts/acct-1/stream"


class Line:
    """A WebSocket client of the app, in the time of the loop. ``takes_s``: how long it needs for each message."""

    def __init__(self, world: World, path: str = PATH, key: str = "", takes_s: float = 0.0) -> None:
        self.heard: list[tuple[float, dict[str, Any]]] = []
        self.takes_s = takes_s
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._in.put_nowait({"type": "websocket.connect"})
        headers = [(name.lower().encode(), value.encode()) for name, value in (bearer(key) if key else {}).items()]
        scope = {
            "type": "websocket", "path": path, "headers": headers, "query_string": b"",
            "extensions": {"websocket.http.response": {}},
        }  # fmt: skip
        self.task = asyncio.ensure_future(world.app(scope, self._in.get, self._send))

    async def _send(self, message: dict[str, Any]) -> None:
        await asyncio.sleep(self.takes_s)
        self.heard.append((asyncio.get_running_loop().time(), message))

    async def leave(self) -> None:
        await self._in.put({"type": "websocket.disconnect", "code": 1000})
        await self.task

    def said(self) -> list[tuple[float, Any]]:
        """(seconds, what) of every message; a balance is its available cents."""
        found = []
        for at_s, message in self.heard:
            if message["type"] == "websocket.send":
                raw = json.loads(message["text"])
                is_balance = raw["type"] == "balance"
                found.append(
                    (round(at_s, 3), raw["balance"]["available_usdc6"] // 10_000 if is_balance else raw["type"])
                )
        return found


def play(story: Callable[[World], Awaitable[None]], **settings: Any) -> World:
    """A story in virtual time."""
    world = World(**settings)

    async def whole() -> None:
        async with world.client(**(bearer("ops-key-0123456789") if settings.get("api_keys") else {})) as client:
            await opened(client)
        await story(world)

    with Kernel(1) as kernel:
        kernel.run(kernel.spawn(whole(), "stream"))
    return world


async def deposit(world: World, ref: str) -> None:
    async with world.client() as client:
        assert (await say(client, "deposit", deposit_id=ref, amount_usdc6=10_000)).status_code == 200


def test_a_balance_is_told_at_once_and_after_a_burst_of_hints_once_with_the_last_change_in_it() -> None:
    async def story(world: World) -> None:
        line = Line(world)
        await asyncio.sleep(1)
        for number in range(5):
            await deposit(world, f"d{number}")
            world.hints.put_nowait(None)
            await asyncio.sleep(0.01)
        await asyncio.sleep(1)
        await line.leave()
        assert line.said() == [(0.0, 25_000), (1.2, 25_005)]

    play(story)


def test_a_change_after_the_read_is_told_by_another() -> None:
    async def story(world: World) -> None:
        line = Line(world)
        await asyncio.sleep(0.01)
        for number in range(2):
            await deposit(world, f"d{number}")
            world.hints.put_nowait(None)
            await asyncio.sleep(0.3)
        await line.leave()
        assert [what for _, what in line.said()] == [25_000, 25_001, 25_002]

    play(story)


def test_a_quiet_line_is_told_that_it_is_alive_and_a_lost_hint_loses_no_change() -> None:
    async def story(world: World) -> None:
        line = Line(world)
        await asyncio.sleep(25)
        await deposit(world, "unhinted")
        await asyncio.sleep(20)
        await line.leave()
        assert line.said() == [(0.0, 25_000), (20.2, "alive"), (40.2, 25_001)]

    play(story)


def test_a_client_that_takes_nothing_is_dropped() -> None:
    async def story(world: World) -> None:
        line = Line(world)
        await asyncio.sleep(1)
        line.takes_s = 3_600.0
        await deposit(world, "untold")
        world.hints.put_nowait(None)
        await asyncio.sleep(2 * streams.SLOW_S + 1)
        assert line.task.done()
        assert "swipelab_streams 0.0" in (await metrics(world))

    play(story)


def test_no_more_streams_than_a_worker_takes() -> None:
    async def story(world: World) -> None:
        first, second = Line(world), Line(world)
        await asyncio.sleep(0.1)
        third = Line(world)
        await third.task
        assert third.heard[0][1]["status"] == 503
        assert "swipelab_streams 2.0" in (await metrics(world))
        await first.leave()
        await second.leave()
        assert "swipelab_streams 0.0" in (await metrics(world))

    play(story, max_streams=2)


def test_only_the_owner_listens() -> None:
    async def story(world: World) -> None:
        own = Line(world, key=ADA)
        strange = [
            (Line(world), 401),
            (Line(world, key="x" * 20), 401),
            (Line(world, "/v1/accounts/acct-2/stream", ADA), 404),
        ]
        await asyncio.sleep(0.1)
        for line, status in strange:
            assert line.heard[0][1]["status"] == status
            assert not line.said()
        assert own.said() == [(0.0, 25_000)]
        await own.leave()

    play(story, api_keys=KEYS)


def test_an_account_that_is_not_there_has_no_stream() -> None:
    async def story(world: World) -> None:
        line = Line(world, "/v1/accounts/nobody/stream")
        await line.task
        assert line.heard[0][1]["status"] == 404

    play(story)


def test_what_changes_before_anybody_listens_is_told_all_the_same() -> None:
    async def story(world: World) -> None:
        line = Line(world)
        while not line.said():
            await asyncio.sleep(0)
        await deposit(world, "unhinted")
        await asyncio.sleep(1)
        await line.leave()
        assert line.said() == [(0.0, 25_000), (0.2, 25_001)]

    play(story)


def test_a_stream_without_a_route_is_closed_and_is_no_fault() -> None:
    async def story(world: World) -> None:
        line = Line(world, "/v1/nothing")
        await line.task
        assert [message["type"] for _, message in line.heard] == ["websocket.close"]
        assert world.log.getvalue() == ""

    play(story)


async def metrics(world: World) -> str:
    async with world.client() as client:
        return (await client.get("/metrics")).text
