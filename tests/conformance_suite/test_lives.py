"""The state machine: silent on what is right, and short of words on what is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.domain.decline import RESPONSE_CODES, DeclineReason
from engine.interface import AuthorizationRequest, AuthorizationResponse, NotSupported
from scenarios.conformance import conformance_machine
from scenarios.conformance.lives import judge_lives
from scenarios.conformance.subject import FreshEngine, subject_of
from scenarios.conformance.trial import Result
from scenarios.engines import reference
from scenarios.problems import BadInput

TestTheReferenceEngineLives = conformance_machine("reference").TestCase
TestTheProductionEngineLives = conformance_machine("engine").TestCase
TestTheReferenceEngineLivesBehindAsgi = conformance_machine("asgi:scenarios.engines.asgi_app:app", examples=10).TestCase


def living(engine: type) -> FreshEngine:
    return FreshEngine("planted", engine)


class OneNanosecondLonger(reference.ReferenceEngine):
    """Found by the auditor."""

    async def authorize(self, request: AuthorizationRequest) -> AuthorizationResponse:
        answer = await super().authorize(request)
        return replace(answer, hold_expires_at_ns=answer.hold_expires_at_ns + answer.approved)


class GivesAnotherReason(reference.ReferenceEngine):
    """Found by the difference from the reference: no rule that the auditor knows is broken."""

    async def authorize(self, request: AuthorizationRequest) -> AuthorizationResponse:
        answer = await super().authorize(request)
        if answer.reason is not DeclineReason.INSUFFICIENT_FUNDS:
            return answer
        other = DeclineReason.INVALID_TRANSACTION
        return replace(answer, reason=other, response_code=RESPONSE_CODES[other])


class WithoutYoungVerbs(reference.ReferenceEngine):
    """What it does not support is left out of its lives."""

    async def advise(self, advice: Any) -> Any:
        raise NotSupported("no advices")

    async def dispute(self, notice: Any) -> Any:
        raise NotSupported("no disputes")


@pytest.mark.parametrize(
    ("engine", "said"), [(OneNanosecondLonger, "what the auditor says"), (GivesAnotherReason, "the answer to ")]
)
def test_a_life_that_differs_is_told_in_few_words(engine: type, said: str) -> None:
    outcome = judge_lives(living(engine))
    assert outcome.result is Result.FAIL
    assert said in outcome.said[0]
    life = outcome.said[outcome.said.index("shortest life, ada with 100 $ and bob with nothing:") + 1 :]
    assert 1 <= len(life) <= 3


def test_what_an_engine_does_not_support_is_no_difference() -> None:
    assert judge_lives(living(WithoutYoungVerbs), examples=20).result is Result.PASS


def test_the_naive_engine_fails() -> None:
    assert judge_lives(subject_of("naive")).result is Result.FAIL


def test_a_url_has_no_clock_to_set() -> None:
    class Remote:
        text = "http://127.0.0.1:9"
        shared = True

    assert judge_lives(Remote()).result is Result.NOT_APPLICABLE  # type: ignore[arg-type]


def test_a_reference_that_is_wrong_is_bad_input() -> None:
    with pytest.raises(BadInput, match="did you mean reference"):
        conformance_machine("referense")
