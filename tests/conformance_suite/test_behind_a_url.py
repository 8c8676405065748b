"""Cases against a real server on loopback: what can be judged there is, and what can not says so."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from loopback import served

from engine.interface import Terms
from scenarios.cli import main
from scenarios.conformance.chain import BenchChain, BenchClock
from scenarios.conformance.registry import all_cases
from scenarios.conformance.remote import RemoteEngine
from scenarios.conformance.subject import kit
from scenarios.conformance.trial import Result, judge
from scenarios.engines import asgi_app, naive, reference
from scenarios.problems import BadInput


class RealClock(BenchClock):
    """What a service in production has."""

    def now_ns(self) -> int:
        return time.time_ns()


def service(build: Any) -> Any:
    """An engine as it would run behind a URL."""
    clock = RealClock()
    return asgi_app.serve(build(kit(Terms(), clock, BenchChain(clock))))


TOLD_OVER_A_WIRE = {
    "a_repeat_gets_the_first_answer_and_does_nothing",
    "many_swipes_at_once_never_spend_the_same_money",
    "a_presentment_posts_once_however_often_it_comes",
    "a_long_statement_comes_in_pages_without_a_gap",
    "strangers_are_refused",
}


def test_the_reference_engine_conforms_behind_a_url_twice_over() -> None:
    """The second run meets the same service, with all that the first left there."""
    with served(service(reference.build)) as url:
        subject = RemoteEngine(url)
        outcomes = [judge(case, subject) for case in all_cases()]
        assert [outcome for outcome in outcomes if outcome.result is Result.FAIL] == []
        passed = {outcome.case.family for outcome in outcomes if outcome.result is Result.PASS}
        assert passed >= TOLD_OVER_A_WIRE
        skipped = {outcome.said for outcome in outcomes if outcome.result is Result.NOT_APPLICABLE}
        assert skipped == {
            ("needs terms of its own",),
            ("sets the clock",),
            ("compares instants of a clock that it has set",),
            ("settles on a chain that it can look at",),
        }
        again = RemoteEngine(url)
        some = [case for case in all_cases() if case.family in TOLD_OVER_A_WIRE]
        outcomes = [judge(case, again) for case in some]
        assert [outcome for outcome in outcomes if outcome.result is Result.FAIL] == []
        assert {outcome.case.family for outcome in outcomes if outcome.result is Result.PASS} >= TOLD_OVER_A_WIRE


def test_the_naive_engine_fails_behind_a_url_too(capsys: pytest.CaptureFixture[str]) -> None:
    with served(service(naive.build)) as url:
        code = main(["conform", "--engine", url, "--only", "deposits", "--only", "settlement"])
    shown = capsys.readouterr().out
    assert code == 1
    assert "Deposits: A deposit is credited once" in shown
    assert f"swipelab conform --engine {url} --only a_deposit_is_credited_once" in shown
    assert "not applicable: 13 checks: settles on a chain that it can look at" in shown


def test_a_url_where_nobody_answers_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "--engine", "http://127.0.0.1:9"]) == 2
    assert "nobody answers there" in capsys.readouterr().err


def test_a_server_that_does_not_speak_the_contract_is_bad_input() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    with served(application) as url, pytest.raises(BadInput, match="no /v1/engine/balance"):
        RemoteEngine(url)
