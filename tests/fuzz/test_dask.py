"""A sweep on a Dask cluster ends as it does here: two worker processes on this machine's loopback."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios.cli import main
from scenarios.cli.codes import BAD_INPUT, FAILED
from scenarios.fuzz.executors import workers
from scenarios.fuzz.sweep import sweep
from tests.fuzz.small import case, written

ROOT = Path(__file__).parents[2]
START_S = 60

CLUSTER = """\
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    quiet = {"dashboard_address": None, "worker_dashboard_address": None}
    with LocalCluster(n_workers=2, threads_per_worker=2, processes=True, host="127.0.0.1", **quiet) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two worker processes of two threads each, as --executor takes it."""
    script = tmp_path_factory.mktemp("dask") / "cluster.py"
    script.write_text(CLUSTER)
    command = [sys.executable, str(script)]
    with subprocess.Popen(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            address = process.stdout.readline().strip()
            assert re.fullmatch(r"tcp://127\.0\.0\.1:\d+", address), address
            yield address.replace("tcp://", "dask://")
        finally:
            process.stdin.close()
            process.wait(START_S)


def test_the_same_seeds_end_alike_on_a_cluster_and_here(cluster: str) -> None:
    ends = []
    for executor in ("", cluster):
        with workers(1, executor, case("naive")) as (pool, count):
            trials = list(sweep(case("naive"), range(16), pool, count))
        assert count == (2 if executor else 1)
        ends.append(sorted((trial.seed, trial.trace_sha256, trial.found, trial.events) for trial in trials))
    assert len(ends[0]) == 16
    assert ends[0] == ends[1]


def test_the_command_keeps_the_same_failures(cluster: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = []
    for number, more in enumerate((["--jobs", "1"], ["--executor", cluster])):
        out = tmp_path / str(number)
        arguments = ["fuzz", written(tmp_path), "--seeds", "0:3", "--engine", "naive", "--out", str(out), *more]
        assert main(arguments) == FAILED
        kept.append({file.name: re.sub("replay: .*", "", file.read_text()) for file in out.iterdir()})
    assert kept[0]
    assert kept[0] == kept[1]


def test_a_cluster_that_is_not_there_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenarios.fuzz.executors.DASK_WAIT_S", 1)
    assert main(["fuzz", written(tmp_path), "--seeds", "0:3", "--executor", "dask://127.0.0.1:9"]) == BAD_INPUT
    assert "no Dask scheduler answers at 127.0.0.1:9" in capsys.readouterr().err
