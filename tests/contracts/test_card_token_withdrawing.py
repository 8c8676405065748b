"""CardToken's rules for taking money out, and who may do what and when, each at its boundary."""

from __future__ import annotations

import pytest

from contracts import loader
from contracts.loader import (
    PendingWithdrawal,
    RevertReason,
    WithdrawalCancelled,
    WithdrawalCompleted,
    WithdrawalReduced,
    WithdrawalRequested,
)
from tests.contracts.card_token_model import ROLES
from tests.contracts.chain import START_USDC6, WITHDRAWAL_DELAY_S, Chain

ID = b"\x01" * 32
UINT64_MAX = 2**64 - 1
UINT128_MAX = 2**128 - 1


# ---- taking out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [99, 100])
def test_up_to_the_whole_balance_can_be_requested_and_taken(chain: Chain, amount: int) -> None:
    chain.deposit(chain.ann, 100)
    chain.travel_to(chain.request(chain.ann, amount))
    mined = chain.send(chain.ann, chain.card, loader.encode_withdraw())
    assert mined.events == (WithdrawalCompleted(chain.ann, amount),)
    ann = chain.look().accounts[chain.ann]
    assert (ann.card, ann.usdc, ann.pending) == (100 - amount, START_USDC6 - 100 + amount, None)


def test_one_unit_more_than_the_balance_cannot_be_requested(chain: Chain) -> None:
    chain.deposit(chain.ann, 100)
    reason = chain.refused(chain.ann, chain.card, loader.encode_request_withdrawal(101))
    assert reason == RevertReason("InsufficientBalance", (100, 101))


@pytest.mark.parametrize("late_s", [0, 1])
def test_a_withdrawal_is_paid_from_its_second_on_and_not_before(chain: Chain, late_s: int) -> None:
    chain.deposit(chain.ann, 100)
    requested_at_s = chain.next_block_s
    ready_at_s = chain.request(chain.ann, 100)
    assert ready_at_s == requested_at_s + WITHDRAWAL_DELAY_S
    chain.travel_to(ready_at_s - 1)
    reason = chain.refused(chain.ann, chain.card, loader.encode_withdraw())
    assert reason == RevertReason("WithdrawalNotReady", (ready_at_s,))
    chain.travel_to(ready_at_s + late_s)
    chain.send(chain.ann, chain.card, loader.encode_withdraw())
    reason = chain.refused(chain.ann, chain.card, loader.encode_withdraw())
    assert reason == RevertReason("NoWithdrawal", ())


def test_a_second_request_waits_for_the_first_to_end(chain: Chain) -> None:
    chain.deposit(chain.ann, 100)
    chain.request(chain.ann, 10)
    second = loader.encode_request_withdrawal(1)
    assert chain.refused(chain.ann, chain.card, second) == RevertReason("WithdrawalPending", ())
    cancelled = chain.send(chain.ann, chain.card, loader.encode_cancel_withdrawal())
    assert cancelled.events == (WithdrawalCancelled(chain.ann, 10),)
    chain.send(chain.ann, chain.card, second)


def test_a_cancelled_request_starts_its_delay_anew(chain: Chain) -> None:
    chain.deposit(chain.ann, 100)
    chain.travel_to(chain.request(chain.ann, 10))
    chain.send(chain.ann, chain.card, loader.encode_cancel_withdrawal())
    ready_at_s = chain.request(chain.ann, 10)
    reason = chain.refused(chain.ann, chain.card, loader.encode_withdraw())
    assert reason == RevertReason("WithdrawalNotReady", (ready_at_s,))


@pytest.mark.parametrize(("spent", "left_pending"), [(39, 60), (40, 60), (41, 59), (99, 1), (100, None), (101, None)])
def test_a_settlement_before_the_withdrawal_leaves_at_most_the_rest_to_withdraw(
    chain: Chain, spent: int, left_pending: int | None
) -> None:
    chain.deposit(chain.ann, 100)
    ready_at_s = chain.request(chain.ann, 60)
    events = chain.settle(chain.ann, spent, ID)
    reduced = [event for event in events if isinstance(event, WithdrawalReduced)]
    expected_left = left_pending or 0
    assert reduced == ([] if left_pending == 60 else [WithdrawalReduced(chain.ann, expected_left)])
    assert chain.pending(chain.ann) == (PendingWithdrawal(left_pending, ready_at_s) if left_pending else None)
    if left_pending is None:
        assert chain.read(chain.card, loader.encode_pending_withdrawal(chain.ann)) == bytes(64)
    chain.travel_to(ready_at_s)
    if left_pending is None:
        assert chain.refused(chain.ann, chain.card, loader.encode_withdraw()) == RevertReason("NoWithdrawal", ())
    else:
        chain.send(chain.ann, chain.card, loader.encode_withdraw())
    assert chain.look().accounts[chain.ann].usdc == START_USDC6 - 100 + expected_left


def test_a_later_deposit_does_not_bring_a_reduced_withdrawal_back(chain: Chain) -> None:
    chain.deposit(chain.ann, 100)
    ready_at_s = chain.request(chain.ann, 100)
    chain.settle(chain.ann, 70, ID)
    chain.deposit(chain.ann, 500)
    assert chain.pending(chain.ann) == PendingWithdrawal(30, ready_at_s)


