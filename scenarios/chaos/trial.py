"""One fault after the other under load, and what became of every answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import httpx

from scenarios.chaos.books import Recovery, out_of_step, recovery, two_answers
from scenarios.chaos.driver import Driver
from scenarios.chaos.faults import Fault
from scenarios.chaos.settling import Purchases
from scenarios.chaos.stage import Stage

BEFORE_S, AFTER_S, LONGEST_S = 2.0, 3.0, 30.0
"""How long swipes come before a fault; how long they go on once it is steady again, and at most."""
ACCOUNTS, PROBED = 24, 6


class Outcome(NamedTuple):
    """``down_s``: how long the fault itself took. ``findings``: what is wrong with the books. ``troubles``: what the
    tries that failed were told, and how many of them."""

    fault: Fault
    swipes: int
    unanswered: int
    failed_tries: int
    down_s: float
    recovery: Recovery
    findings: Sequence[str]
    troubles: Mapping[str, int]

    @property
    def ok(self) -> bool:
        return not self.findings and self.recovery.steady_s is not None


def trials(
    stage: Stage, faults: Sequence[Fault], rate_per_s: float, seed: int, told: Callable[[Outcome], None]
) -> None:
    """Try them in turn."""
    for number, fault in enumerate(faults):
        told(asyncio.run(_trial(stage, fault, rate_per_s, f"{seed}-{number}-{time.time_ns():x}", seed + number)))


async def _trial(stage: Stage, fault: Fault, rate_per_s: float, run: str, seed: int) -> Outcome:
    limits = httpx.Limits(max_connections=500, max_keepalive_connections=100)
    async with httpx.AsyncClient(base_url=stage.url, limits=limits, trust_env=False) as client:
        driver = Driver(client, run, ACCOUNTS, seed)
        await driver.open()
        purchases = Purchases(client, stage.chain, run) if fault.chained else None
        if purchases is not None:
            await purchases.open()
        async with asyncio.TaskGroup() as traffic:
            stop = asyncio.Event()
            traffic.create_task(driver.drive(rate_per_s, stop.is_set))
            if purchases is not None:
                traffic.create_task(purchases.capture_until(stop))
            began_s, ended_s = await _happens(fault, stage, driver)
            stop.set()
        back = recovery(driver.attempts, ended_s)
        findings = await _judge(driver)
        if purchases is not None:
            findings += await purchases.judge()
    troubles = Counter(attempt.trouble for attempt in driver.attempts if attempt.answer is None)
    unanswered = sum(swipe.approved_cents is None for swipe in driver.swipes)
    return Outcome(
        fault, len(driver.swipes), unanswered, troubles.total(), ended_s - began_s, back, findings,
        dict(troubles.most_common()),
    )  # fmt: skip


async def _happens(fault: Fault, stage: Stage, driver: Driver) -> tuple[float, float]:
    """Let it happen under load, and wait until the service is steady; when it began and when it was over."""
    await asyncio.sleep(BEFORE_S)
    began_s = time.monotonic()
    await asyncio.to_thread(fault.happen, stage)
    ended_s = time.monotonic()
    while time.monotonic() < ended_s + LONGEST_S:
        await asyncio.sleep(0.5)
        steady_s = recovery(driver.attempts, ended_s).steady_s
        if steady_s is not None and time.monotonic() > ended_s + steady_s + AFTER_S:
            break
    return began_s, ended_s


async def _judge(driver: Driver) -> list[str]:
    """The books, then every approval asked for once more, then the last cent of some accounts."""
    said = await driver.balances()
    found = out_of_step(driver.swipes, driver.funds_usdc6, said)
    await driver.replay()
    found += two_answers(driver.attempts)
    return found + await driver.spend_all(said, PROBED)
