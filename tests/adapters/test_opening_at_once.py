"""Of openings that come at the same instant and name one address, one is done and the others are refused."""

from __future__ import annotations

import asyncio

import pytest

from engine.adapters.postgres import PostgresLedger
from engine.interface import AccountOpening, CardOpening, Refused
from engine.ports import Ports
from engine.services.images import Images
from engine.services.open_account import OpenAccount
from simulators.backends.cache import MemoryCache
from simulators.backends.holds import MemoryHoldStore
from tests.conformance.ports.postgres import OnPostgres


class Instantly:
    """Serves without a delay."""

    clock = None

    async def serve(self) -> None: ...


def opener(ledger: PostgresLedger) -> OpenAccount:
    at_once = Instantly()
    ports = Ports(clock=None, cache=MemoryCache(at_once), holds=MemoryHoldStore(at_once), ledger=ledger, chain=None)
    return OpenAccount(ports, Images(ports))


def opening(name: str, address: str) -> AccountOpening:
    return AccountOpening(name, address, (CardOpening(f"card-{name}", "visa", 2**62),))


@pytest.mark.parametrize(("address", "opened"), [("0xabcdef", 1), ("", 6)])
def test_one_of_many_gets_the_address_and_the_empty_one_is_everybodys(address: str, opened: int) -> None:
    async def scenario(ledger: PostgresLedger) -> None:
        open_account = opener(ledger)
        openings = [opening(f"u{n}", address.upper() if n % 2 else address) for n in range(6)]
        outcomes = await asyncio.gather(*map(open_account, openings), return_exceptions=True)
        assert outcomes.count(None) == opened
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [Refused] * (6 - opened)
        again = await asyncio.gather(*map(open_account, openings), return_exceptions=True)
        assert [type(outcome) for outcome in again] == [type(outcome) for outcome in outcomes], "who has it keeps it"
        owners = await ledger.account_ids([address])
        assert len(owners) == (1 if address else 0)

    made = OnPostgres()
    made.run(lambda _: scenario(made(None)))
