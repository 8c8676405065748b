"""The tool that moves boundaries: it finds them, tells a killed mutant from one that lives, and its list is true."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.boundaries import equivalent
from tests.boundaries.equivalent import Equivalent, listed, stale
from tests.boundaries.mutants import ROOT, all_mutants, mutants_of


def changed(source: str) -> list[str]:
    return [one.source for one in mutants_of("engine/domain/some.py", source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["a <= b", "a + 1 < b"]),
        ("a <= b", ["a < b", "a - 1 <= b"]),
        ("a > b", ["a >= b", "a - 1 > b"]),
        ("(a or 0) >= b", ["(a or 0) > b", "(a or 0) + 1 >= b"]),
        ("0 < a <= b", ["0 <= a <= b", "0 + 1 < a <= b", "0 < a < b", "0 < a <= 1 + b"]),
        ("0 < a < b", ["0 <= a < b", "0 + 1 < a < b", "0 < a <= b", "0 < a < -1 + b"]),
        ("min(a, b + 1)", ["(a)", "(b + 1)"]),
        ("max(0, *c)", ["(0)"]),
        ("bisect_left(a, b)", ["bisect_right(a, b)"]),
        ("'ä€' and a < b", ["'ä€' and a <= b", "'ä€' and a + 1 < b"]),
        ("min(a), min(a, key=b), a == b, a is b, a in b", []),
    ],
)
def test_each_boundary_moves_to_both_sides(source: str, expected: list[str]) -> None:
    assert changed(source) == expected


@pytest.mark.parametrize("value", [-2, -1, 0, 1, 2])
@pytest.mark.parametrize("source", ["v < 0", "v <= 0", "v > 0", "v >= 0", "-9 < v <= 0", "-9 < v < 0"])
def test_a_moved_boundary_differs_from_the_right_one_by_one_and_nowhere_else(source: str, value: int) -> None:
    right = [eval(source, {"v": v}) for v in range(-5, 6)]
    moved = [[eval(one, {"v": v}) for v in range(-5, 6)] for one in changed(source)]
    near = [one for one in moved if one != right]
    assert len(near) == 2, "the bound at -9 is out of sight"
    for one in near:
        assert sum(a != b for a, b in zip(one, right, strict=True)) == 1
    assert eval(source, {"v": value}) is right[value + 5]


def test_every_mutant_is_another_text_that_can_be_compiled() -> None:
    mutants = all_mutants()
    assert len({(one.file, one.source) for one in mutants}) == len(mutants) > 150
    for one in mutants:
        assert one.source != (ROOT / one.file).read_text()
        compile(one.source, one.file, "exec")


def test_what_is_listed_as_equivalent_is_there() -> None:
    assert stale(all_mutants()) == []
    assert len({(one.file, one.line, one.new) for one in equivalent.EQUIVALENT}) == len(equivalent.EQUIVALENT)


def test_a_listed_line_that_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    (one, other) = mutants_of("engine/domain/some.py", "late = a < b\n")
    entry = Equivalent("engine/domain/some.py", "late = a < b", "a <= b", "said so")
    monkeypatch.setattr(equivalent, "EQUIVALENT", (entry,))
    assert (listed(one), listed(other)) == (entry, None)
    assert stale([one, other]) == []
    assert stale(mutants_of("engine/domain/some.py", "late = a < c\n")) == [entry]


def test_a_mutant_is_killed_where_a_test_stands_at_its_boundary_and_is_told_where_none_does() -> None:
    """These unit tests know the end of a card; that of a mandate is another's to test."""
    words = [sys.executable, "-m", "tests.boundaries", "--tests", "tests/engine/test_decide.py", "--only"]
    done = subprocess.run(
        [*words, "engine/domain/decide.py:*.expires_at_ns -> at_ns >*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    told = [(line.split()[0], line.split("at_ns >= ")[1].split(".")[0]) for line in done.stdout.splitlines()[:-1]]
    assert told == [("KILLED", "card"), ("SURVIVED", "mandate")], done.stdout + done.stderr
    assert done.returncode == 1
