"""I14: same scenario, seed and version give the same trace, whatever the hash seed; another seed gives another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path


def sha256(folder: Path, scenario: str, *, hash_seed: str, more: tuple[str, ...] = ()) -> str:
    out = folder / f"run-{len(list(folder.iterdir()))}"
    command = [sys.executable, "-m", "scenarios.cli", "run", scenario, "--out", str(out), *more]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr[-2_000:]
    return json.loads((out / "report.json").read_text())["run"]["trace_sha256"]


STORIES = """
import json
from scenarios.fuzz.case import Case, ready
from scenarios.fuzz.trial import attempt
from scenarios.loader import load_scenario

WEEK = ("world.swipes=200", "world.duration=1d")

def sha256(name, engine, *overrides, seed=2):
    case = Case.of(load_scenario(name, overrides).scenario, engine)
    return attempt(ready(case), seed).trace_sha256

told = {
    f"{name} {engine} {explore}": sha256(name, engine, f"explore={explore}")
    for name in ("storm", "every_fault", "whole_life", "two_cards_one_balance")
    for engine, explore in (("engine", "false"), ("engine", "true"), ("reference", "true"))
}
told |= {f"week {engine}": sha256("grocery_week", engine, *WEEK) for engine in ("engine", "reference", "naive")}
told |= {f"week {seed}": sha256("grocery_week", "engine", *WEEK, seed=seed) for seed in (1,)}
print(json.dumps(told))
"""


@cache
def stories(hash_seed: str) -> dict[str, str]:
    """The hashes of many runs, all in one process of their own."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", STORIES], env=environment, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr[-2_000:]
    return json.loads(done.stdout)


def test_recorded_weeks_storms_whole_lives_and_shuffled_ties_repeat_under_any_hash_seed() -> None:
    assert stories("1") == stories("31337")


def test_another_seed_another_engine_and_another_order_of_ties_have_another_trace() -> None:
    told = stories("1")
    assert len(set(told.values())) == len(told) == 16, "no two of them are the same story"


def test_the_command_line_tells_the_same_hash(tmp_path) -> None:
    options = ("--set", "world.swipes=200", "--set", "world.duration=1d", "--seed", "2")
    assert sha256(tmp_path, "grocery_week", hash_seed="7", more=options) == stories("1")["week engine"]
