"""The lease: one holder at a time, and none that is dead."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from sqlalchemy import text

from engine.adapters.postgres.connection import connect
from engine.adapters.postgres.lease import Lease
from engine.ports import PortUnavailable
from tests.conformance.ports.postgres import url

HOLDER = """
import asyncio, sys
from engine.adapters.postgres.lease import Lease

async def main():
    print(await Lease(sys.argv[1], int(sys.argv[2])).hold(), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
POLLS, POLL_S = 200, 0.05


async def comes_to_hold(lease: Lease) -> bool:
    for _ in range(POLLS):
        if await lease.hold():
            return True
        await asyncio.sleep(POLL_S)
    return False


@pytest.fixture(scope="module", autouse=True)
def server() -> str:
    """Started before any event loop runs: it makes its tables in one of its own."""
    return url()


def test_one_holds_it_until_it_is_given_back() -> None:
    async def scenario() -> None:
        first, second = Lease(url(), 1), Lease(url(), 1)
        assert await first.hold()
        assert await first.hold(), "asking again keeps it"
        assert not await second.hold()
        await first.release()
        await first.release()
        assert await comes_to_hold(second)
        assert not await first.hold()
        await second.release()

    asyncio.run(scenario())


def test_leases_of_other_keys_do_not_meet() -> None:
    async def scenario() -> None:
        leases = [Lease(url(), 2), Lease(url(), 3)]
        assert [await lease.hold() for lease in leases] == [True, True]
        for lease in leases:
            await lease.release()

    asyncio.run(scenario())


def test_it_is_lost_with_its_connection_and_whoever_lost_it_notices() -> None:
    async def scenario() -> None:
        first, second, admin = Lease(url(), 4), Lease(url(), 4), connect(url())
        assert await first.hold()
        end = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4")
        async with admin.begin() as connection:
            await connection.execute(end)
        await admin.dispose()
        assert await comes_to_hold(second)
        assert not await first.hold()
        await second.release()
        assert await comes_to_hold(first)
        await first.release()

    asyncio.run(scenario())


def test_a_holder_that_is_killed_holds_nothing() -> None:
    async def scenario(holder: subprocess.Popen[bytes]) -> None:
        waiting = Lease(url(), 5)
        assert holder.stdout is not None
        assert await asyncio.to_thread(holder.stdout.readline) == b"True\n"
        assert not await waiting.hold()
        holder.kill()
        holder.wait()
        assert await comes_to_hold(waiting)
        await waiting.release()

    command = [sys.executable, "-c", HOLDER, url(), "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        try:
            asyncio.run(scenario(holder))
        finally:
            holder.kill()


def test_without_a_database_it_is_an_outage_whose_text_holds_no_password() -> None:
    async def scenario() -> None:
        lease = Lease("postgresql+asyncpg://settler:passw0rd@127.0.0.1:1/none", 1)
        with pytest.raises(PortUnavailable) as raised:
            await lease.hold()
        assert "passw0rd" not in str(raised.value)

    asyncio.run(scenario())
