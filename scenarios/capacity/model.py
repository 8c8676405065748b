"""A calibrated model, as it is kept in a file: what was fitted, how well, and to what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from scenarios.capacity.families import COLUMNS, FAMILIES, Family
from scenarios.capacity.fitting import HELD_OUT, Fit, Point, best_servers, errors_at, held_out
from scenarios.capacity.servers import draws
from scenarios.problems import BadInput

SCHEMA = "swipelab.capacity/1"
FEWEST_HELD_OUT = 3
"""With so many rates one can be left out, and predicted from the others."""


@dataclass(frozen=True, slots=True)
class Model:
    """``error``: the usual error of a predicted p50, p90 and p99 (root mean square of logarithms). ``families`` and
    ``points`` are told, not used. ``lowest``, ``highest``: the rates between which it was fitted."""

    family: Family
    servers: int
    logs: np.ndarray
    covariance: np.ndarray
    error: tuple[float, float, float]
    lowest: float
    highest: float
    families: list[dict[str, Any]]
    points: list[dict[str, Any]]

    @property
    def capacity(self) -> float:
        """Arrivals a second beyond which the queue grows without end."""
        return float(self.family.capacity(self.logs, self.servers)[0])

    @property
    def parameters(self) -> dict[str, float]:
        return dict(zip(COLUMNS, self.family.full(self.logs[None, :])[0].tolist(), strict=True))


def calibrate(points: Sequence[Point], seed: int = 1) -> Model:
    """Fit each family, and keep the one that predicts best what it was not fitted to (with fewer than
    :data:`FEWEST_HELD_OUT` rates, the one that fits best)."""
    tried: list[tuple[float, Fit, np.ndarray, str]] = []
    check = draws(seed + 1, 32, 800)
    for family in FAMILIES.values():
        whole = best_servers(points, family, seed)
        leave = len(points) >= FEWEST_HELD_OUT
        errors = held_out(points, whole, seed) if leave else errors_at(points, whole, check)
        score = float(np.mean(np.abs(np.log1p(errors)))) if leave else whole.error
        tried.append((score, whole, errors, "left out" if leave else "fitted"))
    _, best, errors, how = min(tried, key=lambda one: one[0])
    spread = np.sqrt(np.mean(np.log1p(errors) ** 2, axis=0))
    return Model(
        best.family,
        best.servers,
        best.logs,
        best.covariance,
        (float(spread[0]), float(spread[1]), float(spread[2])),
        min(point.rate for point in points),
        max(point.rate for point in points),
        [_told(score, one, off, way) for score, one, off, way in tried],
        _points(points, errors_at(points, best, check), errors, how),
    )


def _told(score: float, one: Fit, errors: np.ndarray, how: str) -> dict[str, Any]:
    worst = np.abs(errors).max(axis=0)
    return {
        "family": one.family.name,
        "about": one.family.about,
        "servers": one.servers,
        "residual": round(one.error, 3),
        "score": round(score, 4),
        "rates": how,
        "worst_error": {name: round(float(value), 3) for name, value in zip(_NAMES, worst, strict=True)},
    }


_NAMES = tuple(f"p{share * 100:g}" for share in HELD_OUT)


def _points(points: Sequence[Point], fitted: np.ndarray, out: np.ndarray, how: str) -> list[dict[str, Any]]:
    rows = []
    for point, within, left in zip(points, fitted.tolist(), out.tolist(), strict=True):
        measured = point.quantiles(HELD_OUT).tolist()
        row: dict[str, Any] = {"run": point.name, "rate": round(point.rate, 3), "samples": len(point.latencies_ms)}
        row["measured_ms"] = {name: round(value, 3) for name, value in zip(_NAMES, measured, strict=True)}
        row["error_fitted"] = {name: round(value, 3) for name, value in zip(_NAMES, within, strict=True)}
        if how == "left out":
            row["error_left_out"] = {name: round(value, 3) for name, value in zip(_NAMES, left, strict=True)}
        rows.append(row)
    return rows


def written(model: Model) -> str:
    """The file's text."""
    document = {
        "schema": SCHEMA,
        "family": model.family.name,
        "servers": model.servers,
        "capacity_per_s": round(model.capacity, 3),
        "parameters": {
            COLUMNS[place]: float(np.exp(log)) for place, log in zip(model.family.free, model.logs, strict=True)
        },
        "covariance": model.covariance.tolist(),
        "error": dict(zip(_NAMES, model.error, strict=True)),
        "rates": {"lowest": model.lowest, "highest": model.highest},
        "families": model.families,
        "points": model.points,
    }
    return yaml.safe_dump(document, sort_keys=False, width=120)


def read_model(file: Path) -> Model:
    """Raises BadInput where the file is none that `swipelab calibrate` wrote."""
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the model {file} can't be read: {error}") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{file} is not YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise BadInput(f"{file} is no capacity model: its schema is not {SCHEMA}; `swipelab calibrate` writes one")
    try:
        return _model(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{file} is no whole capacity model ({type(error).__name__}: {error})") from error


def _model(found: dict[str, Any]) -> Model:
    family = FAMILIES[found["family"]]
    values = [float(found["parameters"][COLUMNS[place]]) for place in family.free]
    covariance = np.array(found["covariance"], float)
    if covariance.shape != (len(values), len(values)) or not np.isfinite(covariance).all():
        raise ValueError("the covariance does not fit the parameters")
    if not all(math.isfinite(value) and value > 0 for value in values) or int(found["servers"]) < 1:
        raise ValueError("parameters and servers have to be above 0")
    error = tuple(float(found["error"][name]) for name in _NAMES)
    rates = found["rates"]
    return Model(
        family, int(found["servers"]), np.log(values), covariance, (error[0], error[1], error[2]),
        float(rates["lowest"]), float(rates["highest"]), list(found["families"]), list(found["points"]),
    )  # fmt: skip
