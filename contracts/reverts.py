"""Why a call reverted: the contracts' typed errors, Error(string) and Panic(uint256)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from eth_abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils import to_checksum_address

from contracts.artifact import load_artifact
from contracts.words import as_bytes, selector

# Solidity's panic codes, as its documentation lists them.
_PANICS = {
    0x01: "assertion failed",
    0x11: "arithmetic overflow or underflow",
    0x12: "division by zero",
    0x21: "enum out of range",
    0x22: "storage byte array wrongly encoded",
    0x31: "pop from an empty array",
    0x32: "array index out of bounds",
    0x41: "too much memory",
    0x51: "call of an uninitialized function",
}


@dataclass(frozen=True, slots=True)
class RevertReason:
    """A decoded revert.

    `name` is the error's name with `args` in its order (addresses checksum text, bytes32 bytes): ``AlreadySettled``
    with the id, ``Error`` with the message, ``Panic`` with the code; ``""`` without args for a revert that says
    nothing, and ``Unknown`` with the raw bytes for one that nobody here declares.
    """

    name: str
    args: tuple[object, ...]

    def __str__(self) -> str:
        """As a person reads it: ``InsufficientBalance(5, 6)``."""
        if not self.name:
            return "reverted without a reason"
        shown = ", ".join(f"0x{arg.hex()}" if isinstance(arg, bytes) else str(arg) for arg in self.args)
        meaning = f": {_PANICS.get(self.args[0], 'unknown code')}" if self.name == "Panic" else ""
        return f"{self.name}({shown}){meaning}"


def decode_revert(data: bytes | str) -> RevertReason:
    """What a revert's return data says; never fails on hostile data, which comes back as ``Unknown``."""
    raw = bytes(as_bytes(data))
    if not raw:
        return RevertReason("", ())
    known = _errors().get(raw[:4])
    if known is None:
        return RevertReason("Unknown", (raw,))
    name, types = known
    try:
        values = decode(types, raw[4:])
    except (DecodingError, UnicodeDecodeError):
        return RevertReason("Unknown", (raw,))
    return RevertReason(name, tuple(_checksummed(kind, value) for kind, value in zip(types, values, strict=True)))


@cache
def _errors() -> dict[bytes, tuple[str, tuple[str, ...]]]:
    found: dict[bytes, tuple[str, tuple[str, ...]]] = {
        selector("Error(string)"): ("Error", ("string",)),
        selector("Panic(uint256)"): ("Panic", ("uint256",)),
    }
    for contract in ("CardToken", "MockUSDC"):
        for entry in load_artifact(contract).abi:
            if entry["type"] == "error":
                types = tuple(each["type"] for each in entry["inputs"])
                found[selector(f"{entry['name']}({','.join(types)})")] = (entry["name"], types)
    return found


def _checksummed(kind: str, value: object) -> object:
    return to_checksum_address(value) if kind == "address" else value
