"""The HTTP contract: what goes over the wire comes back as it was, and nothing else gets through."""

from __future__ import annotations

import json
import sys
from dataclasses import fields, is_dataclass
from enum import Enum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.interface import (
    AccountOpening,
    AuthorizationRequest,
    AuthorizationResponse,
    CardEngine,
    CardOpening,
    ClearingBatch,
    EngineError,
    IdempotencyConflict,
    Presentment,
    Refused,
    RequestInFlight,
    UnknownAccount,
)
from engine.wire import (
    ROUTES,
    VERBS,
    AccountQuery,
    StatementQuery,
    WireError,
    decode,
    encode,
    error_of,
    from_bytes,
    problem_of,
    to_bytes,
)
from engine.wire_bounds import integer_bounds, text_bounds

MESSAGES = sorted({cls for verb in VERBS.values() for cls in (verb.request, verb.answer)}, key=lambda cls: cls.__name__)
REQUEST = AuthorizationRequest("key", "auth", "card", 100, "visa", "shop", "5411", 1_772_323_200_000_000_001)


TEXTS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def values_of(hint: Any, name: str) -> st.SearchStrategy[Any]:
    """Anything that a field of this type and name may hold, to the last bit of an integer."""
    if hint is str:
        shortest, longest = text_bounds(name)
        return st.text(TEXTS, min_size=shortest, max_size=8) | st.just("x" * longest)
    if hint is int:
        least, largest = integer_bounds(name)
        return st.integers(least, largest) | st.sampled_from([least, largest])
    if hint is bool:
        return st.booleans()
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if is_dataclass(hint):
        return messages_of(hint)
    if get_origin(hint) is tuple:
        return st.lists(values_of(get_args(hint)[0], name), max_size=3).map(tuple)
    if get_origin(hint) is frozenset:
        # equal sets of more may print in other orders
        return st.frozensets(values_of(get_args(hint)[0], name), max_size=1)
    assert isinstance(hint, UnionType), hint
    return st.none() | values_of(get_args(hint)[0], name)


KINDS = "purchase, preauthorization, incremental, cash_withdrawal, balance_inquiry, refund"


def messages_of(cls: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls)
    return st.builds(cls, **{field.name: values_of(hints[field.name], field.name) for field in fields(cls)})


def is_plain(raw: Any) -> bool:
    """Nothing but what JSON has, to the exact type."""
    if type(raw) is dict:
        return all(type(key) is str and is_plain(value) for key, value in raw.items())
    if type(raw) is list:
        return all(map(is_plain, raw))
    return raw is None or type(raw) in (str, int, bool)


