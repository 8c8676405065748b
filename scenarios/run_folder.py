"""A run folder appears whole or not at all: written beside its place under another name, then renamed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scenarios.problems import BadInput

REPORT = "report.json"
SCENARIO = "scenario.yaml"
EVENTS = "events.parquet"
SUITE = "suite.json"
SCHEMA_PREFIXES = ("swipelab.report/", "swipelab.suite/")


def read_report(folder: Path) -> dict[str, Any]:
    """The report of a run folder. Raises BadInput where this is none."""
    file = folder / REPORT
    if not folder.exists():
        raise BadInput(f"no run folder {folder}{_runs_nearby(folder)}")
    if not file.is_file():
        raise BadInput(f"{folder} is no run folder: it has no {REPORT}{_runs_nearby(folder / 'x')}")
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{file} can't be read: {error}") from error
    if not isinstance(report, dict) or not str(report.get("schema", "")).startswith(SCHEMA_PREFIXES[0]):
        raise BadInput(f"{file} is no Swipelab report: its schema is not {SCHEMA_PREFIXES[0]}...")
    return report


def check_writable(out: Path) -> None:
    """Refuse, before anything runs, a place that is neither free nor a folder of ours. Raises BadInput."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise BadInput(f"--out {out} is a file or a link: give a folder")
    if out.is_dir() and any(out.iterdir()) and not _is_ours(out):
        raise BadInput(f"--out {out} holds other files and is no run folder: give another folder")
    above = out.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise BadInput(f"--out {out} can't be written: {above} is not a folder that you may write to")


@contextmanager
def whole_or_not(out: Path) -> Iterator[Path]:
    """A fresh folder beside ``out`` to write into; it takes ``out``'s place if the block ends well, else it goes."""
    check_writable(out)
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    _sweep(out)
    fresh = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    fresh.mkdir()
    try:
        yield fresh
        _take_place(fresh, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _take_place(fresh: Path, out: Path) -> None:
    if not out.exists():
        fresh.rename(out)
        return
    old = out.with_name(f".{out.name}.{os.getpid()}.old.tmp")
    out.rename(old)
    fresh.rename(out)
    shutil.rmtree(old)


def _sweep(out: Path) -> None:
    """Drop what a killed process left of the same folder."""
    for left in out.parent.glob(f".{out.name}.*.tmp"):
        pid = left.name.removeprefix(f".{out.name}.").split(".")[0]
        if pid.isdigit() and not _lives(int(pid)):
            shutil.rmtree(left)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_ours(folder: Path) -> bool:
    for name in (REPORT, SUITE):
        file = folder / name
        if file.is_file():
            try:
                found = json.loads(file.read_text(encoding="utf-8"))
            except ValueError:
                return False
            return isinstance(found, dict) and str(found.get("schema", "")).startswith(SCHEMA_PREFIXES)
    return False


def _runs_nearby(folder: Path) -> str:
    from scenarios.problems import nearest

    runs = {file.parent.name: file.parent for file in sorted(folder.parent.glob(f"*/{REPORT}"))}
    if close := nearest(folder.name, runs):
        return f": did you mean {runs[close]}?"
    return f" (runs there: {', '.join(list(runs)[:8])})" if runs else ""
