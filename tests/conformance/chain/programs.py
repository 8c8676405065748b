"""Contracts of a few bytes each, in EVM code: whatever a node does wrong, no compiler is to blame."""

from __future__ import annotations


def creation(runtime: str) -> bytes:
    """What a creation transaction carries to install ``runtime`` (hex; blanks are ignored)."""
    code = bytes.fromhex(runtime)
    # PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN; the runtime follows at byte 10.
    return bytes.fromhex("61") + len(code).to_bytes(2) + bytes.fromhex("80600a5f395ff3") + code


RECORDER = creation(
    "36 600c 57"  # with call data, jump to 12
    "5f54 5f52 6020 5f f3"  # else return slot 0, the count
    "5b 5f54 6001 01"  # 12: n = count + 1
    "80 5f 55"  # slot 0 = n
    "5f35 80 82 55"  # slot n = the word given
    "5f 52 6020 5f a1 00"  # and log it under topic n
)
"""Counts the words it is sent and logs each under its number; without call data it returns the count."""

CONTEXT = creation("42 5f52 43 602052 33 604052 6060 5f f3")
"""Returns block.timestamp, block.number and msg.sender."""

STAMP = creation("36 600c 57 5f54 5f52 6020 5f f3 5b 42 5f55 00")
"""With call data it stores block.timestamp; without, it returns it."""

ECHO_REVERT = creation("36 5f 5f 37 36 5f fd")
"""Reverts with its call data."""

ONCE = creation("5f54 600a 57 6001 5f55 00 5b 63deadbeef 5f52 6004 601c fd")
"""Succeeds once; reverts with 0xdeadbeef ever after."""

BURNER = creation("5b 5f 56")
"""Runs until the gas is gone."""

TRANSIENT = creation("5f5c 600a 57 6001 5f5d 00 5b 5f 5f fd")
"""Reverts if it finds its own transient mark (EIP-1153) of another transaction; leaves one."""


def word(value: int) -> bytes:
    return value.to_bytes(32)
