"""Latency counts from the intended instant; a generator that lags fails its run, and is not taken for the engine."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.interface import AuthorizationRequest
from engine.wire import from_bytes, to_bytes
from reports import RunFacts, build_report, render_html, render_junit, render_markdown
from scenarios.events_file import SCHEMA
from scenarios.load import answers
from scenarios.load.arrivals import poisson, steady
from scenarios.load.budgets import NAMES, budgets
from scenarios.load.hearing import ANSWERED, SENT, in_order
from scenarios.load.measuring import FAILED, IN_TIME, TOO_LATE, ending_of
from scenarios.load.messages import Messages
from scenarios.load.samples import EXCHANGE, Ending, Kind
from scenarios.load.traffic import FUNDS_CENTS, KEPT, PLAIN, RETRIED, REVERSED, TWIN, drawn
from scenarios.problems import BadInput

MS = 1_000_000


def report_of(lag_ms: list[float], latency_ms: list[float], unsent: int = 0, shed: int = 0) -> dict[str, Any]:
    rows = []
    for number, (lag, latency) in enumerate(zip(lag_ms, latency_ms, strict=True)):
        at_ns = number * MS + int(latency * MS)
        rows.append((at_ns, "send", f"s{number}", "", "", 0, 0, "", int(lag * MS), ""))
        rows.append((at_ns, "authorize", f"s{number}", "a", "visa", 100, 0, "approved", int(latency * MS), ""))
    rows += [(0, "unsent", f"u{number}", "", "visa", 100, 0, "", -1, "") for number in range(unsent)]
    rows += [(0, "authorize.error", f"x{n}", "a", "visa", 100, 0, "overloaded", MS, "") for n in range(shed)]
    columns = zip(*rows, strict=True)
    table = pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)
    facts = RunFacts(
        "x", "load-poisson", "", 1, "http://x", "0", "3", "0" * 64, 1.0, 1.0, 1.0, 1.0,
        budgets=budgets("stripe", ()), deadlines_ns={"visa": 2_000 * MS},
    )  # fmt: skip
    return build_report(table, facts)


def failed(report: dict[str, Any]) -> set[str]:
    return {check["name"] for check in report["checks"] if not check["ok"]}


def test_a_generator_on_time_passes() -> None:
    report = report_of([0.5] * 1_000, [3.0] * 1_000)
    assert failed(report) == set()
    assert report["load"]["generator"] == {
        "lag_p50_ms": 0.5, "lag_p90_ms": 0.5, "lag_p95_ms": 0.5, "lag_p99_ms": 0.5, "lag_p999_ms": 0.5,
        "lag_max_ms": 0.5, "late": 0, "late_after_ms": 10.0, "unsent": 0, "unsent_share": 0.0,
    }  # fmt: skip


def test_a_generator_that_lags_fails_the_run_and_says_what_that_means() -> None:
    report = report_of([0.5] * 980 + [40.0] * 20, [50.0] * 1_000)
    assert failed(report) == {"load.generator.lag_p99_ms"}
    check = next(check for check in report["checks"] if not check["ok"])
    assert "no figure of this run speaks for the engine" in check["detail"]
    assert report["load"]["generator"]["late"] == 20


def test_arrivals_that_were_not_sent_fail_the_run_beyond_one_in_a_thousand() -> None:
    assert failed(report_of([0.5] * 999, [3.0] * 999, unsent=1)) == set()
    assert failed(report_of([0.5] * 998, [3.0] * 998, unsent=2)) == {"load.generator.unsent_share"}


def test_what_was_shed_is_no_error() -> None:
    report = report_of([0.5] * 95, [3.0] * 95, shed=5)
    assert (report["load"]["shed"], report["load"]["errors"]) == (5, 0)
    assert failed(report) == {"load.shed_share"}


def test_a_load_report_renders_as_every_other() -> None:
    report = report_of([0.5] * 10, [3.0] * 10)
    assert "Generator&#39;s lag, p99" in render_html(report)
    assert "Generator's lag, p99" in render_markdown(report)
    assert 'tests="' in render_junit(report)


@pytest.mark.parametrize(
    ("latency_ns", "failed", "ending"),
    [
        (2_000, False, IN_TIME), (2_001, False, TOO_LATE), (2_000, True, FAILED), (2_001, True, TOO_LATE),
    ],
)  # fmt: skip
def test_the_deadline_itself_is_still_in_time(latency_ns: int, failed: bool, ending: str) -> None:
    assert ending_of(latency_ns, 2_000, failed=failed) == ending


def test_exchanges_are_heard_in_the_order_of_real_time_over_all_workers() -> None:
    one, other = np.zeros(2, EXCHANGE), np.zeros(2, EXCHANGE)
    one["sent"], one["answered"] = [10, 30], [40, 35]
    other["sent"], other["answered"], other["kind"], other["intended"] = [20, 0], [25, 0], [0, Kind.UNSENT], [5, 22]
    assert list(in_order([one, other])) == [
        (0, 0, SENT), (1, 0, SENT), (1, 1, SENT), (1, 0, ANSWERED), (0, 1, SENT), (0, 1, ANSWERED), (0, 0, ANSWERED),
    ]  # fmt: skip


# ---- what is sent ---------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.integers(1, 300))
def test_the_bytes_that_are_sent_are_the_message_that_the_auditor_hears(seed: int, accounts: int) -> None:
    traffic = drawn(poisson(steady(50, 1), seed), seed, accounts, hot_card=False, retry_share=0.03)
    messages = Messages(traffic, "L1-", 1_800_000_000_000_000_000)
    for seq in range(len(traffic)):
        body = messages.authorization_body(seq)
        assert from_bytes(AuthorizationRequest, body) == messages.authorization(seq)


def test_fates_have_their_shares() -> None:
    traffic = drawn(poisson(steady(1_000, 60), 1), 1, 100, hot_card=False, retry_share=0.3)
    shares = np.bincount(traffic.fate, minlength=5) / len(traffic)
    assert shares[[PLAIN, RETRIED, TWIN, REVERSED, KEPT]] == pytest.approx([0.57, 0.2, 0.1, 0.03, 0.1], abs=0.01)
    assert traffic.amount_cents.mean() == pytest.approx(1_800, rel=0.05)


def test_one_hot_card_is_asked_for_a_little_more_than_it_has() -> None:
    traffic = drawn(poisson(steady(1_000, 10), 1), 1, 100, hot_card=True, retry_share=0)
    assert set(traffic.account.tolist()) == {0}
    assert FUNDS_CENTS < traffic.amount_cents.sum() < 1.2 * FUNDS_CENTS


# ---- what is heard --------------------------------------------------------------------------------------------------

USUAL = {
    "authorization_id": "s1", "approved": True, "approved_cents": 5, "response_code": "00", "reason": None,
    "hold_expires_at_ns": 2**61, "available_cents": None,
}  # fmt: skip


def test_a_usual_answer_becomes_figures() -> None:
    assert answers.decision(to_json(USUAL), "s1") == answers.Decision(True, 5, b"00", 0, 2**61)


@pytest.mark.parametrize(
    "change",
    [
        {"authorization_id": "s2"}, {"approved": 1}, {"approved_cents": 5.0}, {"response_code": "00000"},
        {"reason": "tired"}, {"available_cents": 3}, {"more": 1}, {"hold_expires_at_ns": 2**63},
    ],
)  # fmt: skip
def test_any_other_answer_is_kept_as_it_stands(change: dict[str, Any]) -> None:
    assert answers.decision(to_json(USUAL | change), "s1") is None


@pytest.mark.parametrize(
    ("status", "body", "ending"),
    [
        (503, b'{"type":"overloaded","status":503,"detail":""}', Ending.SHED),
        (503, b'{"type":"engine_error","status":503,"detail":""}', Ending.PROBLEM),
        (500, b"oops", Ending.PROBLEM), (503, b"[]", Ending.PROBLEM),
        (200, b"oops", Ending.UNUSUAL), (0, b"ConnectionRefusedError", Ending.SILENCE),
    ],
)  # fmt: skip
def test_what_is_no_answer_has_a_name(status: int, body: bytes, ending: Ending) -> None:
    assert answers.problem(status, body) == (ending, body.decode())


def to_json(value: Any) -> bytes:
    return json.dumps(value).encode()


# ---- budgets --------------------------------------------------------------------------------------------------------


def test_a_budget_replaces_its_default() -> None:
    assert budgets("stripe", ("p99=250", "latency.reverse.p99_ms=10")) == budgets("stripe", ()) | {
        NAMES["p99"]: 250.0, "latency.reverse.p99_ms": 10.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("p99", "write name=value"), ("p98=1", "did you mean p9"), ("eror=1", "did you mean errors"),
        ("p99=fast", "is no number"), ("p99=nan", "is no number"), ("p99=-1", "is no number"),
    ],
)  # fmt: skip
def test_a_bad_budget_is_named(word: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        budgets("stripe", (word,))


def test_bytes_are_what_the_wire_would_write() -> None:
    traffic = drawn(poisson(steady(50, 1), 1), 1, 3, hot_card=False, retry_share=0.03)
    messages = Messages(traffic, "L1-", 10**18)
    written = json.loads(to_bytes(messages.authorization(0)))
    assert written.items() >= json.loads(messages.authorization_body(0)).items()
