"""The jobs of the settlement process: what each does of an engine, and what it tells."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from engine.http.examples import EXAMPLES
from engine.interface import (
    DepositNotice,
    ExpiryReceipt,
    NotSupported,
    SettlementReceipt,
    Terms,
    WithdrawalNotice,
    WithdrawalStage,
)
from engine.ports import PortUnavailable
from engine.services.engine import build
from engine.settling import expires, settles, watches
from scenarios.conformance.chain import BenchChain, BenchClock
from scenarios.conformance.subject import kit

DEPOSITS = [DepositNotice(f"0x{n}:0", "ada", 5, n) for n in range(3)]
WITHDRAWAL = WithdrawalNotice("0x9:1", "ada", WithdrawalStage.REQUESTED, 2, 9)


class Engine:
    """Writes down what it is told. ``breaks_at`` is a deposit that it cannot take yet."""

    def __init__(self, breaks_at: str = "") -> None:
        self.heard: list[Any] = []
        self.breaks_at = breaks_at

    async def settle(self, now_ns: int) -> SettlementReceipt:
        self.heard.append(("settle", now_ns))
        return SettlementReceipt(1, 1, 2, 3, 4)

    async def expire(self, now_ns: int) -> ExpiryReceipt:
        self.heard.append(("expire", now_ns))
        return ExpiryReceipt(("a", "b"))

    async def deposit(self, notice: DepositNotice) -> None:
        if notice.deposit_id == self.breaks_at:
            raise PortUnavailable("down")
        self.heard.append(notice)

    async def withdraw(self, notice: WithdrawalNotice) -> None:
        self.heard.append(notice)


class Now:
    def now_ns(self) -> int:
        return 7


class Watcher:
    """Two stretches of blocks: what is after block -1, and after 10; then nothing new."""

    class Seen:
        def __init__(self, notices: list[Any], cursor: int) -> None:
            self.notices, self.cursor, self.strangers = notices, cursor, ()

    async def after(self, cursor: int) -> Seen:
        if cursor < 10:
            return self.Seen(DEPOSITS[:2], 10)
        return self.Seen([DEPOSITS[2], WITHDRAWAL], 20) if cursor < 20 else self.Seen([], 20)


class Cursor:
    def __init__(self) -> None:
        self.position = -1

    async def read(self) -> int:
        return self.position

    async def move(self, position: int) -> None:
        self.position = position


def ticked(job_of: Any, engine: Engine, *more: Any) -> list[tuple[str, dict[str, Any]]]:
    told: list[tuple[str, dict[str, Any]]] = []
    asyncio.run(job_of(engine, *more, lambda event, **fields: told.append((event, fields)))())
    return told


def test_a_settlement_is_told_with_its_figures_and_ends_no_hold() -> None:
    engine = Engine()
    figures = {"batches": 1, "transactions": 1, "users": 2, "settled_usdc6": 3, "gas_used": 4}
    assert ticked(settles, engine, Now()) == [("settled", figures)]
    assert engine.heard == [("settle", 7)]


def test_holds_end_whatever_becomes_of_a_settlement() -> None:
    engine = Engine()
    assert ticked(expires, engine, Now()) == [("expired", {"holds": 2})]
    assert engine.heard == [("expire", 7)]


def test_what_the_chain_saw_is_told_in_order_and_the_cursor_follows() -> None:
    engine, cursor = Engine(), Cursor()
    ticked(watches, engine, Watcher(), cursor)
    assert engine.heard == [*DEPOSITS, WITHDRAWAL]
    assert cursor.position == 20


def test_a_notice_that_was_not_taken_comes_again_and_none_is_passed_over() -> None:
    engine, cursor = Engine(breaks_at="0x2:0"), Cursor()
    with pytest.raises(PortUnavailable):
        ticked(watches, engine, Watcher(), cursor)
    assert cursor.position == 10
    engine.breaks_at = ""
    ticked(watches, engine, Watcher(), cursor)
    assert engine.heard == [*DEPOSITS, WITHDRAWAL]


def test_without_a_chain_nothing_is_formed_and_a_process_that_has_one_burns_it_all() -> None:
    clock = BenchClock()
    whole = kit(Terms(), clock, BenchChain(clock))
    worker, settler = build(replace(whole, ports=replace(whole.ports, chain=None))), build(whole)

    async def scenario() -> None:
        await worker.open_account(EXAMPLES["open_account"])
        await worker.deposit(EXAMPLES["deposit"])
        assert (await worker.authorize(EXAMPLES["authorize"])).approved
        await worker.capture(EXAMPLES["capture"])
        with pytest.raises(NotSupported, match="no chain"):
            await worker.settle(clock.now_ns())
        assert await whole.ports.ledger.open_settlements() == ()
        assert (await settler.settle(clock.now_ns())).users == 1

    asyncio.run(scenario())
