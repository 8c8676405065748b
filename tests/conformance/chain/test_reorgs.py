"""Blocks that are undone, alike on every backend: what was in them waits again, in its old order, ahead of the rest."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.backends.chain.node import HISTORY_BLOCKS, NotSupported, TooFarBack

from .driver import deploy, mine, next_slot_s, run
from .programs import RECORDER, STAMP, word


def test_a_rollback_undoes_blocks_and_returns_their_transactions_to_the_mempool(open_chain, alice, bob):
    node = open_chain()
    recorder = deploy(node, alice, RECORDER)
    fork = mine(node)
    first = node.send(alice, recorder, word(1))
    second = node.send(bob, recorder, word(2))
    mine(node)
    third = node.send(alice, recorder, word(3))
    mine(node)
    waiting = node.send(alice, recorder, word(4))
    assert node.rollback(fork.number) == (first, second, third)
    assert node.pending() == (first, second, third, waiting)
    assert (node.head().hash, node.nonce(alice.address), node.call(recorder, b"")) == (fork.hash, 1, word(0))
    assert node.receipt(first) is None
    node.drop(second)
    assert [receipt.tx_hash for receipt in mine(node).receipts] == [first, third, waiting]
    assert node.call(recorder, b"") == word(3)


def test_after_a_rollback_time_may_run_differently(open_chain, alice):
    node = open_chain()
    stamp = deploy(node, alice, STAMP)
    fork = node.head()
    abandoned = run(node, alice, stamp, b"\x01")
    node.rollback(fork.number)
    later_s = next_slot_s(node) + 1
    block = node.mine(later_s)
    assert [receipt.tx_hash for receipt in block.receipts] == [abandoned.tx_hash]
    assert node.call(stamp, b"") == word(later_s)


def test_a_rollback_reaches_only_what_is_remembered(open_chain, alice):
    node = open_chain()
    mine(node)
    assert node.rollback(1) == ()
    for beyond in (2, -1):
        with pytest.raises(TooFarBack, match="0 to 1"):
            node.rollback(beyond)
    assert node.head().number == 1


def test_the_newest_block_can_be_undone_again_and_again_where_that_was_prepared(open_node, alice):
    node = open_node()
    recorder = deploy(node, alice, RECORDER)
    run(node, alice, recorder, word(1))
    for _ in range(3):
        before = node.head()
        node.prepare_rollback()
        sent = node.send(alice, recorder, word(2))
        assert [receipt.tx_hash for receipt in mine(node).receipts] == [sent]
        assert node.call(recorder, b"") == word(2)
        assert node.rollback(before.number) == (sent,)
        assert (node.head(), node.pending(), node.call(recorder, b"")) == (before, (sent,), word(1))
        assert node.nonce(alice.address) == 2
        node.drop(sent)
    assert run(node, alice, recorder, word(9)).ok
    assert node.call(recorder, b"") == word(2)


def test_several_blocks_are_undone_at_once_where_that_was_prepared_and_what_was_in_them_waits(open_node, alice, bob):
    node = open_node()
    recorder = deploy(node, alice, RECORDER)
    run(node, alice, recorder, word(1))
    for depth in (3, 5, 2):
        before, nonce = node.head(), node.nonce(alice.address)
        node.prepare_rollback()
        sent = []
        for value in range(depth):
            sent += [node.send(sender, recorder, word(10 + value)) for sender in (alice, bob)]
            mine(node)
        assert node.call(recorder, b"") == word(1 + 2 * depth)
        assert node.rollback(before.number) == node.pending() == tuple(sent)
        assert (node.head(), node.nonce(alice.address), node.call(recorder, b"")) == (before, nonce, word(1))
        assert all(node.receipt(each) is None for each in sent)
        for each in sent:
            node.drop(each)
    assert run(node, alice, recorder, word(9)).ok


def test_undone_blocks_are_mined_again_in_one_in_another_order_and_at_another_time(open_node, alice, bob):
    node = open_node()
    stamp = deploy(node, alice, STAMP)
    before = node.head()
    node.prepare_rollback()
    first, second = run(node, alice, stamp, b"\x01"), run(node, bob, stamp, b"\x01")
    until_s = node.head().timestamp_s
    node.rollback(before.number)
    node.drop(first.tx_hash)
    assert node.send(alice, stamp, b"\x01", nonce=1) == first.tx_hash, "the very same transaction, sent again"
    block = node.mine(until_s)
    assert [receipt.tx_hash for receipt in block.receipts] == [second.tx_hash, first.tx_hash]
    assert block.number == before.number + 1
    assert {receipt.block_number for receipt in block.receipts} == {block.number}
    assert node.call(stamp, b"") == word(until_s)
    assert node.receipt(first.tx_hash) == block.receipts[1]


def test_one_may_go_back_to_any_block_before_which_that_was_prepared_and_then_further(open_node, alice):
    node = open_node()
    recorder = deploy(node, alice, RECORDER)
    heads = []
    for value in range(1, 5):
        heads.append(node.head())
        node.prepare_rollback()
        run(node, alice, recorder, word(value))
    for place in (2, 1):
        node.rollback(heads[place].number)
        assert (node.head(), node.call(recorder, b"")) == (heads[place], word(place))
        assert node.rollback(heads[place].number) == ()
    assert len(node.pending()) == 3
    mine(node)
    assert node.call(recorder, b"") == word(4)
    node.rollback(heads[0].number)
    assert (node.call(recorder, b""), node.nonce(alice.address)) == (word(0), 1)


@given(steps=st.lists(st.integers(0, 4), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_revm_undoes_what_py_evm_undoes(open_by_name, alice, bob, steps):
    """Any mix of blocks, some prepared, and of going back to what was prepared: the same state and the same mempool."""
    nodes = [open_by_name(name) for name in ("py-evm", "revm")]
    recorder, _ = (deploy(node, alice, RECORDER) for node in nodes)
    prepared: list[int] = []
    for place, step in enumerate(steps):
        seen = []
        for node in nodes:
            if step == 4 and prepared:
                count = len(node.rollback(prepared[-1]))
            else:
                if step == 1:
                    node.prepare_rollback()
                for sender in (alice, bob)[: step % 3]:
                    node.send(sender, recorder, word(100 * place + step))
                count = len(mine(node).receipts)
            nonces = [node.nonce(sender.address) for sender in (alice, bob)]
            head = node.head()
            seen.append((count, len(node.pending()), nonces, head.number, head.timestamp_s, node.call(recorder, b"")))
        assert seen[0] == seen[1]
        if step == 4 and prepared:
            prepared.pop()
        elif step == 1:
            prepared.append(nodes[0].head().number - 1)


def test_revm_goes_back_only_to_what_was_prepared_and_says_who_can_do_more(open_by_name):
    node = open_by_name("revm")
    mine(node)
    with pytest.raises(NotSupported, match="py-evm"):
        node.rollback(0)
    node.prepare_rollback()
    mine(node)
    mine(node)
    with pytest.raises(NotSupported, match=r"\[1\], and not to block 0"):
        node.rollback(0)
    node.rollback(1)
    with pytest.raises(NotSupported, match=r"\[\]"):
        node.rollback(0)


def test_revm_remembers_what_may_be_undone_and_for_how_long(open_by_name, alice):
    node = open_by_name("revm")
    node.prepare_rollback()
    first = run(node, alice, None, RECORDER)
    for _ in range(HISTORY_BLOCKS - 1):
        mine(node)
    assert node.receipt(first.tx_hash) == first
    mine(node)
    assert node.receipt(first.tx_hash) is None
    with pytest.raises(NotSupported):
        node.rollback(0)
