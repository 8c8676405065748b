"""Every SettlementChain: a settlement burns once however often it is sent, and is told once it cannot be undone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from chains import CONFIRMATIONS, OPENING_USDC6, USDC, Real, Simulated, real_chains, settlement

from contracts import loader
from engine.ports import PortUnavailable


@pytest.fixture(scope="module")
def nodes() -> Iterator[dict[str, Real]]:
    made = real_chains()
    yield made
    for node in made.values():
        node.stop()


@pytest.fixture(params=["simulated", "devnet", "anvil"])
def chain(request, nodes):
    return Simulated() if request.param == "simulated" else nodes[request.param]


@pytest.fixture(params=["devnet", "anvil"])
def real_chain(request, nodes):
    """Rules of nonces, fees and reorgs, which in the simulations are faults, and proven with them."""
    return nodes[request.param]


async def is_final(world, port, one, least_blocks: int = CONFIRMATIONS):
    """The outcome, which has to come with the blocks."""
    for _ in range(least_blocks + 2):
        outcome = await port.outcome(one.settlement_id)
        if outcome is not None:
            return outcome
        await world.blocks(1)
    return await port.outcome(one.settlement_id)


def test_a_settlement_burns_what_it_says_of_everybody_and_tells_the_transaction_and_its_gas(chain) -> None:
    async def scenario(world):
        port, one = world.sender(), settlement(("ada", 3 * USDC), ("bob", 1))
        supply = world.supply()
        await port.submit(one, world.addresses)
        outcome = await is_final(world, port, one)
        assert outcome.settlement_id == one.settlement_id
        assert outcome.missing_usdc6 == {}
        assert outcome.gas_used > 50_000
        assert outcome.transaction.startswith("0x")
        assert len(outcome.transaction) == 66
        assert [world.balance(name) for name in ("ada", "bob", "cyd")] == [
            OPENING_USDC6 - 3 * USDC, OPENING_USDC6 - 1, OPENING_USDC6
        ]  # fmt: skip
        assert world.supply() == supply - 3 * USDC - 1

    chain.run(scenario)


def test_however_often_it_is_sent_it_burns_once(chain) -> None:
    async def scenario(world):
        port, one = world.sender(), settlement(("ada", USDC))
        for _ in range(3):
            await port.submit(one, world.addresses)
        await world.blocks(1)
        await port.submit(one, world.addresses)
        await world.sender().submit(one, world.addresses)  # by who knows nothing of it
        outcome = await is_final(world, port, one)
        await port.submit(one, world.addresses)
        await world.blocks(1)
        assert await port.outcome(one.settlement_id) == outcome
        assert world.balance("ada") == OPENING_USDC6 - USDC

    chain.run(scenario)


def test_there_is_no_outcome_before_the_confirmations(chain) -> None:
    async def scenario(world):
        port, one = world.sender(), settlement(("ada", USDC))
        assert await port.outcome(one.settlement_id) is None
        await port.submit(one, world.addresses)
        assert await port.outcome(one.settlement_id) is None
        for _ in range(CONFIRMATIONS):
            await world.blocks(1)
            assert world.balance("ada") == OPENING_USDC6 - USDC
            assert await port.outcome(one.settlement_id) is None
        await world.blocks(1)
        assert await port.outcome(one.settlement_id) is not None

    chain.run(scenario)


def test_whoever_sent_it_and_whenever_the_outcome_is_told(chain) -> None:
    async def scenario(world):
        one = settlement(("ada", USDC), ("bob", OPENING_USDC6 + 5))
        await world.sender().submit(one, world.addresses)
        await world.blocks(CONFIRMATIONS + 1)
        outcome = await world.sender().outcome(one.settlement_id)
        assert outcome.missing_usdc6 == {"bob": 5}

    chain.run(scenario)


def test_what_a_balance_does_not_cover_is_told_for_each_account_and_the_rest_is_burned(chain) -> None:
    async def scenario(world):
        port = world.sender()
        first = settlement(("ada", OPENING_USDC6))
        await port.submit(first, world.addresses)
        await is_final(world, port, first)
        one = settlement(("ada", 7), ("bob", OPENING_USDC6 + 8), ("cyd", 9))
        await port.submit(one, world.addresses)
        assert (await is_final(world, port, one)).missing_usdc6 == {"ada": 7, "bob": 8}
        assert [world.balance(name) for name in ("ada", "bob", "cyd")] == [0, 0, OPENING_USDC6 - 9]

    chain.run(scenario)


def test_a_lost_one_has_no_outcome_and_sending_it_again_works(chain) -> None:
    async def scenario(world):
        port, one = world.sender(), settlement(("ada", USDC))
        await port.submit(one, world.addresses)
        world.forget_waiting()
        await world.blocks(CONFIRMATIONS + 2)
        assert await port.outcome(one.settlement_id) is None
        assert world.balance("ada") == OPENING_USDC6
        await port.submit(one, world.addresses)
        assert await is_final(world, port, one) is not None
        assert world.balance("ada") == OPENING_USDC6 - USDC

    chain.run(scenario)


def test_two_senders_at_once_burn_each_settlement_once(chain) -> None:
    async def scenario(world):
        ones = [settlement(("ada", USDC)), settlement(("bob", USDC), ("cyd", 2 * USDC))]
        senders = [world.sender(), world.sender()]
        for _ in range(3):
            await asyncio.gather(*(port.submit(one, world.addresses) for port in senders for one in ones))
            await world.blocks(4)
        outcomes = [await is_final(world, port, one) for port in senders for one in ones]
        assert None not in outcomes
        assert outcomes[:2] == outcomes[2:]
        assert [world.balance(name) for name in ("ada", "bob", "cyd")] == [9 * USDC, 9 * USDC, 8 * USDC]

    chain.run(scenario)


def test_whoever_hears_no_answer_may_send_again(chain) -> None:
    async def scenario(world):
        one = settlement(("ada", USDC))
        await world.submit_unanswered(one)
        port = world.sender()
        await port.submit(one, world.addresses)
        assert await is_final(world, port, one) is not None
        assert world.balance("ada") == OPENING_USDC6 - USDC

    chain.run(scenario)


def test_while_the_contract_is_paused_nothing_burns_and_afterwards_sending_again_works(chain) -> None:
    async def scenario(world):
        port, one = world.sender(), settlement(("ada", USDC))
        world.do("admin", loader.encode_pause())
        await world.blocks(1)
        if world.real:
            with pytest.raises(PortUnavailable, match="paused"):
                await port.submit(one, world.addresses)
        else:
            await port.submit(one, world.addresses)
        await world.blocks(CONFIRMATIONS + 1)
        assert await port.outcome(one.settlement_id) is None
        world.do("admin", loader.encode_unpause())
        await world.blocks(1)
        await port.submit(one, world.addresses)
        assert await is_final(world, port, one) is not None
        assert world.balance("ada") == OPENING_USDC6 - USDC

    chain.run(scenario)


def test_paused_between_sending_and_the_block_it_is_refused_and_sent_again(chain) -> None:
    async def scenario(world):
        port, one = world.sender(), settlement(("ada", USDC))
        world.do("admin", loader.encode_pause())
        if not world.real:
            await port.submit(one, world.addresses)
        else:
            await world.blocks(1)
            world.raw(0, loader.encode_settle_batch([world.addresses["ada"]], [USDC], bytes(32)), 10**12)
        await world.blocks(1)
        assert world.balance("ada") == OPENING_USDC6
        world.do("admin", loader.encode_unpause())
        await world.blocks(1)
        await port.submit(one, world.addresses)
        assert await is_final(world, port, one) is not None

    chain.run(scenario)


def test_waiting_for_a_block_ends_when_one_comes(chain) -> None:
    async def scenario(world):
        port, one = world.sender(), settlement(("ada", USDC))
        await port.submit(one, world.addresses)
        if world.real:
            await world.blocks(1)
        await port.wait_block()
        assert world.balance("ada") == OPENING_USDC6 - USDC

    chain.run(scenario)


def test_a_stuck_one_is_replaced_under_its_nonce_for_more(real_chain) -> None:
    async def scenario(world):
        port, one = world.sender(), settlement(("ada", USDC))
        await port.submit(one, world.addresses)
        world.fees_rise()
        await world.blocks(4)
        assert world.balance("ada") == OPENING_USDC6, "it has to be stuck"
        await port.submit(one, world.addresses)
        assert (world.nonce("latest"), world.nonce("pending")) == (0, 1)
        assert await is_final(world, port, one) is not None
        assert world.balance("ada") == OPENING_USDC6 - USDC
        assert world.nonce("pending") == 1

    real_chain.run(scenario)


def test_after_a_restart_a_stuck_one_that_nobody_remembers_is_replaced(real_chain) -> None:
    async def scenario(world):
        first, one = settlement(("ada", USDC)), settlement(("bob", USDC))
        await world.sender().submit(first, world.addresses)
        world.fees_rise()
        await world.blocks(1)
        port = world.sender()
        for _ in range(4):
            for each in (first, one):
                await port.submit(each, world.addresses)
            await world.blocks(4)
        assert await is_final(world, port, first) is not None
        assert await is_final(world, port, one) is not None
        assert [world.balance(name) for name in ("ada", "bob")] == [9 * USDC, 9 * USDC]

    real_chain.run(scenario)


def test_a_gap_before_what_waits_is_filled(real_chain) -> None:
    async def scenario(world):
        other = settlement(("cyd", USDC))
        data = loader.encode_settle_batch([world.addresses["cyd"]], [USDC], bytes.fromhex(other.settlement_id[2:]))
        world.raw(1, data, 10**12)
        await world.blocks(1)
        assert world.balance("cyd") == OPENING_USDC6, "nonce 0 is missing"
        port, one = world.sender(), settlement(("ada", USDC))
        await port.submit(one, world.addresses)
        assert await is_final(world, port, one) is not None
        assert await is_final(world, port, other) is not None

    real_chain.run(scenario)


def test_what_a_reorg_undoes_has_no_outcome_and_burns_once_in_the_end(real_chain) -> None:
    async def scenario(world):
        port, one = world.sender(), settlement(("ada", USDC))
        await world.blocks(1)
        await port.submit(one, world.addresses)
        await world.blocks(2)
        assert world.balance("ada") == OPENING_USDC6 - USDC
        assert await port.outcome(one.settlement_id) is None, "it is not final yet"
        world.reorg(2)
        assert world.balance("ada") == OPENING_USDC6
        assert await port.outcome(one.settlement_id) is None
        await port.submit(one, world.addresses)
        outcome = await is_final(world, port, one)
        assert outcome is not None
        assert world.balance("ada") == OPENING_USDC6 - USDC

    real_chain.run(scenario)
