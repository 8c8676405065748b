"""What is asked at one time is asked together, and everybody hears what is theirs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.adapters import gathering
from engine.adapters.gathering import Gathering
from engine.adapters.redis import Gatherer, connect
from engine.adapters.redis.gathering import load_script
from engine.ports import PortUnavailable


class Backend:
    """Doubles numbers, a batch at a time, when it is let go on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.on = asyncio.Event()

    async def ask(self, numbers) -> list:
        self.batches.append(list(numbers))
        await self.on.wait()
        if 13 in numbers:
            raise KeyError("13")
        return [ValueError(number) if number < 0 else 2 * number for number in numbers]


async def begin(asked: Gathering, numbers) -> list[asyncio.Task]:
    """Ask for all, and let them wait."""
    tasks = [asyncio.ensure_future(asked(number)) for number in numbers]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


def test_what_is_asked_in_one_round_of_the_loop_goes_together_and_what_comes_meanwhile_with_the_next() -> None:
    async def scenario() -> None:
        backend = Backend()
        asked = Gathering(backend.ask, name="it", at_once=3)
        tasks = [*await begin(asked, (0, 1)), *await begin(asked, (2, 3)), *await begin(asked, (4, 5))]
        backend.on.set()
        assert await asyncio.gather(*tasks) == [0, 2, 4, 6, 8, 10]
        assert backend.batches == [[0, 1], [2, 3, 4], [5]]

    asyncio.run(scenario())


def test_no_more_batches_are_on_their_way_than_there_are_lanes() -> None:
    async def scenario() -> None:
        backend = Backend()
        tasks = await begin(Gathering(backend.ask, name="it", at_once=1, lanes=2), range(4))
        assert backend.batches == [[0], [1]]
        backend.on.set()
        assert await asyncio.gather(*tasks) == [0, 2, 4, 6]

    asyncio.run(scenario())


def test_an_exception_for_one_is_its_own_and_one_for_all_is_everybodys() -> None:
    async def scenario() -> None:
        backend = Backend()
        asked = Gathering(backend.ask, name="it", at_once=9)
        tasks = await begin(asked, [1, -2, 3])
        backend.on.set()
        first, second, third = await asyncio.gather(*tasks, return_exceptions=True)
        assert (first, third) == (2, 6)
        assert isinstance(second, ValueError)
        tasks = [*await begin(asked, [4]), *await begin(asked, [12, 13])]
        broken = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in broken] == [int, KeyError, KeyError]

    asyncio.run(scenario())


def test_who_gives_up_before_the_batch_goes_is_not_asked_for() -> None:
    async def scenario() -> None:
        backend = Backend()
        asked = Gathering(backend.ask, name="it", at_once=9)
        (first,), (second, third) = await begin(asked, [0]), await begin(asked, [1, 2])
        second.cancel()
        backend.on.set()
        assert [await first, await third] == [0, 4]
        await asked.rest()
        assert backend.batches == [[0], [2]]

    asyncio.run(scenario())


def test_beyond_what_may_wait_one_is_turned_away_at_once(monkeypatch) -> None:
    monkeypatch.setattr(gathering, "MOST_WAITING", 2)

    async def scenario() -> None:
        backend = Backend()
        asked = Gathering(backend.ask, name="it", at_once=9)
        tasks = [*await begin(asked, [0]), *await begin(asked, [1, 2])]
        with pytest.raises(PortUnavailable, match="2 others wait"):
            await asked(3)
        backend.on.set()
        assert await asyncio.gather(*tasks) == [0, 2, 4]

    asyncio.run(scenario())


def test_a_redis_that_takes_a_connection_and_says_nothing_is_an_outage_and_no_end_of_all_calls(tmp_path: Path) -> None:
    """Such is one that is paused, or whose machine is gone."""

    async def scenario() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_unix_server(silent, tmp_path / "redis.socket")
        gatherer = Gatherer(connect(f"unix://{tmp_path / 'redis.socket'}"), patience_s=0.05)
        for _ in range(5):
            with pytest.raises(PortUnavailable):
                await gatherer.call(load_script("wanted"), ("key",))
        await gatherer.close()
        server.close()
        await server.wait_closed()

    asyncio.run(scenario())
