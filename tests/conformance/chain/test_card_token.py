"""CardToken through every backend: the same events, errors and balances; on whole chains the same gas."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import loader

from .card_world import WITHDRAWAL_DELAY_S, CardWorld, Consequence, settlement_id, users

DOLLAR = 1_000_000
USERS = users(3)
BATCH = [f"0x{number:040x}" for number in range(1, 201)]


def story(world: CardWorld) -> list[object]:
    """Deposits, settlements, a shortfall, a replay, a withdrawal that a settlement cuts: all that happens, in order."""
    ada, bea, cyd = (user.address for user in USERS)
    node, seen = world.node, []

    def mine(wait_s: int = 0) -> None:
        seen.extend((world.consequence(receipt), receipt.gas_used) for receipt in world.mine(wait_s))

    world.deposit([ada, bea], [100 * DOLLAR, 5 * DOLLAR])
    world.deposit([cyd], [0])
    mine()
    world.settle([ada, bea, cyd], [40 * DOLLAR, 7 * DOLLAR, DOLLAR], settlement_id(1))
    world.settle([ada], [DOLLAR], settlement_id(1))
    mine()
    node.send(USERS[0], world.card, loader.encode_request_withdrawal(50 * DOLLAR))
    node.send(USERS[1], world.card, loader.encode_request_withdrawal(1))
    mine()
    world.settle([ada], [20 * DOLLAR], settlement_id(2))
    node.send(USERS[0], world.card, loader.encode_withdraw())
    mine()
    node.send(USERS[0], world.card, loader.encode_withdraw())
    mine(wait_s=WITHDRAWAL_DELAY_S)
    node.send(world.admin, world.card, loader.encode_pause())
    world.settle([ada], [1], settlement_id(3))
    mine()
    seen.append([world.balance(user) for user in (ada, bea, cyd)])
    seen.append([world.usdc_of(owner) for owner in (ada, world.treasury.address, world.card)])
    seen.append(world.supply())
    return seen


def without_gas(seen: list[object]) -> list[object]:
    return [entry[0] if isinstance(entry, tuple) else entry for entry in seen]


def test_every_backend_tells_the_same_story(open_node, open_by_name):
    seen = story(CardWorld(open_node()))
    assert without_gas(seen) == without_gas(story(CardWorld(open_by_name("py-evm"))))
    assert seen[-3:] == [[0, 0, 0], [40 * DOLLAR, 65 * DOLLAR, 0], 0]


def test_the_story_has_the_events_and_errors_it_was_written_for(open_node):
    world = CardWorld(open_node())
    consequences = [entry for entry in without_gas(story(world)) if isinstance(entry, Consequence)]
    happened = [type(event).__name__ for one in consequences for event in one.events if event is not None]
    for event in ("CardDeposit", "CardSettlement", "SettlementShortfall", "WithdrawalReduced", "WithdrawalCompleted"):
        assert event in happened
    errors = [one.revert.name for one in consequences if not one.ok]
    assert errors == ["ZeroAmount", "AlreadySettled", "InsufficientBalance", "WithdrawalNotReady", "EnforcedPause"]


def test_gas_is_the_same_on_py_evm_and_anvil(open_by_name):
    assert story(CardWorld(open_by_name("anvil"))) == story(CardWorld(open_by_name("py-evm")))


def batch_gas(world: CardWorld) -> tuple[int, int, int]:
    """Gas of a first deposit for 200 users, of their first settlement, and of their second."""
    world.deposit(BATCH, [100 * DOLLAR] * len(BATCH))
    (deposited,) = world.mine()
    world.settle(BATCH, [DOLLAR] * len(BATCH), settlement_id(1))
    (first,) = world.mine()
    world.settle(BATCH, [DOLLAR] * len(BATCH), settlement_id(2))
    (second,) = world.mine()
    assert all(receipt.ok for receipt in (deposited, first, second))
    assert len(second.logs) == 2 * len(BATCH) + 1
    return deposited.gas_used, first.gas_used, second.gas_used


def test_a_block_holds_many_batches_of_200_users(open_chain):
    world = CardWorld(open_chain())
    world.deposit(BATCH, [100 * DOLLAR] * len(BATCH))
    world.mine()
    hashes = [world.settle(BATCH, [DOLLAR] * len(BATCH), settlement_id(number)) for number in range(4)]
    assert [receipt.tx_hash for receipt in world.mine() if receipt.ok] == hashes


def test_revm_counts_less_gas_than_the_chain_and_never_more(open_by_name):
    """The figures of its docstring: first writes cost the truth, later ones about half."""
    true = batch_gas(CardWorld(open_by_name("py-evm")))
    counted = batch_gas(CardWorld(open_by_name("revm")))
    ratios = [fast / whole for fast, whole in zip(counted, true, strict=True)]
    assert 0.97 < ratios[0] <= 1.01
    assert all(0.4 < ratio < 0.7 for ratio in ratios[1:])


amounts = st.integers(0, 20)
picks = st.lists(st.tuples(st.integers(0, 2), amounts), max_size=4)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("deposit"), picks),
        st.tuples(st.just("settle"), st.integers(0, 5), picks),
        st.tuples(st.just("request"), st.integers(0, 2), amounts),
        st.tuples(st.just("cancel"), st.integers(0, 2)),
        st.tuples(st.just("withdraw"), st.integers(0, 2)),
        st.tuples(st.just("wait"), st.sampled_from([0, 1_800, 3_600])),
    ),
    max_size=12,
)


def act(world: CardWorld, step: tuple) -> None:
    kind, *rest = step
    if kind == "deposit":
        world.deposit([USERS[who].address for who, _ in rest[0]], [amount for _, amount in rest[0]])
    elif kind == "settle":
        world.settle(
            [USERS[who].address for who, _ in rest[1]], [amount for _, amount in rest[1]], settlement_id(rest[0])
        )
    elif kind == "request":
        world.node.send(USERS[rest[0]], world.card, loader.encode_request_withdrawal(rest[1]))
    elif kind == "cancel":
        world.node.send(USERS[rest[0]], world.card, loader.encode_cancel_withdrawal())
    elif kind == "withdraw":
        world.node.send(USERS[rest[0]], world.card, loader.encode_withdraw())


def lives(world: CardWorld, script: list[tuple]) -> list[object]:
    """The script, a block after each wait, and all that came of it."""
    seen: list[object] = []
    for step in [*script, ("wait", 0)]:
        act(world, step)
        if step[0] == "wait":
            seen += [world.consequence(receipt) for receipt in world.mine(step[1])]
    return [*seen, [world.balance(user.address) for user in USERS], world.supply(), world.usdc_of(world.card)]


@given(steps)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_py_evm_and_revm_agree_on_any_life(open_by_name, script):
    whole, fast = open_by_name("py-evm"), open_by_name("revm")
    seen = lives(CardWorld(whole), script)
    assert seen == lives(CardWorld(fast), script)
    assert seen[-2] == seen[-1]
    whole.close()
    fast.close()
