"""From the engine to its stores and to the chain's node: calls fail, are slow, take effect and fail all the same.

A call works in the world's own time, not in the engine's: what has left the process arrives, even if the caller has
died or given up meanwhile. It may die at every call: just before it leaves, or when it has taken effect and before the
answer is read. Far from any storm, where nothing can come between, a call goes straight; and so does one that no storm
strikes, where the process can neither die nor be so late that the engine gives up.

*Observed*: the caller was still there when the fault came back to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any, NamedTuple

from engine.interface import EngineError
from engine.ports import PortUnavailable
from simulators.faults.kinds import FaultKind
from simulators.faults.memory_loss import MemoryLoss
from simulators.faults.process import EngineProcess
from simulators.faults.weather import Blow, Weather
from simulators.kernel import Kernel, Outcome
from simulators.settings import MS_NS

REFUSED_AFTER_NS = MS_NS
_AT_STORES = ("process", "store", "cache")
_AT_CHAIN = ("process", "chain")
_PARTING = ("process", FaultKind.STORE_SLOW)
"""What parts a call from its caller: the process dies, or the caller's patience ends."""
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
        target = getattr(self._port, verb)  # AttributeError where the port has no such verb
        name, line, goes_straight = self.name, self._line, self._line.may_go_straight

        def call(*args: Any) -> Awaitable[Any]:
            return target(*args) if goes_straight(name) else line.exchange(self, verb, args)

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
        process, name, what = self.process, remote.name, f"{remote.name}.{verb}"
        if process is not None:
            await process.works()
        hits = self._hits(what, name)
        if hits is None and (process is None or process.is_well()) and self._weather.calm(_PARTING):
            if name == "holds":
                self._memory.strikes(what, args)
            return await remote.target(verb)(*args)
        reply = self._kernel.loop.create_future()
        work = self._serve(what, name, remote.target(verb), args, hits or _UNHURT, reply)
        self._outside.copy().run(self._kernel.spawn, work, what, daemon=True)
        del work, process
        outcome = await reply
        return outcome.unwrap()

    def may_go_straight(self, name: str) -> bool:
        """Whether nothing can come between a call that leaves now and its answer."""
        process = self.process
        return (
            self._weather.calm(_AT_CHAIN if name == "chain" else _AT_STORES)
            and not self._memory.missed
            and (process is None or process.is_well())
        )

    def _hits(self, what: str, name: str) -> _Hits | None:
        """What strikes a call that leaves now; None where nothing does."""
        weather = self._weather
        at_work = weather.at_work()
        slow = conflict = None
        failed = unknown = False
        if name == "chain":
            if what != "chain.wait_block" and FaultKind.RPC_DOWN in at_work:
                failed = weather.spell(FaultKind.RPC_DOWN) is not None
            if not failed and what == "chain.submit":
                unknown = weather.strike(FaultKind.RPC_UNKNOWN_OUTCOME) is not None
            return _Hits(None, failed, None, unknown) if failed or unknown else None
        if FaultKind.STORE_SLOW in at_work:
            slow = weather.strike(FaultKind.STORE_SLOW)
        if FaultKind.STORE_FAILED in at_work:
            failed = weather.strike(FaultKind.STORE_FAILED) is not None
        if what == "ledger.update" and not failed:
            conflict = weather.strike(FaultKind.SERIALIZATION_CONFLICT)
        if FaultKind.UNKNOWN_OUTCOME in at_work and not failed:
            unknown = weather.strike(FaultKind.UNKNOWN_OUTCOME) is not None
        if slow is None and conflict is None and not failed and not unknown:
            return None
        return _Hits(slow, failed, conflict, unknown)

    def hang_up(self) -> None:
        """The world is over: let go of it, with all that was cut off by a power cut."""
        for remote in self.remotes:
            remote.hang_up()
        if self.process is not None:
            self.process.__dict__.clear()
        self.__dict__.clear()

    async def _serve(
        self, what: str, name: str, target: Callable[..., Any], args: tuple[Any, ...], hits: _Hits, reply: Any
    ) -> None:  # fmt: skip
        """The call in the world's time. An error for nobody is a failure of the world, unless it is the port's own."""
        process = self.process
        blow = process.dies() if process is not None and not reply.done() else None
        if blow is not None and blow.stream.bernoulli(0.5):
            process.die(blow, f"before {what}")
            return
        kinds: list[FaultKind] = []
        try:
            outcome = Outcome(await self._struck(what, name, target, args, hits, kinds))
        except Exception as error:  # noqa: BLE001 - carried to the caller as it is
            outcome = Outcome(None, error)
        if blow is not None:
            if reply.done():
                process.spared()
            else:
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
        self, what: str, name: str, target: Callable[..., Any], args: tuple[Any, ...], hits: _Hits,
        kinds: list[FaultKind],
    ) -> Any:  # fmt: skip
        at_node = name == "chain"
        if name == "holds":
            self._memory.strikes(what, args)
        if (blow := hits.slow) is not None:
            self._count(FaultKind.STORE_SLOW, what, kinds)
            await self._kernel.delay_ns(blow.stream.exponential_ns(blow.storm.strength_ns))
        if hits.failed:
            await self._fail(FaultKind.RPC_DOWN if at_node else FaultKind.STORE_FAILED, what, kinds)
        if (blow := hits.conflict) is not None:
            self._count(FaultKind.SERIALIZATION_CONFLICT, what, kinds)
            await _rolled_back(target, *args)
            if blow.stream.bernoulli(GIVES_UP_SHARE):
                raise PortUnavailable(f"{what}: could not serialize access, again and again")
            await self._kernel.delay_ns(blow.about_ns())
        answer = await target(*args)
        if hits.unknown:
            await self._fail(FaultKind.RPC_UNKNOWN_OUTCOME if at_node else FaultKind.UNKNOWN_OUTCOME, what, kinds)
        return answer

    def _count(self, kind: FaultKind, what: str, kinds: list[FaultKind]) -> None:
        self._weather.injected(kind, what)
        kinds.append(kind)

    async def _fail(self, kind: FaultKind, what: str, kinds: list[FaultKind]) -> None:
        self._count(kind, what, kinds)
        await self._kernel.delay_ns(REFUSED_AFTER_NS)
        raise PortUnavailable(f"{what}: no answer ({kind})")


class _Hits(NamedTuple):
    """What strikes one call: by whom it is slowed, and by whom its transaction is rolled back first; whether it does
    nothing and fails, or takes effect and fails all the same."""

    slow: Blow | None
    failed: bool
    conflict: Blow | None
    unknown: bool


_UNHURT = _Hits(None, False, None, False)


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
