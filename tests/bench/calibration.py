"""A model against the machine that it was made on: `python -m tests.bench.calibration [seconds of each load]`.

The engine is served on embedded stores. Short loads at rising rates find the knee; a model is calibrated on loads at
other rates than those that are held out; then it has to say the p99 of fresh loads at 50 % and 80 % of the knee. One
line of JSON says what came of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scenarios.load.processes import free_port

LADDER = (25, 40, 60, 90, 130, 190, 280, 400, 600, 900)
"""Rates that are tried for the knee."""
WORSE = 5.0
"""The knee is the last rate of the ladder before p99 is so many times the least that was seen, or calls are refused."""
FITTED = (0.25, 0.4, 0.65, 0.9)
"""Shares of the knee that the model is fitted to."""
HELD_OUT = (0.5, 0.8)
START_S = 60.0


@contextmanager
def served() -> Iterator[str]:
    """The URL of the engine, on embedded stores."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "scenarios.cli", "serve", "--port", url.rpartition(":")[2]]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait(url, server)
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(60)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    until_s = time.monotonic() + START_S
    while time.monotonic() < until_s and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit("the service did not start")


def swipelab(*arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    """What a command prints. Raises SystemExit where it ends otherwise than it may."""
    command = [sys.executable, "-m", "scenarios.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1_800)
    if done.returncode not in codes:
        raise SystemExit(f"swipelab {' '.join(arguments)}: exit {done.returncode}\n{done.stderr[-2_000:]}")
    return done.stdout


class Loads:
    """Loads at one service, each in a folder of its own."""

    def __init__(self, url: str, folder: Path, seconds: float) -> None:
        self._url, self._folder, self._seconds = url, folder, seconds
        self._count = 0

    def at(self, rate: float) -> tuple[Path, dict[str, Any]]:
        """One load, with a seed of its own; its folder and report."""
        self._count += 1
        out = self._folder / f"load-{self._count}"
        seconds = max(self._seconds, 450 / rate)  # a p99 needs samples, at low rates too
        swipelab(
            "load", "--url", self._url, "--rate", f"{rate:g}", "--duration", f"{seconds:g}", "--out", str(out),
            "--seed", str(self._count), codes=(0, 1),
        )  # fmt: skip
        report = json.loads((out / "report.json").read_text())
        p99 = report["latency"]["authorize"]["p99_ms"]
        print(f"  {rate:g}/s: p99 {p99} ms, load average {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
        return out, report


def usable(report: dict[str, Any]) -> bool:
    """Whether calls were answered, and sent in time."""
    load = report["load"]
    refused = load["error_share"] + load["shed_share"] + load["deadline_miss_share"]
    return refused <= 0.01 and load["generator"]["lag_p99_ms"] <= 25 and load["generator"]["unsent_share"] <= 0.001


def measured_knee(loads: Loads) -> float:
    """The highest rate of the ladder with which the service is well."""
    least, best = float("inf"), float(LADDER[0])
    for rate in LADDER:
        _, report = loads.at(rate)
        p99 = report["latency"]["authorize"]["p99_ms"]
        if not usable(report) or p99 > WORSE * least:
            break
        least, best = min(least, p99), float(rate)
    return best


def measure(seconds: float) -> dict[str, Any]:
    """The measured and the predicted knee; measured and predicted p99 at the rates held out."""
    with tempfile.TemporaryDirectory() as scratch, served() as url:
        loads = Loads(url, Path(scratch), seconds)
        knee = measured_knee(loads)
        fitted = [loads.at(share * knee) for share in FITTED]
        runs = [str(folder) for folder, report in fitted if usable(report)]
        model = Path(scratch) / "model.yaml"
        swipelab("calibrate", *runs, "--out", str(model))
        rates = [word for share in HELD_OUT for word in ("--rate", f"{share * knee:g}")]
        told = json.loads(swipelab("predict", str(model), *rates, "--knee", "--json"))
        held_out = []
        for share, predicted in zip(HELD_OUT, told["rates"], strict=True):
            _, report = loads.at(share * knee)
            p99 = report["latency"]["authorize"]["p99_ms"]
            likely = predicted["p99_ms"] or {"value": float("inf"), "low": 0.0, "high": float("inf")}
            held_out.append({
                "share": share, "rate": share * knee, "measured_ms": p99, "predicted_ms": likely["value"],
                "low_ms": likely["low"], "high_ms": likely["high"], "error": abs(likely["value"] - p99) / p99,
                "usable": usable(report),
            })  # fmt: skip
        return {
            "knee": knee, "predicted_knee": told["knee"]["rate"], "runs": len(runs), "seconds": seconds,
            "load_average": os.getloadavg()[0], "held_out": held_out, "model": model.read_text(),
        }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)))
