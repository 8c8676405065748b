"""From the engine to its stores and to the chain's node: calls fail, are slow, take effect and fail all the same.

A call works in the world's own time, not in the engine's: what has left the process arrives, even if the caller has
died or given up meanwhile. It may die at every call: just before it leaves, or when it has taken effect and before the
answer is read. Far from any storm, where nothing can come between, a call goes straight.

*Observed*: the caller was still there when the fault came back to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any

from engine.interface import EngineError
from engine.ports import PortUnavailable
from simulators.faults.kinds import FaultKind
from simulators.faults.memory_loss import MemoryLoss
from simulators.faults.process import EngineProcess
from simulators.faults.weather import Weather
from simulators.kernel import Kernel, Outcome
from simulators.settings import MS_NS

REFUSED_AFTER_NS = MS_NS
_AT_STORES = ("process", "store", "cache")
_AT_CHAIN = ("process", "chain")
GIVES_UP_SHARE = 0.2
"""Of serialization conflicts: the adapter has tried often enough, and tells the engine."""


class Remote:
    """A port at the other end of a wire. Its verbs are those of the port, and are not listed."""

    def __init__(self, name: str, port: Any, line: Line) -> None:
        self.name = name
        self._port = port
        self._line = line
        line.remotes.append(self)

    def target(self, verb: str) -> Callable[..., Awaitable[Any]]:
        """The port's own method."""
        return getattr(self._port, verb)

    def hang_up(self) -> None:
        """Let go of the port."""
        self.__dict__.clear()

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        if verb.startswith("_"):
            raise AttributeError(verb)
        getattr(self._port, verb)  # AttributeError where the port has no such verb

        async def call(*args: Any) -> Any:
            return await self._line.exchange(self, verb, args)

        setattr(self, verb, call)
        return call


class Line:
    """All wires out of the engine's process."""

    def __init__(self, kernel: Kernel, weather: Weather, memory: MemoryLoss) -> None:
        self._kernel = kernel
        self._weather = weather
        self._memory = memory
        self._outside = copy_context()
        self.remotes: list[Remote] = []
        self.process: EngineProcess | None = None
        """Set when there is one that can die."""

    async def exchange(self, remote: Remote, verb: str, args: tuple[Any, ...]) -> Any:
        """Call, as the engine does: wait for the answer, which comes if nobody dies.

        Holds on to nothing of the world while it waits: what a power cut takes stays in memory for ever.
        """
        if self._may_go_straight(remote.name):
            return await remote.target(verb)(*args)
        if self.process is not None:
            await self.process.works()
        reply = self._kernel.loop.create_future()
        what = f"{remote.name}.{verb}"
        work = self._serve(what, remote.name, remote.target(verb), args, reply)
        self._outside.copy().run(self._kernel.spawn, work, what, daemon=True)
        del work
        outcome = await reply
        return outcome.unwrap()

    def _may_go_straight(self, name: str) -> bool:
        """Whether nothing can come between a call that leaves now and its answer."""
        process = self.process
        return (
            self._weather.calm(_AT_CHAIN if name == "chain" else _AT_STORES)
            and not self._memory.missed
            and (process is None or process.is_well())
        )

    def hang_up(self) -> None:
        """The world is over: let go of it, with all that was cut off by a power cut."""
        for remote in self.remotes:
            remote.hang_up()
        if self.process is not None:
            self.process.__dict__.clear()
        self.__dict__.clear()

    async def _serve(
        self, what: str, name: str, target: Callable[..., Any], args: tuple[Any, ...], reply: Any
    ) -> None:  # fmt: skip
        """The call in the world's time. An error for nobody is a failure of the world, unless it is the port's own."""
        process = self.process
        blow = process.dies() if process is not None and not reply.done() else None
        if blow is not None and blow.stream.bernoulli(0.5):
            process.die(blow, f"before {what}")
            return
        kinds: list[FaultKind] = []
        try:
            outcome = Outcome(await self._struck(what, name, target, args, kinds))
        except Exception as error:  # noqa: BLE001 - carried to the caller as it is
            outcome = Outcome(None, error)
        if blow is not None and not reply.done():
            process.die(blow, f"after {what}")
        if process is not None:
            await process.while_it_stands_still()
        if not reply.done():
            for kind in kinds:
                self._weather.observed(kind, what)
            reply.set_result(outcome)
        elif outcome.error is not None and not isinstance(outcome.error, EngineError):
            raise outcome.error

    async def _struck(
        self, what: str, name: str, target: Callable[..., Any], args: tuple[Any, ...], kinds: list[FaultKind]
    ) -> Any:
        if name == "chain":
            return await self._asked_of_node(what, target, args, kinds)
        weather = self._weather
        if name == "holds":
            self._memory.strikes(what, args)
        if (blow := weather.strike(FaultKind.STORE_SLOW)) is not None:
            self._count(FaultKind.STORE_SLOW, what, kinds)
            await self._kernel.delay_ns(blow.stream.exponential_ns(blow.storm.strength_ns))
        if weather.strike(FaultKind.STORE_FAILED) is not None:
            await self._fail(FaultKind.STORE_FAILED, what, kinds)
        if what == "ledger.update" and (blow := weather.strike(FaultKind.SERIALIZATION_CONFLICT)) is not None:
            self._count(FaultKind.SERIALIZATION_CONFLICT, what, kinds)
            await _rolled_back(target, *args)
            if blow.stream.bernoulli(GIVES_UP_SHARE):
                raise PortUnavailable(f"{what}: could not serialize access, again and again")
            await self._kernel.delay_ns(blow.about_ns())
        answer = await target(*args)
        if weather.strike(FaultKind.UNKNOWN_OUTCOME) is not None:
            await self._fail(FaultKind.UNKNOWN_OUTCOME, what, kinds)
        return answer

    async def _asked_of_node(
        self, what: str, target: Callable[..., Any], args: tuple[Any, ...], kinds: list[FaultKind]
    ) -> Any:
        weather = self._weather
        if what != "chain.wait_block" and weather.spell(FaultKind.RPC_DOWN) is not None:
            await self._fail(FaultKind.RPC_DOWN, what, kinds)
        answer = await target(*args)
        if what == "chain.submit" and weather.strike(FaultKind.RPC_UNKNOWN_OUTCOME) is not None:
            await self._fail(FaultKind.RPC_UNKNOWN_OUTCOME, what, kinds)
        return answer

    def _count(self, kind: FaultKind, what: str, kinds: list[FaultKind]) -> None:
        self._weather.injected(kind, what)
        kinds.append(kind)

    async def _fail(self, kind: FaultKind, what: str, kinds: list[FaultKind]) -> None:
        self._count(kind, what, kinds)
        await self._kernel.delay_ns(REFUSED_AFTER_NS)
        raise PortUnavailable(f"{what}: no answer ({kind})")


class _RolledBack(Exception):
    """Thrown into a transaction that a conflict undoes."""


async def _rolled_back(update: Callable[..., Any], touch: Any, transition: Callable[[Any], Any]) -> None:
    """Run a transaction of the ledger to its end and undo it, as a database does with one that lost a race."""

    def conflicted(rows: Any) -> Any:
        transition(rows)
        raise _RolledBack

    try:
        await update(touch, conflicted)
    except _RolledBack:
        return
