"""What a port's conformance suite needs: for each implementation how to make it, and how to run a scenario with it.

A production adapter joins by adding itself to ``CACHES``, ``HOLD_STORES`` or ``LEDGERS``; then every test runs on it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from postgres import OnPostgres
from redis_server import LosingCache, LosingHoldStore, OnRedis

from engine.domain.accounts import Account, AccountStatus, Card, CardStatus
from engine.domain.ledger import Commit, Touch
from simulators.backends.cache import MemoryCache
from simulators.backends.holds import MemoryHoldStore
from simulators.backends.ledger import MemoryLedger
from simulators.backends.served import Served
from simulators.kernel import Kernel
from simulators.settings import Backend, Latency

INSTANT = Backend(Latency(1, 0.0), 1_000)


def memory_hold_store(kernel: Kernel) -> MemoryHoldStore:
    return MemoryHoldStore(Served(kernel, "holds", INSTANT))


def memory_ledger(kernel: Kernel) -> MemoryLedger:
    return MemoryLedger(Served(kernel, "ledger", INSTANT))


def memory_cache(kernel: Kernel) -> MemoryCache:
    return MemoryCache(Served(kernel, "cache", INSTANT))


class InMemory:
    """An implementation that lives in a kernel of its own, anew for each scenario."""

    def __init__(self, make: Callable[[Kernel], Any]) -> None:
        self._make = make

    def __call__(self, kernel: Kernel) -> Any:
        """A new one."""
        return self._make(kernel)

    def run(self, scenario: Callable[[Kernel], Coroutine[Any, Any, Any]]) -> Any:
        """Run one coroutine to its end."""
        with Kernel(1) as kernel:
            return kernel.run(kernel.spawn(scenario(kernel), "test"))


CACHES: dict[str, Any] = {"memory": InMemory(memory_cache), "redis": OnRedis(LosingCache)}
HOLD_STORES: dict[str, Any] = {"memory": InMemory(memory_hold_store), "redis": OnRedis(LosingHoldStore)}
LEDGERS: dict[str, Any] = {"memory": InMemory(memory_ledger), "postgres": OnPostgres()}


async def open_accounts(ledger: Any, *names: str) -> None:
    for name in names:
        commit = Commit(
            accounts=(Account(name, f"0x{name}", AccountStatus.ACTIVE, 1),),
            cards=(Card(f"card-{name}", name, "visa", 9 * 10**18, CardStatus.ACTIVE),),
        )
        await ledger.update(Touch(accounts=(name,), cards=(f"card-{name}",)), lambda rows, commit=commit: commit)
