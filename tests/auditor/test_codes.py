"""The auditor's own tables: response codes by reason, and the states of a dispute."""

from __future__ import annotations

from engine.domain.disputes import NEXT
from engine.interface import RESPONSE_CODES, DeclineReason
from simulators.auditor.codes import APPROVED, CODE_OF
from simulators.auditor.credits import MAY_FOLLOW


def test_each_reason_has_the_code_that_the_seam_says() -> None:
    assert {reason: CODE_OF[reason] for reason in DeclineReason} == RESPONSE_CODES
    assert CODE_OF[None] == APPROVED


def test_disputes_go_from_state_to_state_as_the_seam_says() -> None:
    assert MAY_FOLLOW == NEXT
