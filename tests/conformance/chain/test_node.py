"""What every EVM backend must do alike. Read it as the seam's contract."""

from __future__ import annotations

import pytest
import rlp
from eth_utils import keccak, to_checksum_address

from simulators.backends.chain.accounts import Account
from simulators.backends.chain.node import (
    AlreadyKnown,
    CallReverted,
    GasLimitTooHigh,
    GasLimitTooLow,
    InsufficientFunds,
    NodeClosed,
    NonceTooLow,
    ReplacementUnderpriced,
    TimestampNotLater,
    UnknownTransaction,
)

from .conftest import GENESIS_S
from .driver import deploy, mine, mine_until_empty, run
from .programs import BURNER, CONTEXT, ECHO_REVERT, ONCE, RECORDER, STAMP, TRANSIENT, word


def created_address(sender: Account, nonce: int) -> str:
    return to_checksum_address(keccak(rlp.encode([bytes.fromhex(sender.address[2:]), nonce]))[12:])


# ---- executing ------------------------------------------------------------------------------------------------------


def test_a_contract_lives_where_its_creator_and_nonce_say(node, alice):
    recorder = deploy(node, alice, RECORDER)
    run(node, alice, recorder, word(5))
    second = deploy(node, alice, CONTEXT)
    assert recorder == created_address(alice, 0)
    assert second == created_address(alice, 2)
    assert node.call(recorder, b"") == word(1)


def test_addresses_are_taken_as_bytes_and_as_text(node, alice):
    recorder = deploy(node, alice, RECORDER)
    run(node, alice, recorder.lower(), word(1))
    run(node, alice, bytes.fromhex(recorder[2:]), word(2))
    assert node.call(bytes.fromhex(recorder[2:]), b"") == word(2)
    with pytest.raises(ValueError, match="19 bytes"):
        node.send(alice, b"\x01" * 19, b"")
    with pytest.raises(ValueError, match="not hexadecimal"):
        node.call("0xnothex", b"")


def test_receipts_come_in_order_of_arrival_with_their_logs(node, alice, bob):
    recorder = deploy(node, alice, RECORDER)
    senders = [alice, bob, bob, alice, bob, alice]
    hashes = [node.send(sender, recorder, word(100 + place)) for place, sender in enumerate(senders)]
    assert node.pending() == tuple(hashes)
    block = mine(node)
    assert [receipt.tx_hash for receipt in block.receipts] == hashes
    assert all(receipt.ok and receipt.block_number == block.number for receipt in block.receipts)
    for place, receipt in enumerate(block.receipts):
        (log,) = receipt.logs
        assert (log.address, log.topics, log.data) == (recorder, (word(place + 1),), word(100 + place))
    assert node.pending() == ()


def test_a_revert_is_a_receipt_with_its_typed_error_and_no_effect(node, alice):
    refuser = deploy(node, alice, ECHO_REVERT)
    error = bytes.fromhex("12345678") + word(99)
    receipt = run(node, alice, refuser, error)
    assert not receipt.ok
    assert receipt.revert_data == error
    assert receipt.logs == ()
    assert receipt.contract_address is None
    assert node.nonce(alice.address) == 2


def test_the_error_of_a_revert_is_the_one_of_its_place_in_the_block(node, alice):
    once = deploy(node, alice, ONCE)
    node.send(alice, once, b"")
    node.send(alice, once, b"")
    first, second = mine(node).receipts
    assert (first.ok, first.revert_data) == (True, b"")
    assert (second.ok, second.revert_data) == (False, bytes.fromhex("deadbeef"))


def test_running_out_of_gas_uses_all_of_it_and_says_nothing(node, alice):
    burner = deploy(node, alice, BURNER)
    receipt = run(node, alice, burner, b"", gas_limit=90_000)
    assert (receipt.ok, receipt.gas_used, receipt.revert_data) == (False, 90_000, b"")


def test_a_creation_that_reverts_makes_no_contract_but_uses_its_nonce(node, alice):
    receipt = run(node, alice, None, bytes.fromhex("63deadbeef5f526004601cfd"))
    assert (receipt.ok, receipt.contract_address) == (False, None)
    assert receipt.revert_data == bytes.fromhex("deadbeef")
    assert deploy(node, alice, CONTEXT) == created_address(alice, 1)


def test_transient_storage_ends_with_its_transaction(node, alice):
    contract = deploy(node, alice, TRANSIENT)
    for _ in range(2):
        node.send(alice, contract, b"")
    assert [receipt.ok for receipt in mine(node).receipts] == [True, True]
    assert node.call(contract, b"") == node.call(contract, b"") == b""
    assert run(node, alice, contract, b"").ok


# ---- calling --------------------------------------------------------------------------------------------------------


