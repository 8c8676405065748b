"""The settlement process: it burns what is captured, ends holds in time, and tells the engine what the chain saw.

Of several such processes one does each kind of work; any may be killed at any instant.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from engine.adapters import evm, postgres
from engine.bootstrap import Production, asyncpg_url, needed, production
from engine.interface import CardEngine, DepositNotice, ExpiryReceipt, SettlementReceipt
from engine.ports import Clock
from engine.settings import Settings, SettingsError
from engine.settlement_worker import Tell, run

SETTLES, TICKS, WATCHES = 7_316_020_102, 7_316_020_103, 7_316_020_104
"""The keys of the leases."""
_NOTHING_BURNED = SettlementReceipt(0, 0, 0, 0, 0)


class Settles:
    """Of an engine's ticks the settlement alone."""

    def __init__(self, engine: CardEngine) -> None:
        self.settle = engine.settle

    async def expire(self, now_ns: int) -> ExpiryReceipt:
        return ExpiryReceipt(())


class Expires:
    """Of an engine's ticks the ends of holds alone, with all that is swept up then."""

    def __init__(self, engine: CardEngine) -> None:
        self.expire = engine.expire

    async def settle(self, now_ns: int) -> SettlementReceipt:
        return _NOTHING_BURNED


class Watches:
    """Tells an engine, at every tick, of deposits and withdrawals that have become final since the last."""

    def __init__(self, engine: CardEngine, watcher: evm.DepositWatcher, cursor: postgres.Cursor, tell: Tell) -> None:
        self._engine = engine
        self._watcher = watcher
        self._cursor = cursor
        self._tell = tell

    async def settle(self, now_ns: int) -> SettlementReceipt:
        return _NOTHING_BURNED

    async def expire(self, now_ns: int) -> ExpiryReceipt:
        """Until nothing is new. The cursor moves when the engine has answered, so what is told twice is told alike."""
        position = await self._cursor.read()
        while (seen := await self._watcher.after(position)).cursor != position:
            for notice in seen.notices:
                if isinstance(notice, DepositNotice):
                    await self._engine.deposit(notice)
                else:
                    await self._engine.withdraw(notice)
            if seen.notices:
                self._tell("seen on chain", notices=len(seen.notices), block=seen.cursor)
            if seen.strangers:
                self._tell("of no account", addresses=len(seen.strangers), block=seen.cursor)
            position = seen.cursor
            await self._cursor.move(position)
        return ExpiryReceipt(())


async def settle_until(settings: Settings, stop: asyncio.Event, tell: Tell) -> None:
    """Work until ``stop`` is set; what is under way is finished first. Raises SettingsError."""
    async with AsyncExitStack() as stack:
        rpc = None if settings.rpc_url is None else await stack.enter_async_context(_node(settings))
        made = production(settings) if rpc is None else _with_chain(settings, rpc)
        stack.push_async_callback(made.close)
        clock, engine = made.ports.clock, made.engine
        jobs: list[tuple[Job, int, float]] = [(Expires(engine), TICKS, settings.tick_interval_s)]
        if rpc is not None:
            watcher = evm.DepositWatcher(rpc, evm_settings(settings), made.ledger.account_ids)
            watches = Watches(engine, watcher, _cursor(settings, made), tell)
            jobs += [
                (Settles(engine), SETTLES, settings.settle_interval_s),
                (watches, WATCHES, settings.tick_interval_s),
            ]
        async with asyncio.TaskGroup() as group:
            for job, key, interval_s in jobs:
                lease = postgres.Lease(asyncpg_url(needed(settings, "database_url")), key)
                group.create_task(_run(job, clock, lease, interval_s, stop, tell))


async def settle_once(settings: Settings) -> SettlementReceipt:
    """One settlement, now. Raises SettingsError."""
    async with _node(settings) as rpc:
        made = _with_chain(settings, rpc)
        try:
            return await made.engine.settle(made.ports.clock.now_ns())
        finally:
            await made.close()


Job = Settles | Expires | Watches


async def _run(
    job: Job, clock: Clock, lease: postgres.Lease, interval_s: float, stop: asyncio.Event, tell: Tell
) -> None:  # fmt: skip
    engine: CardEngine = job  # type: ignore[assignment]  # of an engine the worker asks for the two ticks
    await run(engine, clock, lease, interval_s=interval_s, stop=stop, tell=tell)


def _with_chain(settings: Settings, rpc: evm.Rpc) -> Production:
    key = needed(settings, "settler_key")

    def chain(ledger: postgres.PostgresLedger) -> evm.EvmSettlementChain:
        return evm.EvmSettlementChain(rpc, evm.Settler(key), evm_settings(settings), ledger.account_ids)

    return production(settings, chain)


def _cursor(settings: Settings, made: Production) -> postgres.Cursor:
    """Of this very contract, so that another one is read from its beginning."""
    return made.ledger.cursor(f"chain:{(settings.token_address or '').lower()}")


@asynccontextmanager
async def _node(settings: Settings) -> AsyncIterator[evm.Rpc]:
    rpc = evm.Rpc(needed(settings, "rpc_url"), timeout_s=evm_settings(settings).timeout_s)
    try:
        yield rpc
    finally:
        await rpc.close()


def evm_settings(settings: Settings) -> evm.EvmSettings:
    """What the adapter is told. Raises SettingsError where the contract's address is missing."""
    if settings.token_address is None:
        raise SettingsError("SWIPELAB_TOKEN_ADDRESS: not set; it is where CardToken was deployed")
    return evm.EvmSettings(
        settings.token_address, confirmations=settings.confirmations, first_block=settings.first_block
    )  # fmt: skip
