"""I14: same scenario, seed and version give the same trace, whatever the hash seed; another seed gives another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def sha256(folder: Path, scenario: str, *, hash_seed: str, more: tuple[str, ...] = ()) -> str:
    out = folder / f"run-{len(list(folder.iterdir()))}"
    command = [sys.executable, "-m", "scenarios.cli", "run", scenario, "--out", str(out), *more]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr[-2_000:]
    return json.loads((out / "report.json").read_text())["run"]["trace_sha256"]


SMALL = ("--set", "world.swipes=400", "--set", "world.duration=1d")


@pytest.mark.parametrize("engine", ["engine", "reference", "naive"])
def test_two_runs_under_different_hash_seeds_have_one_trace(tmp_path, engine) -> None:
    more = (*SMALL, "--engine", engine)
    assert sha256(tmp_path, "grocery_week", hash_seed="1", more=more) == sha256(
        tmp_path, "grocery_week", hash_seed="31337", more=more
    )


def test_another_seed_has_another_trace(tmp_path) -> None:
    hashes = {sha256(tmp_path, "grocery_week", hash_seed="1", more=(*SMALL, "--seed", str(seed))) for seed in (1, 2, 3)}
    assert len(hashes) == 3


def test_shuffled_ties_repeat_with_their_seed(tmp_path) -> None:
    explore = ("--explore",)
    first = sha256(tmp_path, "two_cards_one_balance", hash_seed="1", more=explore)
    assert first == sha256(tmp_path, "two_cards_one_balance", hash_seed="2", more=explore)
    assert first != sha256(tmp_path, "two_cards_one_balance", hash_seed="1")


STORIES = """
import json
from scenarios.fuzz.case import Case, ready
from scenarios.fuzz.trial import attempt
from scenarios.loader import load_scenario

def sha256(name, engine, explore):
    case = Case.of(load_scenario(name, (f"explore={str(explore).lower()}",)).scenario, engine)
    return attempt(ready(case), 2).trace_sha256

print(json.dumps([
    sha256(name, engine, explore)
    for name in ("storm", "every_fault", "whole_life")
    for engine, explore in (("engine", False), ("engine", True), ("reference", True))
]))
"""


def stories(hash_seed: str) -> list[str]:
    command = [sys.executable, "-c", STORIES]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr[-2_000:]
    return json.loads(done.stdout)


def test_storms_whole_lives_and_shuffled_ties_repeat_under_any_hash_seed() -> None:
    first = stories("1")
    assert first == stories("2") == stories("31337")
    assert len(set(first)) == len(first) == 9, "no two of them are the same story"
