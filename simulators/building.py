"""Building a world: every part of it, made from settings and wired to the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.interface import CardEngine, EngineFactory, EngineKit
from engine.ports import Ports
from simulators.actors.cardholders import Cardholder, people
from simulators.actors.chain import CardChain
from simulators.actors.networks import CardNetwork
from simulators.actors.timekeeper import Timekeeper
from simulators.actors.watcher import ChainWatcher
from simulators.auditor import Auditor
from simulators.backends.cache import MemoryCache
from simulators.backends.chain.factory import open_node
from simulators.backends.chain.node import EvmNode
from simulators.backends.holds import MemoryHoldStore
from simulators.backends.ledger import MemoryLedger
from simulators.backends.served import Served
from simulators.backends.settlement import SimulatedSettlementChain
from simulators.events import COLUMNS
from simulators.faults.calendar import moved
from simulators.faults.plan import Storm, plan_of
from simulators.kernel import Chunk, Kernel, ScriptedTies, SeededTies, Ties, Trace, fences
from simulators.settings import SECOND_NS, Purchases, WorldSettings
from simulators.tap import Tap


class WorldError(Exception):
    """The settings cannot make a world; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a world is made of."""

    kernel: Kernel
    trace: Trace
    auditor: Auditor
    node: EvmNode
    chain: CardChain
    ledger: MemoryLedger
    engine: CardEngine
    tap: Tap
    networks: dict[str, CardNetwork]
    watcher: ChainWatcher
    clock: Timekeeper
    people: list[Cardholder]
    over: Callable[[], None]
    """To be called when the world has ended."""


def planned(
    settings: WorldSettings, purchases: Purchases | None
) -> tuple[WorldSettings, Purchases | None, tuple[Storm, ...]]:  # fmt: skip
    """The storms of a world, and the world where they move it to. Raises WorldError."""
    if not settings.faults.kinds:
        return settings, purchases, ()
    try:
        storms = plan_of(settings)
    except ValueError as error:
        raise WorldError(str(error)) from None
    return *moved(settings, purchases, storms), storms


class VirtualClock:
    """The port ``Clock`` in virtual time."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def now_ns(self) -> int:
        return self._kernel.utc_ns


def build(
    settings: WorldSettings,
    purchases: Purchases | None,
    engine_factory: EngineFactory,
    sink: Callable[[Chunk], None] | None,
    storms: Sequence[Storm] = (),
    ties: Ties | None = None,
) -> Parts:
    """Make the parts; those that ``storms`` hit are made to be hit. Raises WorldError."""
    epoch_ns = settings.start_ns - settings.warmup_ns
    if ties is None and settings.explore:
        ties = _ties(settings)
    kernel = Kernel(settings.seed, epoch_ns=epoch_ns, ties=ties)
    trace = Trace(COLUMNS, sink)
    if storms:
        from simulators.faults.building import Stormy  # nobody else pays for it

        maker = Stormy(settings, kernel, trace, storms)
    else:
        maker = Maker(settings, kernel, trace)
    auditor = maker.auditor()
    node = open_node(
        settings.chain.rpc_url if settings.chain.node == "rpc" else settings.chain.node,
        seed=settings.seed,
        genesis_timestamp_s=epoch_ns // SECOND_NS - 60,
        real_io=lambda: fences.lifted("the chain node is a real one"),
    )
    chain = maker.chain(node)
    ledger = MemoryLedger(maker.served("ledger"), auditor.journal)
    engine = maker.engine(engine_factory, ledger, chain)
    tap = Tap(kernel, engine, auditor, trace, settings.backends.workers)
    return Parts(
        kernel, trace, auditor, node, chain, ledger, engine, tap,
        networks=maker.networks(tap, engine),
        watcher=maker.watcher(tap, engine, chain),
        clock=Timekeeper(kernel, tap, engine, trace, settings.terms.settlement_interval_ns),
        people=_populate(settings, purchases, kernel, epoch_ns),
        over=maker.over,
    )  # fmt: skip


def _ties(settings: WorldSettings) -> Ties:
    keep = settings.keep
    if keep.choices is None:
        return SeededTies(settings.seed, keep.ties_until, keep.ties)
    return ScriptedTies(keep.choices, *traffic_span(settings))


def traffic_span(settings: WorldSettings) -> tuple[int, int]:
    """From when until when the shops are open, in ns since the world began."""
    return settings.warmup_ns, settings.warmup_ns + settings.keep.traffic_of(settings.traffic_ns)


class Maker:
    """Makes the parts that faults may hit, as they are in fair weather."""

    def __init__(self, settings: WorldSettings, kernel: Kernel, trace: Trace) -> None:
        self._settings = settings
        self._kernel = kernel
        self._trace = trace

    def auditor(self) -> Auditor:
        return Auditor(self._settings.terms)

    def served(self, name: str) -> Served:
        return Served(self._kernel, name, getattr(self._settings.backends, name))

    def chain(self, node: EvmNode) -> CardChain:
        return CardChain(self._kernel, node, self._settings.chain, self._settings.seed)

    def engine(self, factory: EngineFactory, ledger: MemoryLedger, chain: CardChain) -> CardEngine:
        return factory(EngineKit(self._settings.terms, self.ports(ledger, chain)))

    def ports(self, ledger: MemoryLedger, chain: CardChain) -> Ports:
        return Ports(
            clock=VirtualClock(self._kernel),
            cache=MemoryCache(self.served("cache")),
            holds=MemoryHoldStore(self.served("holds")),
            ledger=ledger,
            chain=SimulatedSettlementChain(self._kernel, self.served("chain"), chain),
        )

    def over(self) -> None:
        """The world has ended: let go of what would outlive it."""

    def networks(self, tap: Tap, engine: CardEngine) -> dict[str, CardNetwork]:
        return {
            network.name: CardNetwork(self._kernel, tap, engine, self._trace, network)
            for network in self._settings.networks
        }

    def watcher(self, tap: Tap, engine: CardEngine, chain: CardChain) -> ChainWatcher:
        return ChainWatcher(self._kernel, tap, engine, chain, self._trace)


def _populate(
    settings: WorldSettings, purchases: Purchases | None, kernel: Kernel, epoch_ns: int
) -> list[Cardholder]:  # fmt: skip
    names = dict.fromkeys(purchases.cardholders if purchases is not None else ())
    names.update(dict.fromkeys(settings.cardholders))
    acting = frozenset(step.cardholder for step in settings.script)
    if unknown := sorted(acting - names.keys()):
        raise WorldError(f"the script names cardholders that do not exist: {', '.join(unknown)}")
    random = kernel.stream("cards").generator
    return people(tuple(names), acting, settings.cards, settings.networks, settings.seed, random, epoch_ns)
