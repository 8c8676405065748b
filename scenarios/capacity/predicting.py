"""What a model says of rates: latencies with intervals, missed deadlines, and the knee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scenarios.capacity.fitting import nearest_ranks
from scenarios.capacity.model import Model
from scenarios.capacity.servers import BASE_SPREAD, SPREAD, draws

P50_P99 = np.array([0.5, 0.99])
FULL = 0.9
"""Of its capacity: beyond, no latency is promised."""
NEAR = 0.98
"""So near its capacity a queue is as good as without end."""
KNEE_TIMES = 5.0
"""The knee is where p99 is so many times what it is when nothing waits, unless a bound is given."""
SETS = 40
"""Parameters drawn from what the fit leaves open."""
LIKELY = 1.96
"""Standard errors to either side: 95 %."""
WIDEST = 1.5
"""A spread of the logarithm is never drawn beyond this."""
SEED = 11
ALONE = 0.01
"""At this share of the capacity nothing waits for anything."""


@dataclass(frozen=True, slots=True)
class Likely:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """``p50_ms`` and ``p99_ms`` are None where the engine can't keep up. ``misses``: shares by processor, of swipes
    answered after its deadline. ``load``: the rate over the capacity. ``beyond``: outside of the rates it was fitted
    to by more than a quarter."""

    rate: float
    load: float
    p50_ms: Likely | None
    p99_ms: Likely | None
    misses: dict[str, float]
    beyond: bool


@dataclass(frozen=True, slots=True)
class Knee:
    """``bound_ms``: of p99. ``why``: which of the two comes first, p99 or the capacity."""

    rate: Likely
    bound_ms: float
    why: str


def predict(model: Model, rates: Sequence[float], deadlines_ms: Mapping[str, int]) -> list[Prediction]:
    """One prediction for each rate, in order."""
    within = [rate for rate in rates if rate < NEAR * model.capacity]
    told = dict(zip(within, _told(model, within, deadlines_ms), strict=True)) if within else {}
    found = []
    for rate in rates:
        p50, p99, misses = told.get(rate, (None, None, dict.fromkeys(deadlines_ms, 1.0)))
        beyond = not model.lowest / 1.25 <= rate <= model.highest * 1.25
        found.append(Prediction(rate, rate / model.capacity, p50, p99, misses, beyond))
    return found


def _told(
    model: Model, rates: Sequence[float], deadlines_ms: Mapping[str, int]
) -> list[tuple[Likely, Likely, dict[str, float]]]:
    sample = np.sort(_sample(model, model.logs, rates, 48, 1_600)[0], axis=-1)
    values = nearest_ranks(sample, P50_P99)
    others = nearest_ranks(np.sort(_sample(model, _sets(model), rates, 6, 600), axis=-1), P50_P99)
    off = np.hypot(np.log(others).std(axis=0), [model.error[0], model.error[2]])
    found = []
    for row, (mid, aside) in enumerate(zip(values, off, strict=True)):
        p50, p99 = (Likely(float(v), float(v * np.exp(-LIKELY * s)), float(v * np.exp(LIKELY * s)))
                    for v, s in zip(mid, aside, strict=True))  # fmt: skip
        misses = {
            name: 1 - float(np.searchsorted(sample[row], deadline, side="right")) / sample.shape[1]
            for name, deadline in deadlines_ms.items()
        }
        found.append((p50, p99, misses))
    return found


def knee(model: Model, bound_ms: float | None = None) -> Knee:
    """The highest rate at which p99 keeps to ``bound_ms`` (or to five times what it is alone), and that is no more
    than 90 % of the capacity. 0 where not even a single swipe keeps to it."""
    alone_ms = float(
        nearest_ranks(np.sort(_sample(model, model.logs, [ALONE * model.capacity], 48, 400)[0]), P50_P99)[0, 1]
    )
    bound = KNEE_TIMES * alone_ms if bound_ms is None else bound_ms
    loads = np.linspace(ALONE, FULL, 46)
    rate = _knees(model, model.logs[None, :], loads, bound, 12, 1_200)[0]
    others = _knees(model, _sets(model), loads[::3], bound, 6, 500)
    low, high = np.quantile(others, [0.025, 0.975])
    full = rate >= FULL * model.capacity * 0.999
    why = f"{FULL:.0%} of the capacity" if full else f"p99 reaches {bound:.4g} ms"
    return Knee(Likely(float(rate), float(min(low, rate)), float(max(high, rate))), bound, why)


def _knees(model: Model, sets: np.ndarray, loads: np.ndarray, bound: float, queues: int, arrivals: int) -> np.ndarray:
    """For each set the rate at which p99 meets the bound, between the loads that are tried."""
    found = []
    for logs in sets:
        capacity = float(model.family.capacity(logs, model.servers)[0])
        sample = np.sort(_sample(model, logs, loads * capacity, queues, arrivals)[0], axis=-1)
        p99 = np.maximum.accumulate(nearest_ranks(sample, P50_P99)[:, 1])
        over = np.flatnonzero(p99 > bound)
        if not len(over):
            found.append(loads[-1] * capacity)
        elif over[0] == 0:
            found.append(0.0)
        else:
            after = over[0]
            share = (np.log(bound) - np.log(p99[after - 1])) / (np.log(p99[after]) - np.log(p99[after - 1]))
            found.append((loads[after - 1] + share * (loads[after] - loads[after - 1])) * capacity)
    return np.array(found)


def _sample(
    model: Model, logs: np.ndarray, rates: Sequence[float] | np.ndarray, queues: int, arrivals: int
) -> np.ndarray:
    return model.family.latencies(logs, np.asarray(rates, float), model.servers, draws(SEED, queues, arrivals))


def _sets(model: Model) -> np.ndarray:
    """Parameters as they might be as well, after the fit."""
    rng = np.random.default_rng([SEED, 0x1E])
    found = rng.multivariate_normal(model.logs, model.covariance, SETS, method="eigh")
    for place, column in enumerate(model.family.free):
        if column in (SPREAD, BASE_SPREAD):
            found[:, place] = np.minimum(found[:, place], max(np.log(WIDEST), model.logs[place]))
    return found
