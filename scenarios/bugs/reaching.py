"""Which tests have anything to do with a module: those that import it, however far behind other modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = (ROOT, *sorted({file.parent for file in (ROOT / "tests").rglob("*.py")}))
"""Where the modules of this project, and the helpers of its tests, are found by name."""


def files_on(folder: Path, modules: set[str]) -> tuple[str, ...]:
    """The test files below ``folder``, or this one file, that come to import any of ``modules``, in order."""
    files = sorted(folder.rglob("test_*.py")) if folder.is_dir() else [folder]
    wanted = {file for module in modules if (file := _file_of(module)) is not None}
    return tuple(str(file) for file in files if wanted & _reached(file))


def _reached(file: Path) -> set[Path]:
    """Every file of the project that is run when this one is imported; a test's conftest is run with it."""
    found, left = (
        set(),
        [file, *(parent / "conftest.py" for parent in file.parents if ROOT in (parent, *parent.parents))],
    )
    while left:
        one = left.pop()
        if one in found or not one.is_file():
            continue
        found.add(one)
        left += _imported(one)
    return found


@cache
def _imported(file: Path) -> tuple[Path, ...]:
    names = {name for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) for name in _names(node)}
    return tuple(found for name in sorted(names) if (found := _file_of(name)) is not None)


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _with_packages(alias.name)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from _with_packages(node.module)
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _with_packages(name: str) -> Iterator[str]:
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])


@cache
def _file_of(module: str) -> Path | None:
    path = Path(*module.split("."))
    for place in PLACES:
        for file in (place / path.with_suffix(".py"), place / path / "__init__.py"):
            if file.is_file():
                return file
    return None
