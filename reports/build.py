"""From events to report.json."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from reports.checks import all_checks, findings_section
from reports.counts import approved_cents, counts_section, crashes_section, decline_rows, faults_section
from reports.facts import RunFacts
from reports.frames import Events, as_events
from reports.funds import funds_section
from reports.latency import NS_PER_MS, latency_section, throughput, timeline
from reports.load import load_section
from reports.reconciliation import reconcile
from reports.settlement import settlement_section
from reports.swipes import read_swipes
from reports.words import listed, plural

SCHEMA = "swipelab.report/1"


def build_report(events: Events | pa.Table | pd.DataFrame | Path, facts: RunFacts) -> dict[str, object]:
    """The report of a run, as ``report.json`` holds it (docs: "The run folder"); its fields only ever grow.

    ``events``: the events table, or the path of an ``events.parquet``. Raises :class:`EventsError` for a table without
    the right columns. Times in virtual ns since the start, money in millionths of a USDC, latencies in ms.
    """
    table = as_events(events)
    swipes = read_swipes(table, facts.deadlines_ns)
    counts = counts_section(table, swipes)
    speed = throughput(swipes, facts.wall_seconds)
    latency = latency_section(table, swipes, tuple(facts.deadlines_ns))
    course = timeline(swipes)
    load = load_section(table, swipes)
    del swipes  # what follows needs the room
    report: dict[str, object] = {
        "schema": SCHEMA,
        "run": _run(facts),
        "verdict": "pass",
        "summary": "",
        "checks": [],
        "counts": {**counts, "approved_cents": approved_cents(table)},
        "declines": decline_rows(counts["declines"], counts["swipes"]),
        "throughput": speed,
        "latency": latency,
        "settlement": {**settlement_section(table), "gas_exact": facts.gas_exact},
        "reconciliation": reconcile(table, facts.settlement_bound_ns, facts.notice_bound_ns),
        "funds": funds_section(table),
        "faults": faults_section(table),
        "findings": findings_section(table),
        "crashes": crashes_section(table),
        "timeline": course,
    }
    if load is not None:
        report["load"] = load
    checks = all_checks(report, table, facts)
    failed = [check for check in checks if not check["ok"]]
    report["checks"] = checks
    report["verdict"] = "fail" if failed else "pass"
    report["summary"] = sentence(checks, counts["swipes"])
    return report


def _run(facts: RunFacts) -> dict[str, object]:
    return {
        "id": facts.id,
        "scenario": facts.scenario,
        "about": facts.about,
        "seed": facts.seed,
        "engine": facts.engine,
        "version": facts.version,
        "python": facts.python,
        "trace_sha256": facts.trace_sha256,
        "virtual_seconds": facts.virtual_seconds,
        "wall_seconds": facts.wall_seconds,
        "cpu_seconds": facts.cpu_seconds,
        "peak_rss_mib": facts.peak_rss_mib,
        "start_utc_ns": facts.start_utc_ns,
        "command": facts.command,
        "deadlines_ms": {name: round(ns / NS_PER_MS, 3) for name, ns in facts.deadlines_ns.items()},
        "settlement_bound_s": facts.settlement_bound_ns / 1e9,
        "notice_bound_s": facts.notice_bound_ns / 1e9,
    }


def sentence(checks: list[dict[str, object]], swipes: int) -> str:
    """The verdict in one sentence."""
    failed = [check for check in checks if not check["ok"]]
    over = f"over {plural(swipes, 'swipe')}" if swipes else "over no swipe at all"
    if not failed:
        return (
            f"All {plural(len(checks), 'check')} hold {over}." if len(checks) != 1 else f"The one check holds {over}."
        )
    names = [str(check["name"]) for check in failed]
    shown = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"]
    return f"{len(failed)} of {plural(len(checks), 'check')} failed {over}: {listed(shown)}."
