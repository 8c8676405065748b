"""What is the same in several tables: strings as small numbers, without holding the strings.

A million presentments, each named by the network, the engine and the ledger, are three million strings. Here each
string becomes a mark of 64 bits while its group is read, equal marks become one number, and the string itself is read
again for those few rows that are worth naming. A second mark, of 32 bits, tells when two strings share their first;
then, and only then, the strings themselves are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from reports.frames import Rows

Marker = Callable[[pa.StringArray], tuple[np.ndarray, np.ndarray]]
"""Gives each string a mark of 64 bits and a second one of 32."""

PARTS = 16
SMALL = 1 << 16
WORD = np.dtype("<u8")
FIRST, SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
"""Odd, so that to multiply by them loses nothing; their bits look drawn."""
KEEP = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)
"""Those bytes of a word that belong to the string, by how many they are."""


def marks_of(strings: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """The two marks of each string, from its length and its bytes, eight at a time."""
    if not len(strings):
        return np.zeros(0, np.uint64), np.zeros(0, np.uint32)
    _, offsets, data = strings.buffers()
    bounds = np.frombuffer(offsets, np.int32)[strings.offset : strings.offset + len(strings) + 1].astype(np.int64)
    starts, sizes, end = bounds[:-1], np.diff(bounds), int(bounds[-1])
    text = np.zeros(end + WORD.itemsize, np.uint8)
    text[:end] = np.frombuffer(data, np.uint8, end) if end else 0
    eight_from = np.ndarray(end + 1, WORD, text, strides=(1,))
    first, second = sizes.astype(np.uint64) * FIRST, sizes.astype(np.uint64) * SECOND
    for done in range(0, int(sizes.max()), 8):
        left = np.clip(sizes - done, 0, 8)
        word = eight_from[np.minimum(starts + done, end)] & KEEP[left]
        first = np.where(left > 0, _stirred((first ^ word) * FIRST), first)
        second = np.where(left > 0, _stirred((second ^ word) * SECOND), second)
    return first, (second >> np.uint64(32)).astype(np.uint32)


def _stirred(bits: np.ndarray) -> np.ndarray:
    """The upper half, which a product fills well, into the lower."""
    return bits ^ (bits >> np.uint64(32))


@dataclass(frozen=True, slots=True)
class Keys:
    """The distinct strings in one column of several tables, numbered in the order in which they first appear.

    ``codes`` has one array a table: the number of each row's string. ``empty`` is the number of "", -1 without it.
    """

    codes: tuple[np.ndarray, ...]
    empty: int
    _column: str
    _tables: tuple[Rows, ...]
    _firsts: np.ndarray

    def __len__(self) -> int:
        return len(self._firsts)

    def names(self, keys: np.ndarray) -> list[str]:
        """The strings of these numbers, read where they first appear; "" for -1."""
        return _texts(self._column, self._tables, np.append(self._firsts, -1)[keys])


def keys_of(column: str, *tables: Rows, marker: Marker = marks_of) -> Keys:
    """Number the strings in a column of all these tables, laid end to end."""
    marks, checks = _read_marks(column, tables, marker)
    codes, firsts = numbered(marks)
    if not np.array_equal(checks[firsts][codes], checks):
        codes, firsts = _compared(column, tables)
    of_empty = firsts[marks[firsts] == marker(pa.array([""]))[0]]
    blank = [first for first, text in zip(of_empty, _texts(column, tables, of_empty), strict=True) if not text]
    ends = np.cumsum([len(table) for table in tables])[:-1]
    return Keys(tuple(np.split(codes, ends)), int(codes[blank[0]]) if blank else -1, column, tables, firsts)


def numbered(marks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number of each mark, in order of first appearance, and the place of each number's first (both int32).

    Sorted part by part, since a sort of all at once needs several times their room.
    """
    parts = PARTS if len(marks) > SMALL else 1
    part_of = (marks >> np.uint64(60)).astype(np.uint8) % parts
    codes, distinct = np.empty(len(marks), np.int32), 0
    for part in range(parts):
        rows = np.flatnonzero(part_of == part)
        found, codes[rows] = np.unique(marks[rows], return_inverse=True)
        codes[rows] += distinct
        distinct += len(found)
    places = np.arange(len(marks), dtype=np.int32)
    firsts = np.empty(distinct, np.int32)
    firsts[codes[::-1]] = places[::-1]
    order = np.argsort(firsts)
    renumbered = np.empty(distinct, np.int32)
    renumbered[order] = np.arange(distinct, dtype=np.int32)
    return renumbered[codes], firsts[order]


def _read_marks(column: str, tables: tuple[Rows, ...], marker: Marker) -> tuple[np.ndarray, np.ndarray]:
    size = sum(len(table) for table in tables)
    marks, checks, start = np.empty(size, np.uint64), np.empty(size, np.uint32), 0
    for table in tables:
        for mine, strings, rows in table.pieces(column):
            found = slice(start + mine.start, start + mine.stop)
            if pa.types.is_dictionary(strings.type):
                codes = strings.indices.to_numpy(zero_copy_only=False)[rows]
                marks[found], checks[found] = (values[codes] for values in marker(strings.dictionary))
            else:
                marks[found], checks[found] = marker(strings.take(pa.array(rows)))
        start += len(table)
    return marks, checks


def _compared(column: str, tables: tuple[Rows, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The same as :func:`numbered`, from the strings themselves."""
    known: dict[str, int] = {}
    codes = [known.setdefault(text, len(known)) for table in tables for text in table.texts(column)]
    return np.array(codes, np.int32), np.unique(codes, return_index=True)[1].astype(np.int32)


def _texts(column: str, tables: tuple[Rows, ...], at: np.ndarray) -> list[str]:
    """The strings at these places of the tables laid end to end; "" for -1."""
    found, start = np.full(len(at), "", object), 0
    for table in tables:
        mine = np.flatnonzero((at >= start) & (at < start + len(table)))
        if len(mine):
            found[mine] = table.texts(column, at[mine] - start)
        start += len(table)
    return found.tolist()
