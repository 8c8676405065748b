"""docs/TRACES.md says what the code does: its tables, its examples, its messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scenarios.traces import TraceError, read_trace
from scenarios.traces.defaults import CATEGORIES
from scenarios.traces.departments import DEPARTMENTS, FUEL, UNKNOWN
from scenarios.traces.format import COLUMNS

DOCS = (Path(__file__).parents[2] / "docs" / "TRACES.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCS, flags=re.MULTILINE | re.DOTALL)


def test_every_column_is_in_the_table():
    for column in COLUMNS:
        assert f"| `{column.name}` | {column.required} | {column.meaning} |" in DOCS


def test_every_department_is_in_the_map_with_its_reason():
    for department in (*DEPARTMENTS, FUEL, UNKNOWN):
        row = f"| {department.name} | {department.mcc} | {department.category} | {department.reason} |"
        assert row in DOCS, row


def test_every_default_category_is_in_the_table():
    for category in CATEGORIES:
        row = f"| {category.name} | {category.mcc} | {category.share:.2f} | {category.merchants} "
        row += f"| {category.median_cents:,} | {category.sigma:.2f} |"
        assert row in DOCS, row


def test_the_example_can_be_read(tmp_path):
    good, _ = blocks("csv")
    (tmp_path / "mine.csv").write_text(good)
    assert len(read_trace(tmp_path / "mine.csv")) == 3


def test_the_messages_are_those_that_the_bad_example_gives(tmp_path, monkeypatch):
    _, bad = blocks("csv")
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text(bad)
    with pytest.raises(TraceError) as caught:
        read_trace("mine.csv")
    assert f"{caught.value}\n" == blocks("text")[0]
