"""One line of pytest for a team with an engine of its own.

``test_conformance = conformance_tests("my_package.engine:build")`` in any test module is a test for every case.
"""

from __future__ import annotations

from collections.abc import Callable

from scenarios.conformance.registry import Case, chosen
from scenarios.conformance.subject import subject_of
from scenarios.conformance.trial import Result, judge


def conformance_tests(engine: str, only: tuple[str, ...] = ()) -> Callable[[Case], None]:
    """A test function with a parameter for every case; what the engine does not support is skipped.

    ``engine`` is what ``--engine`` takes; ``only`` what ``--only`` takes. Raises BadInput. Needs pytest.
    """
    import pytest

    subject = subject_of(engine)
    cases = chosen(only)

    @pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])
    def test_conformance(case: Case) -> None:
        outcome = judge(case, subject)
        words = "\n".join((f"{case.feature}: {case.rule}", *outcome.said))
        if outcome.result is Result.FAIL:
            pytest.fail(words, pytrace=False)
        if outcome.result is not Result.PASS:
            pytest.skip(f"{outcome.result}: {words}")

    return test_conformance
