"""CardToken's events as records.

Users are in EIP-55 checksum form, amounts in usdc6, times in chain seconds, settlement ids 32 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.words import WORD_BYTES, as_bytes, read_address, read_uint, topic


@dataclass(frozen=True, slots=True)
class CardDeposit:
    """`user` was credited, 1:1 against USDC."""

    user: str
    amount_usdc6: int


@dataclass(frozen=True, slots=True)
class CardSettlement:
    """This much of `user` was burned and paid to the treasury (what was there, never more)."""

    user: str
    amount_usdc6: int
    settlement_id: bytes


@dataclass(frozen=True, slots=True)
class SettlementShortfall:
    """`user` had this much less than was to be settled; it was not settled, and stays owed."""

    user: str
    missing_usdc6: int
    settlement_id: bytes


@dataclass(frozen=True, slots=True)
class WithdrawalRequested:
    """`user` may take this much from `ready_at_s` on."""

    user: str
    amount_usdc6: int
    ready_at_s: int


@dataclass(frozen=True, slots=True)
class WithdrawalCancelled:
    """`user` took the request back."""

    user: str
    amount_usdc6: int


@dataclass(frozen=True, slots=True)
class WithdrawalReduced:
    """A settlement left this much of the request; 0 means that the request is gone."""

    user: str
    amount_usdc6: int


@dataclass(frozen=True, slots=True)
class WithdrawalCompleted:
    """This much was burned and paid to `user` in USDC."""

    user: str
    amount_usdc6: int


@dataclass(frozen=True, slots=True)
class SurplusSwept:
    """USDC that no deposit accounts for went to the treasury."""

    amount_usdc6: int


@dataclass(frozen=True, slots=True)
class Paused:
    """`account` paused the contract."""

    account: str


@dataclass(frozen=True, slots=True)
class Unpaused:
    """`account` let the contract run again."""

    account: str


CardEvent = (
    CardDeposit
    | CardSettlement
    | SettlementShortfall
    | WithdrawalRequested
    | WithdrawalCancelled
    | WithdrawalReduced
    | WithdrawalCompleted
    | SurplusSwept
    | Paused
    | Unpaused
)

_Build = Callable[[bytes, bytes], CardEvent]


def _user_and_amount(record: type) -> _Build:
    return lambda indexed, data: record(read_address(indexed), read_uint(data))


def _user_amount_and_id(record: type) -> _Build:
    return lambda indexed, data: record(read_address(indexed), read_uint(data), indexed[WORD_BYTES:])


def _account(record: type) -> _Build:
    return lambda _indexed, data: record(read_address(data))


# Signature -> (indexed words, data words, how to build the record from both).
_SHAPES: dict[str, tuple[int, int, _Build]] = {
    "CardDeposit(address,uint256)": (1, 1, _user_and_amount(CardDeposit)),
    "CardSettlement(address,uint256,bytes32)": (2, 1, _user_amount_and_id(CardSettlement)),
    "SettlementShortfall(address,uint256,bytes32)": (2, 1, _user_amount_and_id(SettlementShortfall)),
    "WithdrawalRequested(address,uint256,uint256)": (
        1,
        2,
        lambda indexed, data: WithdrawalRequested(read_address(indexed), read_uint(data, 0), read_uint(data, 1)),
    ),
    "WithdrawalCancelled(address,uint256)": (1, 1, _user_and_amount(WithdrawalCancelled)),
    "WithdrawalReduced(address,uint256)": (1, 1, _user_and_amount(WithdrawalReduced)),
    "WithdrawalCompleted(address,uint256)": (1, 1, _user_and_amount(WithdrawalCompleted)),
    "SurplusSwept(uint256)": (0, 1, lambda _indexed, data: SurplusSwept(read_uint(data))),
    "Paused(address)": (0, 1, _account(Paused)),
    "Unpaused(address)": (0, 1, _account(Unpaused)),
}
_BY_TOPIC = {topic(signature): (signature, *shape) for signature, shape in _SHAPES.items()}


def decode_event(topics: Sequence[bytes | str], data: bytes | str) -> CardEvent | None:
    """One log entry of CardToken as a record; None for what is not listed here (Transfer, role changes).

    The caller keeps to logs of CardToken's own address: anybody can emit an event that looks the same.

    :param topics: as bytes or ``0x`` text, the signature's hash first.
    :param data: as bytes or ``0x`` text.
    :raises ValueError: the signature is known, the shape is not.
    """
    if not topics:
        return None
    known = _BY_TOPIC.get(as_bytes(topics[0]))
    if known is None:
        return None
    signature, indexed_words, data_words, build = known
    indexed = b"".join([as_bytes(each) for each in topics[1:]])
    raw = as_bytes(data)
    if len(indexed) != indexed_words * WORD_BYTES or len(raw) != data_words * WORD_BYTES:
        raise ValueError(
            f"{signature}: expected {indexed_words} indexed and {data_words} data words, "
            f"got {len(indexed)} and {len(raw)} bytes"
        )
    return build(indexed, raw)
