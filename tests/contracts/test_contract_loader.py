"""The hand-packed codec against eth_abi, and events and reverts against what the compiler declares."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from eth_abi import decode, encode
from eth_utils import keccak, to_checksum_address
from hexbytes import HexBytes
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import loader
from contracts.loader import RevertReason

PURE = settings(derandomize=True, database=None, deadline=None, max_examples=30)

ADDRESS = st.one_of(
    st.binary(min_size=20, max_size=20),
    st.binary(min_size=20, max_size=20).map(to_checksum_address),
    st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
)
UINT = st.one_of(st.integers(0, 2**256 - 1), st.sampled_from([0, 1, 2**256 - 1]))
BYTES32 = st.binary(min_size=32, max_size=32)
VALUES = {
    "address": ADDRESS,
    "uint256": UINT,
    "bytes32": BYTES32,
    "address[]": st.lists(ADDRESS, max_size=5),
    "uint256[]": st.lists(UINT, max_size=5),
}

CARD_CALLS: dict[str, Callable[..., bytes]] = {
    "deposit(uint256)": loader.encode_deposit,
    "depositFor(address,uint256)": loader.encode_deposit_for,
    "depositBatch(address[],uint256[])": loader.encode_deposit_batch,
    "settle(address,uint256,bytes32)": loader.encode_settle,
    "settleBatch(address[],uint256[],bytes32)": loader.encode_settle_batch,
    "requestWithdrawal(uint256)": loader.encode_request_withdrawal,
    "cancelWithdrawal()": loader.encode_cancel_withdrawal,
    "withdraw()": loader.encode_withdraw,
    "pause()": loader.encode_pause,
    "unpause()": loader.encode_unpause,
    "sweep()": loader.encode_sweep,
    "grantRole(bytes32,address)": loader.encode_grant_role,
    "revokeRole(bytes32,address)": loader.encode_revoke_role,
    "renounceRole(bytes32,address)": loader.encode_renounce_role,
    "cardBalance(address)": loader.encode_card_balance,
    "pendingWithdrawal(address)": loader.encode_pending_withdrawal,
    "settled(bytes32)": loader.encode_settled,
    "surplus()": loader.encode_surplus,
    "paused()": loader.encode_paused,
    "usdc()": loader.encode_usdc,
    "treasury()": loader.encode_treasury,
    "withdrawalDelayS()": loader.encode_withdrawal_delay_s,
    "hasRole(bytes32,address)": loader.encode_has_role,
}
TOKEN_CALLS: dict[str, Callable[..., bytes]] = {
    "totalSupply()": loader.encode_total_supply,
    "balanceOf(address)": loader.encode_balance_of,
    "allowance(address,address)": loader.encode_allowance,
    "approve(address,uint256)": loader.encode_approve,
    "transfer(address,uint256)": loader.encode_transfer,
    "transferFrom(address,address,uint256)": loader.encode_transfer_from,
    "mint(address,uint256)": loader.encode_mint,
    "pause()": loader.encode_pause,
    "unpause()": loader.encode_unpause,
    "paused()": loader.encode_paused,
    "blacklist(address)": loader.encode_blacklist,
    "unBlacklist(address)": loader.encode_un_blacklist,
    "isBlacklisted(address)": loader.encode_is_blacklisted,
}


def types_of(signature: str) -> list[str]:
    inside = signature[signature.index("(") + 1 : -1]
    return inside.split(",") if inside else []


def declared(contract: str, kind: str) -> dict[str, dict]:
    """Signature to ABI entry, of one kind."""
    entries = [entry for entry in loader.load_artifact(contract).abi if entry["type"] == kind]
    return {f"{each['name']}({','.join(arg['type'] for arg in each['inputs'])})": each for each in entries}


# ---- calls --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signature", [*CARD_CALLS, *TOKEN_CALLS])
def test_a_call_is_packed_as_eth_abi_packs_it(signature: str) -> None:
    build = {**CARD_CALLS, **TOKEN_CALLS}[signature]
    types = types_of(signature)

    @PURE
    @given(st.tuples(*[VALUES[each] for each in types]))
    def check(arguments: tuple) -> None:
        assert build(*arguments) == keccak(text=signature)[:4] + encode(types, arguments)

    check()


def test_the_compiled_contracts_have_every_function_that_is_called() -> None:
    assert set(CARD_CALLS) <= set(declared("CardToken", "function"))
    assert set(TOKEN_CALLS) <= set(declared("MockUSDC", "function"))


def test_every_function_of_card_token_that_changes_anything_has_an_encoder() -> None:
    changing = {
        name for name, entry in declared("CardToken", "function").items() if entry["stateMutability"] == "nonpayable"
    }
    assert changing <= set(CARD_CALLS) | set(TOKEN_CALLS)


def test_deploy_data_is_the_bytecode_and_the_constructors_arguments() -> None:
    usdc, treasury, admin, settler = (to_checksum_address(bytes([each]) * 20) for each in range(1, 5))
    data = loader.card_token_deploy_data(usdc, treasury, admin, settler, withdrawal_delay_s=2**64 - 1)
    types = ("address", "address", "address", "address", "uint64")
    code = loader.load_artifact("CardToken").bytecode
    assert data == code + encode(types, (usdc, treasury, admin, settler, 2**64 - 1))
    assert loader.mock_usdc_deploy_data() == loader.load_artifact("MockUSDC").bytecode


@pytest.mark.parametrize("delay_s", [-1, 2**64])
def test_a_delay_beyond_64_bits_is_refused(delay_s: int) -> None:
    address = "0x" + "11" * 20
    with pytest.raises(ValueError, match="withdrawal_delay_s"):
        loader.card_token_deploy_data(address, address, address, address, delay_s)


CHECKSUMMED = to_checksum_address("0x" + "ab" * 20)


@pytest.mark.parametrize(
    "wrong",
    [
        CHECKSUMMED.swapcase().replace("0X", "0x"),
        CHECKSUMMED[2:],
        CHECKSUMMED[:-1],
        CHECKSUMMED + "0",
        "",
        b"\x01" * 19,
    ],
)
def test_a_wrong_address_is_refused_by_name(wrong: str | bytes) -> None:
    shown = repr(wrong) if isinstance(wrong, str) else wrong.hex()
    with pytest.raises(ValueError, match=f"address.*{shown}"):
        loader.encode_card_balance(wrong)


@pytest.mark.parametrize("amount", [-1, 2**256])
def test_an_amount_beyond_256_bits_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match=str(amount)):
        loader.encode_settle_batch(["0x" + "11" * 20], [amount], bytes(32))


def test_a_settlement_id_is_32_bytes() -> None:
    with pytest.raises(ValueError, match="31"):
        loader.encode_settled(bytes(31))
    with pytest.raises(TypeError, match="0x00"):
        loader.encode_settled("0x" + "00" * 32)


# ---- answers ------------------------------------------------------------------------------------------------------


@PURE
@given(UINT, st.booleans(), st.binary(min_size=20, max_size=20))
def test_answers_are_read_as_eth_abi_wrote_them(number: int, flag: bool, address: bytes) -> None:
    assert loader.decode_uint(encode(["uint256"], [number])) == number
    assert loader.decode_bool("0x" + encode(["bool"], [flag]).hex()) is flag
    assert loader.decode_address(HexBytes(encode(["address"], [address]))) == to_checksum_address(address)


def test_a_pending_withdrawal_of_nothing_is_none() -> None:
    assert loader.decode_pending_withdrawal(encode(["uint256", "uint256"], [0, 0])) is None
    assert loader.decode_pending_withdrawal(encode(["uint256", "uint256"], [1, 2])) == loader.PendingWithdrawal(1, 2)


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (loader.decode_uint, b""),
        (loader.decode_uint, bytes(31)),
        (loader.decode_bool, bytes(31) + b"\x02"),
        (loader.decode_address, b"\x01" + bytes(31)),
        (loader.decode_pending_withdrawal, bytes(32)),
    ],
)
def test_an_answer_of_the_wrong_shape_is_refused(read: Callable, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(word \d is missing|not an? )"):
        read(data)


# ---- events -------------------------------------------------------------------------------------------------------

RECORDS = {record.__name__: record for record in loader.CardEvent.__args__}
NOT_DECODED = {"Transfer", "Approval", "RoleAdminChanged", "RoleGranted", "RoleRevoked"}


def log_of(entry: dict, values: tuple) -> tuple[list[bytes], bytes]:
    """Topics and data as the EVM logs them."""
    pairs = list(zip(entry["inputs"], values, strict=True))
    signature = f"{entry['name']}({','.join(each['type'] for each in entry['inputs'])})"
    topics = [encode([each["type"]], [value]) for each, value in pairs if each["indexed"]]
    plain = [(each["type"], value) for each, value in pairs if not each["indexed"]]
    return [keccak(text=signature), *topics], encode([kind for kind, _ in plain], [value for _, value in plain])


def test_every_event_that_the_contract_declares_is_decoded_or_left_out_on_purpose() -> None:
    names = {entry["name"] for entry in declared("CardToken", "event").values()}
    assert names == set(RECORDS) | NOT_DECODED


@pytest.mark.parametrize("signature", sorted(declared("CardToken", "event")))
def test_an_event_is_decoded_to_its_record(signature: str) -> None:
    entry = declared("CardToken", "event")[signature]

    @PURE
    @given(st.tuples(*[VALUES[each["type"]] for each in entry["inputs"]]))
    def check(values: tuple) -> None:
        topics, data = log_of(entry, values)
        as_text = loader.decode_event(["0x" + each.hex() for each in topics], "0x" + data.hex())
        event = loader.decode_event([HexBytes(each) for each in topics], data)
        assert event == as_text
        if entry["name"] in NOT_DECODED:
            assert event is None
        else:
            kinds = [each["type"] for each in entry["inputs"]]
            assert event == RECORDS[entry["name"]](*map(canonical, kinds, values))

    check()


def canonical(kind: str, value: object) -> object:
    return to_checksum_address(value) if kind == "address" else value


def test_other_peoples_logs_are_none() -> None:
    assert loader.decode_event([], b"") is None
    assert loader.decode_event([bytes(32)], b"anything") is None


@pytest.mark.parametrize(
    "signature", sorted(each for each in declared("CardToken", "event") if each.split("(")[0] in RECORDS)
)
def test_a_known_event_of_another_shape_is_refused(signature: str) -> None:
    entry = declared("CardToken", "event")[signature]
    topics, data = log_of(entry, tuple(_one(each["type"]) for each in entry["inputs"]))
    for wrong_topics, wrong_data in (([*topics, bytes(32)], data), (topics, data + bytes(32)), (topics, data[:-1])):
        with pytest.raises(ValueError, match=entry["name"]):
            loader.decode_event(wrong_topics, wrong_data)


def _one(kind: str) -> object:
    return {"address": bytes(20), "uint256": 1, "bytes32": bytes(32)}[kind]


# ---- reverts ------------------------------------------------------------------------------------------------------

ERROR_VALUES = {**VALUES, "uint8": st.integers(0, 255), "bytes": st.binary(max_size=40), "string": st.text(max_size=40)}
BUILT_IN = {"Error(string)": None, "Panic(uint256)": None}


@pytest.mark.parametrize(
    "signature", sorted({**declared("CardToken", "error"), **declared("MockUSDC", "error"), **BUILT_IN})
)
def test_a_declared_error_is_decoded_with_its_arguments(signature: str) -> None:
    kinds = types_of(signature)

    @PURE
    @given(st.tuples(*[ERROR_VALUES[each] for each in kinds]))
    def check(values: tuple) -> None:
        data = keccak(text=signature)[:4] + encode(kinds, values)
        expected = RevertReason(signature.split("(")[0], tuple(map(canonical, kinds, values)))
        assert loader.decode_revert(data) == expected
        assert loader.decode_revert("0x" + data.hex()) == expected

    check()


@PURE
@given(st.sampled_from(sorted(declared("CardToken", "error")) + list(BUILT_IN)), st.binary(max_size=100))
def test_no_revert_data_is_too_strange_to_decode(signature: str, tail: bytes) -> None:
    data = keccak(text=signature)[:4] + tail
    reason = loader.decode_revert(data)
    assert reason.name in (signature.split("(")[0], "Unknown")
    assert str(reason)


@pytest.mark.parametrize(
    ("data", "reason", "shown"),
    [
        (b"", RevertReason("", ()), "reverted without a reason"),
        (b"\x01\x02\x03\x04", RevertReason("Unknown", (b"\x01\x02\x03\x04",)), "Unknown(0x01020304)"),
        (b"\x01", RevertReason("Unknown", (b"\x01",)), "Unknown(0x01)"),
    ],
)
def test_a_revert_that_nobody_declares_keeps_its_bytes(data: bytes, reason: RevertReason, shown: str) -> None:
    assert loader.decode_revert(data) == reason
    assert str(reason) == shown


def test_a_reason_reads_well() -> None:
    assert str(RevertReason("InsufficientBalance", (5, 6))) == "InsufficientBalance(5, 6)"
    assert str(RevertReason("Panic", (0x11,))) == "Panic(17): arithmetic overflow or underflow"
    decoded = decode(["string"], encode(["string"], ["no"]))
    assert str(RevertReason("Error", decoded)) == "Error(no)"
