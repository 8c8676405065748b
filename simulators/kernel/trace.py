"""The trace of a run: typed rows, hashed as they go, handed on in chunks of columns.

The hash is canonical: it depends on the columns' names and kinds and on the rows, and not on the chunk size. Each
column is hashed by itself (int64 as little-endian words; strings in UTF-8, each followed by two NULs, with NUL itself
written as NUL and 1, so that no two columns hash alike), and the digest covers a header, the row count and the column
digests.
"""

from __future__ import annotations

import hashlib
import json
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulators.kernel.errors import TraceError

Row = tuple[Any, ...]
KINDS = ("int64", "str")
_END = "\0\0"
_BLOCK_ROWS = 512  # they fit into the cache: turning them into columns costs a third of doing it by the chunk


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and kind, "int64" or "str"."""

    name: str
    kind: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise TraceError(f"column {self.name!r} is of kind {self.kind!r}; the kinds are {', '.join(KINDS)}")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows as columns: `array('q')` for int64, a tuple of str for str, in the trace's column order."""

    first_row: int
    rows: int
    columns: tuple[array[int] | tuple[str, ...], ...]


class Trace:
    """Append-only typed rows. `append(row)` takes a tuple with one value per column.

    `append` is a bare C call. Types are checked a few hundred rows later (or on `close`): TraceError names the
    column, row and value. The sink must not append to its own trace.
    """

    append: Callable[[Row], None]

    def __init__(
        self,
        columns: Sequence[Column],
        sink: Callable[[Chunk], None] | None = None,
        chunk_rows: int = 65536,
    ):
        if not columns or len({column.name for column in columns}) != len(columns):
            raise TraceError("a trace needs columns, and each name once")
        if chunk_rows < 1:
            raise TraceError(f"chunk_rows must be at least 1, not {chunk_rows}")
        self.columns = tuple(columns)
        self._sink = sink
        self._chunk_rows = chunk_rows
        self._rows: list[Row] = []
        self._before: list[Row] = []
        self._absorbed = self._handed_on = 0
        self._stores = tuple(_STORES[column.kind](column, keep=sink is not None) for column in self.columns)
        self._digest: str | None = None
        collector = self._collect()
        next(collector)
        self.append = collector.send

    def _collect(self) -> Iterator[None]:
        while True:
            add = self._rows.append
            for _ in range(min(_BLOCK_ROWS, self._handed_on + self._chunk_rows - self._absorbed)):
                add((yield))
            self._absorb()
            if self._absorbed - self._handed_on == self._chunk_rows:
                self._hand_on()

    def _absorb(self) -> None:
        """Turn the rows at hand into columns, while they still lie in the processor's cache."""
        rows = self._rows
        if not rows:
            return
        try:
            by_column = list(zip(*rows, strict=True))
        except ValueError:
            raise self._ragged() from None
        if len(by_column) != len(self._stores):
            raise self._ragged()
        for store, values in zip(self._stores, by_column, strict=True):
            store.absorb(values, self._absorbed)
        self._before, self._rows = rows, []
        self._absorbed += len(rows)

    def _ragged(self) -> TraceError:
        width = len(self.columns)
        offset, row = next((offset, row) for offset, row in enumerate(self._rows) if len(row) != width)
        return TraceError(f"trace row {self._absorbed + offset} has {len(row)} values for {width} columns: {row}")

    def _hand_on(self) -> None:
        first_row, self._handed_on = self._handed_on, self._absorbed
        if self._sink is not None and self._absorbed > first_row:
            self._sink(Chunk(first_row, self._absorbed - first_row, tuple(store.take() for store in self._stores)))

    def __len__(self) -> int:
        """Rows appended so far."""
        return self._absorbed + len(self._rows)

    def last(self, count: int) -> list[Row]:
        """The last `count` rows, oldest first; of a long trace, the last few hundred are at hand."""
        if count <= 0:
            return []
        recent = self._rows[-count:]
        missing = count - len(recent)
        return (self._before[-missing:] if missing else []) + recent

    def close(self) -> str:
        """Flush what is left and return the SHA-256 of the whole trace in hex. Closing again returns it again."""
        if self._digest is None:
            self._absorb()
            self._hand_on()
            self.append = _closed
            header = json.dumps([[column.name, column.kind] for column in self.columns], separators=(",", ":"))
            whole = hashlib.sha256(f"{header}\0{self._absorbed}\0".encode())
            for store in self._stores:
                whole.update(store.sha.digest())
            self._digest = whole.hexdigest()
        return self._digest


def _closed(_row: Row) -> None:
    raise TraceError("the trace is closed")


class _Int64Store:
    def __init__(self, column: Column, keep: bool):
        self._column = column
        self._kept = array("q") if keep else None
        self.sha = hashlib.sha256()

    def absorb(self, values: Sequence[Any], first_row: int) -> None:
        try:
            if set(map(type, values)) != {int}:
                raise TypeError
            packed = array("q", values)
        except (TypeError, OverflowError):
            raise _misfit(self._column, values, first_row) from None
        self.sha.update(_little_endian(packed))
        if self._kept is not None:
            self._kept.extend(packed)

    def take(self) -> array[int]:
        taken, self._kept = self._kept, array("q")
        assert taken is not None
        return taken


class _StrStore:
    def __init__(self, column: Column, keep: bool):
        self._column = column
        self._kept: list[str] | None = [] if keep else None
        self.sha = hashlib.sha256()

    def absorb(self, values: Sequence[Any], first_row: int) -> None:
        try:
            text = _END.join(values)
            if text.count("\0") != 2 * (len(values) - 1):
                text = _END.join([value.replace("\0", "\0\1") for value in values])
            self.sha.update((text + _END).encode())
        except (TypeError, UnicodeEncodeError):
            raise _misfit(self._column, values, first_row) from None
        if self._kept is not None:
            self._kept.extend(values)

    def take(self) -> tuple[str, ...]:
        taken, self._kept = self._kept, []
        assert taken is not None
        return tuple(taken)


_STORES: dict[str, Any] = {"int64": _Int64Store, "str": _StrStore}


def _little_endian(words: array[int]) -> array[int]:
    if sys.byteorder == "big":
        words = array("q", words)
        words.byteswap()
    return words


def _misfit(column: Column, values: Sequence[Any], first_row: int) -> TraceError:
    for offset, value in enumerate(values):
        if column.kind == "int64":
            fits = type(value) is int and -(1 << 63) <= value < 1 << 63
        else:
            fits = isinstance(value, str) and _encodes(value)
        if not fits:
            return TraceError(
                f"trace row {first_row + offset}, column {column.name!r}: {value!r} ({type(value).__name__}) "
                f"does not fit {column.kind}"
            )
    return TraceError(f"column {column.name!r}: a value does not fit {column.kind}")


def _encodes(text: str) -> bool:
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)
