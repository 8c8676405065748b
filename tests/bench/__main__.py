"""``make bench``: every figure that the project makes a claim about, into runs/bench.json.

    python -m tests.bench [--quick]

Each entry is ``{name, value, unit, goal, ok, against, machine}``; values are ratios within this one run where they can
be.
``--quick`` takes a tenth of the swipes, and says so in the names; its loads are short.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

RUNS = Path("runs")


def machine() -> str:
    """What it ran on, in one line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, CPython {platform.python_version()}"


def figures_of(what: str, *command: str, codes: tuple[int, ...] = (0,)) -> tuple[dict[str, Any], float]:
    """What a Python module prints as JSON at its end, run in a process of its own, and its CPU seconds."""
    print(f"{what} ...", flush=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, timeout=3_600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in codes:
        raise SystemExit(f"{what} failed:\n{done.stderr[-3_000:]}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    text = done.stdout if done.stdout.startswith("{\n") else done.stdout.splitlines()[-1]
    return json.loads(text), cpu_s


def one_day(swipes: int) -> dict[str, Any]:
    """One day in a process of its own."""
    figures, _ = figures_of(f"a day of {swipes:,} swipes", "tests.bench.one_day", str(swipes))
    print("  " + ", ".join(f"{name} {value}" for name, value in figures.items() if name != "trace_sha256"), flush=True)
    return figures


def entry(name: str, value: float, unit: str, goal: float, against: str, *, smaller: bool = True) -> dict[str, Any]:
    """One line of bench.json."""
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "goal": goal,
        "ok": value <= goal if smaller else value >= goal,
        "against": against,
        "machine": machine(),
    }


def days(top: int) -> list[dict[str, Any]]:
    """The cost of a swipe in a day of ``top`` swipes, and how it grows from a hundredth of that."""
    small, middle, large = (one_day(top // 100), one_day(top // 10), one_day(top))
    bare = large["bare_event_ns"] / 1_000
    crowd = large["bare_event_among_50000_ns"] / 1_000
    each = large["us_per_swipe"]
    # Set-up and imports cost the same whatever the size, so growth is judged on what each further swipe costs.
    step_1 = (middle["cpu_s"] - small["cpu_s"]) / (middle["swipes"] - small["swipes"])
    step_2 = (large["cpu_s"] - middle["cpu_s"]) / (large["swipes"] - middle["swipes"])
    name = f"day of {top:,} swipes"
    return [
        entry(f"{name}: cost of a swipe", each / bare, "bare SimPy events", 60, f"{bare * 1000:.0f} ns, one process"),
        entry(
            f"{name}: cost of a swipe, events in a crowd", each / crowd, "bare SimPy events", 60,
            f"{crowd * 1000:.0f} ns, among 50,000 waiting processes",
        ),
        entry(f"{name}: CPU time", large["cpu_s"], "s", 60, "the figure stated for a million swipes"),
        entry(f"{name}: peak memory", large["peak_rss_mib"], "MiB", 1_536, "1.5 GiB"),
        entry(
            f"{name}: growth of the cost of a swipe", step_2 / step_1, "ratio", 1.2,
            f"marginal cost from {middle['swipes']:,} to {large['swipes']:,} over that from {small['swipes']:,}",
        ),
        entry(f"{name}: passed its checks", float(large["verdict"] == "pass"), "1 = yes", 1, "verdict", smaller=False),
    ]  # fmt: skip


def fuzzing(seeds: int) -> list[dict[str, Any]]:
    """How quick a seed of the storm is, and what the faults add to it."""
    figures, _ = figures_of(f"{seeds:,} stormy seeds", "tests.bench.fuzzing", str(seeds))
    each = f"{figures['swipes'] // figures['seeds']} swipes a seed"
    against = f"{each}, faults and auditor on, CPU time of one process"
    fair = f"CPU time of {figures['fair_seeds']} seeds of the same world in fair weather; what storms cause is included"
    return [
        entry("fuzz_seeds_per_second_per_core", figures["seeds_per_s"], "seeds/s", 20, against, smaller=False),
        entry("cost of a stormy seed", figures["overhead"], "fair seeds", 2, fair),
    ]


def conforming() -> list[dict[str, Any]]:
    """Every case of the seam, and fifty lives, on the production engine."""
    found, cpu_s = figures_of("every rule of the seam", "scenarios.cli", "conform", "--json", codes=(0, 1))
    rows = found["features"]
    checks = sum(row[result] for row in rows for result in ("pass", "fail", "not supported", "not applicable"))
    return [
        entry("conform: CPU time", cpu_s, "s", 60, f"{checks} checks, start-up included"),
        entry("conform: passed", sum(row["pass"] for row in rows) / checks, "of all", 1, "", smaller=False),
    ]


def hunting(quick: bool) -> list[dict[str, Any]]:
    """Every planted bug, and the right engine; ``quick``: a tenth of the seeds, and no other ways than the whole."""
    few = ["--seeds", "6", "--right-seeds", "100", "--ablation-seeds", "0"] if quick else []
    found, _ = figures_of("planted bugs", "scenarios.cli", "bugs", "--json", *few, codes=(0, 1))
    bugs, right = found["bugs"], found["right"]
    name = f"{len(bugs)} seeded bugs, {found['seeds']} seeds each"
    caught = 1 - len(found["missed"]) / len(bugs)
    minutes = found["wall_seconds"] / 60
    runs = f"{right['runs']:,} runs of the right engine, {right['seeds']:,} seeds"
    return [
        entry(f"{name}: caught", caught, "of all", 1, "the alarm that each names beforehand", smaller=False),
        entry(f"{name}: wall time", minutes, "min", 30, f"{found['jobs']} processes, {runs} included"),
        entry(f"{name}: false alarms", len(right["alarms"]), "runs", 0, runs),
    ]


def calibrated(seconds: int) -> list[dict[str, Any]]:
    """How far a model's p99 is from the measured one, at rates that it was not fitted to."""
    found, _ = figures_of(f"loads of {seconds} s, and a model of them", "tests.bench.calibration", str(seconds))
    entries = []
    for one in found["held_out"]:
        usable = one.get("usable", True)
        compared = "" if usable else "; that load was refused or late in part, so this is no comparison"
        line = entry(
            f"capacity: error of p99 at {one['share']:.0%} of the knee", one["error"], "of measured", 0.15,
            f"predicted {one['predicted_ms']:.0f} ms, measured {one['measured_ms']:.0f} ms at {one['rate']:.0f}/s, "
            f"knee {found['knee']:.0f}/s, load average {found['load_average']:.1f}{compared}",
        )  # fmt: skip
        entries.append(line | {"ok": line["ok"] and usable})
    return entries


def served(seconds: int) -> list[dict[str, Any]]:
    """The service beside the same server saying hello, with the same generator, all on these cores."""
    found, _ = figures_of(f"the service under loads of {seconds} s", "tests.bench.service", str(seconds))
    hello = found["hello_per_s"]
    against = (
        f"hello-world POST {hello:,.0f}/s, the same 2 workers and generator; load average {found['load_average']:.1f}"
    )
    return [
        entry(
            "service: durable authorizations", found["durable_per_s"] / hello, "of hello-world", 0.5,
            f"{found['durable_per_s']:,.0f}/s, p99 {found['durable_p99_ms']:.0f} ms, 1,000 accounts; {against}",
            smaller=False,
        ),
        entry(
            "service: one card alone", found["hot_per_s"] / hello, "of hello-world", 0.5,
            f"{found['hot_per_s']:,.0f}/s, p99 {found['hot_p99_ms']:.0f} ms; {against}", smaller=False,
        ),
        entry(
            "service: a crowd of 600 connections, p99 of what is answered", found["crowd_p99_ms"], "ms", 500,
            f"{found['crowd_per_s']:,.0f}/s answered, {found['crowd_refused_per_s']:,.0f}/s refused, none later than "
            f"{found['crowd_max_ms']:.0f} ms",
        ),
        entry(
            "service: 5,800 a second with p99 under 100 ms", min(found["durable_per_s"] / 5_800, 1.0), "of the rate", 1,
            "500 million a day", smaller=False,
        ),
    ]  # fmt: skip


def growing(accounts: int) -> list[dict[str, Any]]:
    """What a decision costs among many accounts, beside one among a thousand; and what a lost cache costs."""
    found, _ = figures_of(f"decisions among {accounts:,} accounts", "tests.bench.accounts", "1000", str(accounts))
    small, large = found["sizes"]
    memory_mib = large["bytes_each"] * 1_000_000 / 2**20
    minutes = (large["cold_us"] - large["warm_us"]) / 60
    each = f"from {large['bytes_each']:.0f} bytes and {large['cold_us'] - large['warm_us']:.0f} us each, one process"
    return [
        entry(
            f"a decision among {accounts:,} accounts", large["warm_us"] / small["warm_us"], "ratio", 1.5,
            f"{large['warm_us']:.0f} us, among 1,000 accounts {small['warm_us']:.0f} us",
        ),
        entry("a cache of a million accounts: memory", memory_mib, "MiB", 1_024, each),
        entry("a cache of a million accounts: rebuilt in", minutes, "min", 30, each),
    ]  # fmt: skip


def main() -> None:
    """Measure, print a table, write runs/bench.json."""
    quick = "--quick" in sys.argv[1:]
    top = 100_000 if quick else 1_000_000
    entries = [
        *days(top),
        *fuzzing(top // 5_000),
        *conforming(),
        *hunting(quick),
        *served(5 if quick else 10),
        *calibrated(10 if quick else 30),
    ]
    RUNS.mkdir(exist_ok=True)
    (RUNS / "bench.json").write_text(json.dumps(entries, indent=2) + "\n")
    print()
    for one in entries:
        mark = "ok  " if one["ok"] else "MISS"
        print(f"{mark}  {one['name']}: {one['value']:,} {one['unit']} (goal {one['goal']:,}; {one['against']})")
    print(f"\n{entries[0]['machine']}\nwritten to {RUNS / 'bench.json'}")


if __name__ == "__main__":
    main()
