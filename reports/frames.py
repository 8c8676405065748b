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


KEPT = {
    "authorize": ("at_ns", "network", "amount_cents", "result", "latency_ns"),
    "engine": ("latency_ns",),
    "present": ("at_ns", "ref", "amount_cents"),
    "capture": ("at_ns", "ref", "account", "amount_cents", "amount_usdc6", "result", "latency_ns"),
    "ledger": ("at_ns", "ref", "account", "amount_usdc6", "result"),
    "chain.settlement": ("at_ns", "ref", "account", "amount_usdc6"),
    "funds": ("at_ns", "ref", "amount_usdc6"),
    "reverse": ("result", "latency_ns"),
    "expire": ("result",),
}
"""Of the frequent kinds only what every report needs stays in memory; other columns are read again when asked for."""

BATCH_ROWS = 131_072


class Events:
    """Rows of an events table by kind and column.

    One pass over the source sorts its rows by kind and keeps the columns of :data:`KEPT` (of rarer kinds, all): some
    40 bytes a row, so that four million rows of a file never are in memory as a whole.
    """

    def __init__(self, source: pa.Table | pq.ParquetFile) -> None:
        self._source = source
        names = source.schema_arrow.names if isinstance(source, pq.ParquetFile) else source.column_names
        missing = [name for name in SCHEMA.names if name not in names]
        if missing:
            raise EventsError(f"the events table has no column {', '.join(missing)}; it has {', '.join(names)}")
        self.rows, self.end_ns = 0, 0
        self._by_kind = self._sorted_by_kind()

    def _sorted_by_kind(self) -> dict[str, pa.Table]:
        parts: dict[str, list[pa.RecordBatch]] = {}
        for batch in self._batches(SCHEMA.names):
            kinds = batch.column("kind")
            kinds = kinds.dictionary_encode() if _is_plain(kinds) else kinds
            codes, names = kinds.indices.to_numpy(zero_copy_only=False), kinds.dictionary.to_pylist()
            for code in np.unique(codes).tolist():
                kept = batch.select(list(KEPT.get(names[code], SCHEMA.names)))
                parts.setdefault(names[code], []).append(kept.take(pa.array(np.flatnonzero(codes == code))))
            latest = pc.max(batch.column("at_ns")).as_py()
            self.end_ns = max(self.end_ns, latest) if self.rows else latest
            self.rows += batch.num_rows
        tables = {kind: pa.Table.from_batches(batches).unify_dictionaries() for kind, batches in parts.items()}
        pa.default_memory_pool().release_unused()
        return tables

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        if isinstance(self._source, pa.Table):
            found = self._source.select(list(columns)).to_batches(max_chunksize=BATCH_ROWS)
        else:
            found = self._source.iter_batches(batch_size=BATCH_ROWS, columns=list(columns))
        return (batch for batch in found if batch.num_rows)

    def arrow(self, kinds: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """The rows of these kinds with these columns; in order within each kind."""
        tables = [self._rows(kind, columns) for kind in kinds if kind in self._by_kind]
        if not tables:
            return SCHEMA.empty_table().select(list(columns))
        return pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()

    def _rows(self, kind: str, columns: Sequence[str]) -> pa.Table:
        kept = self._by_kind[kind]
        if set(columns) <= set(kept.column_names):
            return kept.select(list(columns))
        read = list(dict.fromkeys(("kind", *columns)))
        parts = [
            batch.filter(pc.equal(_plain(batch.column("kind")), kind)).select(list(columns))
            for batch in self._batches(read)
        ]
        return pa.Table.from_batches(parts)

    def of(self, kinds: str | Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
        """The same as a frame; repeated strings are categoricals."""
        return self.arrow([kinds] if isinstance(kinds, str) else kinds, columns).to_pandas(split_blocks=True)


def _is_plain(column: pa.Array | pa.ChunkedArray) -> bool:
    return not pa.types.is_dictionary(column.type)


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Strings, whether or not they are stored as a dictionary."""
    return column if _is_plain(column) else column.cast(pa.string())


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
    chunks = [_plain(chunk).cast(pa.string()) for column in columns for chunk in column.chunks]
    coded = pa.concat_arrays(chunks or [pa.array([], pa.string())]).dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False)
    ends = np.cumsum([len(column) for column in columns])
    return [codes[end - len(column) : end] for column, end in zip(columns, ends, strict=True)], coded.dictionary


def ints(column: pa.ChunkedArray) -> np.ndarray:
    """An integer column as int64."""
    return column.to_numpy().astype(np.int64, copy=False)


def words(detail: str) -> dict[str, str]:
    """The ``key=value`` words of a detail."""
    return dict(word.split("=", 1) for word in detail.split() if "=" in word)
