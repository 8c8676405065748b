"""From run folders of `swipelab load` to points: the latencies at a steady rate."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from reports.frames import EventsError, read_events
from reports.swipes import Swipes, read_swipes
from scenarios.capacity.fitting import Point
from scenarios.load.budgets import LAG_MS, UNSENT_SHARE
from scenarios.problems import BadInput
from scenarios.run_folder import EVENTS, read_report

LOAD = "load.yaml"
SECOND_NS = 1_000_000_000
SETTLING_NS = SECOND_NS
"""Of each run so much is left out: connections are opened, caches are filled."""
FEWEST = 200
"""Fewer swipes at one rate say nothing of a 99th percentile."""
RAMP_PARTS = 5
"""A ramp is cut into so many stretches, each taken as steady."""
UNANSWERED_SHARE = 0.01
"""Where more than so many were not answered in time the rest waited in a queue that turns callers away."""


def points_of(folders: Sequence[Path]) -> list[Point]:
    """All points of these runs, by rate. Raises BadInput for a run that says nothing of an engine's capacity."""
    return sorted((point for folder in folders for point in _points(folder)), key=lambda point: point.rate)


def _points(folder: Path) -> list[Point]:
    report = read_report(folder)
    shape = _shape(folder, report)
    _check(folder, report["load"], report["checks"])
    try:
        swipes = read_swipes(read_events(folder / EVENTS), {})
    except (OSError, EventsError) as error:
        raise BadInput(f"{folder / EVENTS} can't be read: {error}") from error
    found = [point for point in _cut(folder, shape, swipes) if len(point.latencies_ms) >= FEWEST]
    if not found:
        raise BadInput(
            f"{folder}: fewer than {FEWEST} swipes were answered at one rate after the first second; "
            "load for longer (--duration)"
        )
    return found


def _shape(folder: Path, report: dict[str, Any]) -> str:
    """The shape of a load run. Raises BadInput where it is none, or has no steady rate."""
    file = folder / LOAD
    if not report.get("load") or not file.is_file():
        raise BadInput(f"{folder} is no load run: nothing was sent over HTTP there; make one with `swipelab load`")
    try:
        shape = yaml.safe_load(file.read_text(encoding="utf-8"))["shape"]
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} does not say the shape of the load ({type(error).__name__})") from error
    if shape not in ("poisson", "soak", "ramp"):
        raise BadInput(f"{folder}: a load of the shape {shape} has no steady rate; use poisson, soak or ramp")
    return shape


def _check(folder: Path, section: dict[str, Any], checks: list[dict[str, Any]]) -> None:
    """Raises BadInput where latencies are the generator's doing, or of those alone that were not turned away."""
    own = section["generator"]
    failed = any(not check["ok"] and check["name"].startswith("load.generator.") for check in checks)
    if failed or own["lag_p99_ms"] > LAG_MS or own["unsent_share"] > UNSENT_SHARE:
        raise BadInput(
            f"{folder}: the generator did not keep to its plan (lag p99 {own['lag_p99_ms']:g} ms, "
            f"{own['unsent_share']:.2%} not sent), so no figure of this run speaks for the engine"
        )
    unanswered = section["error_share"] + section["shed_share"] + section["deadline_miss_share"]
    if unanswered > UNANSWERED_SHARE:
        raise BadInput(
            f"{folder}: {unanswered:.1%} of the swipes were refused, failed or late, so those that were answered say "
            "nothing of how long all would wait; calibrate on lower rates"
        )


def _cut(folder: Path, shape: str, swipes: Swipes) -> list[Point]:
    order = np.argsort(swipes.sent_ns, kind="stable")
    sent_ns, latency_ns = swipes.sent_ns[order], swipes.latency_ns[order]
    begin_ns, end_ns = int(sent_ns[0]), int(sent_ns[-1]) + 1
    settled_ns = max(SETTLING_NS, (end_ns - begin_ns) // 10 if shape == "soak" else 0)
    edges = np.linspace(min(begin_ns + settled_ns, end_ns), end_ns, (RAMP_PARTS if shape == "ramp" else 1) + 1)
    points = []
    for number, (start, stop) in enumerate(itertools.pairwise(edges)):
        mine = (sent_ns >= start) & (sent_ns < stop)
        answered = latency_ns[mine & (latency_ns >= 0)]
        name = f"{folder.name} {number + 1}/{RAMP_PARTS}" if shape == "ramp" else folder.name
        if len(answered):
            points.append(Point(name, float(mine.sum() * SECOND_NS / (stop - start)), answered / 1e6))
    return points
