"""The project's unit tests on a planted engine: what they alone would have found.

    python -m scenarios.bugs.under_tests BUG TESTS.json PYTEST_ARGUMENT...

Of the tests that the arguments name, those listed in TESTS.json are run, in that order. The edited text stands in for
the modules themselves, from the first import on, in a process of its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from scenarios.bugs.catalogue import CATALOGUE
from scenarios.bugs.edits import edited
from scenarios.bugs.record import Edit
from scenarios.bugs.survey import Unhurried

TRIED = 100
"""What exit codes begin with, so that a process which died, of whatever, is not taken for a test that failed."""


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, edits: tuple[Edit, ...], bug_id: str) -> None:
        super().__init__(name, path)
        self._edits, self._bug_id = edits, bug_id

    def get_code(self, fullname: str) -> CodeType:
        text, _ = edited(self.get_source(fullname) or "", self._edits, self._bug_id)
        return compile(text, self.path, "exec", dont_inherit=True)


class Planter(MetaPathFinder):
    """Finds the edited modules before anybody else does; ``done`` are those that were imported."""

    def __init__(self, bug_id: str) -> None:
        self._bug = CATALOGUE[bug_id]
        self.done: set[str] = set()

    @property
    def missing(self) -> set[str]:
        """Edited modules that nobody imported: the tests then said nothing about them."""
        return {edit.module for edit in self._bug.edits} - self.done

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        edits = tuple(edit for edit in self._bug.edits if edit.module == fullname)
        if not edits:
            return None
        spec: Any = PathFinder.find_spec(fullname, path, target)
        spec.loader = _Loader(fullname, spec.loader.path, edits, self._bug.id)
        self.done.add(fullname)
        return spec


class Only(Unhurried):
    """And: these tests, in this order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._place = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self._place), key=lambda i: self._place[i.nodeid])


def main(bug_id: str, tests: str, *arguments: str) -> int:
    """The exit code of pytest, plus ``TRIED``."""
    planter = Planter(bug_id)
    early = sorted(edit.module for edit in CATALOGUE[bug_id].edits if edit.module in sys.modules)
    if early:
        raise SystemExit(f"imported before they could be edited: {', '.join(early)}")
    sys.meta_path.insert(0, planter)
    only = Only(json.loads(Path(tests).read_text(encoding="utf-8")))
    return TRIED + int(pytest.main(list(arguments), plugins=[only]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
