"""What is put on the bench: an engine made fresh for each case, from a factory or an ASGI app, or one behind a URL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from engine.interface import EngineFactory, EngineKit, Terms
from engine.ports import Ports
from scenarios.conformance.bench import Bench
from scenarios.conformance.chain import BenchChain, BenchClock
from scenarios.engines_ref import find_engine
from simulators.backends.cache import MemoryCache
from simulators.backends.holds import MemoryHoldStore
from simulators.backends.ledger import MemoryLedger
from simulators.kernel import Kernel

Play = Callable[[Bench], Awaitable[None]]


class Subject(Protocol):
    """An engine to be judged. ``text`` is how the user named it; ``shared``: one engine for all cases, in real time."""

    text: str
    shared: bool

    def play(self, play: Play, terms: Terms | None) -> Bench:
        """Let ``play`` have an engine, then close the books; what it and the engine raise is raised."""
        ...


class FreshEngine:
    """A factory's engine, another one for each case, in virtual time."""

    shared = False

    def __init__(self, text: str, factory: EngineFactory) -> None:
        self.text = text
        self.factory = factory

    def play(self, play: Play, terms: Terms | None) -> Bench:
        agreed = terms or Terms()
        clock = BenchClock()
        chain = BenchChain(clock)
        bench = Bench(self.factory(kit(agreed, clock, chain)), clock, chain, agreed)

        async def whole() -> None:
            await play(bench)
            await bench.close()
            await bench.leave()

        with Kernel(1) as kernel:
            kernel.run(kernel.spawn(whole(), "conformance"))
        return bench


class _AtOnce:
    """A backend that serves at once, after letting others run."""

    in_use = True

    def __init__(self, clock: BenchClock) -> None:
        self.clock = clock
        self.utc_ns = clock.now_ns

    async def serve(self) -> None:
        await asyncio.sleep(0)


def kit(terms: Terms, clock: BenchClock, chain: BenchChain) -> EngineKit:
    """The terms, the bench's clock and chain, and stores in memory."""
    served: Any = _AtOnce(clock)
    return EngineKit(terms, Ports(clock, MemoryCache(served), MemoryHoldStore(served), MemoryLedger(served), chain))


def subject_of(reference: str) -> Subject:
    """What ``--engine`` names. Raises BadInput."""
    if reference.strip().startswith(("http://", "https://")):
        from scenarios.conformance.remote import RemoteEngine

        return RemoteEngine(reference)
    found = find_engine(reference, whole=False)
    return FreshEngine(found.text, found.factory)