def test_without_a_delay_a_withdrawal_is_ready_at_once(chain: Chain) -> None:
    card = chain.deploy_card(chain.usdc, withdrawal_delay_s=0)
    chain.fund(chain.ann, 10, card)
    chain.send(chain.ann, card, loader.encode_deposit(10))
    chain.send(chain.ann, card, loader.encode_request_withdrawal(10))
    assert chain.send(chain.ann, card, loader.encode_withdraw()).events == (WithdrawalCompleted(chain.ann, 10),)


def test_the_longest_delay_does_not_overflow(chain: Chain) -> None:
    card = chain.deploy_card(chain.usdc, withdrawal_delay_s=UINT64_MAX)
    chain.fund(chain.ann, 10, card)
    chain.send(chain.ann, card, loader.encode_deposit(10))
    now_s = chain.next_block_s
    (event,) = chain.send(chain.ann, card, loader.encode_request_withdrawal(10)).events
    assert event == WithdrawalRequested(chain.ann, 10, now_s + UINT64_MAX)
    reason = chain.refused(chain.ann, card, loader.encode_withdraw())
    assert reason == RevertReason("WithdrawalNotReady", (now_s + UINT64_MAX,))


def test_a_request_beyond_128_bits_is_refused_rather_than_truncated(chain: Chain) -> None:
    chain.fund(chain.ann, 2**128)
    chain.deposit(chain.ann, 2**128)
    reason = chain.refused(chain.ann, chain.card, loader.encode_request_withdrawal(UINT128_MAX + 1))
    assert reason == RevertReason("SafeCastOverflowedUintDowncast", (128, UINT128_MAX + 1))
    chain.request(chain.ann, UINT128_MAX)
    assert chain.pending(chain.ann).amount_usdc6 == UINT128_MAX


# ---- who may, and when --------------------------------------------------------------------------------------------


def official_calls(chain: Chain) -> dict[str, list[bytes]]:
    """What only the holder of a role may call."""
    return {
        "settler": [loader.encode_settle(chain.ann, 1, ID), loader.encode_settle_batch([chain.ann], [1], ID)],
        "pauser": [loader.encode_pause(), loader.encode_unpause()],
        "admin": [
            loader.encode_sweep(),
            loader.encode_grant_role(loader.SETTLER_ROLE, chain.stranger),
            loader.encode_revoke_role(loader.SETTLER_ROLE, chain.settler),
        ],
    }


def test_official_calls_are_refused_to_everybody_without_the_role(chain: Chain) -> None:
    chain.deposit(chain.ann, 100)
    holders = chain.roles(tuple(ROLES.values()))
    for role, calls in official_calls(chain).items():
        for sender in chain.everybody:
            if sender in holders[ROLES[role]]:
                continue
            reason = RevertReason("AccessControlUnauthorizedAccount", (sender, ROLES[role]))
            assert [chain.refused(sender, chain.card, call) for call in calls] == [reason] * len(calls)


def test_a_revoked_settler_settles_no_more_and_a_new_one_does(chain: Chain) -> None:
    chain.deposit(chain.ann, 100)
    chain.send(chain.admin, chain.card, loader.encode_revoke_role(loader.SETTLER_ROLE, chain.settler))
    chain.send(chain.admin, chain.card, loader.encode_grant_role(loader.SETTLER_ROLE, chain.stranger))
    call = loader.encode_settle(chain.ann, 1, ID)
    assert chain.refused(chain.settler, chain.card, call).name == "AccessControlUnauthorizedAccount"
    chain.send(chain.stranger, chain.card, call)


def test_a_pause_stops_every_movement_of_money_and_nothing_else(chain: Chain) -> None:
    chain.deposit(chain.ann, 100)
    chain.deposit(chain.bob, 100)
    chain.travel_to(chain.request(chain.ann, 50))
    chain.send(chain.admin, chain.card, loader.encode_pause())
    stopped = [
        (chain.bob, loader.encode_deposit(1)),
        (chain.bob, loader.encode_deposit_for(chain.ann, 1)),
        (chain.bob, loader.encode_deposit_batch([chain.ann], [1])),
        (chain.settler, loader.encode_settle(chain.ann, 1, ID)),
        (chain.settler, loader.encode_settle_batch([chain.ann], [1], ID)),
        (chain.bob, loader.encode_request_withdrawal(1)),
        (chain.ann, loader.encode_withdraw()),
    ]
    for sender, call in stopped:
        assert chain.refused(sender, chain.card, call) == RevertReason("EnforcedPause", ())
    assert chain.look().paused
    chain.send(chain.ann, chain.card, loader.encode_cancel_withdrawal())
    chain.send(chain.bob, chain.usdc, loader.encode_transfer(chain.card, 1))
    chain.send(chain.admin, chain.card, loader.encode_sweep())
    chain.send(chain.admin, chain.card, loader.encode_grant_role(loader.PAUSER_ROLE, chain.stranger))
    chain.send(chain.admin, chain.card, loader.encode_unpause())
    chain.request(chain.ann, 1)
    chain.send(chain.ann, chain.card, loader.encode_cancel_withdrawal())
    for sender, call in stopped[:-3]:
        chain.send(sender, chain.card, call)
