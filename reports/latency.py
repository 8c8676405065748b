"""How long exchanges took: exact percentiles, a histogram, and the course over time.

Percentiles are nearest-rank over all samples: the smallest sample that at least that share of all do not exceed, so
each is a latency that somebody really waited. Milliseconds with three decimals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.frames import Events
from reports.swipes import Swipes

NS_PER_MS = 1_000_000
PER_MILLE = {"p50_ms": 500, "p90_ms": 900, "p95_ms": 950, "p99_ms": 990, "p999_ms": 999}
HISTOGRAM_BINS = 48
MAX_BUCKETS = 96
SECOND_NS = 1_000_000_000
BUCKETS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 604_800)


def nearest_rank(ordered: np.ndarray, per_mille: int) -> int:
    """The nearest-rank percentile of samples in ascending order (at least one)."""
    rank = -(-per_mille * len(ordered) // 1_000)
    return int(ordered[max(rank, 1) - 1])


def in_ms(ns: int) -> float:
    return round(ns / NS_PER_MS, 3)


def summary(samples_ns: np.ndarray) -> dict[str, float | int | None]:
    """``count``, percentiles and ``max_ms``; None for each figure where there is no sample."""
    if not len(samples_ns):
        return {"count": 0, **dict.fromkeys(PER_MILLE), "max_ms": None}
    ordered = np.sort(samples_ns)
    figures = {name: in_ms(nearest_rank(ordered, rank)) for name, rank in PER_MILLE.items()}
    return {"count": len(ordered), **figures, "max_ms": in_ms(int(ordered[-1]))}


def latency_section(events: Events, swipes: Swipes, networks: Sequence[str]) -> dict[str, object]:
    """``authorize`` as the networks see it, by network (``networks`` in any case), and what else takes time."""
    measured = swipes.latency_ns >= 0
    section: dict[str, object] = {
        "method": "nearest rank over exact samples; a swipe without any answer counts with its deadline",
        "authorize": _with_deadline(swipes, measured, np.ones(len(swipes), bool)),
        "by_network": {
            name: _with_deadline(swipes, measured & swipes.on(name), swipes.on(name))
            for name in dict.fromkeys((*networks, *filter(None, swipes.networks)))
        },
    }
    for kind in ("engine", "reverse", "capture", "deposit", "withdraw", "settle"):
        section[kind] = summary(_samples(events, kind))
    section["histogram"] = _histogram(swipes, measured, networks)
    return section


def _samples(events: Events, kind: str) -> np.ndarray:
    column = events.of(kind).ints("latency_ns")
    return column[column >= 0]


def _with_deadline(swipes: Swipes, measured: np.ndarray, chosen: np.ndarray) -> dict[str, float | int | None]:
    return {**summary(swipes.latency_ns[measured]), "over_deadline": int(swipes.over[chosen].sum())}


def _histogram(swipes: Swipes, measured: np.ndarray, order: Sequence[str]) -> dict[str, object]:
    """Counts between logarithmic edges (ms), by network, for drawing."""
    samples = np.maximum(swipes.latency_ns[measured], 1)
    if not len(samples):
        return {"edges_ms": [], "counts": {}}
    low, high = float(samples.min()), float(samples.max())
    if high < low * 1.5:
        low, high = low / 1.5, high * 1.5
    edges = np.geomspace(low * 0.999, high * 1.001, HISTOGRAM_BINS + 1)
    place = np.clip(np.searchsorted(edges, samples, side="right") - 1, 0, HISTOGRAM_BINS - 1)
    names = sorted(swipes.networks, key=lambda name: order.index(name) if name in order else len(order))
    return {
        "edges_ms": [round(edge / NS_PER_MS, 4) for edge in edges.tolist()],
        "counts": {
            name or "other": np.bincount(place[swipes.on(name)[measured]], minlength=HISTOGRAM_BINS).tolist()
            for name in names
        },
    }


def bucket_ns(span_ns: int) -> int:
    """A round length that cuts the span into at most :data:`MAX_BUCKETS`."""
    for seconds in BUCKETS_S:
        if span_ns <= seconds * SECOND_NS * MAX_BUCKETS:
            return seconds * SECOND_NS
    return -(-span_ns // MAX_BUCKETS)


def timeline(swipes: Swipes) -> dict[str, object]:
    """Figures per bucket of the time at which swipes were sent (seconds since the start), in order."""
    rows: dict[str, list] = {
        name: [] for name in ("at_s", "swipes", "approved", "declined", "over_deadline", "p50_ms", "p99_ms")
    }
    if not len(swipes):
        return {"bucket_s": 0, **rows}
    size = bucket_ns(int(swipes.sent_ns.max() - swipes.sent_ns.min()) + 1)
    bucket = swipes.sent_ns // size
    order = np.lexsort((swipes.latency_ns, bucket))
    bucket, latency_ns = bucket[order], swipes.latency_ns[order]
    approved, over = swipes.approved[order], swipes.over[order]
    starts = np.flatnonzero(np.r_[True, bucket[1:] != bucket[:-1]])
    for start, end in zip(starts, np.r_[starts[1:], len(bucket)], strict=True):
        samples = latency_ns[start:end]
        samples = samples[np.searchsorted(samples, 0) :]
        accepted, missed = int(approved[start:end].sum()), int(over[start:end].sum())
        rows["at_s"].append(int(bucket[start]) * size / SECOND_NS)
        rows["swipes"].append(int(end - start))
        rows["approved"].append(accepted)
        rows["declined"].append(int(end - start) - accepted)
        rows["over_deadline"].append(missed)
        rows["p50_ms"].append(in_ms(nearest_rank(samples, 500)) if len(samples) else None)
        rows["p99_ms"].append(in_ms(nearest_rank(samples, 990)) if len(samples) else None)
    return {"bucket_s": size / SECOND_NS, **rows}


def throughput(swipes: Swipes, wall_seconds: float) -> dict[str, object]:
    """Swipes a second: the mean of the traffic, its busiest second and minute, and how fast the run itself went."""
    if not len(swipes):
        return {"mean_per_s": 0.0, "peak_per_s": 0, "peak_per_min": 0, "simulated_per_wall_s": 0.0}
    ordered = np.sort(swipes.sent_ns)
    span_s = max((int(ordered[-1]) - int(ordered[0])) / SECOND_NS, 1.0)
    return {
        "mean_per_s": round(len(swipes) / span_s, 3),
        "peak_per_s": _busiest(ordered // SECOND_NS),
        "peak_per_min": _busiest(ordered // (60 * SECOND_NS)),
        "simulated_per_wall_s": round(len(swipes) / wall_seconds, 1) if wall_seconds > 0 else 0.0,
    }


def _busiest(ordered: np.ndarray) -> int:
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    return int(np.diff(np.r_[starts, len(ordered)]).max())
