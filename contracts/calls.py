"""Call data for CardToken and for the USDC behind it, and what their views answer.

Addresses are ``0x`` text (checksummed if in mixed case) or 20 bytes; amounts are usdc6; settlement ids are 32 bytes.
The encoders check types only. Whether a call makes sense, the contract decides, and says so in a typed error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils import keccak

from contracts.words import (
    WORD_BYTES,
    Address,
    address_array,
    address_word,
    as_bytes,
    bytes32_word,
    read_address,
    read_bool,
    read_uint,
    selector,
    uint_array,
    uint_word,
)

DEFAULT_ADMIN_ROLE = bytes(WORD_BYTES)
SETTLER_ROLE = keccak(text="SETTLER_ROLE")
PAUSER_ROLE = keccak(text="PAUSER_ROLE")

_DEPOSIT = selector("deposit(uint256)")
_DEPOSIT_FOR = selector("depositFor(address,uint256)")
_DEPOSIT_BATCH = selector("depositBatch(address[],uint256[])")
_SETTLE = selector("settle(address,uint256,bytes32)")
_SETTLE_BATCH = selector("settleBatch(address[],uint256[],bytes32)")
_REQUEST_WITHDRAWAL = selector("requestWithdrawal(uint256)")
_CANCEL_WITHDRAWAL = selector("cancelWithdrawal()")
_WITHDRAW = selector("withdraw()")
_PAUSE = selector("pause()")
_UNPAUSE = selector("unpause()")
_SWEEP = selector("sweep()")
_GRANT_ROLE = selector("grantRole(bytes32,address)")
_REVOKE_ROLE = selector("revokeRole(bytes32,address)")
_RENOUNCE_ROLE = selector("renounceRole(bytes32,address)")
_HAS_ROLE = selector("hasRole(bytes32,address)")
_CARD_BALANCE = selector("cardBalance(address)")
_PENDING_WITHDRAWAL = selector("pendingWithdrawal(address)")
_SETTLED = selector("settled(bytes32)")
_SURPLUS = selector("surplus()")
_PAUSED = selector("paused()")
_USDC = selector("usdc()")
_TREASURY = selector("treasury()")
_WITHDRAWAL_DELAY_S = selector("withdrawalDelayS()")
_TOTAL_SUPPLY = selector("totalSupply()")
_BALANCE_OF = selector("balanceOf(address)")
_ALLOWANCE = selector("allowance(address,address)")
_APPROVE = selector("approve(address,uint256)")
_TRANSFER = selector("transfer(address,uint256)")
_TRANSFER_FROM = selector("transferFrom(address,address,uint256)")
_MINT = selector("mint(address,uint256)")
_BLACKLIST = selector("blacklist(address)")
_UN_BLACKLIST = selector("unBlacklist(address)")
_IS_BLACKLISTED = selector("isBlacklisted(address)")


@dataclass(frozen=True, slots=True)
class PendingWithdrawal:
    """What a user has asked to withdraw: the amount, and the chain second from which it can be taken."""

    amount_usdc6: int
    ready_at_s: int


# ---- CardToken: paying in, settling, taking out -------------------------------------------------------------------


def encode_deposit(amount_usdc6: int) -> bytes:
    """Wrap the sender's own USDC."""
    return _DEPOSIT + uint_word(amount_usdc6)


def encode_deposit_for(user: Address, amount_usdc6: int) -> bytes:
    """The sender pays, `user` is credited."""
    return _DEPOSIT_FOR + address_word(user) + uint_word(amount_usdc6)


def encode_deposit_batch(users: Sequence[Address], amounts_usdc6: Sequence[int]) -> bytes:
    """The sender pays once for many users."""
    user_words = address_array(users)
    offsets = uint_word(2 * WORD_BYTES) + uint_word(2 * WORD_BYTES + len(user_words))
    return _DEPOSIT_BATCH + offsets + user_words + uint_array(amounts_usdc6)


def encode_settle(user: Address, amount_usdc6: int, settlement_id: bytes) -> bytes:
    """Burn one user's spending and pay the treasury."""
    return _SETTLE + address_word(user) + uint_word(amount_usdc6) + bytes32_word(settlement_id)


def encode_settle_batch(users: Sequence[Address], amounts_usdc6: Sequence[int], settlement_id: bytes) -> bytes:
    """Burn many users' spending under one id and pay the treasury once."""
    user_words = address_array(users)
    offsets = uint_word(3 * WORD_BYTES) + uint_word(3 * WORD_BYTES + len(user_words))
    return _SETTLE_BATCH + offsets + bytes32_word(settlement_id) + user_words + uint_array(amounts_usdc6)


def encode_request_withdrawal(amount_usdc6: int) -> bytes:
    """The sender asks for part of the balance; it can be taken after the delay."""
    return _REQUEST_WITHDRAWAL + uint_word(amount_usdc6)


def encode_cancel_withdrawal() -> bytes:
    """The sender takes the request back."""
    return _CANCEL_WITHDRAWAL


def encode_withdraw() -> bytes:
    """The sender takes what is pending, once it is ready."""
    return _WITHDRAW


# ---- CardToken: administration ------------------------------------------------------------------------------------


