"""CardToken's rules for paying in and settling, each at its boundary: equal, one below, one above."""

from __future__ import annotations

import pytest

from contracts import loader
from contracts.loader import (
    CardDeposit,
    CardSettlement,
    RevertReason,
    SettlementShortfall,
    SurplusSwept,
)
from contracts.words import selector
from tests.contracts.card_token_model import ROLES, ZERO_ADDRESS
from tests.contracts.chain import START_USDC6, WITHDRAWAL_DELAY_S, Chain

ID = b"\x01" * 32
OTHER_ID = b"\x02" * 32


# ---- as deployed --------------------------------------------------------------------------------------------------


def test_a_new_card_token_says_what_it_was_made_of(chain: Chain) -> None:
    read = chain.read
    assert loader.decode_address(read(chain.card, loader.encode_usdc())) == chain.usdc
    assert loader.decode_address(read(chain.card, loader.encode_treasury())) == chain.treasury
    assert loader.decode_uint(read(chain.card, loader.encode_withdrawal_delay_s())) == WITHDRAWAL_DELAY_S
    assert chain.roles(tuple(ROLES.values())) == {
        loader.DEFAULT_ADMIN_ROLE: {chain.admin},
        loader.PAUSER_ROLE: {chain.admin},
        loader.SETTLER_ROLE: {chain.settler},
    }


@pytest.mark.parametrize("token", ["card", "usdc"])
def test_both_tokens_have_six_decimals(chain: Chain, token: str) -> None:
    assert loader.decode_uint(chain.read(getattr(chain, token), selector("decimals()"))) == 6


@pytest.mark.parametrize("missing", range(4))
def test_no_address_of_the_constructor_may_be_zero(chain: Chain, missing: int) -> None:
    addresses = [chain.usdc, chain.treasury, chain.admin, chain.settler]
    addresses[missing] = ZERO_ADDRESS
    reason = chain.refused_deployment(loader.card_token_deploy_data(*addresses, withdrawal_delay_s=1))
    assert reason == RevertReason("ZeroAddress", ())


def test_only_its_owner_mints_usdc(chain: Chain) -> None:
    reason = chain.refused(chain.stranger, chain.usdc, loader.encode_mint(chain.stranger, 1))
    assert reason == RevertReason("OwnableUnauthorizedAccount", (chain.stranger,))


# ---- paying in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [START_USDC6 - 1, START_USDC6])
def test_a_deposit_up_to_the_whole_usdc_balance_is_credited(chain: Chain, amount: int) -> None:
    mined = chain.send(chain.ann, chain.card, loader.encode_deposit(amount))
    assert mined.events == (CardDeposit(chain.ann, amount),)
    ann = chain.look().accounts[chain.ann]
    assert (ann.card, ann.usdc) == (amount, START_USDC6 - amount)


def test_a_deposit_of_one_unit_more_than_the_usdc_balance_is_refused(chain: Chain) -> None:
    reason = chain.refused(chain.ann, chain.card, loader.encode_deposit(START_USDC6 + 1))
    assert reason == RevertReason("ERC20InsufficientBalance", (chain.ann, START_USDC6, START_USDC6 + 1))


def test_a_deposit_stays_within_what_was_approved(chain: Chain) -> None:
    chain.send(chain.ann, chain.usdc, loader.encode_approve(chain.card, 10))
    reason = chain.refused(chain.ann, chain.card, loader.encode_deposit(11))
    assert reason == RevertReason("ERC20InsufficientAllowance", (chain.card, 10, 11))
    chain.deposit(chain.ann, 10)


def test_an_onramp_pays_for_many_in_one_usdc_transfer(chain: Chain) -> None:
    users, amounts = [chain.ann, chain.bob, chain.ann], [1, 2, START_USDC6 - 3]
    mined = chain.send(chain.onramp, chain.card, loader.encode_deposit_batch(users, amounts))
    assert mined.events == tuple(map(CardDeposit, users, amounts))
    assert mined.foreign_logs == 1
    accounts = chain.look().accounts
    assert (accounts[chain.ann].card, accounts[chain.bob].card) == (START_USDC6 - 2, 2)
    assert accounts[chain.onramp].usdc == 0


def test_a_deposit_batch_is_all_or_nothing(chain: Chain) -> None:
    before = chain.look()
    chain.fail(chain.onramp, chain.card, loader.encode_deposit_batch([chain.ann, chain.bob], [START_USDC6, 1]))
    assert chain.look() == before


def test_a_deposit_batch_cannot_overflow_its_total(chain: Chain) -> None:
    call = loader.encode_deposit_batch([chain.ann, chain.bob], [2**256 - 1, 2])
    assert chain.refused(chain.onramp, chain.card, call) == RevertReason("Panic", (0x11,))


# ---- settling -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("amount", "burned", "missing"), [(1, 1, 0), (99, 99, 0), (100, 100, 0), (101, 100, 1)])
def test_a_settlement_burns_what_is_there_and_reports_the_rest(
    chain: Chain, amount: int, burned: int, missing: int
) -> None:
    chain.deposit(chain.ann, 100)
    shortfall = (SettlementShortfall(chain.ann, missing, ID),) if missing else ()
    assert chain.settle(chain.ann, amount, ID) == (CardSettlement(chain.ann, burned, ID), *shortfall)
    accounts = chain.look().accounts
    assert accounts[chain.ann].card == 100 - burned
    assert accounts[chain.treasury].usdc == burned


