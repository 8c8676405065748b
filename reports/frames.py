"""The events table, read column by column, so that four million rows stay cheap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

REPEATED = ("kind", "account", "network", "result")
"""String columns with few distinct values: kept as a dictionary and a code per row."""

SCHEMA = pa.schema(
    [
        ("at_ns", pa.int64()),
        ("kind", pa.string()),
        ("ref", pa.string()),
        ("account", pa.string()),
        ("network", pa.string()),
        ("amount_cents", pa.int64()),
        ("amount_usdc6", pa.int64()),
        ("result", pa.string()),
        ("latency_ns", pa.int64()),
        ("detail", pa.string()),
    ]
)
"""The columns of the events table (docs/ARCHITECTURE.md)."""


class EventsError(ValueError):
    """The table is not an events table; the message names the column."""


class Events:
    """Rows of an events table, selected by kind and column; only what is asked for is in memory."""

    def __init__(self, source: pa.Table | pq.ParquetFile) -> None:
        self._source = source
        names = source.schema_arrow.names if isinstance(source, pq.ParquetFile) else source.column_names
        missing = [name for name in SCHEMA.names if name not in names]
        if missing:
            raise EventsError(f"the events table has no column {', '.join(missing)}; it has {', '.join(names)}")
        self.rows, self.first_ns, self.end_ns = self._extent()

    def _extent(self) -> tuple[int, int, int]:
        rows, first, last = 0, 0, 0
        for piece in self._pieces(["at_ns"]):
            if piece.num_rows:
                bounds = pc.min_max(piece["at_ns"]).as_py()
                first = min(first, bounds["min"]) if rows else bounds["min"]
                last = max(last, bounds["max"]) if rows else bounds["max"]
                rows += piece.num_rows
        return rows, first, last

    def _pieces(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        if isinstance(self._source, pa.Table):
            yield self._source.select(columns)
            return
        for group in range(self._source.num_row_groups):
            yield self._source.read_row_group(group, columns=list(columns))

    def arrow(self, kinds: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """The rows of these kinds, in order, with these columns."""
        wanted = pa.array(list(kinds), pa.string())
        read = list(dict.fromkeys(("kind", *columns)))
        parts = []
        for piece in self._pieces(read):
            mask = pc.is_in(_plain(piece["kind"]), value_set=wanted)
            parts.append(piece.select(list(columns)).filter(mask))
        if not parts:
            return SCHEMA.empty_table().select(list(columns))
        return pa.concat_tables(parts)

    def of(self, kinds: str | Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
        """The same as a frame; repeated strings are categoricals."""
        chosen = [kinds] if isinstance(kinds, str) else list(kinds)
        return self.arrow(chosen, columns).to_pandas(split_blocks=True, self_destruct=True)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Strings, whether or not they are stored as a dictionary."""
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def read_events(path: Path) -> Events:
    """Open ``events.parquet``; rows are read when they are asked for."""
    return Events(pq.ParquetFile(path, read_dictionary=list(REPEATED)))


def as_events(source: Events | pa.Table | pd.DataFrame | Path) -> Events:
    """Whatever holds the events, as :class:`Events`. Raises :class:`EventsError` for a missing column."""
    if isinstance(source, Events):
        return source
    if isinstance(source, Path):
        return read_events(source)
    table = pa.Table.from_pandas(source, preserve_index=False) if isinstance(source, pd.DataFrame) else source
    present = [name for name in SCHEMA.names if name in table.column_names]
    columns = {name: _typed(table[name], name) for name in present}
    return Events(pa.table(columns))


def _typed(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    if name not in REPEATED:
        return column.cast(SCHEMA.field(name).type)
    if pa.types.is_dictionary(column.type):
        return column.unify_dictionaries()
    return column.cast(pa.string()).dictionary_encode()


def encode(*columns: pa.ChunkedArray) -> tuple[list[np.ndarray], pa.Array]:
    """One integer per distinct string, shared by all columns: the codes of each column and the strings."""
    plain = [_plain(column).cast(pa.string()) for column in columns]
    chunks = [chunk for column in plain for chunk in column.chunks]
    together = pa.chunked_array(chunks, pa.string()).combine_chunks()
    coded = (together if isinstance(together, pa.Array) else pa.concat_arrays(together.chunks)).dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False)
    ends = np.cumsum([len(column) for column in plain])
    return [codes[end - len(column) : end] for column, end in zip(plain, ends, strict=True)], coded.dictionary


def ints(column: pa.ChunkedArray) -> np.ndarray:
    """An integer column as int64."""
    return column.to_numpy().astype(np.int64, copy=False)


def words(detail: str) -> dict[str, str]:
    """The ``key=value`` words of a detail."""
    return dict(word.split("=", 1) for word in detail.split() if "=" in word)
