"""The clock of a running service: settle and expire at an interval, in one process of many, until told to stop."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from engine.interface import CardEngine, EngineError
from engine.ports import Clock

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


async def run(
    engine: CardEngine, clock: Clock, lease: Lease, *, interval_s: float, stop: asyncio.Event, tell: Tell
) -> None:
    """Tick every ``interval_s`` while the lease is held, until ``stop`` is set; a tick under way is finished first.

    What fails for reasons outside is told and tried again, soon at first. It may be killed at any instant: the next
    tick, here or elsewhere, goes on. A defect of the engine is raised.
    """
    failures, leads = 0, False
    loop = asyncio.get_running_loop()
    try:
        while not stop.is_set():
            began_s = loop.time()
            try:
                leads = _told(leads, await lease.hold(), tell)
                if leads:
                    await _tick(engine, clock, tell)
                pause_s = interval_s if leads else min(interval_s, STANDBY_S)
                failures = 0
            except EngineError as error:
                pause_s = min(interval_s, FIRST_RETRY_S * 2**failures, LONGEST_RETRY_S)
                failures = min(failures + 1, 10)
                tell("settlement tick failed", error=str(error), retry_s=pause_s)
            await _pause(stop, began_s + pause_s - loop.time())
    finally:
        await lease.release()


def _told(led: bool, leads: bool, tell: Tell) -> bool:
    if leads != led:
        tell("settlement lease taken" if leads else "settlement lease lost")
    return leads


async def _tick(engine: CardEngine, clock: Clock, tell: Tell) -> None:
    """Both at once: waiting for confirmations must not keep holds from ending, nor an outage of the chain."""
    now_ns = clock.now_ns()
    settled, expired = await asyncio.gather(engine.settle(now_ns), engine.expire(now_ns), return_exceptions=True)
    if not isinstance(settled, BaseException) and settled.batches:
        tell(
            "settled",
            batches=settled.batches,
            transactions=settled.transactions,
            users=settled.users,
            settled_usdc6=settled.settled_usdc6,
            gas_used=settled.gas_used,
        )
    if not isinstance(expired, BaseException) and expired.expired:
        tell("expired", holds=len(expired.expired))
    failed = [each for each in (settled, expired) if isinstance(each, BaseException)]
    for error in sorted(failed, key=lambda each: isinstance(each, EngineError)):
        raise error  # a defect before an outage


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, and no longer than until the stop."""
    try:
        async with asyncio.timeout(max(seconds, 0)):
            await stop.wait()
    except TimeoutError:
        return
