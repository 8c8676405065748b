"""The same run again, from its folder: is it the same, bit for bit?"""

from __future__ import annotations

import platform
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from scenarios.problems import BadInput
from scenarios.run_folder import EVENTS, SCENARIO, read_report
from scenarios.runner import Order, Watch, run_scenario


@dataclass(frozen=True, slots=True)
class Replay:
    """``difference``: the first row that differs, in words, or "". ``notes``: what else is not as it was."""

    was: str
    now: str
    difference: str
    notes: tuple[str, ...]

    @property
    def identical(self) -> bool:
        return self.was == self.now


def replay(folder: Path, watch: Watch | None = None) -> Replay:
    """Run a folder's scenario.yaml again with its seed and engine. Raises BadInput where the folder is not whole."""
    run = read_report(folder)["run"]
    if not (folder / SCENARIO).is_file():
        raise BadInput(f"{folder} has no {SCENARIO}: it can't be run again")
    order = Order(str(folder / SCENARIO), engine=run["engine"], seed=run["seed"])
    with tempfile.TemporaryDirectory(prefix="swipelab-replay-") as scratch:
        again = run_scenario(order, Path(scratch) / "run", watch)
        now = again.report["run"]["trace_sha256"]
        difference = ""
        if now != run["trace_sha256"] and (folder / EVENTS).is_file():
            difference = first_difference(folder / EVENTS, again.folder / EVENTS)
    notes = changed_versions(run["version"], run["python"])
    return Replay(run["trace_sha256"], now, difference, notes)


def changed_versions(swipelab: str, python: str) -> tuple[str, ...]:
    """What is another than it was, in words."""
    pairs = (("Swipelab", swipelab, version("swipelab")), ("Python", python, platform.python_version()))
    return tuple(f"{name} was {was} and is {now}" for name, was, now in pairs if was != now)


def first_difference(one: Path, other: Path) -> str:
    """The first row in which two events files differ, in words; "" where they are the same."""
    was, now = pq.read_table(one), pq.read_table(other)
    rows = min(was.num_rows, now.num_rows)
    if _same(was, now, 0, rows):
        if was.num_rows == now.num_rows:
            return ""
        row = rows
    else:
        row, end = 0, rows
        while end - row > 1:  # the first row that differs lies in [row, end)
            middle = (row + end) // 2
            row, end = (middle, end) if _same(was, now, row, middle) else (row, middle)
    return f"row {row + 1:,}\n  was  {_in_words(was, row)}\n  is   {_in_words(now, row)}"


def _same(one: pa.Table, other: pa.Table, start: int, end: int) -> bool:
    return one.slice(start, end - start).equals(other.slice(start, end - start))


def _in_words(table: pa.Table, row: int) -> str:
    if row >= table.num_rows:
        return "nothing: the table ends before"
    values = table.slice(row, 1).to_pylist()[0]
    return " ".join(f"{name}={value}" for name, value in values.items() if value not in ("", 0, -1))
