"""Leased work: it ticks while it leads, tries again after an outage, finishes its tick before it stops."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.interface import EngineError
from engine.leased_work import FIRST_RETRY_S, LONGEST_RETRY_S, STANDBY_S, keep_at
from engine.ports import PortUnavailable
from simulators.kernel import Kernel

INTERVAL_S = 600.0


class Ticking:
    """Work of which each tick does what was planned for it: it raises that, or takes so many seconds."""

    def __init__(self, kernel: Kernel, planned: list[Any] | None = None) -> None:
        self._kernel = kernel
        self._planned = planned or []
        self.began: list[float] = []
        self.finished = 0

    async def tick(self) -> None:
        self.began.append(self._kernel.utc_ns / 1e9)
        what = self._planned.pop(0) if self._planned else 0
        if isinstance(what, Exception):
            raise what
        await asyncio.sleep(what)
        self.finished += 1


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
    for_s: float, lease: Turns | None = None, planned: list[Any] | None = None
) -> tuple[Ticking, Turns, list[tuple[str, dict[str, Any]]]]:
    """Run for so many virtual seconds, then stop."""
    lease, told = lease or Turns(), []

    async def scenario(kernel: Kernel) -> Ticking:
        ticking, stop = Ticking(kernel, planned), asyncio.Event()
        asyncio.get_running_loop().call_later(for_s, stop.set)
        await keep_at(
            ticking.tick, lease, name="it", interval_s=INTERVAL_S, stop=stop,
            tell=lambda event, **fields: told.append((event, fields)),
        )  # fmt: skip
        return ticking

    with Kernel(1) as kernel:
        ticking = kernel.run(kernel.spawn(scenario(kernel), "test"))
    return ticking, lease, told


def test_it_ticks_at_its_interval_and_gives_the_lease_back() -> None:
    ticking, lease, told = work(INTERVAL_S * 2.5)
    assert ticking.began == [0, INTERVAL_S, 2 * INTERVAL_S]
    assert told == [("it: lease taken", {})]
    assert lease.released


def test_a_tick_that_takes_long_does_not_shift_the_next() -> None:
    ticking, _, _ = work(INTERVAL_S * 1.5, planned=[INTERVAL_S / 3])
    assert ticking.began == [0, INTERVAL_S]


def test_who_does_not_lead_waits_and_takes_over_soon() -> None:
    ticking, _, told = work(3 * STANDBY_S, Turns(False, False, True))
    assert ticking.began == [2 * STANDBY_S]
    assert [event for event, _ in told] == ["it: lease taken"]


def test_who_loses_the_lease_does_nothing_more() -> None:
    ticking, _, told = work(INTERVAL_S * 1.01, Turns(True, *[False] * 9))
    assert ticking.began == [0]
    assert [event for event, _ in told] == ["it: lease taken", "it: lease lost"]


def test_after_an_outage_it_tries_again_soon_and_ever_later() -> None:
    outages = [PortUnavailable("no node") for _ in range(9)]
    ticking, _, told = work(LONGEST_RETRY_S * 6, planned=outages)
    gaps = [later - sooner for sooner, later in zip(ticking.began, ticking.began[1:], strict=False)]
    assert gaps[:8] == [FIRST_RETRY_S * 2**n for n in range(6)] + [LONGEST_RETRY_S] * 2
    assert told[1] == ("it: failed", {"error": "no node", "retry_s": FIRST_RETRY_S})


def test_an_outage_of_the_lease_is_one_too() -> None:
    ticking, _, told = work(1.5, Turns(PortUnavailable("no database")))
    assert ticking.began == [FIRST_RETRY_S]
    assert told[0][1]["error"] == "no database"


def test_what_the_engine_refuses_is_told_and_tried_again() -> None:
    ticking, _, told = work(1.5, planned=[EngineError("lacks SETTLER_ROLE")])
    assert len(ticking.began) == 2
    assert told[1][1]["error"] == "lacks SETTLER_ROLE"


def test_a_tick_under_way_is_finished_before_it_stops() -> None:
    ticking, lease, _ = work(1.0, planned=[100.0])
    assert ticking.finished == 1
    assert lease.released


def test_a_defect_is_raised_and_the_lease_given_back() -> None:
    lease = Turns()
    with pytest.raises(KeyError, match="defect"):
        work(10.0, lease, planned=[KeyError("defect")])
    assert lease.released
