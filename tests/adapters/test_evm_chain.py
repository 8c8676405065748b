"""Settling and watching on a real node: what only this adapter can be asked."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from contracts import loader
from engine.adapters.evm import DepositWatcher, EvmSettings, NotASettler
from engine.interface import DepositNotice, EngineError, WithdrawalNotice, WithdrawalStage
from engine.ports import PortUnavailable
from simulators.backends.chain.accounts import Account
from tests.conformance.ports.chains import CONFIRMATIONS, OPENING_USDC6, USDC, Real, real_chains, settlement


@pytest.fixture(scope="module")
def nodes() -> Iterator[dict[str, Real]]:
    made = real_chains()
    yield made
    for node in made.values():
        node.stop()


@pytest.fixture(params=["devnet", "anvil"])
def chain(request, nodes) -> Real:
    return nodes[request.param]


def test_who_may_not_settle_is_told_which_role_is_missing(chain) -> None:
    async def scenario(world):
        stranger = Account.derive(1, "stranger")
        with pytest.raises(NotASettler, match=f"{stranger.address} may not settle.*SETTLER_ROLE"):
            await world.sender(stranger).submit(settlement(("ada", 1)), world.addresses)

    chain.run(scenario)


def test_another_chain_than_the_settings_name_is_refused_before_anything_is_sent(chain) -> None:
    async def scenario(world):
        with pytest.raises(EngineError, match="of chain 31337, not of chain 1"):
            await world.sender(chain_id=1).submit(settlement(("ada", 1)), world.addresses)
        assert world.waiting() == 0

    chain.run(scenario)


def test_an_address_without_the_contract_is_told(chain) -> None:
    async def scenario(world):
        port = world.sender()
        port._outcomes._settings = EvmSettings("0x" + "12" * 20)
        with pytest.raises(EngineError, match="there is no CardToken at"):
            await port.outcome(settlement(("ada", 1)).settlement_id)

    chain.run(scenario)


def test_above_the_cap_settlements_wait(chain) -> None:
    async def scenario(world):
        with pytest.raises(PortUnavailable, match="above the cap"):
            await world.sender(fee_cap_wei=1).submit(settlement(("ada", 1)), world.addresses)
        assert world.waiting() == 0

    chain.run(scenario)


@pytest.mark.parametrize("log_window_blocks", [1, 3, 1_000])
def test_an_old_settlement_is_found_in_windows_by_who_never_sent_it(chain, log_window_blocks) -> None:
    async def scenario(world):
        one = settlement(("ada", USDC))
        await world.sender().submit(one, world.addresses)
        await world.blocks(12)
        port = world.sender(log_window_blocks=log_window_blocks)
        assert (await port.outcome(one.settlement_id)).gas_used > 0

    chain.run(scenario)


def test_final_may_mean_what_the_node_calls_finalized(chain) -> None:
    async def scenario(world):
        port, one = world.sender(wait_finalized=True), settlement(("ada", USDC))
        await port.submit(one, world.addresses)
        await world.blocks(1)
        assert await port.outcome(one.settlement_id) is None
        await world.blocks(70)
        assert await port.outcome(one.settlement_id) is not None

    chain.run(scenario)


def test_a_shortfall_at_nobodys_address_is_an_error_and_not_forgotten(chain) -> None:
    async def scenario(world):
        async def nobody(_addresses):
            return {}

        one = settlement(("ada", OPENING_USDC6 + 1))
        await world.sender().submit(one, world.addresses)
        await world.blocks(CONFIRMATIONS + 1)
        with pytest.raises(EngineError, match="fell short at 0x"):
            await world.sender(account_ids=nobody).outcome(one.settlement_id)

    chain.run(scenario)


def test_waiting_for_a_block_ends_even_if_none_comes(chain) -> None:
    async def scenario(world):
        began = time.monotonic()
        await world.sender(patience_s=0.1).wait_block()
        assert time.monotonic() - began >= 0.1

    chain.run(scenario)


async def everything(watcher: DepositWatcher, cursor: int) -> tuple[list[object], int, set[str]]:
    told, strangers = [], set()
    while (watched := await watcher.after(cursor)).cursor != cursor:
        told += watched.notices
        strangers |= set(watched.strangers)
        cursor = watched.cursor
    return told, cursor, strangers


@pytest.mark.parametrize("log_window_blocks", [1, 1_000])
def test_final_deposits_and_withdrawals_are_told_once_each_in_order(chain, log_window_blocks) -> None:
    async def scenario(world):
        settings = world.evm_settings(log_window_blocks=log_window_blocks)
        watcher = DepositWatcher(world.rpc(), settings, world.account_ids)
        _, cursor, _ = await everything(watcher, -1)
        world.do("ada", loader.encode_request_withdrawal(4 * USDC))
        world.do("ada", loader.encode_cancel_withdrawal())
        world.do("bob", loader.encode_request_withdrawal(OPENING_USDC6))
        one = settlement(("bob", USDC))
        await world.sender().submit(one, world.addresses)
        await world.blocks(1)
        told, _, _ = await everything(watcher, cursor)
        assert not [notice for notice in told if isinstance(notice, WithdrawalNotice) and notice.account_id == "bob"]
        await world.blocks(CONFIRMATIONS)
        told, cursor, _ = await everything(watcher, cursor)
        steps = [(n.account_id, n.stage, n.amount_usdc6) for n in told if isinstance(n, WithdrawalNotice)]
        assert steps == [
            ("ada", WithdrawalStage.REQUESTED, 4 * USDC),
            ("ada", WithdrawalStage.CANCELLED, 4 * USDC),
            ("bob", WithdrawalStage.REQUESTED, OPENING_USDC6),
            ("bob", WithdrawalStage.REDUCED, OPENING_USDC6 - USDC),
        ]
        deposits = [(n.account_id, n.amount_usdc6) for n in told if isinstance(n, DepositNotice)]
        assert deposits == [(name, OPENING_USDC6) for name in ("ada", "bob", "cyd")]
        refs = [n.deposit_id if isinstance(n, DepositNotice) else n.event_id for n in told]
        assert len(set(refs)) == len(refs)
        assert all(len(ref.partition(":")[0]) == 66 and ref.partition(":")[2].isdigit() for ref in refs)
        assert await everything(watcher, cursor) == ([], cursor, set())

    chain.run(scenario)


def test_events_of_strangers_are_named_and_told_to_nobody(chain) -> None:
    async def scenario(world):
        async def only_ada(addresses):
            return {each: "ada" for each in addresses if each == world.addresses["ada"].lower()}

        await world.blocks(CONFIRMATIONS)
        told, _, strangers = await everything(DepositWatcher(world.rpc(), world.evm_settings(), only_ada), -1)
        assert {n.account_id for n in told} == {"ada"}
        assert {world.addresses["bob"].lower(), world.addresses["cyd"].lower()} <= strangers

    chain.run(scenario)
