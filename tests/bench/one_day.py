"""One day of N swipes in a process of its own, with the cost of a bare SimPy event measured right before and after.

    python -m tests.bench.one_day 100000

prints one JSON line. The day is scenarios/library/million_day.yaml with ``world.swipes=N`` and one cardholder for every
20 swipes (50,000 for a million), from loading the scenario to the written report.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import simpy

EVENTS = 300_000


def bare_event_ns(processes: int) -> float:
    """CPU time of one SimPy timeout event, in ``processes`` processes that do nothing but wait."""
    env = simpy.Environment()
    each = EVENTS // processes

    def waiting(first: int):
        yield env.timeout(first)
        for _ in range(each):
            yield env.timeout(processes)

    for number in range(processes):
        env.process(waiting(number))
    env.run(until=processes)
    start = time.process_time_ns()
    env.run()
    return (time.process_time_ns() - start) / (each * processes)


def measure(swipes: int) -> dict[str, object]:
    """Run the day; CPU seconds of everything, peak memory, and the bare events of the same process."""
    from scenarios.runner import Order, run_scenario

    bare = [bare_event_ns(1) for _ in range(3)]
    crowd = [bare_event_ns(50_000)]
    start_cpu, start_wall = time.process_time(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        order = Order("million_day", overrides=(f"world.swipes={swipes}", f"world.cardholders={max(swipes // 20, 1)}"))
        report = run_scenario(order, Path(folder) / "run").report
    cpu_s, wall_s = time.process_time() - start_cpu, time.perf_counter() - start_wall
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bare += [bare_event_ns(1) for _ in range(3)]
    crowd += [bare_event_ns(50_000)]
    return {
        "swipes": report["counts"]["swipes"],
        "verdict": report["verdict"],
        "trace_sha256": report["run"]["trace_sha256"],
        "cpu_s": round(cpu_s, 2),
        "wall_s": round(wall_s, 2),
        "simulation_cpu_s": report["run"]["cpu_seconds"],
        "us_per_swipe": round(cpu_s / swipes * 1e6, 2),
        "bare_event_ns": round(median(bare), 1),
        "bare_event_among_50000_ns": round(median(crowd), 1),
        "peak_rss_mib": round(peak_mib, 1),
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
