"""The files of a run folder that come from its report."""

from __future__ import annotations

import json
from pathlib import Path

from reports.facts import RunFacts
from reports.html import render_html
from reports.junit import render_junit
from reports.markdown import render_markdown

FILES = ("report.json", "report.html", "summary.md", "junit.xml")


def write_run_files(folder: Path, report: dict[str, object], facts: RunFacts) -> None:
    """Write :data:`FILES` into ``folder``, which exists. The report must be that of ``facts`` (ValueError if not)."""
    if report["run"]["id"] != facts.id:
        raise ValueError(f"the report is of run {report['run']['id']}, the facts are of run {facts.id}")
    rendered = (dump_report(report), render_html(report), render_markdown(report), render_junit(report))
    for name, text in zip(FILES, rendered, strict=True):
        (folder / name).write_text(text, encoding="utf-8")


def dump_report(report: dict[str, object]) -> str:
    """The report as JSON: keys in the order of the schema, two spaces, a row of plain values on one line."""
    return _lines(report, "") + "\n"


def _lines(value: object, indent: str) -> str:
    if isinstance(value, dict) and value:
        inner = indent + "  "
        items = (f"{inner}{json.dumps(key)}: {_lines(item, inner)}" for key, item in value.items())
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list | tuple) and any(isinstance(item, dict | list | tuple) for item in value):
        inner = indent + "  "
        return "[\n" + ",\n".join(inner + _lines(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
