"""Parquet into a plan. Types are checked before any row is looked at; rows are counted from 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scenarios.traces.columns import plan_of
from scenarios.traces.format import END_NS, FIRST_NS, header_problems
from scenarios.traces.plan import MERCHANT_DECIDES, PurchasePlan
from scenarios.traces.problems import Findings, TraceError, TraceProblem, refuse

_INTEGERS = ("at_ns", "amount_cents", "authorized_cents")
_NS_PER_UNIT = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def read_parquet(path: Path) -> PurchasePlan:
    """See `scenarios.traces.read.read_trace`."""
    file = str(path)
    try:
        with pq.ParquetFile(path) as parquet:
            schema = parquet.schema_arrow
            problems = header_problems(schema.names, file, None) or _type_problems(schema, file)
            if problems:
                raise TraceError(problems)
            table = parquet.read()
        table.validate(full=True)  # texts are UTF-8, indices are in range: a damaged file may break either
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise refuse(file, f"cannot be read as Parquet: {str(error).splitlines()[0]}") from error
    if not len(table):
        raise refuse(file, "has columns but no purchases")
    findings = Findings()
    columns = {name: _normalise(name, table.column(name), findings) for name in schema.names}
    plan = plan_of(columns, findings)
    if plan is None:
        listed = [
            TraceProblem(file, reason, row=row + 1, column=column, value=value)
            for row, column, value, reason in findings.first()
        ]
        raise TraceError(listed, findings.total)
    return plan


def _type_problems(schema: pa.Schema, file: str) -> list[TraceProblem]:
    return [
        TraceProblem(file, f"has type {field.type}; {reason}", column=field.name)
        for field in schema
        if (reason := _type_problem(field.name, field.type))
    ]


def _type_problem(name: str, kind: pa.DataType) -> str | None:
    if name in _INTEGERS:
        if pa.types.is_integer(kind):
            return None
        cents = "whole cents as int64 (12.50 dollars are 1250)" if name.endswith("_cents") else "nanoseconds as int64"
        return f"it must hold {cents}"
    if name == "at" and pa.types.is_timestamp(kind):
        return None if kind.tz else "a timestamp needs a zone: write it as timestamp with tz=UTC"
    if name == "mcc" and pa.types.is_integer(kind):
        return None
    if _is_text(kind) or (pa.types.is_dictionary(kind) and _is_text(kind.value_type)):
        return None
    wanted = "timestamps with a zone, or texts" if name == "at" else "texts"
    return f"it must hold {wanted}"


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _normalise(name: str, column: pa.ChunkedArray, findings: Findings) -> pa.Array:
    """The column in the form that `plan_of` takes: no nulls, and texts, int64 or timestamp[ns, UTC]."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _timestamps(column, findings)
    if name in _INTEGERS:
        return _int64(name, column, findings)
    if pa.types.is_integer(kind):  # an mcc as a number: 742 is 0742
        column = pc.utf8_lpad(pc.cast(column, pa.string()), 4, "0")
    elif pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    return _one_array(pc.fill_null(column.cast(pa.string()), ""))


def _timestamps(column: pa.ChunkedArray, findings: Findings) -> pa.Array:
    per_unit = _NS_PER_UNIT[column.type.unit]
    ticks = _int64("at", column.cast(pa.int64()), findings).to_numpy(zero_copy_only=False)
    present = _one_array(column).is_valid().to_numpy(zero_copy_only=False)
    outside = ((ticks < FIRST_NS // per_unit) | (ticks >= END_NS // per_unit)) & present
    reason = f"{column.type.unit} since 1970 is outside 1990-01-01 to 2199-12-31"
    findings.add("at", np.flatnonzero(outside), lambda row: (str(ticks[row]), reason))
    at_ns = (
        np.where(outside | ~present, FIRST_NS, ticks)
        if per_unit == 1
        else np.where(outside | ~present, FIRST_NS // per_unit, ticks) * per_unit
    )
    return pa.array(at_ns, pa.int64()).cast(pa.timestamp("ns", "UTC"))


def _int64(name: str, column: pa.ChunkedArray, findings: Findings) -> pa.Array:
    values = _one_array(column)
    if pa.types.is_uint64(values.type):
        values = pc.min_element_wise(values, pa.scalar(2**63 - 1, pa.uint64()), skip_nulls=False)
    values = values.cast(pa.int64())
    if values.null_count and name != "authorized_cents":
        missing = np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))
        findings.add(name, missing, lambda row: (None, "is missing (null)"))
    # A harmless stand-in keeps a missing value from being reported twice.
    stand_in = {"authorized_cents": MERCHANT_DECIDES, "amount_cents": 1}.get(name, FIRST_NS)
    return values.fill_null(stand_in)


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return pa.concat_arrays(combined.chunks) if isinstance(combined, pa.ChunkedArray) else combined
