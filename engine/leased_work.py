"""Work that one process of many does again and again, until told to stop: whoever holds the lease does it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from engine.interface import EngineError

STANDBY_S = 5.0
"""How often a process that does not hold the lease asks for it."""
FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 60.0
"""After a failure; doubled each time."""


class Lease(Protocol):
    """Says which of several processes does the work."""

    async def hold(self) -> bool:
        """Take it, or see that it is held still; False: somebody else has it. Raises PortUnavailable."""
        ...

    async def release(self) -> None:
        """Give it back."""
        ...


class Tell(Protocol):
    """Where log lines and figures go: an event and what belongs to it, as structlog takes them."""

    def __call__(self, event: str, **fields: Any) -> None: ...


Job = Callable[[], Awaitable[None]]
"""One tick of the work."""


async def keep_at(
    job: Job, lease: Lease, *, name: str, interval_s: float, stop: asyncio.Event, tell: Tell
) -> None:  # fmt: skip
    """Tick every ``interval_s`` while the lease is held, until ``stop`` is set; a tick under way is finished first.

    What fails for reasons outside is told and tried again, soon at first. It may be killed at any instant: the next
    tick, here or elsewhere, goes on. A defect of the engine is raised.
    """
    failures, led = 0, False
    loop = asyncio.get_running_loop()
    try:
        while not stop.is_set():
            began_s = loop.time()
            try:
                leads = await lease.hold()
                if leads != led:
                    tell(f"{name}: lease taken" if leads else f"{name}: lease lost")
                    led = leads
                if leads:
                    await job()
                pause_s = interval_s if leads else min(interval_s, STANDBY_S)
                failures = 0
            except EngineError as error:
                pause_s = min(interval_s, FIRST_RETRY_S * 2**failures, LONGEST_RETRY_S)
                failures = min(failures + 1, 10)
                tell(f"{name}: failed", error=str(error), retry_s=pause_s)
            await _pause(stop, began_s + pause_s - loop.time())
    finally:
        await lease.release()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, and no longer than until the stop."""
    try:
        async with asyncio.timeout(max(seconds, 0)):
            await stop.wait()
    except TimeoutError:
        return
