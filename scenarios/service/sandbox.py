"""What a sandbox begins with: a few customers with funds, so that the first request can be a swipe."""

from __future__ import annotations

from typing import NamedTuple

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
