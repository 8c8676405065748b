"""Whoever watches a run does not change it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from worlds import QUIET

from engine.services.engine import build
from simulators.settings import SECOND_NS, Step
from simulators.world import World

SWIPES = tuple(Step(10 * SECOND_NS, "swipe", who, amount_cents=1_000) for who in ("ada", "bob") for _ in range(200))


@pytest.mark.parametrize("explore", [False, True])
def test_a_run_that_is_watched_has_the_trace_of_one_that_is_not(explore) -> None:
    settings = replace(QUIET, script=SWIPES, explore=explore)
    seen: list[tuple[float, int]] = []
    watched = World(settings, None, build).run(lambda share, swipes: seen.append((share, swipes)))
    assert watched.trace_sha256 == World(settings, None, build).run().trace_sha256
    assert seen, "nobody was told anything"
    assert seen == sorted(seen)
    assert 0 <= seen[0][0] <= seen[-1][0] <= 1
