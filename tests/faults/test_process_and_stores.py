"""What the machinery of faults promises: restarts are fair, calls outlive their callers, nothing outlives a world."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from typing import Any

import pytest
from storms import BUSY, stormy, tally

from engine.interface import EngineKit
from engine.ports import PortUnavailable
from scenarios.engines.reference import build as reference
from simulators.backends.ledger import MemoryLedger
from simulators.events import COLUMNS
from simulators.faults.clock import MOST_OFF_NS, StormyClock
from simulators.faults.kinds import FaultKind
from simulators.faults.plan import Storm
from simulators.faults.process import ConnectionLost, EngineProcess
from simulators.faults.stores import Line, Remote
from simulators.faults.weather import Weather
from simulators.kernel import Kernel, Trace
from simulators.settings import SECOND_NS

ALWAYS = 10**18


def storm(kind: FaultKind, *, most: int = 1, strength_ns: int = SECOND_NS, start_ns: int = 0) -> Storm:
    return Storm(0, kind, start_ns, ALWAYS, 1.0, most, strength_ns)


class World:
    """A kernel with the weather of one storm, and the rows that it leaves."""

    def __init__(self, kernel: Kernel, *storms: Storm) -> None:
        self.kernel = kernel
        self.rows: list[tuple[Any, ...]] = []
        trace = Trace(COLUMNS, lambda chunk: self.rows.extend(zip(*chunk.columns, strict=True)))
        self.weather = Weather(kernel, trace, storms)
        self.close = trace.close

    def results(self) -> list[str]:
        self.close()
        return [row[7] for row in self.rows]


class Store:
    """A port that counts what took effect."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.done: list[str] = []

    async def put(self, what: str) -> str:
        await self._kernel.delay_ns(1_000)
        self.done.append(what)
        return what


class Nothing:
    """No memory is lost."""

    missed: tuple[FaultKind, ...] = ()

    def strikes(self, what: str, args: tuple[Any, ...]) -> None:
        pass


def wired(world: World, name: str = "holds") -> tuple[Store, Any, Line]:
    store, line = Store(world.kernel), Line(world.kernel, world.weather, Nothing())
    return store, Remote(name, store, line), line


@pytest.mark.parametrize(
    ("kind", "name", "effects"),
    [(FaultKind.STORE_FAILED, "holds", 0), (FaultKind.UNKNOWN_OUTCOME, "holds", 1), (FaultKind.RPC_DOWN, "chain", 0)],
)
def test_a_call_that_fails_says_so_whether_it_took_effect_or_not(kind: FaultKind, name: str, effects: int) -> None:
    with Kernel(1) as kernel:
        world = World(kernel, storm(kind))
        store, remote, _ = wired(world, name)
        with pytest.raises(PortUnavailable, match=kind.value):
            kernel.run(remote.put("a"))
        assert len(store.done) == effects
        assert world.results() == ["planned", "injected", "observed"]


@pytest.mark.parametrize(
    "kind", [FaultKind.STORE_SLOW, FaultKind.CRASH, FaultKind.POWER_CUT, FaultKind.PAUSE, FaultKind.SLOW]
)
def test_a_call_goes_on_when_its_caller_has_given_up_wherever_calls_may_be_late(kind: FaultKind) -> None:
    async def impatient(remote: Any) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(500e-9):
                await remote.put("a")

    with Kernel(1) as kernel:
        store, remote, _ = wired(World(kernel, storm(kind, start_ns=10 * SECOND_NS)))
        kernel.run(impatient(remote))
        assert store.done == []
        kernel.run(until=kernel.now_ns + 10_000)
        assert store.done == ["a"]


def test_what_dies_loses_its_memory_and_comes_back_and_its_stores_have_all() -> None:
    lives: list[int] = []

    class Counting:
        """Remembers in memory how often it was asked."""

        def __init__(self, remote: Any) -> None:
            self._remote = remote
            self._asked = 0
            lives.append(len(lives))

        async def ask(self, what: str) -> int:
            self._asked += 1
            await self._remote.put(what)
            return self._asked

    async def asked(process: EngineProcess, what: str) -> Any:
        try:
            return await process.ask(what)
        except ConnectionLost:
            return "lost"

    with Kernel(1) as kernel:
        world = World(kernel, storm(FaultKind.CRASH, start_ns=100_000))
        store, remote, line = wired(world)
        process = EngineProcess(kernel, world.weather, lambda: Counting(remote), lambda: True, lambda: None)
        line.process = process
        assert kernel.run(asked(process, "a")) == 1
        kernel.run(until=200_000)
        assert kernel.run(asked(process, "b")) == "lost", "it died"
        assert kernel.run(asked(process, "c")) == "lost", "it is down"
        kernel.run(until=10 * SECOND_NS)
        assert kernel.run(asked(process, "d")) == 1, "what it had counted is gone"
        assert lives == [0, 1]
        assert store.done in (["a", "d"], ["a", "b", "d"])
        assert world.results() == ["planned", "injected", "observed"]


