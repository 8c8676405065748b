"""Every test of the contracts starts from the same freshly deployed chain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.chain import START_USDC6, Chain


@pytest.fixture(scope="session")
def deployed_chain() -> tuple[Chain, int]:
    """The chain with everybody funded, and the snapshot of that."""
    chain = Chain()
    for owner in (chain.onramp, *chain.users, chain.stranger):
        chain.fund(owner, START_USDC6)
    return chain, chain.snapshot()


@pytest.fixture
def chain(deployed_chain: tuple[Chain, int]) -> Iterator[Chain]:
    """The chain at its start: everybody but the officials owns START_USDC6 of USDC and has approved the card."""
    chain, start = deployed_chain
    chain.restore(start)
    yield chain
    chain.restore(start)
