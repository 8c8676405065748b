from __future__ import annotations

import pytest
from eth.vm.forks import CancunVM
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.backends.chain.accounts import Account
from simulators.backends.chain.address import address_bytes, address_text
from simulators.backends.chain.node import GasLimitTooHigh, GasLimitTooLow
from simulators.backends.chain.signing import sign
from simulators.backends.chain.transactions import check_gas_limit, intrinsic_gas, unsigned

ALICE = Account.derive(7, "alice")

targets = st.none() | st.binary(min_size=20, max_size=20)
payloads = st.binary(max_size=200) | st.integers(0, 300).map(bytes)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), targets, payloads, st.integers(21_000, 2**40), st.integers(0, 2**60))
def test_what_is_signed_is_what_was_asked(nonce, to, data, gas_limit, max_fee_wei):
    tx = sign(ALICE, 31337, nonce, to, data, gas_limit, max_fee_wei)
    decoded = CancunVM.get_transaction_builder().decode(tx.raw)
    decoded.check_signature_validity()
    assert address_text(decoded.sender) == ALICE.address == tx.sender
    assert (decoded.chain_id, decoded.nonce, decoded.to, decoded.data) == (31337, nonce, to or b"", data)
    assert (decoded.gas, decoded.max_fee_per_gas, decoded.value) == (gas_limit, max_fee_wei, 0)
    assert decoded.max_priority_fee_per_gas == max_fee_wei // 1000
    assert tx.hash == "0x" + keccak(tx.raw).hex()
    initcode_words = 0 if to else -(-len(data) // 32)  # py-evm charges these when the creation starts
    assert decoded.intrinsic_gas + 2 * initcode_words == intrinsic_gas(to, data)
    assert sign(ALICE, 31337, nonce, to, data, gas_limit, max_fee_wei) == tx


@pytest.mark.parametrize(
    "changed", [{"nonce": 2}, {"to": bytes(20)}, {"data": b"\x02"}, {"gas_limit": 30_001}, {"max_fee_wei": 8}]
)
@pytest.mark.parametrize("form", [sign, unsigned])
def test_another_transaction_has_another_hash(form, changed):
    asked = {"nonce": 1, "to": None, "data": b"\x01", "gas_limit": 30_000, "max_fee_wei": 7}
    assert form(ALICE, 1, **asked).hash == form(ALICE, 1, **asked).hash
    assert form(ALICE, 1, **asked).hash != form(ALICE, 1, **asked | changed).hash


@given(targets, payloads, st.integers(-2, 2))
def test_a_gas_limit_must_cover_the_bytes_and_fit_a_block(to, data, off_by):
    needed = intrinsic_gas(to, data)
    if off_by < 0:
        with pytest.raises(GasLimitTooLow, match=str(needed)):
            check_gas_limit(to, data, needed + off_by, needed + 10)
    else:
        check_gas_limit(to, data, needed + off_by, needed + off_by)
        with pytest.raises(GasLimitTooHigh):
            check_gas_limit(to, data, needed + off_by + 1, needed + off_by)


@given(st.binary(max_size=40))
def test_an_address_is_twenty_bytes_in_either_form(raw):
    if len(raw) == 20:
        assert address_bytes(address_text(raw)) == address_bytes("0x" + raw.hex()) == raw
    else:
        with pytest.raises(ValueError, match=f"{len(raw)} bytes"):
            address_bytes("0x" + raw.hex())
