"""What the unit tests alone would have found: each bug on those of ``tests/engine`` that run what it changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scenarios.bugs.record import Bug
from scenarios.bugs.survey import Survey, survey_of

ROOT = Path(__file__).parents[2]
UNIT_TESTS = ROOT / "tests" / "engine"
PASSED, FAILED, NOT_GATHERED = 100, 101, 102
"""Exit codes of ``under_tests``: those of pytest, plus 100. Tests that cannot even be gathered have failed."""
SURVEY_S = 900
UNIT_TESTS_S = 900
_HOW = ("-q", "--no-header", "-p", "no:cacheprovider", "--hypothesis-seed=0", "--timeout=60")


def survey(tests: Path = UNIT_TESTS) -> Survey:
    """All unit tests on the right engine, once. Raises RuntimeError where one fails."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "survey.json")
        done = _run("scenarios.bugs.survey", str(out), *_HOW, str(tests), folder=folder, most_s=SURVEY_S)
        if done.returncode != 0:
            raise _not_run(done)
        return survey_of(out.read_text(encoding="utf-8"))


def fail_on(bug: Bug, tests: tuple[str, ...]) -> bool:
    """Whether one of these tests fails on this engine; no further one is run. RuntimeError where they could not be."""
    if not tests:
        return False  # none of them runs anything of what was changed
    files = sorted({str(ROOT / test.partition("::")[0]) for test in tests})
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "tests.json")
        listed.write_text(json.dumps(tests), encoding="utf-8")
        words = ("scenarios.bugs.under_tests", bug.id, str(listed), "-x", *_HOW, *files)
        done = _run(*words, folder=folder, most_s=UNIT_TESTS_S)
    if done.returncode not in (PASSED, FAILED, NOT_GATHERED):
        raise _not_run(done)
    return done.returncode != PASSED


def _run(*words: str, folder: str, most_s: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT, env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": folder},
        capture_output=True, text=True, timeout=most_s,
    )  # fmt: skip


def _not_run(done: subprocess.CompletedProcess[str]) -> RuntimeError:
    return RuntimeError(
        f"the unit tests did not run ({done.returncode}):\n{done.stdout[-2_000:]}{done.stderr[-2_000:]}"
    )
