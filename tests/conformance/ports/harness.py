"""What a port's conformance suite needs: a world to run in, and one factory per implementation.

A production adapter joins by adding itself to ``HOLD_STORES`` or ``LEDGERS``; every test then runs on it too.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from engine.domain.accounts import Account, AccountStatus, Card, CardStatus
from engine.domain.ledger import Commit, Touch
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


HOLD_STORES: dict[str, Callable[[Kernel], Any]] = {"memory": memory_hold_store}
LEDGERS: dict[str, Callable[[Kernel], Any]] = {"memory": memory_ledger}


def run(scenario: Callable[[Kernel], Coroutine[Any, Any, Any]]) -> Any:
    """Run one coroutine in a kernel of its own."""
    with Kernel(1) as kernel:
        return kernel.run(kernel.spawn(scenario(kernel), "test"))


async def open_accounts(ledger: Any, *names: str) -> None:
    for name in names:
        commit = Commit(
            accounts=(Account(name, f"0x{name}", AccountStatus.ACTIVE, 1),),
            cards=(Card(f"card-{name}", name, "visa", 10**19, CardStatus.ACTIVE),),
        )
        await ledger.update(Touch(accounts=(name,)), lambda rows, commit=commit: commit)
