"""What a sandbox begins with: a few customers with funds, so that the first request can be a swipe."""

from __future__ import annotations

from typing import NamedTuple

from engine.bootstrap import production
from engine.interface import AccountOpening, CardOpening, DepositNotice
from engine.settings import Settings

FUNDS_USDC6 = 1_000_000_000
"""$1,000 each."""
EXPIRES_AT_NS = 4_102_444_800 * 1_000_000_000
"""2100-01-01."""


class Person(NamedTuple):
    """A simulated customer."""

    account_id: str
    card_id: str
    address: str
    network: str


PEOPLE = tuple(
    Person(name, f"card-{name}", f"0x{number:040x}", network)
    for number, (name, network) in enumerate((("ada", "visa"), ("bob", "mastercard"), ("cyd", "amex")), 1)
)


async def seed(settings: Settings, *, told: bool) -> None:
    """Open the accounts; what is there already stays as it is. ``told``: their first deposit is told to the engine,
    for there is no chain to see it on."""
    made = production(settings)
    try:
        for person in PEOPLE:
            card = CardOpening(person.card_id, person.network, EXPIRES_AT_NS)
            await made.engine.open_account(AccountOpening(person.account_id, person.address, (card,)))
            if told:
                deposit = DepositNotice(f"sandbox:{person.account_id}", person.account_id, FUNDS_USDC6, 1)
                await made.engine.deposit(deposit)
    finally:
        await made.close()
