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
