"""A load over real sockets: Locust in processes of its own, an engine in another, a verdict from what was heard."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scenarios.cli.entry import main
from scenarios.load.processes import free_port

SERVER = Path(__file__).with_name("server.py")
ROOT = Path(__file__).parents[2]


@contextmanager
def served(kind: str) -> Iterator[str]:
    """The URL of a service of this kind, in a process of its own."""
    port = free_port()
    command = [sys.executable, str(SERVER), str(port), kind]
    with subprocess.Popen(command, env={"PYTHONPATH": str(ROOT), "PATH": ""}) as server:
        try:
            _wait(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(10)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    until_s = time.monotonic() + 30
    while time.monotonic() < until_s and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")


def load(url: str, out: Path, *more: str) -> tuple[int, dict[str, Any]]:
    code = main(
        [
            "load", "--url", url, "--rate", "50", "--duration", "3", "--accounts", "20", "--out", str(out),
            "--budget", "p99=1500", "--budget", "p50=1000", "--budget", "lag=500", *more,
        ]
    )  # fmt: skip
    file = out / "report.json"
    return code, json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def failed(report: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["detail"] for check in report["checks"] if not check["ok"]}


def test_a_right_engine_passes_and_leaves_a_whole_run_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served("reference") as url:
        code, report = load(url, tmp_path / "run", "--retry-share", "0.3")
    assert code == 0, failed(report)
    names = {file.name for file in (tmp_path / "run").iterdir()}
    assert names == {"events.parquet", "junit.xml", "load.yaml", "report.html", "report.json", "summary.md"}
    assert report["schema"] == "swipelab.report/1"
    assert report["counts"]["swipes"] == report["load"]["arrivals"] == report["latency"]["authorize"]["count"]
    assert report["load"]["repeats"] > 10
    assert report["counts"]["captures"] > 50
    assert report["counts"]["reversals"] > 0
    assert report["reconciliation"]["network_ledger"]["matched"] == report["counts"]["captures"]
    said = capsys.readouterr()
    assert "PASSED" in said.out
    assert said.err == ""  # quiet in a pipe
    checks = [(check["name"], check["ok"]) for check in report["checks"]]
    assert main(["report", str(tmp_path / "run")]) == 0
    again = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    assert [(check["name"], check["ok"]) for check in again["checks"]] == checks
    assert again["load"] == report["load"]
    assert main(["compare", str(tmp_path / "run"), str(tmp_path / "run")]) == 0


def test_workers_share_the_arrivals_and_their_master_counts_them_all(tmp_path: Path) -> None:
    with served("reference") as url:
        code, report = load(url, tmp_path / "run", "--workers", "2")
    assert code == 0, failed(report)
    assert report["load"]["sent"] == report["load"]["arrivals"] > 100


@pytest.mark.parametrize(
    ("kind", "check", "says"),
    [
        ("fickle", "I3 exactly once", "two answers under key"),
        ("forgetful", "I3 exactly once", "is not what its messages add up to: held is"),
        ("shedding", "load.shed_share", "at most 0.01 is allowed"),
    ],
)
def test_a_wrong_engine_fails_for_what_is_wrong_with_it(tmp_path: Path, kind: str, check: str, says: str) -> None:
    with served(kind) as url:
        code, report = load(url, tmp_path / "run", "--retry-share", "0.3")
    assert code == 1
    assert set(failed(report)) == {check}
    assert says in failed(report)[check]


def test_a_stall_shows_in_full_in_what_was_meant_to_be_sent_during_it(tmp_path: Path) -> None:
    with served("stalled") as url:
        _, report = load(url, tmp_path / "run")
    figures = report["latency"]["authorize"]
    assert figures["max_ms"] > 900  # it was due when the stall of a second had just begun
    assert figures["p90_ms"] > 300  # a third of the arrivals fell into it, each of which waited for its end
    assert figures["p50_ms"] < 300


def test_ctrl_c_ends_the_processes_and_leaves_nothing_half(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "scenarios.cli", "load", "--rate", "20", "--duration", "60",
        "--out", str(tmp_path / "run"),
    ]  # fmt: skip
    with (
        served("reference") as url,
        subprocess.Popen([*command, "--url", url], cwd=ROOT, stderr=subprocess.PIPE) as run,
    ):
        begun, until_s = list[Path](), time.monotonic() + 40
        while not begun and run.poll() is None and time.monotonic() < until_s:
            time.sleep(0.1)
            begun = list(tmp_path.glob(".run.*/samples/begin.json"))
        assert begun
        children = children_of(run.pid)
        assert children
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=30)[1]
    assert run.returncode == 130
    assert b"nothing was written" in said
    assert not list(tmp_path.iterdir())
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def children_of(parent: int) -> list[str]:
    """The processes that a process has started."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [pid for pid, above in map(str.split, listed.splitlines()) if above == str(parent)]


def test_where_nobody_answers_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = load(f"http://127.0.0.1:{free_port()}", tmp_path / "run")
    assert code == 2
    assert "nobody answers there" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
