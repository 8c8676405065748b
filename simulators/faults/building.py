"""The parts of a world, made to be hit by the storms that are planned; what no storm hits is made as ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine.interface import CardEngine, EngineFactory, EngineKit
from engine.ports import Ports
from simulators.actors.chain import CardChain
from simulators.actors.networks import CardNetwork
from simulators.actors.watcher import ChainWatcher
from simulators.auditor import Auditor
from simulators.backends.chain.node import EvmNode
from simulators.backends.ledger import MemoryLedger
from simulators.building import Maker
from simulators.faults.calendar import edge_of
from simulators.faults.chain import StormyChain
from simulators.faults.clearing import StormyClearing
from simulators.faults.clock import MOST_OFF_NS, StormyClock
from simulators.faults.kinds import FaultKind
from simulators.faults.memory_loss import MemoryLoss
from simulators.faults.network import StormyNetwork
from simulators.faults.notices import StormyWatcher
from simulators.faults.plan import Storm, healed_at_ns
from simulators.faults.process import EngineProcess
from simulators.faults.stores import Line, Remote
from simulators.faults.weather import Weather
from simulators.kernel import Kernel, Trace
from simulators.settings import HOUR_NS, WorldSettings
from simulators.tap import Tap

PATIENCE_NS = 3 * HOUR_NS
"""What a fault left held is found by the next hourly tick, or by the one after it: so long a refusal is not judged."""


ITS_OWN = ("process", "store", "cache")
"""Groups of faults that only an engine on the given ports can have: another's storage is its own, and out of reach."""


ON_CHAIN = frozenset(kind for kind in FaultKind if kind.group == "chain") - {
    FaultKind.RPC_DOWN,
    FaultKind.RPC_UNKNOWN_OUTCOME,
}
"""Faults of the chain itself, not of the way to it."""


class Stormy(Maker):
    """A :class:`Maker` in bad weather."""

    def __init__(self, settings: WorldSettings, kernel: Kernel, trace: Trace, storms: Sequence[Storm]) -> None:
        super().__init__(settings, kernel, trace)
        self.weather = Weather(kernel, trace, storms)
        self._edge, self._edge_ns, _ = edge_of(settings, storms)
        if self._edge:
            self.weather.injected(FaultKind.CALENDAR_EDGE, self._edge)
        self._line: Line | None = None

    def auditor(self) -> Auditor:
        off = self.weather.plans(FaultKind.CLOCK_SKEW, FaultKind.CLOCK_STEP)
        self._auditor = Auditor(self._settings.terms, slack_ns=MOST_OFF_NS if off else 0, patience_ns=PATIENCE_NS)
        return self._auditor

    def chain(self, node: EvmNode) -> CardChain:
        if not self.weather.plans(*ON_CHAIN):
            return super().chain(node)
        return StormyChain(self.weather, self._kernel, node, self._settings.chain, self._settings.seed)

    def engine(self, factory: EngineFactory, ledger: MemoryLedger, chain: CardChain) -> CardEngine:
        weather, kernel = self.weather, self._kernel
        if weather.plans_group(*ITS_OWN):
            kernel.process(self._looking_back(ledger), "faults that could not be", daemon=True)
        ports = self.ports(ledger, chain)
        if weather.plans_group("clock"):
            ports = _replaced(ports, clock=StormyClock(kernel, weather, self._edge_ns))
        if not weather.plans_group("process", "store", "cache", "chain"):
            return factory(EngineKit(self._settings.terms, ports))
        memory = MemoryLoss(kernel, weather, ports.holds, ports.cache)
        line = self._line = Line(kernel, weather, memory)
        ports = _replaced(
            ports, **{name: Remote(name, getattr(ports, name), line) for name in ("cache", "holds", "ledger", "chain")}
        )
        kit = EngineKit(self._settings.terms, ports)
        if not weather.plans_group("process"):
            return factory(kit)
        line.process = EngineProcess(kernel, weather, lambda: factory(kit), lambda: ledger.in_use, memory.power_lost)
        line.process.mourners.append(lambda: self._auditor.engine_died(kernel.utc_ns))
        return line.process

    def _looking_back(self, ledger: MemoryLedger) -> Iterator[Any]:
        """When all is healed: an engine that never used its ports was spared the faults of these."""
        yield self._kernel.env.timeout(healed_at_ns(self._settings))
        if not ledger.in_use:
            for kind in FaultKind:
                if kind.group in ITS_OWN:
                    self.weather.skipped(kind, "the engine keeps its books elsewhere")

    def over(self) -> None:
        if self._line is not None:
            self._line.hang_up()

    def networks(self, tap: Tap, engine: CardEngine) -> dict[str, CardNetwork]:
        weather, kernel, trace = self.weather, self._kernel, self._trace
        if weather.plans_group("network"):
            found = {
                network.name: StormyNetwork(weather, kernel, tap, engine, trace, network)
                for network in self._settings.networks
            }
        else:
            found = super().networks(tap, engine)
        if weather.plans_group("clearing"):
            for network in self._settings.networks:
                clearing = StormyClearing(weather, kernel, tap, engine, trace, network)
                found[network.name].clearing = clearing
        return found

    def watcher(self, tap: Tap, engine: CardEngine, chain: CardChain) -> ChainWatcher:
        if not self.weather.plans_group("notice"):
            return super().watcher(tap, engine, chain)
        return StormyWatcher(self.weather, self._kernel, tap, engine, chain, self._trace)


def _replaced(ports: Ports, **changes: object) -> Ports:
    return Ports(**{name: changes.get(name, getattr(ports, name)) for name in Ports.__slots__})
