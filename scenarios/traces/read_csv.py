"""CSV into a plan: fast where the file is plain and right, careful (with line numbers) where it is not.

The fast way hands the whole file to Arrow. Whatever it does not like, the careful way reads again with the standard
library's parser, which knows on which line each row began; only the careful way reports problems. Files with quotes
or lone carriage returns are always read carefully, so both ways agree on what a row is.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from scenarios.traces.columns import plan_of
from scenarios.traces.format import header_problems
from scenarios.traces.plan import PurchasePlan
from scenarios.traces.problems import KEPT, Findings, TraceError, TraceProblem, refuse

_REPEATING = ("cardholder", "merchant", "mcc", "category", "network", "currency")
_BATCH = 50_000


def read_csv(path: Path) -> PurchasePlan:
    """See `scenarios.traces.read.read_trace`."""
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    _check_utf8(str(path), data)
    header, line = _read_header(str(path), data)
    if problems := header_problems(header, str(path), line):
        raise TraceError(problems)
    if _is_plain(data):
        columns = _read_fast(data, header)
        if columns is not None and (plan := plan_of(columns, Findings())) is not None:
            return plan
    return _read_carefully(str(path), data, header)


def _check_utf8(file: str, data: bytes) -> None:
    if not data or data.isspace():
        raise refuse(file, "is empty; a trace starts with a line of column names")
    if data.isascii():
        return
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wide = "; it looks like UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        reason = f"is not UTF-8 (byte 0x{data[error.start]:02x}){wide}; save it as UTF-8"
        raise refuse(file, reason, line=line) from error


def _lines(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")


def _read_header(file: str, data: bytes) -> tuple[list[str], int]:
    reader = csv.reader(_lines(data), strict=True)
    try:
        for row in reader:
            if row:
                return row, reader.line_num
    except csv.Error as error:
        raise refuse(file, _quote_reason(error), line=1) from error
    raise AssertionError("a file that is not blank has a first row")


def _is_plain(data: bytes) -> bool:
    return b'"' not in data and data.count(b"\r") == data.count(b"\r\n") and not data.startswith((b"\r", b"\n"))


def _read_fast(data: bytes, header: list[str]) -> dict[str, pa.Array] | None:
    """The columns by Arrow's parser, or None where it refuses the file."""
    types = {name: pa.dictionary(pa.int32(), pa.string()) if name in _REPEATING else pa.string() for name in header}
    try:
        table = pa_csv.read_csv(
            pa.py_buffer(data),
            parse_options=pa_csv.ParseOptions(quote_char=False),
            convert_options=pa_csv.ConvertOptions(column_types=types, check_utf8=False),
        )
    except pa.ArrowInvalid:
        return None
    if not len(table):
        return None
    return {name: table.column(name).unify_dictionaries().combine_chunks() for name in header}


@dataclasses.dataclass(slots=True)
class _Careful:
    """What the careful way has read: the well-formed rows, the line of each, and what was malformed."""

    columns: dict[str, pa.Array]
    lines: np.ndarray
    malformed: list[TraceProblem]
    malformed_total: int


def _read_carefully(file: str, data: bytes, header: list[str]) -> PurchasePlan:
    table = _parse(file, data, header)
    findings = Findings()
    plan = plan_of(table.columns, findings) if len(table.lines) else None
    total = table.malformed_total + findings.total
    if total:
        in_rows = [
            TraceProblem(file, reason, line=int(table.lines[row]), column=column, value=value)
            for row, column, value, reason in findings.first()
        ]
        raise TraceError(sorted(table.malformed + in_rows, key=lambda problem: problem.line)[:KEPT], total)
    if plan is None:
        raise refuse(file, "has column names but no purchases")
    return plan


def _parse(file: str, data: bytes, header: list[str]) -> _Careful:
    reader = csv.reader(_lines(data), strict=True)
    batches: list[list[pa.Array]] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    malformed: list[TraceProblem] = []
    malformed_total = 0
    header_seen = False
    while True:
        line = reader.line_num + 1  # where the next row begins; it may span several
        try:
            row = next(reader, None)
        except csv.Error as error:
            malformed.append(TraceProblem(file, f"{_quote_reason(error)}; nothing after this line was read", line=line))
            malformed_total += 1
            break
        if row is None:
            break
        if not row:
            continue
        if not header_seen:
            header_seen = True
        elif len(row) != len(header):
            malformed_total += 1
            if len(malformed) < KEPT:
                malformed.append(TraceProblem(file, _width_reason(row, header), line=line))
        else:
            rows.append(row)
            lines.append(line)
            if len(rows) == _BATCH:
                batches.append(_transpose(rows))
                rows = []
    if rows or not batches:
        batches.append(_transpose(rows) or [pa.array([], pa.string()) for _ in header])
    columns = {name: pa.concat_arrays([batch[index] for batch in batches]) for index, name in enumerate(header)}
    return _Careful(columns, np.array(lines, dtype=np.int64), malformed, malformed_total)


def _transpose(rows: list[list[str]]) -> list[pa.Array]:
    return [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]


def _width_reason(row: list[str], header: list[str]) -> str:
    fields = "1 field" if len(row) == 1 else f"{len(row)} fields"
    if len(row) > len(header):
        return f"has {fields}, the header {len(header)}; a text with a comma must stand in double quotes"
    return f"has {fields}, the header {len(header)}; the first one that is missing is {header[len(row)]}"


def _quote_reason(error: csv.Error) -> str:
    message = str(error)
    if "unexpected end" in message or "field larger" in message:
        return "opens a double quote that is never closed"
    return f"has a double quote inside a quoted text ({message}); double it"