def test_a_user_without_money_blocks_nobody_and_the_treasury_is_paid_once(chain: Chain) -> None:
    chain.deposit(chain.ann, 100)
    chain.deposit(chain.bob, 50)
    call = loader.encode_settle_batch([chain.ann, chain.cem, chain.bob], [30, 20, 60], ID)
    mined = chain.send(chain.settler, chain.card, call)
    assert mined.events == (
        CardSettlement(chain.ann, 30, ID),
        SettlementShortfall(chain.cem, 20, ID),
        CardSettlement(chain.bob, 50, ID),
        SettlementShortfall(chain.bob, 10, ID),
    )
    assert mined.foreign_logs == 1
    assert chain.look().accounts[chain.treasury].usdc == 80


def test_a_user_twice_in_a_batch_is_burned_twice_down_to_nothing(chain: Chain) -> None:
    chain.deposit(chain.ann, 100)
    call = loader.encode_settle_batch([chain.ann, chain.ann, chain.ann], [60, 40, 1], ID)
    assert chain.send(chain.settler, chain.card, call).events == (
        CardSettlement(chain.ann, 60, ID),
        CardSettlement(chain.ann, 40, ID),
        SettlementShortfall(chain.ann, 1, ID),
    )


def test_a_batch_of_nothing_but_shortfalls_uses_its_id_and_moves_no_usdc(chain: Chain) -> None:
    mined = chain.send(chain.settler, chain.card, loader.encode_settle_batch([chain.ann], [1], ID))
    assert mined.events == (SettlementShortfall(chain.ann, 1, ID),)
    assert mined.foreign_logs == 0
    assert chain.look(settlement_ids=(ID,)).settled[ID]


@pytest.mark.parametrize("first", ["single", "batch"])
@pytest.mark.parametrize("second", ["single", "batch"])
def test_a_settlement_id_is_used_once_over_both_ways_to_settle(chain: Chain, first: str, second: str) -> None:
    chain.deposit(chain.ann, 100)
    calls = {
        "single": loader.encode_settle(chain.ann, 1, ID),
        "batch": loader.encode_settle_batch([chain.ann], [1], ID),
    }
    chain.send(chain.settler, chain.card, calls[first])
    assert chain.refused(chain.settler, chain.card, calls[second]) == RevertReason("AlreadySettled", (ID,))
    chain.settle(chain.ann, 1, OTHER_ID)


def test_a_settlement_that_reverts_leaves_its_id_free(chain: Chain) -> None:
    chain.deposit(chain.ann, 100)
    before = chain.look(settlement_ids=(ID,))
    chain.fail(chain.settler, chain.card, loader.encode_settle_batch([chain.ann, ZERO_ADDRESS], [1, 1], ID))
    assert chain.look(settlement_ids=(ID,)) == before
    chain.settle(chain.ann, 1, ID)


BAD_BATCHES = [
    ("LengthMismatch", 2, [1]),
    ("LengthMismatch", 1, [1, 1]),
    ("LengthMismatch", 0, [1]),
    ("ZeroAmount", 0, []),
    ("ZeroAmount", 2, [1, 0]),
]


@pytest.mark.parametrize(("error", "users", "amounts"), BAD_BATCHES)
def test_a_malformed_batch_is_refused(chain: Chain, error: str, users: int, amounts: list[int]) -> None:
    chain.deposit(chain.ann, 10)
    people = [chain.ann, chain.bob][:users]
    settle_it = loader.encode_settle_batch(people, amounts, ID)
    deposit_it = loader.encode_deposit_batch(people, amounts)
    assert chain.refused(chain.settler, chain.card, settle_it) == RevertReason(error, ())
    assert chain.refused(chain.onramp, chain.card, deposit_it) == RevertReason(error, ())


@pytest.mark.parametrize("batch", [False, True])
def test_nobody_is_no_user(chain: Chain, batch: bool) -> None:
    settle_it, deposit_it = loader.encode_settle(ZERO_ADDRESS, 1, ID), loader.encode_deposit_for(ZERO_ADDRESS, 1)
    if batch:
        settle_it = loader.encode_settle_batch([ZERO_ADDRESS], [1], ID)
        deposit_it = loader.encode_deposit_batch([ZERO_ADDRESS], [1])
    assert chain.refused(chain.settler, chain.card, settle_it) == RevertReason("ZeroAddress", ())
    assert chain.refused(chain.onramp, chain.card, deposit_it) == RevertReason("ZeroAddress", ())


# ---- what is not a deposit ----------------------------------------------------------------------------------------


def test_card_money_cannot_be_transferred_or_approved(chain: Chain) -> None:
    chain.deposit(chain.ann, 100)
    for amount in (0, 1, 100):
        for call in (
            loader.encode_transfer(chain.bob, amount),
            loader.encode_approve(chain.bob, amount),
            loader.encode_transfer_from(chain.ann, chain.bob, amount),
        ):
            assert chain.refused(chain.ann, chain.card, call) == RevertReason("NonTransferable", ())


def test_usdc_sent_straight_to_the_contract_is_nobodys_until_swept(chain: Chain) -> None:
    chain.deposit(chain.ann, 100)
    chain.send(chain.bob, chain.usdc, loader.encode_transfer(chain.card, 7))
    look = chain.look()
    assert (look.supply, look.held, look.surplus) == (100, 107, 7)
    assert loader.decode_uint(chain.read(chain.card, loader.encode_surplus())) == 7
    mined = chain.send(chain.admin, chain.card, loader.encode_sweep())
    assert mined.events == (SurplusSwept(7),)
    look = chain.look()
    assert (look.supply, look.held, look.accounts[chain.treasury].usdc) == (100, 100, 7)
    assert chain.refused(chain.admin, chain.card, loader.encode_sweep()) == RevertReason("ZeroAmount", ())
