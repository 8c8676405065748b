"""One fault after the other under load, and what became of every answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import httpx

from scenarios.chaos.books import Attempt, Recovery, out_of_step, recovery, two_answers
from scenarios.chaos.driver import Driver
from scenarios.chaos.faults import Fault
from scenarios.chaos.settling import captures_until, purchases_on
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
        stop = asyncio.Event()
        purchases = purchases_on(stage, client, run) if fault.chained else None
        if purchases is not None:
            await purchases.open()
        driving = asyncio.create_task(driver.drive(rate_per_s, stop.is_set))
        capturing = asyncio.create_task(captures_until(purchases, stop)) if purchases is not None else None
        await asyncio.sleep(BEFORE_S)
        begun_s = time.monotonic()
        await asyncio.to_thread(fault.happen, stage)
        ended_s = time.monotonic()
        while time.monotonic() < ended_s + LONGEST_S:
            await asyncio.sleep(0.5)
            steady_s = recovery(driver.attempts, ended_s).steady_s
            if steady_s is not None and time.monotonic() > ended_s + steady_s + AFTER_S:
                break
        stop.set()
        await driving
        if capturing is not None:
            await capturing
        back = recovery(driver.attempts, ended_s)
        findings = await _judge(driver)
        if purchases is not None:
            findings += await purchases.judge()
    troubles = Counter(_trouble(attempt) for attempt in driver.attempts if attempt.status != 200)
    unanswered = sum(swipe.approved_cents is None for swipe in driver.swipes)
    return Outcome(fault, len(driver.swipes), unanswered, sum(troubles.values()), ended_s - begun_s, back, findings,
        dict(troubles.most_common()),
    )  # fmt: skip


def _trouble(attempt: Attempt) -> str:
    """What a try that failed was told, without the names in it."""
    if not attempt.status:
        return "no answer"
    try:
        detail = json.loads(attempt.body)["detail"]
    except (ValueError, KeyError, TypeError):
        return f"HTTP {attempt.status}"
    return f"HTTP {attempt.status}: {detail.replace(attempt.key, 'KEY')}"


async def _judge(driver: Driver) -> list[str]:
    """The books, then every approval asked for once more, then the last cent of some accounts."""
    said = await driver.balances()
    found = out_of_step(driver.swipes, driver.accounts, said)
    await driver.replay()
    found += two_answers(driver.attempts)
    return found + await driver.spend_all(said, PROBED)
