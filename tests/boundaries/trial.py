"""The tests on one mutant: whether any of them fails.

The changed text stands in for the module itself, from the first import on, in a process of its own: forked from one
that has imported what takes long (Hypothesis, above all) and nothing of the engine.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from enum import IntEnum
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from tests.boundaries.mutants import ROOT, Mutant

SLOW = re.compile(r"power_cut|meetings|forgetting|counters|idempotency")
"""Of these tests, what draws whole histories: left out, but for the modules that they name."""
FEW = 10
"""Examples of what is drawn: a boundary ought to have tests that stand at it, and not to be met by chance."""
LONGEST_S = 150
TAKE_LONG = ("pytest", "hypothesis.stateful", "numpy", "pydantic")
CHANGED = ("engine", "scenarios", "simulators")


class Verdict(IntEnum):
    """As exit codes that pytest has not."""

    KILLED = 20
    SURVIVED = 21
    HUNG = 23
    """No end within ``LONGEST_S``: a loop without an end, or a machine too slow to tell."""
    NO_IMPORT = 22
    """No test has imported the module: they said nothing about it."""


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec", dont_inherit=True)


class _Planter(MetaPathFinder):
    def __init__(self, module: str, text: str) -> None:
        self._module, self._text = module, text
        self.done = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        spec: Any = PathFinder.find_spec(fullname, path, target)
        spec.loader = _Loader(fullname, spec.loader.path, self._text)
        self.done = True
        return spec


def tests_for(module: str) -> tuple[list[str], list[str]]:
    """The files of tests/engine, and of the ports, that name a module of the engine; and the others that reach it."""
    if module.startswith("scenarios."):
        return [], []
    files = sorted(
        file for place in ("engine", "conformance/ports") for file in (ROOT / "tests" / place).glob("test_*")
    )
    about = [file for file in files if re.search(rf"\b{re.escape(module)}\b", file.read_text())]
    rest = [file for file in files if file not in about and not SLOW.search(file.name)]
    return [str(file.relative_to(ROOT)) for file in about], [str(file.relative_to(ROOT)) for file in rest]


def judge(mutant: Mutant, tests: Sequence[str] = ()) -> Verdict:
    """Run ``tests``, or all that reach its module, until one fails.

    Raises RuntimeError where they cannot be run.
    """
    if any(name.split(".")[0] in CHANGED for name in sys.modules):
        raise RuntimeError("the engine has been imported: nothing of it can be changed in this process")
    for name in TAKE_LONG:
        importlib.import_module(name)
    with tempfile.TemporaryFile("w+") as heard:
        child = multiprocessing.get_context("fork").Process(target=_run, args=(mutant, list(tests), heard.fileno()))
        child.start()
        child.join(LONGEST_S)
        if child.is_alive():
            child.kill()
            child.join()
            return Verdict.HUNG
        if child.exitcode in tuple(Verdict):
            return Verdict(child.exitcode)
        heard.seek(0)
        raise RuntimeError(f"{mutant.name}: pytest ended with {child.exitcode}\n{heard.read()[-2_000:]}")


def _run(mutant: Mutant, tests: list[str], heard: int) -> None:
    """Ends the process with a verdict; with pytest's own exit code where it could not run.

    What names the module is the quickest; then every engine's cases, then what reaches it by the engine.
    """
    os.dup2(heard, 1)
    os.dup2(heard, 2)
    os.chdir(ROOT)
    planter = _Planter(mutant.module, mutant.source)
    sys.meta_path.insert(0, planter)
    about, rest = (tests, []) if tests else tests_for(mutant.module)
    noticed = _is_noticed_by_a_test(about) or (
        not tests
        and (
            _is_noticed_by_a_case("reference" if mutant.module.startswith("scenarios.") else "engine")
            or _is_noticed_by_a_test(rest)
        )
    )
    if noticed:
        sys.exit(Verdict.KILLED)
    sys.exit(Verdict.SURVIVED if planter.done else Verdict.NO_IMPORT)


def _is_noticed_by_a_test(files: list[str]) -> bool:
    if not files:
        return False
    import hypothesis
    import pytest

    hypothesis.settings.register_profile("few", max_examples=FEW)
    hypothesis.settings.load_profile("few")
    code = pytest.main(["-x", "-q", "--assert=plain", "--tb=line", "-o", "timeout=90", "-k", "not postgres", *files])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
        sys.exit(int(code))
    return code != pytest.ExitCode.OK  # interrupted: they cannot even be imported


def _is_noticed_by_a_case(engine: str) -> bool:
    from scenarios.conformance.registry import all_cases
    from scenarios.conformance.subject import subject_of
    from scenarios.conformance.trial import Result
    from scenarios.conformance.trial import judge as judge_case

    subject = subject_of(engine)
    return any(judge_case(case, subject).result is Result.FAIL for case in all_cases())
