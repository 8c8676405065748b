"""USDC that refuses, as Circle's can: nothing is burned, the id stays free, and later all goes through as it was."""

from __future__ import annotations

import pytest

from contracts import loader
from contracts.loader import CardSettlement, RevertReason
from tests.contracts.chain import START_USDC6, Chain

ID = b"\x01" * 32
PAUSED = RevertReason("Error", ("Pausable: paused",))
BLOCKED = RevertReason("Error", ("Blacklistable: account is blacklisted",))


def stop(chain: Chain, what: str) -> tuple[bytes, RevertReason]:
    """Make USDC refuse to pay the treasury; what ends that, and the reason given until then."""
    if what == "pause":
        chain.send(chain.deployer, chain.usdc, loader.encode_pause())
        return loader.encode_unpause(), PAUSED
    chain.send(chain.deployer, chain.usdc, loader.encode_blacklist(chain.treasury))
    return loader.encode_un_blacklist(chain.treasury), BLOCKED


@pytest.mark.parametrize("what", ["pause", "blacklist"])
def test_a_settlement_that_usdc_refuses_burns_nothing_and_goes_through_later_under_its_id(
    chain: Chain, what: str
) -> None:
    chain.deposit(chain.ann, 100)
    again, reason = stop(chain, what)
    before = chain.look(settlement_ids=(ID,))
    call = loader.encode_settle_batch([chain.ann], [30], ID)
    assert chain.refused(chain.settler, chain.card, call) == reason
    chain.fail(chain.settler, chain.card, call)
    assert chain.look(settlement_ids=(ID,)) == before
    chain.send(chain.deployer, chain.usdc, again)
    assert chain.send(chain.settler, chain.card, call).events == (CardSettlement(chain.ann, 30, ID),)
    assert chain.look().accounts[chain.treasury].usdc == 30


def test_while_the_treasury_is_blocked_users_pay_in_and_take_out_as_ever(chain: Chain) -> None:
    stop(chain, "blacklist")
    chain.deposit(chain.ann, 100)
    chain.request(chain.ann, 40)
    assert chain.look().accounts[chain.ann].card == 100
    assert loader.decode_bool(chain.read(chain.usdc, loader.encode_is_blacklisted(chain.treasury)))
    assert not loader.decode_bool(chain.read(chain.usdc, loader.encode_is_blacklisted(chain.ann)))


def test_while_usdc_is_stopped_nothing_moves_and_nothing_is_minted(chain: Chain) -> None:
    stop(chain, "pause")
    assert loader.decode_bool(chain.read(chain.usdc, loader.encode_paused()))
    assert chain.refused(chain.ann, chain.card, loader.encode_deposit(1)) == PAUSED
    assert chain.refused(chain.ann, chain.usdc, loader.encode_transfer(chain.bob, 1)) == PAUSED
    assert chain.refused(chain.deployer, chain.usdc, loader.encode_mint(chain.ann, 1)) == PAUSED
    assert chain.look().accounts[chain.ann].usdc == START_USDC6


@pytest.mark.parametrize("blocked", ["ann", "bob"])
def test_who_is_blocked_can_neither_pay_nor_be_paid(chain: Chain, blocked: str) -> None:
    chain.send(chain.deployer, chain.usdc, loader.encode_blacklist(getattr(chain, blocked)))
    assert chain.refused(chain.ann, chain.usdc, loader.encode_transfer(chain.bob, 1)) == BLOCKED
    chain.send(chain.stranger, chain.usdc, loader.encode_transfer(chain.cem, 1))


@pytest.mark.parametrize(
    "call",
    [
        loader.encode_pause(),
        loader.encode_unpause(),
        loader.encode_blacklist(b"\x01" * 20),
        loader.encode_un_blacklist(b"\x01" * 20),
    ],
)
def test_only_the_owner_stops_and_blocks(chain: Chain, call: bytes) -> None:
    reason = RevertReason("OwnableUnauthorizedAccount", (chain.stranger,))
    assert chain.refused(chain.stranger, chain.usdc, call) == reason
