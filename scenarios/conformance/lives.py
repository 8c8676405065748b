"""The state machine as one more row of the table: so many lives, and the shortest one in which a rule broke."""

from __future__ import annotations

import importlib.util
import re

from scenarios.conformance.registry import LIVES
from scenarios.conformance.subject import FreshEngine, Subject
from scenarios.conformance.trial import Outcome, Result, told

EXAMPLES = 50
STEPS = 30
_OF_THE_MACHINE = ("the_auditor_has_nothing_to_say", "the_balances_are_the_same", "teardown", "begin")


def judge_lives(subject: Subject, examples: int = EXAMPLES) -> Outcome:
    """Live ``examples`` lives of up to thirty messages; the same ones every time."""
    if not isinstance(subject, FreshEngine):
        return Outcome(LIVES, Result.NOT_APPLICABLE, ("sets the clock",))
    if importlib.util.find_spec("hypothesis") is None:
        return Outcome(LIVES, Result.NOT_APPLICABLE, ("needs hypothesis: pip install hypothesis",))
    from scenarios.conformance.machine import machine_for

    try:
        machine_for(subject, examples, STEPS).TestCase("runTest").debug()
    except Exception as error:  # noqa: BLE001  as in trial.judge: whatever the engine raises is the outcome
        return Outcome(LIVES, Result.FAIL, (*told(error)[:-1], *_life(error)))
    return Outcome(LIVES, Result.PASS)


def _life(error: BaseException) -> tuple[str, ...]:
    """The messages of the shortest life that Hypothesis found, one a line."""
    text = "\n".join(getattr(error, "__notes__", []))
    text = re.sub(r"  # or any other generated value", "", text.partition("Explanation:")[0])
    calls = [" ".join(part.split()) for part in text.split("state.")[1:]]
    said = [call for call in calls if not call.startswith(_OF_THE_MACHINE)]
    return ("shortest life, ada with 100 $ and bob with nothing:", *(f"  {call}" for call in said)) if said else ()
