"""What is wrong with a trace, said by place: file, line or row, column, value, reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

PRINTED = 50  # problems that a message spells out
KEPT = 1_000  # problems that an error carries; the rest are counted


@dataclasses.dataclass(frozen=True, slots=True)
class TraceProblem:
    """One thing that is wrong. `line` counts CSV lines from 1 (the header), `row` counts Parquet rows from 1."""

    file: str
    reason: str
    line: int | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        place = [self.file]
        if self.line is not None:
            place.append(f"line {self.line}")
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"column {self.column}")
        shown = "" if self.value is None else f"{_shorten(self.value)!r} "
        return f"{', '.join(place)}: {shown}{self.reason}"


class TraceError(Exception):
    """A trace cannot be used.

    `problems` holds the first 1,000 in the order of the file, `total` counts them all; the message prints 50.
    """

    def __init__(self, problems: Sequence[TraceProblem], total: int | None = None) -> None:
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total
        super().__init__(self.problems, self.total)  # so that a copy (pickle, another process) says the same

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[:PRINTED]]
        if self.total > len(lines):
            lines.append(f"... and {self.total - len(lines):,} more problems")
        return "\n".join(lines)


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One rule that some rows of a column break; `explain(row)` gives (value shown, reason)."""

    column: str
    rows: np.ndarray
    explain: Callable[[int], tuple[str | None, str]]


class Findings:
    """Collects broken rows by rule; sentences are only made for those that are kept."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    def add(self, column: str, rows: np.ndarray, explain: Callable[[int], tuple[str | None, str]]) -> None:
        if len(rows):
            self._found.append(Finding(column, np.asarray(rows, dtype=np.int64), explain))

    @property
    def total(self) -> int:
        return sum(len(finding.rows) for finding in self._found)

    def first(self, limit: int = KEPT) -> list[tuple[int, str, str | None, str]]:
        """The first `limit` as (row from 0, column, value, reason), in the order of the rows."""
        if not self._found:
            return []
        rows = np.concatenate([finding.rows for finding in self._found])
        rule = np.repeat(np.arange(len(self._found)), [len(finding.rows) for finding in self._found])
        chosen = np.argsort(rows, kind="stable")[:limit]
        listed = []
        for row, index in zip(rows[chosen].tolist(), rule[chosen].tolist(), strict=True):
            finding = self._found[index]
            value, reason = finding.explain(row)
            listed.append((row, finding.column, value, reason))
        return listed


def refuse(file: str, reason: str, **place: int | str | None) -> TraceError:
    """An error about one thing: `raise refuse(path, "is empty")`."""
    return TraceError([TraceProblem(file, reason, **place)])


def _shorten(value: str, longest: int = 60) -> str:
    return value if len(value) <= longest else value[: longest - 3] + "..."