@pytest.mark.parametrize("cls", MESSAGES, ids=lambda cls: cls.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_every_message_comes_back_as_it_was(cls: type, data: st.DataObject) -> None:
    message = data.draw(messages_of(cls))
    raw = encode(message)
    assert is_plain(raw)
    back = from_bytes(cls, to_bytes(message))
    assert back == message
    assert repr(back) == repr(message)  # StrEnum equals its value: types have to agree too


def test_there_is_one_route_for_every_verb_of_an_engine() -> None:
    verbs = {name for name, member in vars(CardEngine).items() if callable(member) and not name.startswith("_")}
    assert set(ROUTES) == verbs
    assert ROUTES["authorize"] == "/v1/engine/authorize"
    assert len(set(ROUTES.values())) == len(ROUTES)


def test_the_contract_of_an_authorization_is_this_json() -> None:
    """Clients are written against these words; they only grow."""
    assert encode(REQUEST) == {
        "idempotency_key": "key",
        "authorization_id": "auth",
        "card_id": "card",
        "amount_cents": 100,
        "network": "visa",
        "merchant_id": "shop",
        "mcc": "5411",
        "sent_at_ns": 1_772_323_200_000_000_001,
        "kind": "purchase",
        "partial_supported": False,
        "presence": "present",
        "initiator": "cardholder",
    }
    assert encode(AuthorizationResponse("auth", True, 100, "00", None, 5)) == {
        "authorization_id": "auth",
        "approved": True,
        "approved_cents": 100,
        "response_code": "00",
        "reason": None,
        "hold_expires_at_ns": 5,
        "available_cents": None,
    }


def test_a_field_with_a_default_may_be_left_out_and_no_other() -> None:
    raw = encode(REQUEST)
    del raw["kind"]
    assert decode(AuthorizationRequest, raw) == REQUEST
    del raw["mcc"]
    with pytest.raises(WireError, match=r"^mcc: missing; AuthorizationRequest needs it$"):
        decode(AuthorizationRequest, raw)


@pytest.mark.parametrize(
    "change,said",
    [
        ({"amount_cents": "100"}, "amount_cents: expected an integer, got the string '100'"),
        ({"amount_cents": 100.0}, "amount_cents: expected an integer, got the number 100.0"),
        ({"amount_cents": True}, "amount_cents: expected an integer, got true"),
        ({"amount_cents": None}, "amount_cents: expected an integer, got null"),
        ({"network": 4}, "network: expected a string, got the integer 4"),
        ({"mcc": ["5411"]}, "mcc: expected a string, got an array"),
        ({"mcc": {}}, "mcc: expected a string, got an object"),
        ({"kind": "purchse"}, "kind: no such AuthorizationKind: the string 'purchse'; did you mean 'purchase'?"),
        ({"kind": "zzz"}, "kind: no such AuthorizationKind: the string 'zzz'; one of " + KINDS),
        ({"kind": 1}, "kind: no such AuthorizationKind: the integer 1; one of " + KINDS),
        ({"merchant": "shop"}, "merchant: no such field; did you mean 'merchant_id'?"),
    ],
)
def test_a_wrong_field_is_named_with_what_it_ought_to_be(change: dict[str, Any], said: str) -> None:
    with pytest.raises(WireError) as caught:
        decode(AuthorizationRequest, encode(REQUEST) | change)
    assert str(caught.value) == said


NO_NUL = "a NUL at character 1, which no text may hold"
NO_HALF = "half of a surrogate pair at character 1, which no text may hold"


@pytest.mark.parametrize(
    "change,said",
    [
        ({"merchant_id": "a\0"}, f"merchant_id: {NO_NUL}"),
        ({"mcc": "é\ud800"}, f"mcc: {NO_HALF}"),
        ({"card_id": "x" * 256}, "card_id: 256 characters, where at most 255 are taken"),
        ({"network": "x" * 513}, "network: 513 characters, where at most 512 are taken"),
        ({"idempotency_key": "k" * 256}, "idempotency_key: 256 characters, where at most 255 are taken"),
        ({"idempotency_key": ""}, "idempotency_key: empty, and it has to name something"),
        ({"amount_cents": 10**12}, "amount_cents: more than 12 digits"),
        ({"amount_cents": -(10**12)}, "amount_cents: more than 12 digits"),
        ({"sent_at_ns": 2**63}, "sent_at_ns: more than 64 bits"),
        ({"sent_at_ns": -(2**63) - 1}, "sent_at_ns: more than 64 bits"),
    ],
)
def test_a_value_that_no_store_can_keep_is_refused_by_field(change: dict[str, Any], said: str) -> None:
    with pytest.raises(WireError) as caught:
        from_bytes(AuthorizationRequest, json.dumps(encode(REQUEST) | change).encode())
    assert str(caught.value) == said


def test_the_largest_values_that_fit_are_taken() -> None:
    change = {"merchant_id": "x" * 255, "network": "n" * 512, "amount_cents": 10**12 - 1, "sent_at_ns": 2**63 - 1}
    assert encode(decode(AuthorizationRequest, encode(REQUEST) | change)) == encode(REQUEST) | change


def test_bounds_hold_inside_a_message_and_no_cursor_is_negative() -> None:
    raw = encode(ClearingBatch("k", "visa", "f", 1, (Presentment("p", "a", "c", "visa", 1),)))
    raw["presentments"][0]["card_id"] = "\0"
    with pytest.raises(WireError, match=r"^presentments\[0\]\.card_id: a NUL at character 0"):
        decode(ClearingBatch, raw)
    with pytest.raises(WireError, match=r"^cursor: below 0$"):
        decode(StatementQuery, {"cursor": -1})


def test_bodies_are_utf_8_and_nothing_else() -> None:
    assert from_bytes(AccountQuery, '{"account_id": "é€"}'.encode()).account_id == "é€"
    for encoding in ("utf-16", "utf-32", "latin-1", "utf-8-sig"):
        with pytest.raises(WireError, match=r"^body: not JSON: "):
            from_bytes(AccountQuery, '{"account_id": "é"}'.encode(encoding))
    with pytest.raises(WireError, match=r"^body: not JSON: "):
        from_bytes(AccountQuery, b'{"account_id": "\xed\xa0\x80"}')


def test_a_misspelt_field_is_named_before_the_one_that_it_leaves_missing() -> None:
    raw = encode(REQUEST)
    raw["amount_cent"] = raw.pop("amount_cents")
    with pytest.raises(WireError, match=r"^amount_cent: no such field; did you mean 'amount_cents'\?$"):
        decode(AuthorizationRequest, raw)


def test_the_path_leads_into_the_message() -> None:
    presentments = tuple(Presentment(f"p{n}", "a", "c", "visa", n) for n in range(3))
    raw = encode(ClearingBatch("k", "visa", "f", 1, presentments))
    raw["presentments"][2]["amount_cents"] = "2"
    with pytest.raises(WireError) as caught:
        decode(ClearingBatch, raw)
    assert caught.value.path == "presentments[2].amount_cents"
    raw["presentments"] = "none"
    with pytest.raises(WireError, match=r"^presentments: expected an array, got the string 'none'$"):
        decode(ClearingBatch, raw)
    opening = encode(AccountOpening("a", "0x", (CardOpening("c", "visa", 1),)))
    opening["cards"][0] = 7
    with pytest.raises(WireError, match=r"^cards\[0\]: expected an object \(CardOpening\), got the integer 7$"):
        decode(AccountOpening, opening)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"account_id": ' + b"9" * 5_000 + b"}", b"nonsense"]
)
def test_what_is_not_json_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(WireError, match=r"^body: not JSON: "):
        from_bytes(AccountQuery, body)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 65, b"[" * 65 + b"]" * 65])
