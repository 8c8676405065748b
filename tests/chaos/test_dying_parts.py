"""The short form of `make chaos`: a few parts die under a light load, for real, and nothing is lost."""

from __future__ import annotations

import pytest

from scenarios.chaos.faults import FAULTS
from scenarios.chaos.stage import staged
from scenarios.chaos.trial import Outcome, trials


@pytest.mark.timeout(300)
def test_no_answer_is_lost_when_a_worker_redis_or_postgresql_dies() -> None:
    outcomes: list[Outcome] = []
    chosen = [fault for fault in FAULTS if fault.name in ("kill-worker", "kill-redis", "flush-redis", "crash-postgres")]
    assert len(chosen) == 4
    with staged() as stage:
        trials(stage, chosen, 15, 1, outcomes.append)
    for outcome in outcomes:
        assert outcome.findings == [], outcome
        assert outcome.recovery.first_s is not None, "it answers again, without a hand"
        assert outcome.swipes > 20, "there was load"


@pytest.mark.timeout(300)
def test_nothing_is_burned_twice_when_the_settlement_process_is_killed_again_and_again() -> None:
    outcomes: list[Outcome] = []
    with staged(chained=True) as stage:
        trials(stage, [fault for fault in FAULTS if fault.name == "kill-settler"], 5, 1, outcomes.append)
    assert [outcome.findings for outcome in outcomes] == [[]]
