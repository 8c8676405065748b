"""The events table, a column of a kind at a time, so that four million rows stay cheap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

REPEATED = ("kind", "account", "network", "result")
"""String columns with few distinct values: read as a dictionary and a code per row."""
CODED = pa.dictionary(pa.int32(), pa.string())

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

BATCH_ROWS = 65_536
"""How much of a table in memory is looked at at once; a file comes in row groups of its own."""

Column = Callable[[int, str], pa.Array]
"""Reads one column of one group of rows."""


class EventsError(ValueError):
    """The table is not an events table; the message names the column."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of an events table, of one kind after the other, in order within each.

    Only where they are is held, two bytes a row. A column of them is read whenever it is asked for, group by group,
    and belongs to whoever asked: nobody need hold more of a table than the figure at hand needs.
    """

    _column: Column
    _places: tuple[tuple[int, np.ndarray], ...]

    def __len__(self) -> int:
        return sum(len(rows) for _, rows in self._places)

    def __add__(self, other: Rows) -> Rows:
        """These rows, and behind them the others, of the same table."""
        return Rows(self._column, self._places + other._places)

    def pieces(self, name: str) -> Iterator[tuple[slice, pa.Array, np.ndarray]]:
        """Per group: which of these rows it holds, the whole group's column, and their places in it."""
        end = 0
        for group, rows in self._places:
            start, end = end, end + len(rows)
            yield slice(start, end), self._column(group, name), rows

    def ints(self, name: str) -> np.ndarray:
        """An integer column, as int64."""
        values = np.empty(len(self), np.int64)
        for mine, column, rows in self.pieces(name):
            values[mine] = column.to_numpy(zero_copy_only=False)[rows]
        return values

    def words(self, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """A repeated column: a code a row, and the word of each code. A word may be there without a row."""
        codes, names = np.empty(len(self), np.int32), {}
        for mine, column, rows in self.pieces(name):
            place = [names.setdefault(word, len(names)) for word in column.dictionary.to_pylist()]
            codes[mine] = np.array(place, np.int32)[_codes(column)[rows]]
        return codes, tuple(names)

    def are(self, name: str, word: str) -> np.ndarray:
        """In which rows a repeated column says this word."""
        said = np.empty(len(self), bool)
        for mine, column, rows in self.pieces(name):
            said[mine] = (_codes(column) == _code_of(column, word))[rows]
        return said

    def texts(self, name: str, at: np.ndarray | None = None) -> list[str]:
        """A string column, of all rows or of those at the places ``at``, in that order."""
        at = np.arange(len(self)) if at is None else at
        found = np.empty(len(at), object)
        for mine, column, rows in self.pieces(name):
            asked = np.flatnonzero((at >= mine.start) & (at < mine.stop))
            if len(asked):
                found[asked] = _plain(column.take(pa.array(rows[at[asked] - mine.start]))).to_pylist()
        return found.tolist()

    def saying(self, name: str, word: str) -> Rows:
        """Those rows in which a repeated column says this word."""
        said, places, end = self.are(name, word), [], 0
        for group, rows in self._places:
            start, end = end, end + len(rows)
            if said[start:end].any():
                places.append((group, rows[said[start:end]]))
        return Rows(self._column, tuple(places))

    def frame(self, names: Sequence[str], at: np.ndarray | None = None) -> pd.DataFrame:
        """Columns of all rows, or of those at the places ``at``; for rows that are few."""
        where = slice(None) if at is None else at
        strings = [name for name in names if pa.types.is_string(SCHEMA.field(name).type)]
        columns = {name: self.texts(name, at) if name in strings else self.ints(name)[where] for name in names}
        return pd.DataFrame(columns).astype(dict.fromkeys(strings, "str"))


class Events:
    """An events table: how many rows, the latest instant, and where the rows of each kind are."""

    def __init__(self, source: pa.Table | pq.ParquetFile) -> None:
        names = source.schema_arrow.names if isinstance(source, pq.ParquetFile) else source.column_names
        missing = [name for name in SCHEMA.names if name not in names]
        if missing:
            raise EventsError(f"the events table has no column {', '.join(missing)}; it has {', '.join(names)}")
        self._column, groups = _in_file(source) if isinstance(source, pq.ParquetFile) else _in_memory(source)
        self.rows, self.end_ns = 0, 0
        self._places: dict[str, list[tuple[int, np.ndarray]]] = {}
        for group in range(groups):
            self._find(group)

    def _find(self, group: int) -> None:
        """Note which rows of this group are of which kind."""
        kinds = self._column(group, "kind")
        if not len(kinds):
            return
        codes, small = _codes(kinds), np.uint16 if len(kinds) <= 1 << 16 else np.uint32
        for code, kind in enumerate(kinds.dictionary.to_pylist()):
            rows = np.flatnonzero(codes == code)
            if len(rows):
                self._places.setdefault(kind, []).append((group, rows.astype(small)))
        latest = pc.max(self._column(group, "at_ns")).as_py()
        self.end_ns = max(self.end_ns, latest) if self.rows else latest
        self.rows += len(kinds)

    def of(self, *kinds: str) -> Rows:
        """The rows of these kinds, one kind after the other."""
        return Rows(self._column, tuple(place for kind in kinds for place in self._places.get(kind, ())))


def _in_file(source: pq.ParquetFile) -> tuple[Column, int]:
    def column(group: int, name: str) -> pa.Array:
        return _whole(source.read_row_group(group, columns=[name], use_threads=False).column(0), name)

    return column, source.num_row_groups


def _in_memory(source: pa.Table) -> tuple[Column, int]:
    def column(group: int, name: str) -> pa.Array:
        return _whole(source[name].slice(group * BATCH_ROWS, BATCH_ROWS), name)

    return column, -(-source.num_rows // BATCH_ROWS)


def _whole(column: pa.ChunkedArray, name: str) -> pa.Array:
    """In one piece, and repeated strings as a dictionary."""
    column = _typed(column, name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _codes(column: pa.DictionaryArray) -> np.ndarray:
    return column.indices.to_numpy(zero_copy_only=False)


def _code_of(column: pa.DictionaryArray, word: str) -> int:
    """-1 where the word is not in the dictionary."""
    return column.dictionary.index(pa.scalar(word, column.dictionary.type)).as_py()


def _plain(column: pa.Array) -> pa.Array:
    """Strings, whether or not they are stored as a dictionary."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def read_events(path: Path) -> Events:
    """Open ``events.parquet``; a column of some rows is read when it is asked for."""
    return Events(pq.ParquetFile(path, read_dictionary=list(REPEATED)))


def as_events(source: Events | pa.Table | pd.DataFrame | Path) -> Events:
    """Whatever holds the events, as :class:`Events`. Raises :class:`EventsError` for a missing column."""
    if isinstance(source, Events):
        return source
    if isinstance(source, Path):
        return read_events(source)
    table = pa.Table.from_pandas(source, preserve_index=False) if isinstance(source, pd.DataFrame) else source
    present = [name for name in SCHEMA.names if name in table.column_names]
    return Events(pa.table({name: _typed(table[name], name) for name in present}))


def _typed(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """As :data:`SCHEMA` has it, :data:`REPEATED` as one dictionary."""
    if name not in REPEATED:
        return column.cast(SCHEMA.field(name).type)
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    return column.cast(CODED).unify_dictionaries()


def words(detail: str) -> dict[str, str]:
    """The ``key=value`` words of a detail."""
    return dict(word.split("=", 1) for word in detail.split() if "=" in word)
