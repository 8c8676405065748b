"""Budgets, invariants and the verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import build_report
from reports.checks import budget_checks, leaves
from tests.reports import sample
from tests.reports.rows import PLAIN, check_of, end, report_of, swipe
from tests.reports.sample import row

REPORT = build_report(sample.passing(sample.Shape(swipes=300, accounts=5)), sample.FACTS)
MEASURED = {path: value for path, value in leaves(REPORT) if value is not None}
UNMEASURED = [path for path, value in leaves(build_report(sample.empty(), sample.FACTS)) if value is None]


def judged(path: str, limit: float) -> dict:
    (check,) = budget_checks(REPORT, {path: limit})
    return check


@given(st.sampled_from(sorted(MEASURED)))
def test_any_figure_of_the_report_can_have_a_budget(path: str):
    measured = MEASURED[path]
    assert judged(path, measured)["ok"]
    assert judged(path, measured)["measured"] == measured
    assert not judged(path, measured - abs(measured) * 1e-9 - 1e-9)["ok"]


def test_a_ceiling_on_a_reason_that_declined_nobody_is_kept_and_a_floor_is_not():
    assert "counts.declines.card_stolen" not in MEASURED
    assert judged("counts.declines.card_stolen", 0)["ok"]
    assert judged("counts.declines.card_stolen", 0)["measured"] == 0
    assert not judged("counts.declines.card_stolen.min", 1)["ok"]


def test_a_misspelt_reason_is_no_figure_and_gets_the_right_one():
    check = judged("counts.declines.card_stolne", 5)
    assert not check["ok"]
    assert check["detail"] == "the report has no such figure; the nearest is counts.declines.card_stolen"


@given(st.sampled_from(sorted(MEASURED)))
def test_a_budget_that_ends_in_min_is_a_floor(path: str):
    measured = MEASURED[path]
    assert judged(f"{path}.min", measured)["ok"]
    assert not judged(f"{path}.min", measured + abs(measured) * 1e-9 + 1e-9)["ok"]


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("latency.authorise.p99_ms", "latency.authorize.p99_ms"),
        ("latency.authorize.p99", "latency.authorize.p99_ms"),
        ("latency.by_network.vista.p50_ms", "latency.by_network.visa.p50_ms"),
        ("count.swipes", "counts.swipes"),
        ("settlement.gas_per_swipes", "settlement.gas_per_swipe"),
    ],
)
def test_a_path_that_is_not_there_fails_and_names_the_nearest(path: str, nearest: str):
    check = judged(path, 1e18)
    assert not check["ok"]
    assert check["measured"] is None
    assert check["detail"] == f"the report has no such figure; the nearest is {nearest}"


@pytest.mark.parametrize("path", ["latency", "latency.authorize", "verdict", "latency.histogram.edges_ms"])
def test_a_budget_needs_a_number_not_a_section(path: str):
    assert not judged(path, 1)["ok"]


def test_a_figure_without_a_sample_never_meets_its_budget():
    report = build_report(sample.empty(), sample.FACTS)
    assert "latency.authorize.p99_ms" in UNMEASURED
    (check,) = budget_checks(report, {"latency.authorize.p99_ms": 1e18})
    assert not check["ok"]
    assert "no sample" in check["detail"]


def test_a_missed_budget_says_by_how_much_in_its_own_unit():
    def detail(figure: float, limit: float, path: str = "latency.authorize.p99_ms") -> str:
        latency = {"latency": {"authorize": {"p99_ms": figure, "over_deadline": figure}}}
        return budget_checks(latency, {path: limit})[0]["detail"]

    assert detail(112.5, 100) == "112 ms; at most 100 ms is allowed: 12.5 % over"
    assert detail(2_500, 250) == "2.5 s; at most 250 ms is allowed: 10 times as much"
    assert detail(90, 100) == "90 ms; at most 100 ms is allowed"
    assert detail(7, 0, "latency.authorize.over_deadline") == "7; at most 0 is allowed"
    assert detail(75, 100, "latency.authorize.p99_ms.min") == "75 ms; at least 100 ms is asked: 25 % short"


def found(invariant: str, at_ns: int, ref: str, detail: str):
    return row("finding", at_ns=at_ns, ref=ref, result=invariant, detail=detail)


def test_each_audited_invariant_is_a_check_that_holds_without_a_finding():
    report = report_of(swipe("a"), end(), facts=replace(PLAIN, invariants=("I1", "I2")))
    invariants = [check for check in report["checks"] if check["group"] == "invariant"]
    assert [(check["name"], check["ok"]) for check in invariants] == [
        ("I1 conservation", True),
        ("I2 no overspend", True),
    ]


def test_a_finding_fails_its_invariant_with_a_count_and_the_first_in_words():
    findings = [found("I2", 7_000_000_000, "auth-2", "later"), found("I2", 3_000_000_000, "auth-1", "spent $5 of $4")]
    report = report_of(*findings, end(), facts=replace(PLAIN, invariants=("I1", "I2")))
    check = check_of(report, "I2 no overspend")
    assert (check["ok"], check["measured"], check["budget"]) == (False, 2, 0)
    assert check["detail"] == "2 findings; the first at +00:00:03.000, auth-1: spent $5 of $4"
    assert check_of(report, "I1 conservation")["ok"]
    assert report["findings"]["by_invariant"] == {"I2": 2}


@pytest.mark.parametrize(
    ("ref", "account", "about"), [("", "ann", ", ann"), ("", "", ""), ("auth-1", "ann", ", auth-1")]
)
def test_a_finding_is_about_its_reference_or_else_its_account(ref: str, account: str, about: str):
    finding = row("finding", at_ns=0, ref=ref, account=account, result="I8", detail="unbacked")
    report = report_of(finding, end(), facts=replace(PLAIN, invariants=("I8",)))
    assert check_of(report, "I8 backing")["detail"] == f"1 finding; the first at +00:00:00.000{about}: unbacked"


def test_a_finding_of_an_invariant_that_nobody_asked_for_fails_the_run_too():
    report = report_of(found("I13", 1, "log", "a PAN"), end(), facts=replace(PLAIN, invariants=("I1",)))
    assert not check_of(report, "I13 secrecy")["ok"]
    assert report["verdict"] == "fail"


def test_one_failed_check_of_any_group_fails_the_run():
    budget = replace(PLAIN, budgets={"latency.authorize.max_ms": 1})
    assert report_of(swipe("a"), end())["verdict"] == "pass"
    assert report_of(swipe("a"), end(), facts=budget)["verdict"] == "fail"
    assert (
        report_of(swipe("a"), end(), sample.row("chain.deposit", ref="d", account="ann", amount_usdc6=1))["verdict"]
        == "fail"
    )


def test_the_summary_names_what_failed():
    report = build_report(*sample.failing())
    assert report["summary"] == (
        "10 of 23 checks failed over 3,000 swipes: latency.authorize.p99_ms, latency.authorize.over_deadline, "
        "latency.by_network.amex.p99_ms and 7 more."
    )
    assert REPORT["summary"] == "All 22 checks hold over 300 swipes."


def test_every_defect_of_the_failing_sample_is_caught_by_the_check_that_is_about_it():
    report = build_report(*sample.failing())
    failed = {check["name"] for check in report["checks"] if not check["ok"]}
    assert {"I2 no overspend", "I7 settled once", "latency.authorise.p99_ms"} < failed
    assert {f"reconciliation.{leg}" for leg in ("network_ledger", "ledger_chain", "funding_ledger")} < failed
    kinds = {(kind["kind"], kind["count"]) for kind in report["reconciliation"]["by_kind"]}
    assert {("missing_in_ledger", 2), ("burned_twice", 1), ("deposit_wrong_account", 1)} < kinds


def test_a_crash_of_the_engine_fails_the_run_and_is_named() -> None:
    passing = build_report(sample.passing(), sample.FACTS)
    assert [c["ok"] for c in passing["checks"] if c["group"] == "engine"] == [True, True]
    crash = sample.row(
        "crash", ref="AuthorizationRequest", result="ZeroDivisionError", detail="at mine.py:7: no", at_ns=1
    )
    report = build_report(sample.events_of(sample.passing(), crash), sample.FACTS)
    (failed,) = [check for check in report["checks"] if not check["ok"]]
    assert failed["name"] == "engine.crashes"
    assert "ZeroDivisionError on AuthorizationRequest 1 time, at mine.py:7" in failed["detail"]


@pytest.mark.parametrize(
    ("budgets", "verdict"), [({}, "fail"), ({"counts.errors": 0}, "fail"), ({"counts.errors": 1}, "pass")]
)
def test_an_authorization_without_an_answer_fails_the_run_unless_a_budget_allows_it(budgets, verdict) -> None:
    error = sample.row(
        "authorize.error", ref="auth-x", network="visa", amount_cents=5, result="EngineError", at_ns=1, latency_ns=9
    )
    facts = replace(sample.FACTS, budgets=budgets)
    assert build_report(sample.events_of(sample.passing(), error), facts)["verdict"] == verdict
