"""Writes a plan as a trace file, whole or not at all."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scenarios.traces.format import END_NS, FIRST_NS, MAX_CENTS, mcc_problem, text_problem
from scenarios.traces.plan import CARD_DECIDES, MERCHANT_DECIDES, NETWORKS, PurchasePlan
from scenarios.traces.problems import refuse

_BATCH = 50_000
_UNITS = (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1))


def write_trace(plan: PurchasePlan, path: str | Path) -> None:
    """Writes `.csv` or `.parquet`; `read_trace(path)` then equals `plan.compact()`.

    The same plan always gives the same CSV bytes. The file appears under its name only once it is complete.
    Raises TraceError where the plan holds nothing, or what a trace cannot hold (an instant outside 1990 to 2199).
    """
    path = Path(path)
    writer = {".csv": _write_csv, ".parquet": _write_parquet}.get(path.suffix.lower())
    if writer is None:
        raise refuse(str(path), "cannot be written: the name of a trace must end in .csv or .parquet")
    if not path.parent.is_dir():
        raise refuse(str(path), f"cannot be written: the folder {path.parent} does not exist")
    plan = plan.compact()
    _check(plan, str(path))
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            writer(plan, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _check(plan: PurchasePlan, file: str) -> None:
    if not len(plan):
        raise refuse(file, "is not written: there are no purchases")
    if plan.at_ns[0] < FIRST_NS or plan.at_ns[-1] >= END_NS:
        raise refuse(file, "is not written: a trace holds purchases from 1990-01-01 to 2199-12-31")
    if max(plan.amount_cents.max(), plan.authorized_cents.max()) > MAX_CENTS:
        raise refuse(file, "is not written: a purchase costs more than a billion dollars")
    _check_texts("cardholder", plan.cardholders, file)
    _check_texts("merchant", [till.id for till in plan.merchants], file)
    for till in plan.merchants:
        reason = mcc_problem(till.mcc)
        if reason:
            raise refuse(file, f"is not written: the mcc {reason}", column="mcc", value=till.mcc)
        reason = text_problem("category", till.category) or (None if till.category else "is empty")
        if reason:
            raise refuse(file, f"is not written: the category {reason}", column="category", value=till.category)


def _check_texts(column: str, texts: Sequence[str], file: str) -> None:
    if len(set(texts)) < len(texts):
        raise refuse(file, "is not written: two entries have the same id", column=column)
    for text in texts:
        if reason := text_problem(column, text):
            raise refuse(file, f"is not written: the id {reason}", column=column, value=text)


def _header(plan: PurchasePlan) -> list[str]:
    header = ["at", "cardholder", "merchant", "mcc", "category", "amount_cents"]
    if (plan.authorized_cents != MERCHANT_DECIDES).any():
        header.append("authorized_cents")
    if (plan.network != CARD_DECIDES).any():
        header.append("network")
    return header


def _write_csv(plan: PurchasePlan, file: IO[bytes]) -> None:
    header = _header(plan)
    file.write((",".join(header) + "\n").encode())
    buffer = _Encoder(file)
    rows = csv.writer(buffer, lineterminator="\n")
    unit = next(unit for unit, in_ns in _UNITS if not (plan.at_ns % in_ns).any())
    for start in range(0, len(plan), _BATCH):
        rows.writerows(zip(*_texts(plan, slice(start, start + _BATCH), header, unit), strict=True))


def _texts(plan: PurchasePlan, rows: slice, header: list[str], unit: str) -> Iterator[list]:
    instants = np.datetime_as_string(plan.at_ns[rows].astype("datetime64[ns]"), unit=unit)
    tills = [plan.merchants[index] for index in plan.merchant[rows].tolist()]
    yield [f"{instant}Z" for instant in instants.tolist()]
    yield [plan.cardholders[index] for index in plan.cardholder[rows].tolist()]
    yield [till.id for till in tills]
    yield [till.mcc for till in tills]
    yield [till.category for till in tills]
    yield plan.amount_cents[rows].tolist()
    if "authorized_cents" in header:
        yield ["" if cents == MERCHANT_DECIDES else cents for cents in plan.authorized_cents[rows].tolist()]
    if "network" in header:
        yield ["" if index == CARD_DECIDES else NETWORKS[index] for index in plan.network[rows].tolist()]


class _Encoder:
    """The text side of a binary file, for csv.writer."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(text.encode())


def _write_parquet(plan: PurchasePlan, file: IO[bytes]) -> None:
    def of_table(codes: np.ndarray, texts: list[str]) -> pa.Array:
        distinct = pa.array(texts, pa.string()).dictionary_encode()
        return pa.DictionaryArray.from_arrays(distinct.indices.take(pa.array(codes)), distinct.dictionary)

    columns = {
        "at": pa.array(plan.at_ns).cast(pa.timestamp("ns", "UTC")),
        "cardholder": of_table(plan.cardholder, list(plan.cardholders)),
        "merchant": of_table(plan.merchant, [till.id for till in plan.merchants]),
        "mcc": of_table(plan.merchant, [till.mcc for till in plan.merchants]),
        "category": of_table(plan.merchant, [till.category for till in plan.merchants]),
        "amount_cents": pa.array(plan.amount_cents),
    }
    header = _header(plan)
    if "authorized_cents" in header:
        columns["authorized_cents"] = pa.array(plan.authorized_cents, mask=plan.authorized_cents == MERCHANT_DECIDES)
    if "network" in header:
        indices = pa.array(plan.network, mask=plan.network == CARD_DECIDES)
        columns["network"] = pa.DictionaryArray.from_arrays(indices, pa.array(NETWORKS, pa.string()))
    pq.write_table(pa.table(columns), file, compression="zstd")
