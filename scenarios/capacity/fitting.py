"""Parameters from quantiles: weighted least squares on the logarithms of the quantiles of all rates at once.

The simulation uses the same draws throughout, so it is smooth in its parameters, and the whole Jacobian is one call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from scenarios.capacity.families import SERVERS, Family
from scenarios.capacity.servers import BASE, BASE_SPREAD, BATCH, CLEARING, EACH, SPREAD, Draws, draws

SHARES = np.array([0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
"""The quantiles that are matched."""
MODEL_ERROR = 0.03
"""No model is nearer to the truth than this: it keeps many samples of one rate from outweighing all else."""
BLOCKS = 8
"""Neighbours in a queue wait together, and machines have moods: how certain a quantile is shows in how it differs
between so many stretches of its run."""
STEP = 0.04
QUEUES, ARRIVALS = 16, 800
SCREENED, SCREEN_QUEUES, SCREEN_ARRIVALS = 96, 8, 500
SCREEN_WIDTHS = (0.7, 0.25, 0.1)
"""So many sets of parameters are drawn around the first guess, and looked at roughly, and again nearer around the best
of those: a descent alone ends in the first hollow, as near its capacity a queue is rough ground."""
LOOSE = 1.5
"""How far, in logarithms, a parameter goes from its first guess before that costs as much as one standard error."""
HELD_OUT = np.array([0.5, 0.9, 0.99])
Known = Callable[[np.ndarray], np.ndarray]
"""From sets of logarithms to residuals: (sets, quantiles of all points, and parameters)."""


@dataclass(frozen=True, slots=True)
class Point:
    """Latencies in ms, in the order of sending, at ``rate`` arrivals a second."""

    name: str
    rate: float
    latencies_ms: np.ndarray

    def quantiles(self, shares: np.ndarray) -> np.ndarray:
        return nearest_ranks(np.sort(self.latencies_ms), shares)

    def uncertainty(self, shares: np.ndarray) -> np.ndarray:
        """The standard errors of the logarithms of these quantiles, by the stretches of the run."""
        blocks = [np.log(nearest_ranks(np.sort(one), shares)) for one in np.array_split(self.latencies_ms, BLOCKS)]
        return np.std(blocks, axis=0, ddof=1) / np.sqrt(BLOCKS)


@dataclass(frozen=True, slots=True)
class Fit:
    """``logs``: logarithms of the free parameters; ``covariance``: of those; ``error``: the root mean square of the
    weighted residuals, about 1 where the model is as right as the samples can tell."""

    family: Family
    servers: int
    logs: np.ndarray
    covariance: np.ndarray
    error: float


def nearest_ranks(ordered: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Nearest-rank quantiles of rows in ascending order: (rows, shares)."""
    ranks = np.ceil(np.round(shares * ordered.shape[-1], 9)).astype(int)
    return ordered[..., np.maximum(ranks, 1) - 1]


def fit(points: Sequence[Point], family: Family, servers: int, seed: int, begin: np.ndarray | None = None) -> Fit:
    """The best parameters of one family with so many servers."""
    drawn, rates = draws(seed, QUEUES, ARRIVALS), np.array([point.rate for point in points])
    measured, errors = (np.array(rows) for rows in zip(*(_measured(point) for point in points), strict=True))
    guess = _guess(points, family, servers)
    known = _residuals_of(family, servers, rates, drawn, measured, errors, guess)

    def jacobian(logs: np.ndarray) -> np.ndarray:
        moved = np.vstack([logs + STEP * np.eye(len(logs)), logs - STEP * np.eye(len(logs))])
        ahead, behind = np.split(known(moved), 2)
        return ((ahead - behind) / (2 * STEP)).T

    if begin is None:
        roughly = draws(seed, SCREEN_QUEUES, SCREEN_ARRIVALS)
        begin = _screened(_residuals_of(family, servers, rates, roughly, measured, errors, guess), guess, seed)
    found = least_squares(
        lambda logs: known(logs[None, :])[0], begin, jac=jacobian, loss="soft_l1", max_nfev=25, xtol=2e-3, ftol=2e-3
    )
    residuals = found.fun[: measured.size]
    error = float(np.sqrt(np.mean(residuals**2)))
    slopes = jacobian(found.x)
    covariance = np.linalg.inv(slopes.T @ slopes) * max(error**2, 1.0)
    return Fit(family, servers, found.x, covariance, error)


def _screened(known: Known, guess: np.ndarray, seed: int) -> np.ndarray:
    """The best of many that are drawn around the guess."""
    rng = np.random.default_rng([seed, 0x5C])
    best = guess
    for width in SCREEN_WIDTHS:
        around = best + rng.standard_normal((SCREENED, len(guess))) * width
        around[0] = best
        best = around[np.argmin(np.log1p(known(around) ** 2).sum(axis=1))]
    return best


def best_servers(points: Sequence[Point], family: Family, seed: int) -> Fit:
    """The number of servers that fits best."""
    return min((fit(points, family, servers, seed) for servers in SERVERS), key=lambda one: one.error)


def held_out(points: Sequence[Point], whole: Fit, seed: int) -> np.ndarray:
    """Predicted over measured, less 1, of p50, p90 and p99 at each rate, from a fit without it: (points, 3)."""
    drawn, errors = draws(seed + 1, QUEUES * 2, ARRIVALS * 2), []
    for number, left_out in enumerate(points):
        others = [*points[:number], *points[number + 1 :]]
        again = fit(others, whole.family, whole.servers, seed, begin=whole.logs)
        errors.append(errors_at([left_out], again, drawn)[0])
    return np.array(errors)


def errors_at(points: Sequence[Point], one: Fit, drawn: Draws) -> np.ndarray:
    """Predicted over measured, less 1, of p50, p90 and p99: (points, 3)."""
    rates = np.array([point.rate for point in points])
    told = np.sort(one.family.latencies(one.logs, rates, one.servers, drawn)[0], axis=-1)
    measured = np.array([point.quantiles(HELD_OUT) for point in points])
    return nearest_ranks(told, HELD_OUT) / measured - 1


def _residuals_of(
    family: Family, servers: int, rates: np.ndarray, drawn: Draws, measured: np.ndarray, errors: np.ndarray,
    guess: np.ndarray,
) -> Known:  # fmt: skip
    def known(logs: np.ndarray) -> np.ndarray:
        told = np.sort(family.latencies(logs, rates, servers, drawn), axis=-1)
        off = (np.log(nearest_ranks(told, SHARES)) - measured) / errors
        return np.hstack([off.reshape(len(logs), -1), (logs - guess) / LOOSE])

    return known


def _measured(point: Point) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of the quantiles, and the standard error of each."""
    return np.log(point.quantiles(SHARES)), np.hypot(MODEL_ERROR, point.uncertainty(SHARES))


def _guess(points: Sequence[Point], family: Family, servers: int) -> np.ndarray:
    """Somewhere near: the median of the lowest rate is shared out, and the highest rate can be kept up with."""
    lowest = min(points, key=lambda point: point.rate)
    median_ms = float(lowest.quantiles(np.array([0.5]))[0])
    most_ms = servers * 1_000 / max(point.rate for point in points)
    guess = {
        BATCH: 0.4 * median_ms,
        EACH: min(0.2 * median_ms, 0.5 * most_ms),
        SPREAD: 0.4,
        BASE: 0.4 * median_ms,
        BASE_SPREAD: 0.4,
        CLEARING: min(0.05 * median_ms, 0.2 * most_ms),
    }
    return np.log([guess[column] for column in family.free])
