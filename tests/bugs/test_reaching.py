"""Unit tests that have nothing to do with a bug are left out of its trial; none that has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.bugs.reaching import files_on
from scenarios.bugs.unit_tests import ROOT, UNIT_TESTS

LIST = "import runpy, sys; runpy.run_path(sys.argv[1]); print(*(n for n in sys.modules if n.startswith('engine.')))"


def chosen(module: str) -> set[str]:
    return {Path(file).name for file in files_on(UNIT_TESTS, {module})}


def test_a_test_that_imports_a_module_itself_or_through_others_is_chosen() -> None:
    assert {"test_decide.py", "test_forgetting_store.py"} <= chosen("engine.domain.decide")
    assert "test_forgetting_store.py" in chosen("simulators.backends.holds")


def test_a_test_that_never_comes_to_import_it_is_left_out() -> None:
    assert "test_budget.py" not in chosen("engine.domain.decide")
    assert "test_decide.py" not in chosen("engine.services.settle")


def test_a_module_that_does_not_exist_is_reached_by_none() -> None:
    assert not chosen("engine.domain.moneys")


@pytest.mark.parametrize("name", ["test_budget.py", "test_decide.py", "test_forgetting_store.py"])
def test_whatever_a_test_really_imports_leads_to_it(name: str) -> None:
    words = [sys.executable, "-c", LIST, str(UNIT_TESTS / name)]
    places = os.pathsep.join([str(ROOT), str(ROOT / "tests"), *sys.path])
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": places}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    modules = done.stdout.split()
    assert modules
    assert [module for module in modules if name not in chosen(module)] == []
