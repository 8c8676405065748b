from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulators.backends.chain.accounts import SECP256K1_ORDER, Account

# The first account of the mnemonic that every Ethereum development node starts with.
KNOWN_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
KNOWN_ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def test_an_address_follows_from_its_key_as_ethereum_says():
    assert Account.from_key("known", KNOWN_KEY).address == KNOWN_ADDRESS


def test_the_same_seed_and_name_are_the_same_account_for_ever():
    assert Account.derive(7, "settler").address == "0xEFAf96f32324C5d1aCC230bEe7e35127eeecf0b7"


@given(st.integers(), st.text(max_size=20), st.integers(), st.text(max_size=20))
def test_another_seed_or_name_is_another_account(seed, name, other_seed, other_name):
    one, other = Account.derive(seed, name), Account.derive(other_seed, other_name)
    assert (one == other) == ((seed, name) == (other_seed, other_name))
    assert 0 < int.from_bytes(one.private_key) < SECP256K1_ORDER


def test_a_key_never_shows():
    account = Account.from_key("known", KNOWN_KEY)
    assert KNOWN_KEY.hex() not in f"{account!r} {account}"
    assert repr(KNOWN_KEY) not in repr(account)
