"""A bug is tried on every unit test that runs what it changes, the quickest first; only a test that fails is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scenarios.bugs import unit_tests
from scenarios.bugs.catalogue import CATALOGUE
from scenarios.bugs.edits import source_of
from scenarios.bugs.record import Bug, Edit, Family
from scenarios.bugs.survey import Survey
from scenarios.bugs.unit_tests import ROOT, UNIT_TESTS, fail_on, survey

DECIDE = UNIT_TESTS / "test_decide.py"


def bug_of(*edits: Edit) -> Bug:
    return Bug("test", Family.MONEY, "", "", "I3", "storm", edits)


def line_of(module: str, text: str) -> str:
    source = source_of(module)
    return f"{module}:{source.count(chr(10), 0, source.index(text)) + 1}"


@pytest.fixture(scope="module")
def surveyed() -> Survey:
    return survey(DECIDE)


def test_a_test_that_runs_the_changed_function_is_chosen_and_no_other() -> None:
    here = line_of("engine.domain.money", "def usdc6_of")
    found = Survey(
        {"a.py::t": [here], "a.py::u": ["engine.domain.money:1"], "b.py::v": [here]}, {"a.py::t": 2, "b.py::v": 1}, []
    )
    bug = bug_of(Edit("engine.domain.money", "return cents * USDC6_PER_CENT", "return cents"))
    assert found.chosen(bug, UNIT_TESTS, ROOT) == ("b.py::v", "a.py::t")


RULES, BUDGET = "tests/engine/test_domain_rules.py::t", "tests/engine/test_budget.py::t"
NOBODY = {RULES: [], BUDGET: []}


@pytest.mark.parametrize(
    "module, old",
    [
        ("engine.domain.money", "USDC6_PER_CENT = "),  # outside of every function
        ("engine.domain.windows", "    when = date."),  # in one whose results are kept
    ],
)
def test_where_no_test_can_be_seen_to_run_it_all_are_chosen_that_import_it(module: str, old: str) -> None:
    bug = bug_of(Edit(module, old, f"{old}# "))
    assert Survey(NOBODY, {RULES: 1}, []).chosen(bug, UNIT_TESTS, ROOT) == (RULES,)


def test_what_ran_while_tests_were_gathered_may_matter_to_all_that_import_it() -> None:
    here = line_of("engine.domain.money", "def usdc6_of")
    bug = bug_of(Edit("engine.domain.money", "return cents * USDC6_PER_CENT", "return cents"))
    assert Survey(NOBODY, {RULES: 1}, []).chosen(bug, UNIT_TESTS, ROOT) == ()
    assert Survey(NOBODY, {RULES: 1}, [here]).chosen(bug, UNIT_TESTS, ROOT) == (RULES,)


def test_a_survey_says_what_each_test_ran(surveyed: Survey) -> None:
    assert surveyed.ran.keys() == surveyed.took_s.keys()
    assert all(test.startswith("tests/engine/test_decide.py::") for test in surveyed.ran)
    deciding = line_of("engine.domain.decide", "def numeric")
    assert any(deciding in names for names in surveyed.ran.values())
    assert not any(name.startswith("engine.services.") for names in surveyed.ran.values() for name in names)


def test_a_bug_is_found_by_a_test_that_fails_on_it_and_by_no_other(surveyed: Survey) -> None:
    bug = CATALOGUE["limits-equal-is-over"]
    chosen = surveyed.chosen(bug, DECIDE, ROOT)
    assert fail_on(bug, chosen)
    blind = tuple(test for test in surveyed.ran if test not in chosen)
    assert blind
    assert not fail_on(bug, blind[:3])


def test_without_a_test_that_runs_it_nothing_is_found() -> None:
    assert not fail_on(CATALOGUE["limits-equal-is-over"], ())


def test_a_process_that_dies_is_not_taken_for_a_test_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that ends with a traceback exits with 1, as pytest does where a test fails."""
    died = subprocess.CompletedProcess([], 1, "", "ImportError: no pytest")
    monkeypatch.setattr(unit_tests, "_run", lambda *words, folder, most_s: died)
    with pytest.raises(RuntimeError, match="did not run \\(1\\):\nImportError: no pytest"):
        fail_on(CATALOGUE["limits-equal-is-over"], ("tests/engine/test_decide.py::t",))


def test_a_survey_in_which_a_test_fails_is_none(tmp_path: Path) -> None:
    wrong = tmp_path / "test_wrong.py"
    wrong.write_text("def test_wrong():\n    assert False\n")
    with pytest.raises(RuntimeError, match="did not run \\(1\\)"):
        survey(wrong)
