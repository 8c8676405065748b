"""Many scenarios, one verdict: each in a process of its own, all in one folder with one JUnit file."""

from __future__ import annotations

import fnmatch
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from scenarios.cli.codes import BAD_INPUT, FAILED, FAULT, PASSED
from scenarios.library import library_scenarios
from scenarios.problems import BadInput, nearest
from scenarios.run_folder import SUITE, read_report, whole_or_not

ON_REQUEST = frozenset({"million_day"})
"""Library scenarios that only run where they are named: too long for a suite."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one scenario ended: its exit code, and its report, or what was ``said`` instead."""

    name: str
    code: int
    report: dict[str, Any] | None
    said: str

    @property
    def failed(self) -> list[str]:
        """Names of the checks that failed."""
        return [check["name"] for check in self.report["checks"] if not check["ok"]] if self.report else []

    @property
    def why(self) -> str:
        """The first failed invariant in words, or else the first failed check; "" where none failed."""
        failed = [check for check in self.report["checks"] if not check["ok"]] if self.report else []
        invariants = [check for check in failed if check["name"].startswith("I")]
        return next((f"{check['name']}: {check['detail']}" for check in (*invariants, *failed)), "")


@dataclass(frozen=True, slots=True)
class SuiteResult:
    folder: Path
    outcomes: tuple[Outcome, ...]

    @property
    def code(self) -> int:
        """The worst of all: 3 over 2 over 1 over 0; at least 1 where a fault was planned and never came."""
        return max(FAILED if self.unfired else PASSED, *(outcome.code for outcome in self.outcomes))

    @property
    def unfired(self) -> tuple[str, ...]:
        """Kinds of fault that some run planned and none injected: what they would have shown was never looked at.

        What could not be done to this engine (``skipped``) is not held against it.
        """
        return unfired([outcome.report["faults"] for outcome in self.outcomes if outcome.report])


def unfired(runs: Sequence[dict[str, dict[str, int]]]) -> tuple[str, ...]:
    """The kinds that were planned somewhere, and nowhere injected or skipped, of the ``faults`` of many reports."""
    fired: dict[str, bool] = {}
    for faults in runs:
        for kind, counts in faults.items():
            came = bool(counts.get("injected") or counts.get("skipped"))
            fired[kind] = fired.get(kind, False) or came
    return tuple(sorted(kind for kind, came in fired.items() if not came))


def chosen(pattern: str | None) -> dict[str, Path]:
    """The scenarios of a suite by name: all of the library, a pattern of library names, or a pattern of files.

    Raises BadInput where the pattern fits nothing.
    """
    known = library_scenarios()
    if pattern is None:
        return {name: file for name, file in known.items() if name not in ON_REQUEST}
    wanted = pattern.removesuffix(".yaml")
    named = {name: file for name, file in known.items() if fnmatch.fnmatchcase(name, wanted)}
    if found := {name: file for name, file in named.items() if name == wanted or name not in ON_REQUEST}:
        return found
    base = Path(pattern)
    files = sorted(base.glob("*.yaml")) if base.is_dir() else sorted(_glob(pattern))
    if not files:
        close = nearest(wanted, known)
        hint = f"did you mean {close}?" if close else f"the library has {', '.join(known)}"
        raise BadInput(f"no scenario fits {pattern!r}: {hint}")
    by_name = {file.stem: file for file in files}
    if len(by_name) < len(files):
        raise BadInput(f"{pattern!r} fits two scenarios of the same name: {', '.join(map(str, files))}")
    return by_name


def _glob(pattern: str) -> list[Path]:
    path = Path(pattern)
    anchor = Path(path.anchor) if path.is_absolute() else Path()
    relative = str(path.relative_to(path.anchor)) if path.is_absolute() else pattern
    return [file for file in anchor.glob(relative) if file.suffix in (".yaml", ".yml") and file.is_file()]


def run_suite(
    scenarios: dict[str, Path],
    engine: str,
    out: Path,
    arguments: Sequence[str] = (),
    begins: Callable[[str], None] = lambda name: None,
    ends: Callable[[Outcome], None] = lambda outcome: None,
) -> SuiteResult:
    """Run one after the other; ``arguments`` go to every run, ``begins`` and ``ends`` hear of each.

    A process each, because the in-process chain is one per process and peak memory is per process.
    """
    outcomes = []
    with whole_or_not(out) as fresh:
        for name, file in scenarios.items():
            begins(name)
            outcome = _run_one(name, file, engine, fresh / name, arguments)
            outcomes.append(outcome)
            ends(outcome)
        result = SuiteResult(out, tuple(outcomes))
        _write(fresh, engine, result)
    return result


def _run_one(name: str, file: Path, engine: str, folder: Path, arguments: Sequence[str]) -> Outcome:
    python = [sys.executable, "-P", "-m", "scenarios.cli"]  # -P: a folder `scenarios` of the user's is not ours
    command = [*python, "run", str(file), "--engine", engine, "--out", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    code = done.returncode if done.returncode in (PASSED, FAILED, BAD_INPUT) else FAULT
    report = read_report(folder) if folder.is_dir() else None
    return Outcome(name, code, report, "" if report is not None else done.stderr.strip())


def _write(folder: Path, engine: str, result: SuiteResult) -> None:
    outcomes = result.outcomes
    (folder / "junit.xml").write_text(_junit(outcomes, result.unfired), encoding="utf-8")
    summary = {
        "schema": "swipelab.suite/1",
        "engine": engine,
        "verdict": "pass" if result.code == PASSED else "fail",
        "faults_never_injected": list(result.unfired),
        "runs": [_entry(outcome) for outcome in outcomes],
    }
    (folder / SUITE).write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _entry(outcome: Outcome) -> dict[str, Any]:
    report = outcome.report
    return {
        "scenario": outcome.name,
        "folder": outcome.name if report else None,
        "exit_code": outcome.code,
        "verdict": report["verdict"] if report else "error",
        "failed": outcome.failed,
        "error": outcome.said,
    }


def _junit(outcomes: Sequence[Outcome], unfired: Sequence[str]) -> str:
    """The runs' checks, one error for each scenario that gave no report, one failure where faults never came."""
    from reports import render_junit

    root = ET.fromstring(render_junit(*(outcome.report for outcome in outcomes if outcome.report)))
    broken = [outcome for outcome in outcomes if not outcome.report]
    for outcome in broken:
        suite = ET.SubElement(root, "testsuite", name=outcome.name, tests="1", failures="0", errors="1", skipped="0")
        case = ET.SubElement(suite, "testcase", classname=outcome.name, name="run", time="0")
        said = "".join(letter for letter in outcome.said if letter.isprintable() or letter in "\n\t")
        ET.SubElement(case, "error", message=said.partition("\n")[0], type=f"exit code {outcome.code}").text = said
    if unfired:
        suite = ET.SubElement(root, "testsuite", name="faults", tests="1", failures="1", errors="0", skipped="0")
        case = ET.SubElement(suite, "testcase", classname="suite.faults", name="every planned fault came", time="0")
        ET.SubElement(case, "failure", message=f"never injected: {', '.join(unfired)}", type="faults")
    for name, more in (("tests", len(broken) + bool(unfired)), ("errors", len(broken)), ("failures", bool(unfired))):
        root.set(name, str(int(root.get(name, "0")) + more))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
