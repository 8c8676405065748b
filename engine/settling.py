"""The settlement process: it burns what is captured, ends holds in time, and tells the engine what the chain saw.

Of several such processes one does each kind of work; any may be killed at any instant.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.adapters import postgres
from engine.bootstrap import asyncpg_url, needed, production
from engine.interface import CardEngine, DepositNotice, SettlementReceipt
from engine.leased_work import Job, Tell, keep_at
from engine.ports import Clock
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.adapters.evm import DepositWatcher

SETTLES, EXPIRES, WATCHES = 7_316_020_102, 7_316_020_103, 7_316_020_104
"""The keys of the leases: each kind of work has its own, so that waiting for confirmations keeps no hold from ending,
nor does an outage of the chain."""


def settles(engine: CardEngine, clock: Clock, tell: Tell) -> Job:
    """Burn what is captured."""

    async def tick() -> None:
        receipt = await engine.settle(clock.now_ns())
        if receipt.batches:
            tell("settled", **asdict(receipt))

    return tick


def expires(engine: CardEngine, clock: Clock, tell: Tell) -> Job:
    """End holds whose time is over, and sweep up what crashes left."""

    async def tick() -> None:
        receipt = await engine.expire(clock.now_ns())
        if receipt.expired:
            tell("expired", holds=len(receipt.expired))

    return tick


def watches(engine: CardEngine, watcher: DepositWatcher, cursor: postgres.Cursor, tell: Tell) -> Job:
    """Tell the engine of deposits and withdrawals that have become final since the last tick."""

    async def tick() -> None:
        """Until nothing is new. The cursor moves when the engine has answered, so what is told twice is told alike."""
        position = await cursor.read()
        while (seen := await watcher.after(position)).cursor != position:
            for notice in seen.notices:
                if isinstance(notice, DepositNotice):
                    await engine.deposit(notice)
                else:
                    await engine.withdraw(notice)
            if seen.notices:
                tell("seen on chain", notices=len(seen.notices), block=seen.cursor)
            if seen.strangers:
                tell("of no account", addresses=len(seen.strangers), block=seen.cursor)
            position = seen.cursor
            await cursor.move(position)

    return tick


async def settle_until(settings: Settings, stop: asyncio.Event, tell: Tell) -> None:
    """Work until ``stop`` is set; what is under way is finished first. Raises SettingsError."""
    async with AsyncExitStack() as stack:
        onchain = None
        if settings.rpc_url is not None:
            from engine.onchain import OnChain  # web3 alone takes longer to import than all else

            onchain = await stack.enter_async_context(OnChain.of(settings))
        made = production(settings, None if onchain is None else onchain.settlement_chain)
        stack.push_async_callback(made.close)
        clock, engine = made.ports.clock, made.engine
        jobs = [("expire", expires(engine, clock, tell), EXPIRES, settings.tick_interval_s)]
        if onchain is not None:
            watching = watches(engine, onchain.watcher(made.ledger), onchain.cursor(made.ledger), tell)
            jobs += [
                ("settle", settles(engine, clock, tell), SETTLES, settings.settle_interval_s),
                ("watch", watching, WATCHES, settings.tick_interval_s),
            ]
        database_url = asyncpg_url(needed(settings, "database_url"))
        async with asyncio.TaskGroup() as group:
            for name, job, key, interval_s in jobs:
                lease = postgres.Lease(database_url, key)
                group.create_task(keep_at(job, lease, name=name, interval_s=interval_s, stop=stop, tell=tell))


async def settle_once(settings: Settings) -> SettlementReceipt:
    """One settlement, now. Raises SettingsError."""
    from engine.onchain import OnChain

    async with OnChain.of(settings) as onchain:
        made = production(settings, onchain.settlement_chain)
        try:
            return await made.engine.settle(made.ports.clock.now_ns())
        finally:
            await made.close()
