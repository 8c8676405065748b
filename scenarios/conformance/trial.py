"""One case on one engine: what came of it."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from engine.interface import EngineError, NotSupported
from scenarios.conformance.bench import Bench
from scenarios.conformance.registry import Case
from scenarios.conformance.subject import Subject
from scenarios.conformance.verdicts import Broken, NotApplicable
from scenarios.problems import BadInput
from simulators.auditor import Finding
from simulators.kernel.errors import KernelError

HERE = Path(__file__).parent
SHOWN_FINDINGS = 3
_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")


class Result(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    NOT_SUPPORTED = "not supported"
    """The engine lacks the verb, or raised NotSupported."""
    NOT_APPLICABLE = "not applicable"
    """The case needs a clock, a chain or terms that an engine behind a URL cannot be given."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``said`` is why, a line each; nothing where the case passed."""

    case: Case
    result: Result
    said: tuple[str, ...] = ()


def judge(case: Case, subject: Subject) -> Outcome:
    """Run it; a rule that was broken, a finding of the auditor and an engine that failed are values.

    Raises BadInput where no engine can be made at all.
    """
    begun = False

    async def play(bench: Bench) -> None:
        nonlocal begun
        begun = True
        await case.run(bench)

    terms = case.terms if subject.shared else case.made_terms
    try:
        bench = subject.play(play, terms)
    except BadInput as error:
        if not begun:
            raise
        return Outcome(case, Result.FAIL, (str(error),))
    except NotApplicable as error:
        return Outcome(case, Result.NOT_APPLICABLE, (str(error),))
    except NotSupported as error:
        return Outcome(case, Result.NOT_SUPPORTED, (str(error),))
    except Exception as error:  # noqa: BLE001  the engine is the user's code: whatever it raises is the outcome
        return Outcome(case, Result.FAIL, told(error))
    findings = bench.auditor.findings
    return Outcome(case, Result.FAIL if findings else Result.PASS, heard(findings))


def heard(findings: list[Finding]) -> tuple[str, ...]:
    """The auditor's findings, a line each."""
    lines = [f"the auditor: {finding.invariant} {finding.message}" for finding in findings[:SHOWN_FINDINGS]]
    if len(findings) > SHOWN_FINDINGS:
        lines.append(f"and {len(findings) - SHOWN_FINDINGS} more findings")
    return tuple(lines)


def told(error: BaseException) -> tuple[str, ...]:
    """Why a case failed, and where."""
    if isinstance(error, KernelError) and error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    where = _place(error)
    if isinstance(error, Broken):
        return (error.what, f"expected  {_shown(error.expected)}", f"got       {_shown(error.got)}", where)
    kind = "the engine could not answer" if isinstance(error, EngineError) else "the engine failed"
    return (f"{kind}: {type(error).__name__}: {error}", where)


def _place(error: BaseException) -> str:
    """Where it happened: the line of the case, and that of the engine where it is another."""
    frames = traceback.extract_tb(error.__traceback__)
    of_case = next((frame for frame in reversed(frames) if Path(frame.filename).parent == HERE / "cases"), None)
    shown = [f"{Path(frame.filename).name}:{frame.lineno}: {frame.line}" for frame in (of_case,) if frame is not None]
    last = frames[-1] if frames else None
    if last is not None and HERE not in Path(last.filename).parents and not isinstance(error, Broken):
        shown.append(f"raised at {Path(last.filename).name}:{last.lineno}")
    return "; ".join(["in " + shown[0], *shown[1:]]) if shown else "at the end, when the books are closed"


def _shown(value: Any) -> str:
    """A value in words: of a member of an enumeration its value."""
    return _MEMBER.sub(r"\1", repr(value))
