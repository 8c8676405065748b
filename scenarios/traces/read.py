"""Reads a trace file into a plan."""

from __future__ import annotations

import difflib
from pathlib import Path

from scenarios.traces.plan import PurchasePlan
from scenarios.traces.problems import refuse
from scenarios.traces.read_csv import read_csv
from scenarios.traces.read_parquet import read_parquet

READERS = {".csv": read_csv, ".parquet": read_parquet}


def read_trace(path: str | Path) -> PurchasePlan:
    """The purchases of a `.csv` or `.parquet` trace, sorted by time, tables in order of first appearance.

    Raises TraceError, which lists every bad row of the file with line (CSV) or row (Parquet), column and reason.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise refuse(str(path), f"is not a trace: its name must end in {' or '.join(READERS)}")
    if not path.is_file():
        raise refuse(str(path), "is a folder" if path.is_dir() else f"does not exist{_similar(path)}")
    return reader(path)


def _similar(path: Path) -> str:
    if not path.parent.is_dir():
        return f", nor does the folder {path.parent}"
    names = sorted(other.name for other in path.parent.iterdir() if other.suffix.lower() in READERS)
    near = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {path.parent / near[0]}?" if near else ""
