"""One line of pytest for a team with an engine of its own.

``test_conformance = conformance_tests("my_package.engine:build")`` in any test module is a test for every case, and
``TestLives = conformance_machine("my_package.engine:build").TestCase`` lives any life on the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from scenarios.conformance.lives import EXAMPLES, STEPS
from scenarios.conformance.registry import LIVES, Case, chosen
from scenarios.conformance.subject import FreshEngine, subject_of
from scenarios.conformance.trial import Result, judge
from scenarios.problems import BadInput

if TYPE_CHECKING:
    from scenarios.conformance.machine import EngineMachine


def conformance_machine(engine: str, examples: int = EXAMPLES, steps: int = STEPS) -> type[EngineMachine]:
    """A Hypothesis state machine for the engine; its ``TestCase`` is what pytest (or unittest) collects.

    Raises BadInput, for a URL too: a life needs a clock that can be set. Needs hypothesis.
    """
    from scenarios.conformance.machine import machine_for

    found = subject_of(engine)
    if not isinstance(found, FreshEngine):
        raise BadInput(f"engine {engine!r}: the state machine sets the clock, and a URL has none to set")
    return machine_for(found, examples, steps)


def conformance_tests(
    engine: str, only: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> Callable[[Case], None]:  # fmt: skip
    """A test function with a parameter for every case; what the engine does not support is skipped.

    ``engine`` is what ``--engine`` takes; ``only`` what ``--only`` takes, and so is ``without``: rules that the
    engine is known not to keep. Raises BadInput. Needs pytest.
    """
    import pytest

    subject = subject_of(engine)
    left_out = {case.name for case in chosen(without)} if without else set()
    cases = [case for case in chosen(only) if case is not LIVES and case.name not in left_out]

    @pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])
    def test_conformance(case: Case) -> None:
        outcome = judge(case, subject)
        words = "\n".join((f"{case.feature}: {case.rule}", *outcome.said))
        if outcome.result is Result.FAIL:
            pytest.fail(words, pytrace=False)
        if outcome.result is not Result.PASS:
            pytest.skip(f"{outcome.result}: {words}")

    return test_conformance
