"""The mempool against the plain statement of its rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.backends.chain.mempool import Mempool
from simulators.backends.chain.node import AlreadyKnown, NonceTooLow, ReplacementUnderpriced
from simulators.backends.chain.transactions import Transaction

BLOCK_GAS = 100


def tx(sender: str, nonce: int, gas_limit: int = 10, max_fee_wei: int = 100, label: int = 0) -> Transaction:
    return Transaction(
        sender, nonce, None, b"", gas_limit, max_fee_wei, b"", f"{sender}{nonce}/{gas_limit}/{max_fee_wei}/{label}"
    )


def blocks_of(mempool: Mempool, nonces: dict[str, int], count: int, base_fee_wei: int = 0) -> list[list[Transaction]]:
    """Mine ``count`` blocks in which every transaction uses half of its gas limit, rounded up."""
    blocks = []
    for _ in range(count):
        block: list[Transaction] = []

        def execute(one: Transaction, block: list[Transaction] = block) -> int:
            assert one.nonce == nonces.get(one.sender, 0), "executed out of turn"
            nonces[one.sender] = one.nonce + 1
            block.append(one)
            return -(-one.gas_limit // 2)

        mempool.fill_block(BLOCK_GAS, base_fee_wei, lambda sender: nonces.get(sender, 0), execute)
        blocks.append(block)
    return blocks


senders = st.sampled_from("abc")
arrivals = st.lists(st.tuples(senders, st.integers(0, 6), st.integers(1, BLOCK_GAS)), max_size=25)


@given(arrivals)
def test_nothing_is_lost_and_nothing_runs_twice_or_out_of_turn(sent):
    mempool, taken = Mempool(), {}
    for label, (sender, nonce, gas_limit) in enumerate(sent):
        if (sender, nonce) not in taken:
            taken[sender, nonce] = tx(sender, nonce, gas_limit, label=label)
            mempool.add(taken[sender, nonce], 0)
    nonces: dict[str, int] = {}
    mined = [one for block in blocks_of(mempool, nonces, len(taken)) for one in block]
    assert len(mined) == len({one.hash for one in mined})
    reachable = {
        one.hash for (sender, nonce), one in taken.items() if all((sender, each) in taken for each in range(nonce))
    }
    assert {one.hash for one in mined} == reachable
    assert set(mempool.hashes()) == {one.hash for one in taken.values()} - reachable


@given(st.lists(st.tuples(senders, st.integers(1, BLOCK_GAS)), max_size=25))
def test_a_block_takes_whatever_fits_in_order_of_arrival(sent):
    """With nonces in order, one waits only because its gas limit did not fit, or its sender's earlier one waits."""
    mempool, counts, transactions = Mempool(), {}, []
    for sender, gas_limit in sent:
        transactions.append(tx(sender, counts.get(sender, 0), gas_limit))
        counts[sender] = counts.get(sender, 0) + 1
        mempool.add(transactions[-1], 0)
    (block,) = blocks_of(mempool, {}, 1)
    gas_left, stopped, expected = BLOCK_GAS, set(), []
    for one in transactions:
        if one.sender not in stopped and one.gas_limit <= gas_left:
            gas_left -= -(-one.gas_limit // 2)
            expected.append(one)
        else:
            stopped.add(one.sender)
    assert block == expected
    assert [each for each in transactions if each not in block] == [
        each for each in transactions if each.hash in mempool.hashes()
    ]


@pytest.mark.parametrize(
    ("old_wei", "offer_wei", "replaces"),
    [(100, 109, False), (100, 110, True), (100, 111, True), (101, 111, False), (101, 112, True), (1, 1, False)],
)
def test_a_replacement_needs_a_tenth_more_rounded_up(old_wei, offer_wei, replaces):
    mempool = Mempool()
    old, new = tx("a", 0, max_fee_wei=old_wei), tx("a", 0, max_fee_wei=offer_wei, label=1)
    mempool.add(old, 0)
    if replaces:
        mempool.add(new, 0)
    else:
        with pytest.raises(ReplacementUnderpriced):
            mempool.add(new, 0)
    assert mempool.hashes() == ((new if replaces else old).hash,)


@pytest.mark.parametrize(("fee_wei", "mined"), [(99, 0), (100, 1), (101, 1)])
def test_an_offer_below_the_base_fee_waits(fee_wei, mined):
    mempool = Mempool()
    mempool.add(tx("a", 0, max_fee_wei=fee_wei), 0)
    (block,) = blocks_of(mempool, {}, 1, base_fee_wei=100)
    assert (len(block), len(mempool.hashes())) == (mined, 1 - mined)


def test_a_used_nonce_and_a_known_transaction_are_refused():
    mempool = Mempool()
    mempool.add(tx("a", 3), 3)
    with pytest.raises(AlreadyKnown):
        mempool.add(tx("a", 3), 3)
    with pytest.raises(NonceTooLow, match="its next is 3"):
        mempool.add(tx("a", 2), 3)


def test_what_a_rollback_returns_goes_before_what_waits():
    mempool = Mempool()
    mempool.add(tx("a", 1), 1)
    mempool.readmit([tx("a", 0), tx("b", 0)])
    assert mempool.next_nonce("a", 0) == 2
    assert blocks_of(mempool, {}, 1) == [[tx("a", 0), tx("b", 0), tx("a", 1)]]
