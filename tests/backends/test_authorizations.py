"""What the packed authorizations give back is what was put in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.authorization import Authorization, Status
from engine.domain.decline import DeclineReason
from engine.domain.ledger import Answer
from engine.interface import AuthorizationResponse
from simulators.backends.authorizations import Authorizations

IDS = st.sampled_from(["a", "b", "ä-3", ""])
INT64 = st.integers(-(2**61), 2**61 - 1)
"""What fits, and still fits when two are added up."""


def authorizations(**fields: st.SearchStrategy) -> st.SearchStrategy[Authorization]:
    columns = dict.fromkeys(
        ("authorized_cents", "held_cents", "captured_cents", "released_cents", "expired_cents",
         "refunded_cents", "counted_at_ns", "expires_at_ns"), INT64,
    )  # fmt: skip
    names = st.sampled_from(["", "ada", "bob", "visa"])
    statuses = st.sampled_from(Status)
    strategies = {
        "authorization_id": IDS,
        "account_id": names,
        "network": names,
        "card_id": names,
        "mcc": names,
        "counter_id": names,
        "mandate_id": names,
        "status": statuses,
        **columns,
        **fields,
    }
    return st.builds(Authorization, **strategies)


def approval_of(row: Authorization, fingerprint: bytes = bytes(range(16))) -> Answer:
    response = AuthorizationResponse(row.authorization_id, True, row.authorized_cents, "00", None, row.expires_at_ns)
    return Answer(row.authorization_id, fingerprint, response)


ROW = Authorization("a", "ada", "visa", 700, 700, 0, Status.OPEN, 5, 9)


@given(st.lists(authorizations()))
def test_an_authorization_reads_as_it_was_last_put(rows) -> None:
    table, model = Authorizations(), {}
    for row in rows:
        table.put(row)
        model[row.authorization_id] = row
    assert {row.authorization_id: table.get(row.authorization_id) for row in rows} == model
    assert table.get("never put") is None
    assert table.answer("a") is None, "no answer was given"


@given(authorizations(), authorizations(authorization_id=st.just("other")), st.binary(min_size=16, max_size=16))
def test_a_plain_approval_is_kept_to_the_letter_through_its_whole_life(row, other, fingerprint) -> None:
    table, answer = Authorizations(), approval_of(row, fingerprint)
    assert table.put_approved(row, answer)
    table.put(other)
    for later in (row, row.captured(3, final=False), row.reversed(), row.expired()):
        if abs(later.captured_cents) < 2**63:
            table.put(later)
            assert table.get(row.authorization_id) == later
    assert table.answer(row.authorization_id) == answer
    assert table.get("other") == other
    assert table.answer("other") is None


RESPONSE = approval_of(ROW).response
OTHER_ANSWERS = {
    "another key": Answer("k", bytes(16), RESPONSE),
    "a fingerprint of another length": Answer("a", bytes(15), RESPONSE),
    "a fingerprint of another kind": Answer("a", "x" * 16, RESPONSE),
    "no response": Answer("a", bytes(16), "approved"),
    "another authorization": Answer("a", bytes(16), AuthorizationResponse("b", True, 700, "00", None, 9)),
    "a decline": Answer("a", bytes(16), AuthorizationResponse("a", False, 700, "00", None, 9)),
    "a part of the amount": Answer("a", bytes(16), AuthorizationResponse("a", True, 699, "00", None, 9)),
    "another code": Answer("a", bytes(16), AuthorizationResponse("a", True, 700, "10", None, 9)),
    "a reason": Answer("a", bytes(16), AuthorizationResponse("a", True, 700, "00", DeclineReason.INVALID_AMOUNT, 9)),
    "another end": Answer("a", bytes(16), AuthorizationResponse("a", True, 700, "00", None, 10)),
}


@pytest.mark.parametrize("answer", OTHER_ANSWERS.values(), ids=OTHER_ANSWERS)
def test_any_other_answer_is_left_to_be_kept_elsewhere(answer) -> None:
    table = Authorizations()
    assert not table.put_approved(ROW, answer)
    assert table.get("a") == ROW
    assert table.answer("a") is None


@pytest.mark.parametrize("changed", [ROW._replace(authorized_cents=1), ROW._replace(expires_at_ns=8)])
def test_an_answer_that_the_row_no_longer_holds_is_handed_out(changed) -> None:
    table = Authorizations()
    table.put_approved(ROW, approval_of(ROW))
    assert table.put(ROW._replace(held_cents=1)) is None
    assert table.put(changed) == approval_of(ROW)
    assert table.answer("a") is None
    assert table.get("a") == changed
    assert table.put(ROW) is None, "only once"
