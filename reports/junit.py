"""junit.xml: each check is a test case, so that any CI shows what failed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(*reports: dict[str, object]) -> str:
    """One suite a report (a run, or all runs of ``swipelab suite``); an explained detail with each failure."""
    suites = [_suite(report) for report in reports]
    root = ET.Element("testsuites", name="swipelab", **_sums(suites))
    root.extend(suites)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join(
        ['<?xml version="1.0" encoding="UTF-8"?>\n', "\n"]
    )


def _suite(report: dict[str, object]) -> ET.Element:
    run, checks = report["run"], report["checks"]
    started = datetime.fromtimestamp(run["start_utc_ns"] // 1_000_000_000, UTC)
    suite = ET.Element(
        "testsuite",
        name=_clean(run["scenario"]),
        tests=str(len(checks)),
        failures=str(sum(not check["ok"] for check in checks)),
        errors="0",
        skipped="0",
        time=f"{run['wall_seconds']:.3f}",
        timestamp=started.strftime("%Y-%m-%dT%H:%M:%S"),
    )
    properties = ET.SubElement(suite, "properties")
    for name in ("id", "seed", "engine", "version", "python", "trace_sha256", "command"):
        ET.SubElement(properties, "property", name=name, value=_clean(run[name]))
    for check in checks:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=_clean(f"{run['scenario']}.{check['group']}"),
            name=_clean(check["name"]),
            time="0",
        )
        if not check["ok"]:
            failure = ET.SubElement(case, "failure", message=_clean(check["detail"]), type=_clean(check["group"]))
            failure.text = _clean(f"{check['name']}: {check['detail']}\nThe same again: {run['command']}")
    return suite


def _sums(suites: list[ET.Element]) -> dict[str, str]:
    return {name: str(sum(int(suite.get(name, "0")) for suite in suites)) for name in ("tests", "failures", "errors")}


def _clean(value: object) -> str:
    """XML 1.0 has no place for control characters."""
    return _FORBIDDEN.sub("\ufffd", str(value))
