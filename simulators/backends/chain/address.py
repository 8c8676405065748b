"""Addresses: 20 bytes inside, EIP-55 text outside."""

from __future__ import annotations

from functools import lru_cache

from eth_utils import to_checksum_address

ADDRESS_BYTES = 20
ZERO_ADDRESS = "0x" + "00" * ADDRESS_BYTES


def address_bytes(address: bytes | str) -> bytes:
    """The 20 bytes of an address given as bytes or as ``"0x..."`` in any case; ``ValueError`` says what is wrong."""
    raw = address
    if isinstance(address, str):
        try:
            raw = bytes.fromhex(address.removeprefix("0x"))
        except ValueError:
            raise ValueError(f"address {address!r} is not hexadecimal") from None
    if len(raw) != ADDRESS_BYTES:
        raise ValueError(f"address {address!r} has {len(raw)} bytes; an address has {ADDRESS_BYTES}")
    return bytes(raw)


def address_text(address: bytes | str) -> str:
    """An address in EIP-55 checksum form."""
    return _checksummed(address_bytes(address))


@lru_cache(maxsize=1 << 16)
def _checksummed(address: bytes) -> str:
    return to_checksum_address(address)