def test_a_call_has_no_effect(node, alice):
    recorder = deploy(node, alice, RECORDER)
    before = node.head()
    assert node.call(recorder, word(1), sender=alice.address) == b""
    assert node.call(recorder, b"") == word(0)
    assert (node.head(), node.nonce(alice.address)) == (before, 1)


def test_a_call_sees_the_newest_block_and_its_sender(node, alice):
    context = deploy(node, alice, CONTEXT)
    mine(node)
    head = node.head()
    sender = bytes(12) + bytes.fromhex(alice.address[2:])
    assert node.call(context, b"", sender=alice.address) == word(head.timestamp_s) + word(head.number) + sender
    assert node.call(context, b"")[64:] == bytes(32)


def test_a_call_that_reverts_hands_out_the_typed_error(open_node, alice):
    node = open_node(block_gas_limit=1_000_000)
    refuser, burner = deploy(node, alice, ECHO_REVERT), deploy(node, alice, BURNER)
    with pytest.raises(CallReverted) as refused:
        node.call(refuser, bytes.fromhex("cafebabe"))
    assert refused.value.revert_data == bytes.fromhex("cafebabe")
    with pytest.raises(CallReverted) as burned:
        node.call(burner, b"")
    assert burned.value.revert_data == b""


def test_a_call_to_no_contract_answers_nothing(node, alice):
    assert node.call(alice.address, b"\x01\x02\x03\x04") == b""


# ---- blocks ---------------------------------------------------------------------------------------------------------


def test_a_block_has_the_timestamp_it_was_handed(node, alice):
    stamp = deploy(node, alice, STAMP)
    for after_s in (1, 12, 86_400):
        at_s = node.head().timestamp_s + after_s
        node.send(alice, stamp, b"\x01")
        block = node.mine(at_s)
        assert block.timestamp_s == at_s
        assert node.call(stamp, b"") == word(at_s)


def test_the_head_is_the_block_mined_last(node):
    assert (node.head().number, node.head().timestamp_s) == (0, GENESIS_S)
    first = mine(node)
    second = mine(node)
    head = node.head()
    assert (first.number, second.number) == (1, 2)
    assert (head.number, head.timestamp_s, head.hash) == (second.number, second.timestamp_s, second.hash)
    assert first.receipts == second.receipts == ()
    assert len({first.hash, second.hash}) == 2


def test_a_block_must_be_later_than_its_parent(node):
    mine(node)
    head = node.head()
    for at_s in (head.timestamp_s, head.timestamp_s - 1):
        with pytest.raises(TimestampNotLater, match=str(head.timestamp_s)):
            node.mine(at_s)
    assert node.head() == head


def test_a_full_block_loses_nothing_and_keeps_the_order(open_node, alice):
    node = open_node(block_gas_limit=1_000_000)
    burner = deploy(node, alice, BURNER)
    hashes = [node.send(alice, burner, b"", gas_limit=400_000) for _ in range(7)]
    blocks = mine_until_empty(node)
    mined = [[receipt.tx_hash for receipt in block.receipts] for block in blocks]
    assert mined == [hashes[0:2], hashes[2:4], hashes[4:6], hashes[6:]]


def test_a_small_transaction_of_another_sender_fills_the_gap_that_a_large_one_leaves(open_node, alice, bob):
    node = open_node(block_gas_limit=1_000_000)
    burner = deploy(node, alice, BURNER)
    large = [node.send(alice, burner, b"", gas_limit=600_000) for _ in range(2)]
    small = node.send(bob, burner, b"", gas_limit=300_000)
    blocks = mine_until_empty(node)
    assert [[receipt.tx_hash for receipt in block.receipts] for block in blocks] == [[large[0], small], [large[1]]]


def test_an_offer_that_the_base_fee_outgrew_waits_until_the_fee_has_fallen(open_chain, alice, bob):
    node = open_chain(block_gas_limit=1_000_000)
    burner = deploy(node, alice, BURNER)
    for _ in range(6):  # nearly full blocks: the base fee of 1 gwei or less rises by a tenth a block
        node.send(alice, burner, b"", gas_limit=900_000)
    modest = node.send(bob, burner, b"", gas_limit=150_000, max_fee_wei=1_100_000_000)
    blocks = mine_until_empty(node)
    assert len(blocks) > 7
    assert [receipt.tx_hash for receipt in blocks[-1].receipts] == [modest]


# ---- the mempool ----------------------------------------------------------------------------------------------------


def test_a_used_nonce_is_refused(node, alice):
    recorder = deploy(node, alice, RECORDER)
    with pytest.raises(NonceTooLow):
        node.send(alice, recorder, word(1), nonce=0)
    assert node.pending() == ()


