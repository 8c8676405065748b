"""events.parquet, written chunk by chunk while the world runs."""

from __future__ import annotations

from array import array
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.parquet as pq

from simulators.events import COLUMNS
from simulators.kernel import fences

if TYPE_CHECKING:
    from simulators.kernel.trace import Chunk

TYPES = {"int64": pa.int64(), "str": pa.string()}
SCHEMA = pa.schema([(column.name, TYPES[column.kind]) for column in COLUMNS])
"""What reports.frames expects; nothing of the reports is loaded while the world runs, to leave it the memory."""


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
    return _strings(values)


def _strings(values: tuple[str, ...]) -> pa.StringArray:
    """As pa.array does, which would load pandas, if only to see that a tuple is none of its kind."""
    text = "".join(values)
    data = text.encode()
    sizes = map(len, values if len(data) == len(text) else map(str.encode, values))
    ends = array("i", accumulate(sizes, initial=0))
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(data))
