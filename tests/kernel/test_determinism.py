"""One seed, one trace: run after run, process after process, under any PYTHONHASHSEED."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.busy_world import run_busy_world

HERE = Path(__file__).parent


def test_ten_runs_give_one_trace() -> None:
    assert len({run_busy_world(seed=5) for _ in range(10)}) == 1


def test_ten_explored_runs_give_one_trace() -> None:
    assert len({run_busy_world(seed=5, explore=True) for _ in range(10)}) == 1


def test_another_seed_gives_another_trace() -> None:
    assert len({run_busy_world(seed) for seed in range(5)}) == 5
    assert run_busy_world(seed=5) != run_busy_world(seed=5, explore=True)


def test_what_happened_in_the_process_before_does_not_matter() -> None:
    expected = run_busy_world(seed=5)
    litter = [object() for _ in range(10_000)]
    first = run_busy_world(seed=5)
    del litter
    assert first == run_busy_world(seed=5) == expected


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_the_trace_does_not_depend_on_the_hash_seed(hash_seed: str) -> None:
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", "from tests.kernel.busy_world import main; main()"],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [run_busy_world(seed=5), run_busy_world(seed=5, explore=True)]
