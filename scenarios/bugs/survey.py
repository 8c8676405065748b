"""Which unit tests run which functions: so that a bug is tried on those alone that run what it changes.

    python -m scenarios.bugs.survey OUT.json PYTEST_ARGUMENT...

With the right engine: every module that may be edited is imported with a mark at the beginning of each function, and
OUT.json says what each test ran, and how long it took. Exits as pytest does: where tests fail on the right engine, they
say nothing about a bug.
"""

from __future__ import annotations

import ast
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from scenarios.bugs.edits import edited, source_of
from scenarios.bugs.reaching import files_on
from scenarios.bugs.record import Bug

COPIED = ("engine.domain.", "engine.services.", "simulators.backends.")
RAN = "RAN"
"""The name, known in marked modules alone, that is called at the beginning of each function."""


@dataclass(frozen=True, slots=True)
class Survey:
    """``ran``: the functions that each test ran, as ``module:line``, by the test's id. ``took_s``: how long it took, of
    processor time. ``early``: functions that ran while tests were gathered; whatever hangs on those, no test runs anew.
    """

    ran: dict[str, list[str]]
    took_s: dict[str, float]
    early: list[str]

    def chosen(self, bug: Bug, folder: Path, root: Path) -> tuple[str, ...]:
        """The tests that run any function that ``bug`` changes, the quickest first.

        Where what it changes is in no function, or in one whose results are kept, or that runs while tests are
        gathered: all of the files that come to import it.
        """
        spots = {name for module in {edit.module for edit in bug.edits} for name in _changed(bug, module)}
        vague = {name.partition(":")[0] for name in spots if name.endswith(":0") or name in self.early}
        files = {Path(file).relative_to(root).as_posix() for file in files_on(folder, vague)} if vague else set()
        found = [
            test for test, names in self.ran.items() if test.partition("::")[0] in files or not spots.isdisjoint(names)
        ]
        return tuple(sorted(found, key=lambda test: self.took_s[test]))


def _changed(bug: Bug, module: str) -> Iterator[str]:
    """The functions of a module that an edit lies in; ``module:0`` for what is outside of all."""
    source = source_of(module)
    functions = list(_functions(ast.parse(source)))
    for edit in bug.edits:
        if edit.module == module:
            edited(source, (edit,), bug.id)  # raises where it is not there
            begin = source.index(edit.old) + len(edit.old) - len(edit.old.lstrip())
            first, last = (source.count("\n", 0, at) + 1 for at in (begin, begin + len(edit.old.strip()) - 1))
            inside = [f for f in functions if f.lineno <= first and last <= (f.end_lineno or 0)]
            own = max(inside, key=lambda f: f.lineno, default=None)
            yield f"{module}:{own.lineno if own is not None and not _is_kept(own) else 0}"


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _is_kept(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("cache" in ast.unparse(decorator) for decorator in function.decorator_list)


class _Marking(SourceFileLoader):
    def __init__(self, name: str, path: str, ran: Callable[[str], None]) -> None:
        super().__init__(name, path)
        self._ran = ran

    def get_code(self, fullname: str) -> CodeType:
        tree = ast.parse(self.get_source(fullname) or "")
        for function in _functions(tree):
            call = ast.Expr(ast.Call(ast.Name(RAN, ast.Load()), [ast.Constant(f"{fullname}:{function.lineno}")], []))
            at = 1 if ast.get_docstring(function, clean=False) is not None else 0
            function.body.insert(at, ast.copy_location(call, function.body[0]))
        return compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        vars(module)[RAN] = self._ran
        super().exec_module(module)


class Marker(MetaPathFinder):
    """Finds the modules that may be edited, and has them marked."""

    def __init__(self, ran: Callable[[str], None]) -> None:
        self._ran = ran

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(COPIED):
            return None
        spec: Any = PathFinder.find_spec(fullname, path, target)
        if isinstance(getattr(spec, "loader", None), SourceFileLoader):
            spec.loader = _Marking(fullname, spec.loader.path, self._ran)
        return spec


class Unhurried:
    """A plugin of pytest: Hypothesis looks for no simplest example, which takes long, and sets examples no time, as the
    machine may be busy."""

    def pytest_configure(self) -> None:
        from hypothesis import Phase, settings  # not before pytest has seen to its plugins

        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("unhurried", database=None, phases=phases, deadline=None)
        settings.load_profile("unhurried")


class Watcher(Unhurried):
    """And: what ran during each test, its fixtures included."""

    def __init__(self) -> None:
        self.now: set[str] = set()
        self.survey = Survey({}, {}, [])

    def pytest_collection_finish(self) -> None:
        self.survey.early.extend(sorted(self.now))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.now.clear()
        begun_s = time.process_time()
        result = yield
        self.survey.took_s[item.nodeid] = round(time.process_time() - begun_s, 4)
        self.survey.ran[item.nodeid] = sorted(self.now)
        return result


def survey_of(text: str) -> Survey:
    """What :func:`main` has written."""
    return Survey(**json.loads(text))


def main(out: str, *arguments: str) -> int:
    """The exit code of pytest."""
    early = sorted(name for name in sys.modules if name.startswith(COPIED))
    if early:
        raise SystemExit(f"imported before they could be marked: {', '.join(early)}")
    watcher = Watcher()
    sys.meta_path.insert(0, Marker(lambda name: watcher.now.add(name)))
    code = int(pytest.main(list(arguments), plugins=[watcher]))
    Path(out).write_text(json.dumps(asdict(watcher.survey)), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
