"""A run's report and pages, made anew from what the run recorded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from scenarios.problems import BadInput
from scenarios.run_folder import EVENTS, read_report

NS_PER_MS, NS_PER_S = 1_000_000, 1_000_000_000


def rerender(folder: Path) -> dict[str, Any]:
    """Build the report again from events.parquet (without it, keep the figures) and write all its pages.

    Raises BadInput where the folder holds no readable run.
    """
    from reports import FILES, EventsError, RunFacts, build_report, write_run_files

    report = read_report(folder)
    facts = RunFacts(**_facts(report))
    if (folder / EVENTS).is_file():
        try:
            report = build_report(folder / EVENTS, facts)
        except (EventsError, OSError) as error:
            raise BadInput(f"{folder / EVENTS} can't be read: {error}") from error
    fresh = folder.absolute().with_name(f".{folder.name}.{os.getpid()}.tmp")
    fresh.mkdir()
    try:
        write_run_files(fresh, report, facts)
        for name in FILES:
            (fresh / name).replace(folder / name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return report


def _facts(report: dict[str, Any]) -> dict[str, Any]:
    run, checks = report["run"], report["checks"]
    same = (
        "id", "scenario", "about", "seed", "engine", "version", "python", "trace_sha256", "virtual_seconds",
        "wall_seconds", "cpu_seconds", "peak_rss_mib", "start_utc_ns", "command",
    )  # fmt: skip
    return {
        **{name: run[name] for name in same},
        "budgets": {check["name"]: check["budget"] for check in checks if check["group"] == "budget"},
        "deadlines_ns": {name: round(ms * NS_PER_MS) for name, ms in run["deadlines_ms"].items()},
        "invariants": tuple(check["name"].split()[0] for check in checks if check["group"] == "invariant"),
        "settlement_bound_ns": round(run["settlement_bound_s"] * NS_PER_S),
        "gas_exact": report["settlement"].get("gas_exact", True),
    }
