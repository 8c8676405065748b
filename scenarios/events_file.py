"""events.parquet, written chunk by chunk while the world runs."""

from __future__ import annotations

from array import array
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.parquet as pq

from reports.frames import SCHEMA
from simulators.kernel import fences

if TYPE_CHECKING:
    from simulators.kernel.trace import Chunk


class EventsFile:
    """A sink for the world's events: one row group a chunk, zstd, strings as dictionaries."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd", use_dictionary=True)
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def __call__(self, chunk: Chunk) -> None:
        """Write one chunk; its columns come in the order of the events table."""
        columns = [_column(values, field) for values, field in zip(chunk.columns, SCHEMA, strict=True)]
        with fences.lifted("events.parquet"):
            self._writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), row_group_size=max(chunk.rows, 1))
        self.rows += chunk.rows


def _column(values: array[int] | tuple[str, ...], field: pa.Field) -> pa.Array:
    if isinstance(values, array):
        return pa.Array.from_buffers(field.type, len(values), [None, pa.py_buffer(values)])
    return pa.array(values, field.type)
