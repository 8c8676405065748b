"""Failures that fuzzing has found in the production engine, each shrunk: none of them happens any more.

The first line of each file says what it was. A case that is still open is named below; it leaves the list when it is
fixed, and the test says so.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.fuzz.case import ready
from scenarios.fuzz.failure import read_failure
from scenarios.fuzz.trial import attempt

CASES = sorted(Path(__file__).parent.glob("*.failure.yaml"))
OPEN: frozenset[str] = frozenset()
"""By name, those that are not fixed yet."""


def name_of(file: Path) -> str:
    return file.name.partition(".")[0]


def marked(file: Path) -> object:
    is_open = name_of(file) in OPEN
    return pytest.param(file, id=name_of(file), marks=[pytest.mark.xfail(reason="not fixed yet")] if is_open else [])


@pytest.mark.parametrize("file", [marked(file) for file in CASES])
def test_it_does_not_happen_any_more(file: Path) -> None:
    failure = read_failure(file)
    assert failure.case.engine == "engine"
    assert attempt(ready(failure.case)).found == ()


@pytest.mark.parametrize("file", CASES, ids=name_of)
def test_it_says_what_it_was(file: Path) -> None:
    first = file.read_text().partition("\n")[0]
    assert first.startswith("# ")
    assert len(first) > 30


def test_the_open_ones_exist() -> None:
    assert {name_of(file) for file in CASES} >= OPEN
