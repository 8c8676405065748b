"""A model fitted to loads of a server that is known has to say how it does under others."""

from __future__ import annotations

import heapq
import random
import subprocess
import sys

import numpy as np
import pytest

from scenarios.capacity.fitting import Point
from scenarios.capacity.model import calibrate, read_model, written
from scenarios.capacity.predicting import knee, predict

BATCH_MS, EACH_MS, BASE_MS = 6.0, 0.8, 3.0


def batch_server(rate: float, arrivals: int, seed: int) -> Point:
    """Written apart from what is tested: one server takes all that waits, for 6 ms and 0.8 ms for each, with noise; a
    swipe takes some 3 ms besides."""
    draw = random.Random(seed)
    at_ms, free_ms, waiting, latencies, came = 0.0, 0.0, [], [], []
    for _ in range(arrivals):
        at_ms += draw.expovariate(rate / 1_000)
        came.append(at_ms)
    heapq.heapify(came)
    while came or waiting:
        start_ms = max(free_ms, came[0] if not waiting else free_ms)
        while came and came[0] <= start_ms:
            waiting.append(heapq.heappop(came))
        free_ms = start_ms + (BATCH_MS + EACH_MS * len(waiting)) * draw.lognormvariate(-0.02, 0.2)
        latencies += [free_ms - one + BASE_MS * draw.lognormvariate(0, 0.3) for one in waiting]
        waiting.clear()
    return Point(f"{rate:g}/s", float(rate), np.array(latencies))


@pytest.fixture(scope="module")
def model():
    return calibrate([batch_server(rate, 6_000, int(rate)) for rate in (60, 200, 600)])


def test_a_server_that_takes_all_that_waits_is_seen_to_be_one(model) -> None:
    assert model.family.name.startswith("batch")
    assert model.servers == 1
    assert model.capacity == pytest.approx(1_000 / EACH_MS, rel=0.2)


@pytest.mark.parametrize("rate", [100, 450])
def test_p99_at_a_rate_that_it_was_not_fitted_to_is_within_15_percent(model, rate) -> None:
    fresh = batch_server(rate, 20_000, 7 * rate)
    (said,) = predict(model, [rate], {"bridge": 500})
    measured_ms = float(np.quantile(fresh.latencies_ms, 0.99))
    assert said.p99_ms.value == pytest.approx(measured_ms, rel=0.15)
    assert said.p99_ms.low <= said.p99_ms.value <= said.p99_ms.high


def test_more_arrivals_are_never_answered_sooner_and_beyond_the_capacity_not_at_all(model) -> None:
    found = predict(model, [50, 200, 500, 900, 2_000], {"bridge": 500})
    p99s = [one.p99_ms.value for one in found[:-1]]
    assert p99s == sorted(p99s)
    assert found[-1].p99_ms is None
    assert found[-1].misses["bridge"] == 1


def test_the_knee_lies_before_the_capacity(model) -> None:
    assert 0 < knee(model).rate.value <= 0.9 * model.capacity * 1.001


def test_the_same_points_give_the_same_model_and_a_file_gives_it_back(model, tmp_path) -> None:
    file = tmp_path / "model.yaml"
    file.write_text(written(model), encoding="utf-8")
    again = read_model(file)
    assert written(again) == written(model)
    assert predict(again, [250], {})[0].p99_ms.value == pytest.approx(
        predict(model, [250], {})[0].p99_ms.value, rel=0.02
    )


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["calibrate", "no-such-folder"], "no-such-folder"),
        (["predict", "no-such-model.yaml", "--rate", "5"], "no-such-model.yaml"),
    ],
)
def test_what_is_not_there_is_one_message(command, words) -> None:
    done = subprocess.run([sys.executable, "-m", "scenarios.cli", *command], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
