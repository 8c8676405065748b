"""The settlement worker: ticks while it leads, tries again after an outage, finishes its tick before it stops."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.interface import EngineError, ExpiryReceipt, SettlementReceipt
from engine.ports import PortUnavailable
from engine.settlement_worker import FIRST_RETRY_S, LONGEST_RETRY_S, STANDBY_S, run
from simulators.kernel import Kernel

INTERVAL_S = 600.0


class Ticking:
    """An engine of which only the ticks are asked; what they raise or how long they take is told beforehand."""

    def __init__(self, kernel: Kernel, settles: list[Any] | None = None, expires: list[Any] | None = None) -> None:
        self._kernel = kernel
        self._settles, self._expires = settles or [], expires or []
        self.settled: list[float] = []
        self.expired: list[float] = []
        self.finished = 0

    async def settle(self, now_ns: int) -> SettlementReceipt:
        self.settled.append(now_ns / 1e9)
        await self._next(self._settles)
        self.finished += 1
        return SettlementReceipt(1, 1, 2, 3, 4)

    async def expire(self, now_ns: int) -> ExpiryReceipt:
        self.expired.append(now_ns / 1e9)
        await self._next(self._expires)
        return ExpiryReceipt(())

    async def _next(self, planned: list[Any]) -> None:
        what = planned.pop(0) if planned else 0
        if isinstance(what, Exception):
            raise what
        await asyncio.sleep(what)


class Now:
    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def now_ns(self) -> int:
        return self._kernel.utc_ns


class Turns:
    """A lease that is held when told so."""

    def __init__(self, *turns: Any) -> None:
        self._turns = list(turns)
        self.released = False

    async def hold(self) -> bool:
        turn = self._turns.pop(0) if self._turns else True
        if isinstance(turn, Exception):
            raise turn
        return turn

    async def release(self) -> None:
        self.released = True


def work(
    for_s: float, lease: Turns | None = None, settles: list[Any] | None = None, expires: list[Any] | None = None
) -> tuple[Ticking, Turns, list[tuple[str, dict[str, Any]]]]:
    """Run for so many virtual seconds, then stop."""
    lease, told = lease or Turns(), []

    async def scenario(kernel: Kernel) -> Ticking:
        engine, stop = Ticking(kernel, settles, expires), asyncio.Event()
        asyncio.get_running_loop().call_later(for_s, stop.set)
        await run(
            engine, Now(kernel), lease, interval_s=INTERVAL_S, stop=stop,
            tell=lambda event, **fields: told.append((event, fields)),
        )  # fmt: skip
        return engine

    with Kernel(1) as kernel:
        engine = kernel.run(kernel.spawn(scenario(kernel), "test"))
    return engine, lease, told


def test_it_ticks_at_its_interval_and_tells_what_was_settled() -> None:
    engine, lease, told = work(INTERVAL_S * 2.5)
    assert engine.settled == engine.expired == [0, INTERVAL_S, 2 * INTERVAL_S]
    figures = {"batches": 1, "transactions": 1, "users": 2, "settled_usdc6": 3, "gas_used": 4}
    assert told == [("settlement lease taken", {})] + [("settled", figures)] * 3
    assert lease.released


def test_a_tick_that_takes_long_does_not_shift_the_next() -> None:
    engine, _, _ = work(INTERVAL_S * 1.5, settles=[INTERVAL_S / 3])
    assert engine.settled == [0, INTERVAL_S]


def test_who_does_not_lead_waits_and_takes_over_soon() -> None:
    engine, _, told = work(3 * STANDBY_S, Turns(False, False, True))
    assert engine.settled == [2 * STANDBY_S]
    assert [event for event, _ in told] == ["settlement lease taken", "settled"]


def test_who_loses_the_lease_does_nothing_more() -> None:
    engine, _, told = work(INTERVAL_S * 1.01, Turns(True, *[False] * 9))
    assert engine.settled == [0]
    assert [event for event, _ in told] == ["settlement lease taken", "settled", "settlement lease lost"]


def test_after_an_outage_it_tries_again_soon_and_ever_later() -> None:
    outages = [PortUnavailable("no node") for _ in range(9)]
    engine, _, told = work(LONGEST_RETRY_S * 6, settles=outages)
    gaps = [later - sooner for sooner, later in zip(engine.settled, engine.settled[1:], strict=False)]
    assert gaps[:8] == [FIRST_RETRY_S * 2**n for n in range(6)] + [LONGEST_RETRY_S] * 2
    assert told[1] == ("settlement tick failed", {"error": "no node", "retry_s": FIRST_RETRY_S})


def test_an_outage_of_the_chain_does_not_keep_holds_from_ending() -> None:
    engine, _, told = work(0.5, settles=[PortUnavailable("no node")])
    assert engine.expired == [0]
    assert told[-1][0] == "settlement tick failed"


def test_an_outage_of_the_lease_is_one_too() -> None:
    engine, _, told = work(1.5, Turns(PortUnavailable("no database")))
    assert engine.settled == [FIRST_RETRY_S]
    assert told[0][1]["error"] == "no database"


def test_what_the_engine_refuses_is_told_and_tried_again() -> None:
    engine, _, told = work(1.5, settles=[EngineError("lacks SETTLER_ROLE")])
    assert len(engine.settled) == 2
    assert told[1][1]["error"] == "lacks SETTLER_ROLE"


def test_a_tick_under_way_is_finished_before_it_stops() -> None:
    engine, lease, _ = work(1.0, settles=[100.0])
    assert engine.finished == 1
    assert lease.released


def test_a_defect_is_raised_even_beside_an_outage_and_the_lease_given_back() -> None:
    lease = Turns()
    with pytest.raises(KeyError, match="defect"):
        work(10.0, lease, settles=[PortUnavailable("no node")], expires=[KeyError("defect")])
    assert lease.released
