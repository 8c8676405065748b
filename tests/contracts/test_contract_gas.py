"""What settling and paying in cost: a change which makes it dearer is seen, and a full batch fits in a block."""

from __future__ import annotations

import pytest
from eth_utils import keccak, to_checksum_address

from contracts import loader
from tests.contracts.chain import BLOCK_GAS, Chain

FULL_BATCH = 200
USERS = tuple(to_checksum_address(keccak(text=f"user {number}")[:20]) for number in range(FULL_BATCH))
SPENT_USDC6 = 12_340_000


@pytest.fixture
def rich_chain(chain: Chain) -> Chain:
    """The on-ramp can pay for everybody, and the treasury has been paid before."""
    chain.fund(chain.onramp, 10 * FULL_BATCH * SPENT_USDC6)
    chain.send(chain.deployer, chain.usdc, loader.encode_mint(chain.treasury, 1))
    return chain


def deposit_gas(chain: Chain, users: int) -> int:
    call = loader.encode_deposit_batch(USERS[:users], [3 * SPENT_USDC6] * users)
    return chain.send(chain.onramp, chain.card, call).gas_used


def settle_gas(chain: Chain, users: int) -> int:
    settlement_id = keccak(text=f"batch of {users}")
    call = loader.encode_settle_batch(USERS[:users], [SPENT_USDC6] * users, settlement_id)
    return chain.send(chain.settler, chain.card, call).gas_used


# The budgets are what was measured, rounded up to the next hundred.
@pytest.mark.parametrize(
    ("users", "first_deposit", "later_deposit", "settlement"),
    [(1, 116_600, 65_300, 89_800), (50, 28_800, 11_000, 14_200), (FULL_BATCH, 27_400, 10_200, 13_000)],
)
def test_the_gas_per_user_stays_within_its_budget(
    rich_chain: Chain, users: int, first_deposit: int, later_deposit: int, settlement: int
) -> None:
    measured = [deposit_gas(rich_chain, users), deposit_gas(rich_chain, users), settle_gas(rich_chain, users)]
    budgets = [first_deposit, later_deposit, settlement]
    assert all(gas <= budget * users for gas, budget in zip(measured, budgets, strict=True)), [
        gas / users for gas in measured
    ]


def test_a_full_batch_fits_in_a_third_of_a_block(rich_chain: Chain) -> None:
    deposit_gas(rich_chain, FULL_BATCH)
    assert settle_gas(rich_chain, FULL_BATCH) < BLOCK_GAS / 3


def test_a_batch_in_which_everybody_falls_short_costs_no_more(rich_chain: Chain) -> None:
    users = list(USERS)
    call = loader.encode_settle_batch(users, [SPENT_USDC6] * FULL_BATCH, bytes(32))
    short = rich_chain.send(rich_chain.settler, rich_chain.card, call)
    assert len(short.events) == FULL_BATCH
    deposit_gas(rich_chain, FULL_BATCH)
    assert short.gas_used < settle_gas(rich_chain, FULL_BATCH)
