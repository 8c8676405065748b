"""The engine as a process: it can die and be started again, stand still, or be slow.

What it has in memory dies with it: tasks, timers, locks. The stores do not, and what is on its way to one still
arrives. Callers hear that the connection is lost, or refused while it is down.

Only an engine that keeps its books in the stores that it was given can be restarted fairly: for one with storage of its
own, process faults are skipped. A process that stands still is made of its edges: nothing gets in or out, neither
messages nor calls to stores; timers that run out meanwhile do so at once, and not all of them when it goes on.

*Observed*: tasks were dropped when it died; a message or a call had to wait while it stood still or was slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.interface import CardEngine, EngineError
from simulators.faults.kinds import FaultKind
from simulators.faults.weather import Blow, Weather
from simulators.kernel import Kernel, PowerCut
from simulators.settings import MS_NS

SLOW_BY_NS = 40 * MS_NS
"""What each call to a store takes longer, on average, in a process that gets little of its processor."""


class ConnectionLost(EngineError):
    """The engine's process died, or was not there: whether it did anything is unknown."""


class EngineProcess:
    """A CardEngine that is started by ``start``, and started again whenever it has died.

    ``durable`` says whether a restart is fair; ``power_lost`` is called when the machine lost its power as well.
    """

    def __init__(
        self, kernel: Kernel, weather: Weather, start: Callable[[], CardEngine],
        durable: Callable[[], bool], power_lost: Callable[[], None],
    ) -> None:  # fmt: skip
        self._kernel = kernel
        self._weather = weather
        self._start = start
        self._durable = durable
        self._power_lost = power_lost
        self.mourners: list[Callable[[], None]] = []
        """Called when it has died."""
        self._group = kernel.power_group("engine")
        self._engine = start()
        self._down = self._safe = False
        self._halted: tuple[FaultKind, int] | None = None
        self._lives = 1
        self._dooms = 0
        """How many calls are on their way at which it has still to die, if their callers are there."""

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        """Any verb of the engine, as a client of the process calls it: verbs come with the seam, and are not listed."""
        if verb.startswith("_"):
            raise AttributeError(verb)
        getattr(self._engine, verb)  # AttributeError where the engine has no such verb

        async def call(*message: Any) -> Any:
            return await self._exchange(verb, message)

        setattr(self, verb, call)
        return call

    async def _exchange(self, verb: str, message: tuple[Any, ...]) -> Any:
        if self._halted is not None:
            await self.while_it_stands_still()
        if self._down:
            raise ConnectionLost(f"{verb}: connection refused")
        if self._safe or self._is_safe():
            answer = await getattr(self._engine, verb)(*message)
            if self._halted is not None:
                await self.while_it_stands_still()
            return answer
        life = self._lives
        event = self._group.call(getattr(self._engine, verb)(*message), verb)
        outcome = await self._kernel.wait(event)
        await self.while_it_stands_still()
        if type(outcome.error) is PowerCut or life != self._lives:
            raise ConnectionLost(f"{verb}: the process died before it answered")
        return outcome.unwrap()

    # dying

    def _is_safe(self) -> bool:
        """Whether it will never die again: what is started from now on needs no power that could be cut."""
        self._safe = not self._dooms and self._weather.over(FaultKind.CRASH, FaultKind.POWER_CUT)
        return self._safe

    def dies(self) -> Blow | None:
        """Whether the process dies at this occasion, of what: ``die`` or ``spared`` has to follow."""
        if self._down or self._safe:
            return None
        blow = self._weather.strike(FaultKind.CRASH) or self._weather.strike(FaultKind.POWER_CUT)
        if blow is None or not self._durable():
            return None
        self._dooms += 1
        return blow

    def spared(self) -> None:
        """It does not die after all: nobody waits any more for the call at which it would have."""
        self._dooms -= 1

    def die(self, blow: Blow, at: str) -> None:
        """Now. What was in flight is lost; the process comes back after a while."""
        kind = blow.storm.kind
        self._dooms -= 1
        self._down = True
        self._lives += 1
        dropped = self._group.cut()
        for mourner in self.mourners:
            mourner()
        self._weather.injected(kind, at)
        if dropped:
            self._weather.observed(kind, f"{dropped} tasks dropped")
        if kind is FaultKind.POWER_CUT:
            self._power_lost()
        self._kernel.process(self._coming_back(blow.about_ns()), "restart of the engine", daemon=True)

    def _coming_back(self, after_ns: int) -> Iterator[Any]:
        yield self._kernel.env.timeout(after_ns)
        self._engine = self._start()
        self._down = False

    # standing still, being slow

    def is_well(self) -> bool:
        """Whether it is neither down nor standing still, nor about to die."""
        return not self._down and self._halted is None and not self._dooms

    async def works(self) -> None:
        """The process does something: it may stand still first, or take its time."""
        weather = self._weather
        at_work = weather.at_work()
        if FaultKind.PAUSE in at_work and (blow := weather.strike(FaultKind.PAUSE)) is not None:
            weather.injected(FaultKind.PAUSE, "process")
            self._halted = (FaultKind.PAUSE, self._kernel.now_ns + blow.about_ns())
        if self._halted is not None:
            await self.while_it_stands_still()
        if FaultKind.SLOW in at_work and (blow := weather.spell(FaultKind.SLOW)) is not None:
            weather.injected(FaultKind.SLOW, "a call to a store")
            await self._kernel.delay_ns(blow.stream.exponential_ns(SLOW_BY_NS))
            weather.observed(FaultKind.SLOW, "a call to a store")

    async def while_it_stands_still(self) -> None:
        """Return when the process goes on."""
        while self._halted is not None:
            kind, until_ns = self._halted
            if self._kernel.now_ns >= until_ns:
                self._halted = None
                return
            self._weather.observed(kind, "waited")
            await self._kernel.delay_ns(until_ns - self._kernel.now_ns)
