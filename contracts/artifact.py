"""The committed compiler output, and the data that deploys it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from contracts.words import Address, address_word, uint_word

ARTIFACTS_DIR = Path(__file__).parent / "artifacts"
_UINT64_MAX = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract.

    :param name: the contract's name.
    :param abi: its functions, events and errors, as the compiler lists them.
    :param bytecode: the creation code; constructor arguments are appended to it.
    :param deployed_bytecode: the code that runs (immutable values are zeros in it).
    :param compiler: the compiler's name and full version.
    :param source_sha256: per source file (``contracts/CardToken.sol``), the hex SHA-256 of what was compiled.
    """

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: bytes
    deployed_bytecode: bytes
    compiler: str
    source_sha256: dict[str, str]


@cache
def load_artifact(name: str) -> Artifact:
    """The artifact of a contract: ``CardToken``, ``MockUSDC``, or ``test/...`` for those that only tests deploy.

    :raises FileNotFoundError: there is no such artifact; the message lists those there are.
    """
    path = ARTIFACTS_DIR / f"{name}.json"
    if not path.is_file():
        known = sorted(each.relative_to(ARTIFACTS_DIR).with_suffix("").as_posix() for each in _artifact_files())
        raise FileNotFoundError(f"no contract artifact {path.name!r} in contracts/artifacts; there are {known}")
    raw = json.loads(path.read_text(encoding="utf-8"))
    return Artifact(
        name=raw["contractName"],
        abi=tuple(raw["abi"]),
        bytecode=bytes.fromhex(raw["bytecode"][2:]),
        deployed_bytecode=bytes.fromhex(raw["deployedBytecode"][2:]),
        compiler=raw["compiler"],
        source_sha256=raw["sourceSha256"],
    )


def card_token_deploy_data(
    usdc: Address, treasury: Address, admin: Address, settler: Address, withdrawal_delay_s: int
) -> bytes:
    """What a creation transaction of CardToken carries.

    :param withdrawal_delay_s: seconds from request to withdrawal; longer than the settlement interval, or spent money
        can leave first.
    :raises ValueError: an argument is not an address, or the delay is not a uint64.
    """
    if not 0 <= withdrawal_delay_s <= _UINT64_MAX:
        raise ValueError(f"withdrawal_delay_s is not a uint64: {withdrawal_delay_s}")
    addresses = [address_word(each) for each in (usdc, treasury, admin, settler)]
    return load_artifact("CardToken").bytecode + b"".join(addresses) + uint_word(withdrawal_delay_s)


def mock_usdc_deploy_data() -> bytes:
    """What a creation transaction of MockUSDC carries; its sender becomes the owner, who mints."""
    return load_artifact("MockUSDC").bytecode


def _artifact_files() -> list[Path]:
    return list(ARTIFACTS_DIR.rglob("*.json"))
