"""Strings as numbers: always the same as numbering the strings themselves."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import frames
from reports.frames import SCHEMA, Events
from reports.keys import SMALL, keys_of, marks_of, numbered

texts = st.lists(
    st.one_of(st.sampled_from(["", "\0", "\0\0", "a", "auth-0000001.1", "auth-0000001.2", "ä€"]), st.text())
)


def told(refs: list[str], kind: str = "capture", accounts: list[str] | None = None) -> pa.Table:
    columns = {
        name: ["" if pa.types.is_string(SCHEMA.field(name).type) else 0] * len(refs) for name in SCHEMA.names
    } | {"ref": refs, "kind": [kind] * len(refs)}
    return pa.table(columns | ({"account": accounts} if accounts else {}), schema=SCHEMA)


def by_dict(*columns: list[str]) -> tuple[list[list[int]], list[str]]:
    known: dict[str, int] = {}
    return [[known.setdefault(text, len(known)) for text in column] for column in columns], list(known)


def weak(strings: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """Nearly everything shares its first mark; the second tells the difference."""
    first, second = marks_of(strings)
    return first % np.uint64(2), second


@pytest.mark.parametrize("marker", [marks_of, weak])
@given(first=texts, second=texts)
def test_keys_are_what_numbering_the_strings_gives(marker, first, second):
    events = Events(pa.concat_tables([told(first), told(second, "present")]))
    for column in ("ref", "account"):
        keys = keys_of(column, events.of("capture"), events.of("present"), marker=marker)
        expected, names = by_dict(*((first, second) if column == "ref" else ([""] * len(first), [""] * len(second))))
        assert [codes.tolist() for codes in keys.codes] == expected
        assert keys.names(np.arange(len(keys))) == names
        assert keys.empty == (names.index("") if "" in names else -1)
        assert keys.names(np.array([-1, *range(len(keys))])[::-1]) == [*names[::-1], ""]


@given(texts, st.integers(0, 3))
def test_a_mark_depends_on_the_string_alone(strings, cut):
    alone = [marks_of(pa.array([text], pa.string())) for text in strings]
    together = marks_of(pa.array(["x" * 9 * cut] * cut + strings, pa.string())[cut:])
    assert together[0].tolist() == [int(first[0]) for first, _ in alone]
    assert together[1].tolist() == [int(second[0]) for _, second in alone]


def test_no_two_of_many_names_share_a_mark():
    refs = pa.array([f"auth-{number // 2:07d}.{number % 2}" for number in range(300_000)])
    first, second = marks_of(refs)
    assert len(np.unique(first)) == len(refs)
    assert len(np.unique(second)) > len(refs) * 0.999


def test_marks_are_numbered_in_order_of_appearance_also_part_by_part():
    drawn = np.random.default_rng(3).integers(0, 2**64, 20_000, np.uint64, endpoint=False)
    marks = drawn[np.random.default_rng(4).integers(0, len(drawn), SMALL + 1)]
    codes, firsts = numbered(marks)
    (expected,), names = by_dict(marks.tolist())
    assert codes.tolist() == expected
    assert marks[firsts].tolist() == names
    assert firsts.tolist() == sorted(firsts.tolist())


def test_keys_reach_over_groups(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frames, "BATCH_ROWS", 3)
    refs = [f"r{number % 5}" for number in range(11)]
    events = Events(told(refs, accounts=[f"a{number % 4}" for number in range(11)]))
    keys = keys_of("ref", events.of("capture"))
    assert keys.names(keys.codes[0]) == refs
    accounts = keys_of("account", events.of("capture"))
    assert accounts.names(accounts.codes[0]) == [f"a{number % 4}" for number in range(11)]
