"""The parts of a world, made to be hit by the storms that are planned; what no storm hits is made as ever."""

from __future__ import annotations

from collections.abc import Sequence

from engine.interface import CardEngine
from simulators.actors.networks import CardNetwork
from simulators.auditor import Auditor
from simulators.building import Maker
from simulators.faults.network import StormyNetwork
from simulators.faults.plan import Storm
from simulators.faults.weather import Weather
from simulators.kernel import Kernel, Trace
from simulators.settings import HOUR_NS, WorldSettings
from simulators.tap import Tap

PATIENCE_NS = 3 * HOUR_NS
"""What a fault left held is found by the next hourly tick, or by the one after it: so long a refusal is not judged."""


class Stormy(Maker):
    """A :class:`Maker` in bad weather."""

    def __init__(self, settings: WorldSettings, kernel: Kernel, trace: Trace, storms: Sequence[Storm]) -> None:
        super().__init__(settings, kernel, trace)
        self.weather = Weather(kernel, trace, storms)

    def auditor(self) -> Auditor:
        return Auditor(self._settings.terms, patience_ns=PATIENCE_NS)

    def networks(self, tap: Tap, engine: CardEngine) -> dict[str, CardNetwork]:
        if not self.weather.plans_group("network"):
            return super().networks(tap, engine)
        return {
            network.name: StormyNetwork(self.weather, self._kernel, tap, engine, self._trace, network)
            for network in self._settings.networks
        }
