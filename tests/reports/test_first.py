"""A run in which everything is right passes; each planted defect fails the check that is about it."""

from __future__ import annotations

from reports import build_report
from tests.reports import sample


def test_a_sound_run_passes_every_check():
    report = build_report(sample.passing(), sample.FACTS)
    assert [check["name"] for check in report["checks"] if not check["ok"]] == []


def test_a_spoiled_run_fails():
    assert build_report(*sample.failing())["verdict"] == "fail"
