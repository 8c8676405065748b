"""A model as the simulator understands it: the ``engine.backends`` of a scenario.

The simulator's backends serve each call alone, ``capacity`` of them at once. A batch server that takes ``a + b`` for
one swipe and is full at ``c / b`` a second is, seen so, as many places as are busy at that rate (Little's law):
capacity x latency. So the latency of a swipe alone and the capacity are those of the model; between the two the
simulator waits less, since nobody there waits for a batch that is on its way.
"""

from __future__ import annotations

import math
from typing import Any

import yaml

from scenarios.capacity.model import Model
from scenarios.units import format_duration

NS_PER_MS = 1_000_000
FREE = 100_000
"""Places where nothing queues."""
NOTHING = "1ns"


def backends(model: Model) -> dict[str, Any]:
    """What belongs under ``engine.backends``. A decision asks the holds once and the ledger once, and the rest of its
    time is nobody's queue: that goes to the holds, the work to the ledger."""
    known = model.parameters
    mean_ms = known["batch_ms"] + known["each_ms"]
    places = max(round(model.capacity * mean_ms / 1_000), 1)
    return {
        "cache": {"median": NOTHING, "sigma": 0, "floor": "0s", "capacity": FREE},
        "holds": _backend(known["base_ms"], known["base_spread"], FREE),
        "ledger": _backend(mean_ms * math.exp(-(known["spread"] ** 2) / 2), known["spread"], places),
        "workers": FREE,
    }


def _backend(median_ms: float, sigma: float, capacity: int) -> dict[str, Any]:
    median_ns = max(round(median_ms * 1_000) * 1_000, 1)  # whole microseconds read better, and are near enough
    return {
        "median": format_duration(median_ns), "sigma": round(min(sigma, 5.0), 4), "floor": "0s", "capacity": capacity
    }  # fmt: skip


def fragment(model: Model) -> str:
    """The fragment's text."""
    head = '# Calibrated latencies: swipelab run SCENARIO --set "engine.backends=$(cat THIS_FILE)"\n'
    return head + yaml.safe_dump(backends(model), sort_keys=False)