def encode_pause() -> bytes:
    """Stop deposits, settlements, requests and withdrawals; sent to USDC, all transfers of it."""
    return _PAUSE


def encode_unpause() -> bytes:
    """Resume."""
    return _UNPAUSE


def encode_sweep() -> bytes:
    """Send USDC that came without a deposit to the treasury."""
    return _SWEEP


def encode_grant_role(role: bytes, account: Address) -> bytes:
    """Give `account` a role (``SETTLER_ROLE``, ``PAUSER_ROLE``, ``DEFAULT_ADMIN_ROLE``)."""
    return _GRANT_ROLE + bytes32_word(role) + address_word(account)


def encode_revoke_role(role: bytes, account: Address) -> bytes:
    """Take a role from `account`."""
    return _REVOKE_ROLE + bytes32_word(role) + address_word(account)


def encode_renounce_role(role: bytes, account: Address) -> bytes:
    """The sender, who must be `account`, gives a role up."""
    return _RENOUNCE_ROLE + bytes32_word(role) + address_word(account)


# ---- CardToken: views ---------------------------------------------------------------------------------------------


def encode_card_balance(user: Address) -> bytes:
    """Answered by :func:`decode_uint`."""
    return _CARD_BALANCE + address_word(user)


def encode_pending_withdrawal(user: Address) -> bytes:
    """Answered by :func:`decode_pending_withdrawal`."""
    return _PENDING_WITHDRAWAL + address_word(user)


def encode_settled(settlement_id: bytes) -> bytes:
    """Answered by :func:`decode_bool`: was this id settled?"""
    return _SETTLED + bytes32_word(settlement_id)


def encode_surplus() -> bytes:
    """Answered by :func:`decode_uint`: USDC held beyond the supply."""
    return _SURPLUS


def encode_paused() -> bytes:
    """Answered by :func:`decode_bool`."""
    return _PAUSED


def encode_usdc() -> bytes:
    """Answered by :func:`decode_address`."""
    return _USDC


def encode_treasury() -> bytes:
    """Answered by :func:`decode_address`."""
    return _TREASURY


def encode_withdrawal_delay_s() -> bytes:
    """Answered by :func:`decode_uint`, in seconds."""
    return _WITHDRAWAL_DELAY_S


def encode_has_role(role: bytes, account: Address) -> bytes:
    """Answered by :func:`decode_bool`."""
    return _HAS_ROLE + bytes32_word(role) + address_word(account)


# ---- ERC-20, for USDC (CardToken answers the views and refuses the rest) ------------------------------------------


def encode_total_supply() -> bytes:
    """Answered by :func:`decode_uint`."""
    return _TOTAL_SUPPLY


def encode_balance_of(owner: Address) -> bytes:
    """Answered by :func:`decode_uint`."""
    return _BALANCE_OF + address_word(owner)


def encode_allowance(owner: Address, spender: Address) -> bytes:
    """Answered by :func:`decode_uint`."""
    return _ALLOWANCE + address_word(owner) + address_word(spender)


def encode_approve(spender: Address, amount_usdc6: int) -> bytes:
    """The sender lets `spender` take up to this much."""
    return _APPROVE + address_word(spender) + uint_word(amount_usdc6)


def encode_transfer(to: Address, amount_usdc6: int) -> bytes:
    """The sender pays `to`."""
    return _TRANSFER + address_word(to) + uint_word(amount_usdc6)


def encode_transfer_from(owner: Address, to: Address, amount_usdc6: int) -> bytes:
    """The sender moves what `owner` approved."""
    return _TRANSFER_FROM + address_word(owner) + address_word(to) + uint_word(amount_usdc6)


def encode_mint(to: Address, amount_usdc6: int) -> bytes:
    """MockUSDC only: its owner creates USDC."""
    return _MINT + address_word(to) + uint_word(amount_usdc6)


def encode_blacklist(account: Address) -> bytes:
    """USDC only (here, by its owner): `account` can neither pay nor be paid. ``pause`` stops everybody."""
    return _BLACKLIST + address_word(account)


def encode_un_blacklist(account: Address) -> bytes:
    """USDC only: `account` can pay and be paid again."""
    return _UN_BLACKLIST + address_word(account)


def encode_is_blacklisted(account: Address) -> bytes:
    """USDC only. Answered by :func:`decode_bool`."""
    return _IS_BLACKLISTED + address_word(account)


# ---- answers ------------------------------------------------------------------------------------------------------


def decode_uint(data: bytes | str) -> int:
    """:raises ValueError: `data` is not a word (a call to an address without code answers nothing)."""
    return read_uint(as_bytes(data))


def decode_bool(data: bytes | str) -> bool:
    """:raises ValueError: `data` is not a boolean word."""
    return read_bool(as_bytes(data))


def decode_address(data: bytes | str) -> str:
    """The address in checksum form. :raises ValueError: `data` is not an address word."""
    return read_address(as_bytes(data))


def decode_pending_withdrawal(data: bytes | str) -> PendingWithdrawal | None:
    """None if nothing is pending. :raises ValueError: `data` is not two words."""
    raw = as_bytes(data)
    amount_usdc6, ready_at_s = read_uint(raw, 0), read_uint(raw, 1)
    return PendingWithdrawal(amount_usdc6, ready_at_s) if amount_usdc6 else None
