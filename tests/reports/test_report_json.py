"""report.json: its fields, their order, and that it is the same for the same run."""

from __future__ import annotations

import json

import pytest

from reports import FILES, SCHEMA, EventsError, build_report, dump_report, write_run_files
from tests.reports import sample

PROMISED = {
    "run": "id scenario seed engine version python trace_sha256 virtual_seconds wall_seconds cpu_seconds peak_rss_mib",
    "counts": "swipes approved declined declines timeouts stand_in reversals captures refunds",
    "latency": "authorize by_network",
    "settlement": "batches transactions users settled_usdc6 outstanding_usdc6 gas_used gas_per_swipe lag_p99_s",
    "reconciliation": "network_ledger ledger_chain funding_ledger breaks",
}
"""What others rely on; the report may hold more."""
LATENCY = ["count", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms", "over_deadline"]
SECTIONS = [
    "schema", "run", "verdict", "summary", "checks", "counts", "declines", "throughput", "latency", "settlement",
    "reconciliation", "funds", "faults", "findings", "crashes", "timeline",
]  # fmt: skip


@pytest.fixture(scope="module", params=["passing", "failing", "empty", "huge"])
def report(request: pytest.FixtureRequest) -> dict:
    if request.param == "failing":
        return build_report(*sample.failing())
    return build_report(getattr(sample, request.param)(), sample.FACTS)


def test_every_promised_field_is_there_whatever_the_run(report: dict):
    assert report["schema"] == SCHEMA == "swipelab.report/1"
    assert report["verdict"] in ("pass", "fail")
    for section, fields in PROMISED.items():
        assert [field for field in fields.split() if field not in report[section]] == []
    assert list(report["latency"]["authorize"]) == LATENCY
    assert list(report["latency"]["by_network"]) == ["visa", "mastercard", "amex"]
    assert all(list(row) == LATENCY for row in report["latency"]["by_network"].values())
    assert {"matched", "breaks"} < set(report["reconciliation"]["network_ledger"])
    for found in report["reconciliation"]["breaks"]:
        assert {"kind", "ref", "expected", "actual", "explained_by"} < set(found)
    for check in report["checks"]:
        assert {"name", "ok", "measured", "budget", "detail"} < set(check)


def test_fields_come_in_one_order(report: dict):
    assert list(report) == SECTIONS


def test_the_file_holds_exactly_the_report(report: dict):
    assert json.loads(dump_report(report)) == report


def test_a_row_of_figures_stays_on_one_line_and_everything_else_is_indented_by_two():
    assert dump_report({"a": [1, 2.5, None], "b": {"c": [{"d": "x"}], "e": {}, "f": []}}).splitlines() == [
        "{",
        '  "a": [1, 2.5, null],',
        '  "b": {',
        '    "c": [',
        "      {",
        '        "d": "x"',
        "      }",
        "    ],",
        '    "e": {},',
        '    "f": []',
        "  }",
        "}",
    ]


def test_the_same_run_gives_the_same_bytes():
    first, second = (dump_report(build_report(*sample.failing())) for _ in range(2))
    assert first == second


def test_money_is_whole_numbers_everywhere(report: dict):
    def walk(value: object, name: str = "") -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, key)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, name)
        elif name.endswith(("_usdc6", "_cents", "usdc6")) or name in ("expected", "actual"):
            assert type(value) is int

    walk(report)


def test_sums_past_a_billion_dollars_are_exact():
    events = sample.huge()
    report = build_report(events, sample.FACTS)
    cents = events.loc[events["kind"] == "present", "amount_cents"].tolist()
    assert report["reconciliation"]["totals"]["presented_usdc6"] == sum(cents) * 10_000
    assert report["verdict"] == "pass"


def test_a_run_folder_gets_all_four_files(tmp_path):
    events, facts = sample.failing()
    report = build_report(events, facts)
    write_run_files(tmp_path, report, facts)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == report


def test_a_report_is_not_written_for_another_run(tmp_path):
    report = build_report(sample.empty(), sample.FACTS)
    with pytest.raises(ValueError, match="20260302-080000-grocery_week-7, the facts are of run"):
        write_run_files(tmp_path, report, sample.failing()[1])
    assert list(tmp_path.iterdir()) == []


def test_a_table_without_a_column_is_refused_by_name():
    with pytest.raises(EventsError, match="no column latency_ns; it has at_ns, kind"):
        build_report(sample.empty().drop(columns="latency_ns"), sample.FACTS)


def test_funds_end_with_the_last_value_and_are_thinned_for_drawing():
    events = sample.passing(sample.Shape(swipes=200, accounts=5, days=20))
    funds = build_report(events, sample.FACTS)["funds"]
    supply = events[(events["kind"] == "funds") & (events["ref"] == "supply")]
    assert funds["last"]["supply"] == supply["amount_usdc6"].iloc[-1]
    assert len(funds["series"]["supply"]["usdc6"]) == 400
    assert funds["series"]["supply"]["usdc6"][-1] == funds["last"]["supply"]
    assert funds["series"]["supply"]["at_s"][0] == supply["at_ns"].iloc[0] / 1e9


def test_gas_is_what_the_chain_executed_reverted_transactions_included():
    spent = [
        sample.row("chain.tx", at_ns=1, ref="0x1", result="ok", detail="gas=50000 to=settleBatch users=4"),
        sample.row("chain.tx", at_ns=2, ref="0x2", result="reverted", detail="gas=30000 to=settleBatch users=4"),
        sample.row("chain.tx", at_ns=3, ref="0x3", result="ok", detail="gas=999999 to=depositBatch users=4"),
        sample.row("settle", at_ns=4, detail="batches=1 transactions=1 users=4 gas=1"),
    ]
    figures = build_report(sample.events_of(*spent), sample.FACTS)["settlement"]
    assert (figures["gas_used"], figures["transactions"], figures["reverted"]) == (80_000, 1, 1)
    assert figures["series"] == {"at_s": [0.0, 0.0], "users": [4, 4], "gas": [50_000, 30_000]}


def test_without_chain_transactions_gas_is_what_the_ticks_told():
    told = sample.row("settle", at_ns=4, detail="batches=2 transactions=2 users=9 gas=120000")
    assert build_report(sample.events_of(told), sample.FACTS)["settlement"]["gas_used"] == 120_000