def test_a_transaction_beyond_a_nonce_gap_waits_until_the_gap_is_filled(node, alice):
    recorder = deploy(node, alice, RECORDER)
    beyond = node.send(alice, recorder, word(3), nonce=3)
    assert mine(node).receipts == ()
    assert node.pending() == (beyond,)
    second = node.send(alice, recorder, word(2), nonce=2)
    first = node.send(alice, recorder, word(1))
    assert [receipt.tx_hash for receipt in mine(node).receipts] == [first, second, beyond]
    assert node.nonce(alice.address) == 4


def test_a_nonce_left_open_is_the_next_free_one(node, alice):
    recorder = deploy(node, alice, RECORDER)
    node.send(alice, recorder, word(3), nonce=3)
    node.send(alice, recorder, word(1))
    node.send(alice, recorder, word(2))
    node.send(alice, recorder, word(4))
    values = [receipt.logs[0].data for receipt in mine(node).receipts]
    assert sorted(values) == [word(value) for value in (1, 2, 3, 4)]
    assert node.nonce(alice.address) == 5


def test_the_same_transaction_twice_is_known_by_its_hash(node, alice):
    tx_hash = node.send(alice, None, CONTEXT, nonce=0)
    with pytest.raises(AlreadyKnown) as known:
        node.send(alice, None, CONTEXT, nonce=0)
    assert known.value.tx_hash == tx_hash
    assert len(mine(node).receipts) == 1


def test_a_stuck_transaction_is_replaced_by_one_that_pays_a_tenth_more(node, alice):
    recorder = deploy(node, alice, RECORDER)
    old = node.send(alice, recorder, word(1), nonce=1, max_fee_wei=100 * 10**9)
    with pytest.raises(ReplacementUnderpriced):
        node.send(alice, recorder, word(2), nonce=1, max_fee_wei=100 * 10**9)
    new = node.send(alice, recorder, word(2), nonce=1, max_fee_wei=110 * 10**9)
    assert node.pending() == (new,)
    (receipt,) = mine(node).receipts
    assert (receipt.tx_hash, receipt.logs[0].data) == (new, word(2))
    assert node.receipt(old) is None


def test_gas_limits_that_no_block_can_execute_are_refused(open_node, alice):
    node = open_node(block_gas_limit=1_000_000)
    with pytest.raises(GasLimitTooLow):
        node.send(alice, alice.address, b"", gas_limit=20_999)
    with pytest.raises(GasLimitTooHigh, match="1000001"):
        node.send(alice, alice.address, b"", gas_limit=1_000_001)
    node.send(alice, alice.address, b"", gas_limit=21_000)
    node.send(alice, alice.address, b"", gas_limit=1_000_000)
    assert len(mine_until_empty(node)) == 2
    assert node.nonce(alice.address) == 2


def test_a_sender_who_can_never_pay_is_refused(node, alice):
    with pytest.raises(InsufficientFunds):
        node.send(alice, alice.address, b"", gas_limit=10_000_000, max_fee_wei=10**18)
    assert node.pending() == ()


def test_a_dropped_transaction_never_runs(node, alice, bob):
    recorder = deploy(node, alice, RECORDER)
    dropped = node.send(alice, recorder, word(1))
    behind = node.send(alice, recorder, word(2))
    other = node.send(bob, recorder, word(3))
    node.drop(dropped)
    assert [receipt.tx_hash for receipt in mine(node).receipts] == [other]
    assert node.pending() == (behind,)
    with pytest.raises(UnknownTransaction):
        node.drop(dropped)
    filled = node.send(alice, recorder, word(4))
    assert [receipt.tx_hash for receipt in mine(node).receipts] == [filled, behind]


def test_a_receipt_is_there_once_its_block_is(node, alice):
    tx_hash = node.send(alice, None, RECORDER)
    assert node.receipt(tx_hash) is None
    block = mine(node)
    assert node.receipt(tx_hash) == block.receipts[0]


@pytest.mark.parametrize("name", ["py-evm", "revm"])
def test_a_node_in_this_process_forgets_receipts_beyond_its_history(open_by_name, alice, name):
    node = open_by_name(name)
    old = run(node, alice, None, RECORDER)
    for _ in range(node.history_blocks - 1):
        mine(node)
    assert node.receipt(old.tx_hash) == old
    mine(node)
    assert node.receipt(old.tx_hash) is None


# ---- ending ---------------------------------------------------------------------------------------------------------


def test_a_closed_node_answers_nothing_more(node, alice):
    node.close()
    node.close()
    for use in (
        lambda: node.send(alice, alice.address, b""),
        lambda: node.mine(GENESIS_S + 1),
        lambda: node.call(alice.address, b""),
        lambda: node.head(),
        lambda: node.nonce(alice.address),
        lambda: node.pending(),
        lambda: node.receipt("0x" + "00" * 32),
        lambda: node.drop("0x" + "00" * 32),
    ):
        with pytest.raises(NodeClosed):
            use()
