"""The events table of a load run, written row by row, group by group."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from scenarios.events_file import SCHEMA

GROUP = 65_536


class Table:
    """Rows as the events table has them (docs/ARCHITECTURE.md)."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd", use_dictionary=True)
        self._rows: list[tuple[int, str, str, str, str, int, int, str, int, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._writer.close()

    def row(
        self, at_ns: int, kind: str, ref: str, account: str = "", network: str = "", cents: int = 0, usdc6: int = 0,
        result: str = "", latency_ns: int = -1, detail: str = "",
    ) -> None:  # fmt: skip
        self._rows.append((at_ns, kind, ref, account, network, cents, usdc6, result, latency_ns, detail))
        if len(self._rows) >= GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            columns = [
                pa.array(column, field.type)
                for column, field in zip(zip(*self._rows, strict=True), SCHEMA, strict=True)
            ]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), row_group_size=GROUP)
            self._rows.clear()
