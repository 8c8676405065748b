"""Results on disk, as they come: what is done of a benchmark is not lost with the rest, and not done again."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

from scenarios.bugs.orders import Order
from scenarios.bugs.trial import Trial
from scenarios.bugs.worlds import Way
from scenarios.problems import BadInput

ROOT = Path(__file__).parents[2]
MATTERS = ("engine", "simulators", "contracts", "scenarios", "tests/engine")
"""Whatever lies here may change a result."""
SUFFIXES = frozenset({".py", ".yaml", ".json", ".csv"})


class Kept:
    """Results by order, each appended to a file as one line; without a file, for this run alone.

    ``earlier_s``: how long the runs took that are gone on from. Raises BadInput where the file holds something else, or
    the results of another state of the code.
    """

    def __init__(self, file: Path | None) -> None:
        self.results: dict[Order, tuple[Trial, ...]] = {}
        self.earlier_s = 0.0
        self._begun_s = time.monotonic()
        self._lines = None
        if file is None:
            return
        head = {"schema": "swipelab.bugs.kept/1", "of": fingerprint()}
        if file.exists() and file.stat().st_size:
            self._read(file, head)
        self._lines = file.open("a", encoding="utf-8")
        if not self._lines.tell():
            self._write(head)

    def __enter__(self) -> Kept:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lines is not None:
            self._lines.close()

    @property
    def took_s(self) -> float:
        """How long all of it has taken until now."""
        return self.earlier_s + time.monotonic() - self._begun_s

    def add(self, order: Order, trials: tuple[Trial, ...]) -> None:
        """Keep what has been found out."""
        self.results[order] = trials
        self._write({"took_s": round(self.took_s, 1), "order": asdict(order), "trials": [asdict(t) for t in trials]})

    def _write(self, line: dict[str, Any]) -> None:
        if self._lines is not None:
            self._lines.write(json.dumps(line) + "\n")
            self._lines.flush()

    def _read(self, file: Path, head: dict[str, Any]) -> None:
        first, *lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        if first != json.dumps(head) + "\n":
            raise BadInput(f"{file} holds no results, or those of another state of the code: name another file")
        for line in lines:
            if not line.endswith("\n"):  # its run was ended in the middle of it
                file.write_text("".join((first, *lines[:-1])), encoding="utf-8")
                break
            said = json.loads(line)
            way = said["order"].pop("way")
            order = Order(way=Way(way) if way is not None else None, **said["order"])
            self.results[order] = tuple(Trial(**trial) for trial in said["trials"])
            self.earlier_s = said["took_s"]


def fingerprint() -> str:
    """Of all that results may depend on."""
    found = sha256()
    for folder in MATTERS:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in SUFFIXES and "__pycache__" not in file.parts:
                found.update(f"{file.relative_to(ROOT).as_posix()}\0".encode())
                found.update(file.read_bytes())
    return found.hexdigest()
