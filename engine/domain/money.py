"""Two units, both integers: US cents for cards, millionths of a USDC for the chain."""

from __future__ import annotations

USDC6_PER_CENT = 10_000
"""USDC has 6 decimals, so one cent is 10,000 units."""


def usdc6_of(cents: int) -> int:
    """Cents as USDC units; exact."""
    return cents * USDC6_PER_CENT
