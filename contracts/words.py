"""The 32-byte words that contract calls, answers and events are made of, packed and unpacked by hand.

CardToken's interface holds only static words and arrays of them, so packing is joining; this is an order of magnitude
faster than a general codec, and a property test holds it to eth_abi.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from eth_utils import is_checksum_address, keccak, to_checksum_address

Address = str | bytes

WORD_BYTES = 32
_ADDRESS_BYTES = 20
_ADDRESS_PADDING = bytes(WORD_BYTES - _ADDRESS_BYTES)
_HEX_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")
_CACHED_ADDRESSES = 1 << 16


def selector(signature: str) -> bytes:
    """The first four bytes of a call of `signature`, such as ``settle(address,uint256,bytes32)``."""
    return keccak(text=signature)[:4]


def topic(signature: str) -> bytes:
    """The first topic of an event of `signature`."""
    return keccak(text=signature)


def address_word(address: Address) -> bytes:
    """An address as a word.

    :param address: 20 bytes, or ``0x`` and 40 hex digits; mixed case must be the EIP-55 checksum.
    :raises ValueError: it is not an address.
    """
    if isinstance(address, str):
        return _hex_address_word(address)
    if len(address) != _ADDRESS_BYTES:
        raise ValueError(f"an address has 20 bytes, not {len(address)}: 0x{bytes(address).hex()}")
    return _ADDRESS_PADDING + address


@lru_cache(maxsize=_CACHED_ADDRESSES)
def _hex_address_word(address: str) -> bytes:
    mixed_case = address[2:] not in (address[2:].lower(), address[2:].upper())
    if not _HEX_ADDRESS.fullmatch(address) or (mixed_case and not is_checksum_address(address)):
        raise ValueError(f"not an address (0x and 40 hex digits, checksum right if in mixed case): {address!r}")
    return _ADDRESS_PADDING + bytes.fromhex(address[2:])


def uint_word(value: int) -> bytes:
    """An unsigned integer as a word.

    :raises ValueError: it is negative or needs more than 256 bits.
    """
    try:
        return value.to_bytes(WORD_BYTES, "big")
    except OverflowError:
        raise ValueError(f"not a uint256: {value}") from None


def bytes32_word(value: bytes) -> bytes:
    """A bytes32 as a word.

    :raises ValueError: it is not 32 bytes long.
    :raises TypeError: it is text.
    """
    if not isinstance(value, bytes):
        raise TypeError(f"a bytes32 is given as 32 bytes, not as {type(value).__name__}: {value!r}")
    if len(value) != WORD_BYTES:
        raise ValueError(f"a bytes32 has 32 bytes, not {len(value)}: 0x{value.hex()}")
    return value


def address_array(addresses: Iterable[Address]) -> bytes:
    """The tail of an ``address[]``: its length, then its words."""
    words = [address_word(address) for address in addresses]
    return uint_word(len(words)) + b"".join(words)


def uint_array(values: Iterable[int]) -> bytes:
    """The tail of a ``uint256[]``: its length, then its words."""
    words = [uint_word(value) for value in values]
    return uint_word(len(words)) + b"".join(words)


def read_uint(data: bytes, index: int = 0) -> int:
    """The unsigned integer in the word at `index`.

    :raises ValueError: `data` ends before that word does.
    """
    return int.from_bytes(_word(data, index), "big")


def read_bool(data: bytes, index: int = 0) -> bool:
    """The boolean in the word at `index`.

    :raises ValueError: the word is neither 0 nor 1, or missing.
    """
    value = read_uint(data, index)
    if value > 1:
        raise ValueError(f"not a bool: {value}")
    return value == 1


def read_address(data: bytes, index: int = 0) -> str:
    """The address in the word at `index`, in EIP-55 checksum form.

    :raises ValueError: the word holds more than an address, or is missing.
    """
    word = _word(data, index)
    if not word.startswith(_ADDRESS_PADDING):
        raise ValueError(f"not an address: 0x{word.hex()}")
    return _checksummed(bytes(word[-_ADDRESS_BYTES:]))


@lru_cache(maxsize=_CACHED_ADDRESSES)
def _checksummed(address: bytes) -> str:
    return to_checksum_address(address)


def as_bytes(value: bytes | str) -> bytes:
    """Bytes as they are, or from the ``0x...`` text that JSON-RPC and eth-tester speak.

    :raises ValueError: the text is not hex.
    """
    if isinstance(value, str):
        return bytes.fromhex(value.removeprefix("0x"))
    return value


def _word(data: bytes, index: int) -> bytes:
    word = data[index * WORD_BYTES : (index + 1) * WORD_BYTES]
    if len(word) != WORD_BYTES:
        raise ValueError(f"word {index} is missing: {len(data)} bytes of data")
    return word