def test_whoever_calls_while_a_death_is_still_to_come_dies_with_the_process() -> None:
    class Slow:
        async def ask(self) -> str:
            await asyncio.sleep(3)
            return "answered"

    async def asked(process: EngineProcess) -> str:
        try:
            return await process.ask()
        except ConnectionLost:
            return "lost"

    with Kernel(1) as kernel:
        world = World(kernel, storm(FaultKind.CRASH), replace(storm(FaultKind.POWER_CUT), index=1))
        process = EngineProcess(kernel, world.weather, Slow, lambda: True, lambda: None)
        for _ in range(2):  # each storm strikes once
            blow = process.dies()
            kernel.run(until=kernel.now_ns + 60 * SECOND_NS)
            assert not process.is_well()
            caller = kernel.spawn(asked(process), "caller")
            kernel.run(until=kernel.now_ns + SECOND_NS)
            process.die(blow, "after a long call")
            assert kernel.run(caller) == "lost"
            kernel.run(until=kernel.now_ns + 60 * SECOND_NS)
            assert process.is_well()
            assert kernel.run(asked(process)) == "answered"
        assert process.dies() is None


def test_a_process_is_well_again_when_nobody_waits_for_the_call_at_which_it_would_have_died() -> None:
    with Kernel(1) as kernel:
        world = World(kernel, storm(FaultKind.CRASH))
        process = EngineProcess(kernel, world.weather, object, lambda: True, lambda: None)
        assert process.dies() is not None
        assert not process.is_well()
        process.spared()
        assert process.is_well()


def test_an_engine_with_storage_of_its_own_is_spared_and_that_is_said() -> None:
    done = stormy("process.*", "store.*", "cache.*", engine=reference)
    counts = tally(done)
    calling_the_chain = {FaultKind.PAUSE, FaultKind.SLOW}  # these harm no storage, and are met on the way to the chain
    spared = {kind: count for kind, count in counts.items() if kind not in calling_the_chain}
    assert all(count == {"planned": 2, "injected": 0, "observed": 0, "skipped": 1} for count in spared.values())
    assert len(spared) == 9
    assert all(bool(counts[kind]["injected"]) is not bool(counts[kind]["skipped"]) for kind in calling_the_chain)
    assert done.result.findings == ()


def test_an_engine_with_storage_of_its_own_still_meets_the_world() -> None:
    counts = tally(stormy("network.*", "notice.*", "clearing.*", "chain.reorg", engine=reference))
    assert all(count["injected"] and not count["skipped"] for count in counts.values())


def test_the_clock_is_off_while_the_storm_lasts_and_never_too_far() -> None:
    with Kernel(1, epoch_ns=10**18) as kernel:
        world = World(kernel, Storm(0, FaultKind.CLOCK_SKEW, 100, 200, 1.0, 1, 50 * SECOND_NS))
        clock = StormyClock(kernel, world.weather, 0)
        off: dict[int, int] = {}
        for at_ns in (99, 100, 199, 200):
            kernel.run(until=at_ns)
            off[at_ns] = clock.now_ns() - kernel.utc_ns
        assert (off[99], off[200]) == (0, 0)
        assert abs(off[100]) == abs(off[199]) == MOST_OFF_NS
        assert off[100] == off[199]


def ledgers() -> list[MemoryLedger]:
    """All that are alive."""
    return [one for one in gc.get_objects() if type(one) is MemoryLedger]


def test_nothing_of_a_world_outlives_it_although_its_engine_died_in_it() -> None:
    def build(kit: EngineKit) -> Any:
        from engine.services.engine import build as production

        return production(kit)

    before = ledgers()  # of other tests: Hypothesis, say, keeps its last example
    done = stormy("process.crash", storms=6, engine=build, **{"script": BUSY.script[:40]})
    assert tally(done)[FaultKind.CRASH]["injected"]
    del done
    gc.collect()
    assert not [one for one in ledgers() if not any(one is other for other in before)]