def test_deep_nesting_is_refused_before_the_parser_recurses(body: bytes) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)  # as py-evm does, in small; without the check of the depth this ends the process
    try:
        with pytest.raises(WireError, match="not JSON: nested more than 64 deep"):
            from_bytes(AccountQuery, body)
    finally:
        sys.setrecursionlimit(limit)


def test_brackets_inside_strings_nest_nothing() -> None:
    presentments = tuple(Presentment(f"p{{{n}", f'a[{n}"\\', "c{[", "visa", 5) for n in range(500))
    batch = ClearingBatch("k", "visa", "f", 1, presentments)
    assert from_bytes(ClearingBatch, to_bytes(batch)) == batch


@pytest.mark.parametrize("body", [b"null", b"[]", b"3", b'"x"', b"NaN"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(WireError, match=r"^body: expected an object \(AccountQuery\), got "):
        from_bytes(AccountQuery, body)


@pytest.mark.parametrize(
    "error,status",
    [
        (IdempotencyConflict("k: used before"), 422),
        (RequestInFlight("k: in flight"), 409),
        (UnknownAccount("no account 'x'"), 404),
        (Refused("an amount is positive"), 422),
        (EngineError("no store answers"), 503),
    ],
)
def test_an_error_crosses_the_wire_as_itself(error: EngineError, status: int) -> None:
    said, body = problem_of(error)
    assert (said, body["status"], body["detail"]) == (status, status, str(error))
    back = error_of(said, json.dumps(body).encode())
    assert type(back) is type(error)
    assert str(back) == str(error)


def test_a_malformed_request_is_the_callers_fault_and_says_where() -> None:
    status, body = problem_of(WireError("mcc", "missing"))
    assert (status, body) == (400, {"type": "malformed", "status": 400, "detail": "mcc: missing"})
    assert str(error_of(status, json.dumps(body).encode())) == "HTTP 400 malformed: mcc: missing"


@pytest.mark.parametrize("body", [b"<html>Bad gateway", b"[]", b'{"detail": 3}', b"\xff"])
def test_any_other_answer_is_an_engine_error_that_shows_it(body: bytes) -> None:
    error = error_of(502, body)
    assert type(error) is EngineError
    assert str(error).startswith("HTTP 502: ")


def test_only_messages_and_engine_errors_cross_the_wire() -> None:
    with pytest.raises(TypeError, match="ValueError does not cross the wire"):
        problem_of(ValueError("a bug"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is not a message"):
        encode({"amount_cents": 1})
