"""Accounts that every run with the same seed has: key and address follow from the seed and a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from eth_keys import keys

from simulators.backends.chain.address import address_text

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""A private key is a number from 1 to this minus 1 (SEC 2, section 2.4.1)."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who signs. ``address`` is in EIP-55 checksum form; the key never shows in a repr."""

    name: str
    address: str
    private_key: bytes = field(repr=False)

    @classmethod
    def derive(cls, seed: int | str, name: str) -> Account:
        """The account called ``name`` in the world of ``seed``. For simulation only: whoever knows both has the key."""
        return cls.from_key(name, _private_key(f"swipelab/account/{seed}/{name}"))

    @classmethod
    def from_key(cls, name: str, private_key: bytes) -> Account:
        """An account from its 32-byte key."""
        public_key = keys.PrivateKey(private_key).public_key
        return cls(name, address_text(public_key.to_canonical_address()), private_key)


def _private_key(label: str) -> bytes:
    """SHA-256 of the label; hashed again in the one case of 2**128 where that is no key."""
    digest = sha256(label.encode()).digest()
    while not 0 < int.from_bytes(digest) < SECP256K1_ORDER:
        digest = sha256(digest).digest()
    return digest
