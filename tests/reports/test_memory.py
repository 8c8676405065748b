"""A report is small beside its events: a few dozen bytes a row, and nothing at all while the world runs."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from array import array
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reports
from reports import build_report
from reports.frames import SCHEMA
from scenarios import events_file
from scenarios.events_file import EventsFile
from simulators.kernel.trace import Chunk
from tests.reports import sample

BYTES_A_ROW = 40
SPARE = 6 << 20
"""One group of rows at a time, and the report itself."""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200,000 swipes, a million rows, in groups as a run writes them; a sample five times over."""
    frame = sample.passing(sample.Shape(swipes=40_000, accounts=2_000))
    table = pa.Table.from_pandas(frame, preserve_index=False).cast(SCHEMA)
    path = tmp_path_factory.mktemp("day") / "events.parquet"
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for start in range(0, len(table), 13_000):
            some = table.slice(start, 13_000)
            refs = some["ref"].to_pylist()
            several = [some.set_column(2, "ref", pa.array([f"{ref}-{n}" for ref in refs])) for n in range(5)]
            writer.write_table(pa.concat_tables(several), row_group_size=65_536)
    return path


def test_a_report_takes_few_bytes_a_row(day: Path):
    rows = pq.ParquetFile(day).metadata.num_rows
    build_report(sample.passing(sample.Shape(swipes=100, accounts=5)), sample.FACTS)
    usual = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        report = build_report(day, sample.FACTS)
        peak = tracemalloc.get_traced_memory()[1] + pool.max_memory()
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)
    assert report["counts"]["swipes"] == 200_000
    assert report["reconciliation"]["network_ledger"]["matched"] > 100_000
    assert peak < BYTES_A_ROW * rows + SPARE


def test_nothing_of_the_reports_is_loaded_while_a_world_runs(tmp_path: Path):
    told = """
import sys
from pathlib import Path
from scenarios import runner
from scenarios.engines_ref import find_engine
from scenarios.resolve import resolve
resolved = resolve(runner.Order("two_cards_one_balance").load())
runner._simulate(resolved, find_engine("engine"), Path(sys.argv[1]), None)
print(*({"pandas", "jinja2", "reports.frames"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", told, str(tmp_path / "events.parquet")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == []
    assert pq.ParquetFile(tmp_path / "events.parquet").metadata.num_rows > 0


def test_every_name_that_the_package_offers_is_there():
    assert {name for name in reports.__all__ if getattr(reports, name) is None} == set()
    assert reports.compare is not sys.modules["reports.compare"]
    with pytest.raises(AttributeError, match="no attribute 'bulid_report'"):
        _ = reports.bulid_report


def test_what_is_written_is_what_is_read():
    assert events_file.SCHEMA.equals(SCHEMA)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)))))
def test_strings_are_written_as_they_are(tmp_path_factory, strings):
    path = tmp_path_factory.mktemp("strings") / "events.parquet"
    columns = tuple(
        tuple(strings) if pa.types.is_string(field.type) else array("q", range(len(strings))) for field in SCHEMA
    )
    with EventsFile(path) as file:
        file(Chunk(0, len(strings), columns))
    assert pq.read_table(path).to_pydict() == {
        field.name: list(column) for field, column in zip(SCHEMA, columns, strict=True)
    }
