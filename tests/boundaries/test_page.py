"""docs/BOUNDARIES.md names tests that are there, and what it says of them stands in their text."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "BOUNDARIES.md"
CASES = ROOT / "scenarios" / "conformance" / "cases"
HEAD = "| boundary | one below | at it | one above | tests |"
SPAN = re.compile(r"`([^`]+)`")


def rows_of(page: str) -> list[list[str]]:
    """The cells of every row below such a head."""
    found, reading = [], False
    for line in page.splitlines():
        if line == HEAD:
            reading = True
        elif not line.startswith("|"):
            reading = False
        elif reading and not line.startswith("|--"):
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


@cache
def texts_of(file: Path) -> dict[str, str]:
    """What each name of a module stands for: its text, with that of all names of the module that it uses."""
    source = file.read_text()
    own: dict[str, ast.stmt] = {}
    others: dict[str, str] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own[node.name] = node
        elif isinstance(node, ast.Assign):
            own |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scenarios.conformance.cases."):
            there = texts_of(CASES / f"{node.module.rpartition('.')[2]}.py")
            others |= {alias.name: there[alias.name] for alias in node.names}
    lines = source.splitlines()

    def text(name: str, seen: set[str]) -> str:
        if name in seen:
            return ""
        seen.add(name)
        node = own[name]
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        used = [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
        texts = [others[one] if one in others else text(one, seen) for one in used if one in own or one in others]
        return "\n".join(["\n".join(lines[first - 1 : node.end_lineno]), *texts])

    return {name: text(name, set()) for name in own}


def text_of(test: str) -> str | None:
    """Of a conformance case by its name, of any other test by ``file::name``; None where there is none."""
    if "::" in test:
        file, _, name = test.partition("::")
        path = ROOT / "tests" / file
        return texts_of(path).get(name) if path.exists() and name.startswith("test_") else None
    for file in sorted(CASES.glob("*.py")):
        text = texts_of(file).get(test)
        if text is not None and re.search(r"^@case\(", text):
            return text
    return None


def wrong_in(row: list[str]) -> list[str]:
    """What a row says that is not so."""
    if len(row) != 5:
        return [f"{row[0]}: {len(row)} cells"]
    boundary, *values, tests = row
    texts = {test: text_of(test) for test in SPAN.findall(tests)}
    found = [f"{boundary}: no test {test}" for test, text in texts.items() if text is None]
    everything = " ".join(" ".join(text.split()) for text in texts.values() if text is not None)
    for place, cell in zip(("below", "at", "above"), values, strict=True):
        spans = SPAN.findall(cell)
        found += [f"{boundary}: {place} it there is no {span}" for span in spans if span not in everything]
        if not spans:
            found.append(f"{boundary}: nothing {place} it")
    return found if texts else [f"{boundary}: no tests"]


ROWS = rows_of(PAGE.read_text())


def test_the_page_has_its_rows() -> None:
    assert len(ROWS) > 30
    assert len({row[0] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_boundary_of_the_page_has_its_three_tests(row: list[str]) -> None:
    assert wrong_in(row) == []


def test_a_row_that_is_not_so_is_found() -> None:
    (right,) = rows_of(f"{HEAD}\n|---|---|---|---|---|\n" + "| a card's end | `+ 4` | `+ 5` | `+ 6` | `{}` |\n".format(
        "a_card_is_good_until_the_instant_of_its_expiry"
    ))  # fmt: skip
    assert wrong_in(right) == []
    assert wrong_in([*right[:1], "`+ 3`", *right[2:]]) == ["a card's end: below it there is no + 3"]
    assert wrong_in([*right[:3], "", right[4]]) == ["a card's end: nothing above it"]
    assert "a card's end: no test gone" in wrong_in([*right[:4], "`gone`"])
    assert "a card's end: no test engine/test_decide.py::gone" in wrong_in(
        [*right[:4], "`engine/test_decide.py::gone`"]
    )
    assert wrong_in([*right[:4], ""])[0].endswith("no tests")
    assert text_of("ready") is None, "a helper is no case"
