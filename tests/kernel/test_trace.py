"""The trace's hash tells any two traces apart, and depends on nothing but columns and rows."""

from __future__ import annotations

import struct
from array import array
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simulators.kernel import Chunk, Column, Trace, TraceError

COLUMNS = (Column("at_ns", "int64"), Column("kind", "str"), Column("ref", "str"))
texts = st.text(max_size=4) | st.text("\0\1a", max_size=4)
rows = st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), texts, texts), max_size=12)


def digest(content: list[tuple[Any, ...]], columns: tuple[Column, ...] = COLUMNS, chunk_rows: int = 65536) -> str:
    trace = Trace(columns, chunk_rows=chunk_rows)
    for row in content:
        trace.append(row)
    return trace.close()


@given(rows, rows)
def test_different_traces_hash_differently(one: list[Any], other: list[Any]) -> None:
    assume(one != other)
    assert digest(one) != digest(other)


@given(rows, st.integers(1, 15), st.integers(1, 15))
def test_the_hash_does_not_depend_on_the_chunk_size(content: list[Any], first: int, second: int) -> None:
    assert digest(content, chunk_rows=first) == digest(content, chunk_rows=second)


def test_the_hash_sees_every_kind_of_change() -> None:
    content = [(1, "ab", "c"), (2, "d", "")]
    variants = [
        digest(content),
        digest(content[::-1]),
        digest(content[:1]),
        digest([]),
        digest([(1, "a", "bc"), (2, "d", "")]),
        digest([(1, "ab", "cd"), (2, "", "")]),
        digest([(1, "abd", "c"), (2, "", "")]),
        digest([(1, "ab", "c"), (3, "d", "")]),
        digest([*content, (0, "", "")]),
        digest(content, (Column("at", "int64"), *COLUMNS[1:])),
        digest(content, (COLUMNS[0], COLUMNS[2], COLUMNS[1])),
    ]
    assert len(set(variants)) == len(variants)


def test_the_hash_is_what_its_description_says() -> None:
    """Computed again by hand: a change of it makes old traces incomparable."""

    def sha(content: bytes) -> bytes:
        return sha256(content).digest()

    header = b'[["at_ns","int64"],["kind","str"],["ref","str"]]\x002\x00'
    at_ns = sha(struct.pack("<2q", 1, -5))
    kind = sha("é".encode() + b"\0\0" + b"\0\0")
    ref = sha(b"x\0\0" + b"y\0\1z\0\0")
    assert digest([(1, "é", "x"), (-5, "", "y\0z")]) == sha256(header + at_ns + kind + ref).hexdigest()


def test_the_sink_gets_consecutive_chunks_as_columns() -> None:
    chunks: list[Chunk] = []
    trace = Trace(COLUMNS, chunks.append, chunk_rows=4)
    for number in range(10):
        trace.append((number, f"kind{number}", ""))
    assert [chunk.rows for chunk in chunks] == [4, 4]
    trace.close()
    assert [(chunk.first_row, chunk.rows) for chunk in chunks] == [(0, 4), (4, 4), (8, 2)]
    assert chunks[1].columns == (array("q", [4, 5, 6, 7]), ("kind4", "kind5", "kind6", "kind7"), ("",) * 4)
    assert all(before.first_row + before.rows == after.first_row for before, after in pairwise(chunks))


@given(st.integers(0, 40), st.integers(-1, 50), st.integers(1, 20))
def test_the_last_rows_are_at_hand(total: int, count: int, chunk_rows: int) -> None:
    trace = Trace(COLUMNS, chunk_rows=chunk_rows)
    content = [(number, "k", "r") for number in range(total)]
    for row in content:
        trace.append(row)
    assert len(trace) == total
    last = trace.last(count)
    assert last == content[total - len(last) :]
    assert len(last) >= min(max(count, 0), total, chunk_rows)
    assert len(last) <= max(count, 0)


MISFITS = [
    ((1.0, "a", "b"), "column 'at_ns': 1.0 (float) does not fit int64"),
    ((True, "a", "b"), "column 'at_ns': True (bool) does not fit int64"),
    ((None, "a", "b"), "column 'at_ns': None (NoneType) does not fit int64"),
    ((2**63, "a", "b"), f"column 'at_ns': {2**63} (int) does not fit int64"),
    (("1", "a", "b"), "column 'at_ns': '1' (str) does not fit int64"),
    ((1, 2, "b"), "column 'kind': 2 (int) does not fit str"),
    ((1, "a", None), "column 'ref': None (NoneType) does not fit str"),
    ((1, "a", "\ud800"), "column 'ref': '\\ud800' (str) does not fit str"),
    ((1, "a"), "has 2 values for 3 columns"),
    ((1, "a", "b", "c"), "has 4 values for 3 columns"),
]


@pytest.mark.parametrize("row, told", MISFITS)
def test_a_misfit_is_told_by_row_column_and_value(row: tuple[Any, ...], told: str) -> None:
    trace = Trace(COLUMNS, chunk_rows=3)
    for number in range(4):
        trace.append((number, "fine", "fine"))
    trace.append(row)
    with pytest.raises(TraceError) as caught:
        trace.close()
    assert str(caught.value).startswith("trace row 4")
    assert told in str(caught.value)


def test_closing_twice_is_harmless_and_appending_after_is_not() -> None:
    trace = Trace(COLUMNS)
    trace.append((1, "a", "b"))
    assert trace.close() == trace.close()
    with pytest.raises(TraceError, match="closed"):
        trace.append((2, "a", "b"))


@pytest.mark.parametrize(
    "columns, chunk_rows",
    [((), 1), ((COLUMNS[0], COLUMNS[0]), 1), (COLUMNS, 0)],
    ids=["no columns", "one name twice", "empty chunks"],
)
def test_a_senseless_trace_is_refused(columns: tuple[Column, ...], chunk_rows: int) -> None:
    with pytest.raises(TraceError):
        Trace(columns, chunk_rows=chunk_rows)


def test_an_unknown_kind_of_column_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TraceError, match="'float64'; the kinds are int64, str"):
        Column("price", "float64")
