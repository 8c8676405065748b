"""Synthetic traffic: purchases drawn from a spec, as many as asked for, at whatever rate, reproducibly.

Arrivals are a Poisson process whose intensity follows the hour and the weekday of a time zone; given their number
they are independent draws from that intensity, which is how exactly N swipes are made as well. Who pays follows a
lognormal activity per cardholder, where follows a Zipf law within a category, how much is lognormal per category.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np

from scenarios.traces.defaults import (
    ACTIVITY_SIGMA,
    CATEGORIES,
    HOUR_WEIGHTS,
    MERCHANT_ZIPF,
    WEEKDAY_WEIGHTS,
    ZONE,
    CategorySpec,
)
from scenarios.traces.format import END_NS, FIRST_NS, MAX_CENTS, mcc_problem, nearest_word
from scenarios.traces.plan import MerchantRow, PurchasePlan

_QUARTER_S = 900  # every zone's offset is a multiple of a quarter hour


@dataclasses.dataclass(frozen=True, slots=True)
class SyntheticSpec:
    """What traffic to draw. Exactly one of `swipes` and `swipes_per_s` is given.

    Raises ValueError naming the field, ZoneInfoNotFoundError where there is no such zone.

    start_at_ns       first instant, UTC nanoseconds since 1970
    duration_ns       length; purchases fall in [start_at_ns, start_at_ns + duration_ns)
    swipes            exactly this many purchases
    swipes_per_s      mean rate over a full week; an hour's rate is this times its weight over the mean weight
    cardholders       how many cardholders there are (not all need to swipe)
    categories        what is bought: shares, merchants, amounts
    hour_weights      24 relative rates, midnight first, local time of `zone`; all equal: no daily rhythm
    weekday_weights   7 relative rates, Monday first
    zone              IANA name of the time zone that the weights are meant in
    activity_sigma    spread (sigma of the logarithm) of how often cardholders swipe; 0: all alike
    merchant_zipf     the k-th merchant of a category gets a share of 1 / k**merchant_zipf; 0: all alike
    """

    start_at_ns: int
    duration_ns: int
    cardholders: int
    swipes: int | None = None
    swipes_per_s: float | None = None
    categories: tuple[CategorySpec, ...] = CATEGORIES
    hour_weights: tuple[float, ...] = HOUR_WEIGHTS
    weekday_weights: tuple[float, ...] = WEEKDAY_WEIGHTS
    zone: str = ZONE
    activity_sigma: float = ACTIVITY_SIGMA
    merchant_zipf: float = MERCHANT_ZIPF

    def __post_init__(self) -> None:
        _require(self.duration_ns > 0, "duration_ns", "must be positive")
        in_range = self.start_at_ns >= FIRST_NS and self.start_at_ns + self.duration_ns <= END_NS
        _require(in_range, "start_at_ns", "the traffic must lie between 1990-01-01 and 2199-12-31")
        _require(self.cardholders > 0, "cardholders", "must be positive")
        _require((self.swipes is None) != (self.swipes_per_s is None), "swipes", "give either swipes or swipes_per_s")
        _require(self.swipes is None or self.swipes >= 0, "swipes", "must not be negative")
        rate_fits = self.swipes_per_s is None or 0 <= self.swipes_per_s < math.inf
        _require(rate_fits, "swipes_per_s", "must be a number of 0 or more")
        for name, count in (("hour_weights", 24), ("weekday_weights", 7)):
            weights = getattr(self, name)
            _require(len(weights) == count, name, f"must be {count} numbers")
            usable = all(0 <= weight < math.inf for weight in weights) and sum(weights) > 0
            _require(usable, name, "must not be negative, nor all zero")
        _require(0 <= self.activity_sigma <= 5, "activity_sigma", "must be between 0 and 5")
        _require(0 <= self.merchant_zipf <= 5, "merchant_zipf", "must be between 0 and 5")
        _check_zone(self.zone)
        names = [category.name for category in self.categories]
        _require(
            len(names) > 0 and len(names) == len(set(names)), "categories", "must have different names, at least one"
        )
        for category in self.categories:
            _check_category(category)
        _require(sum(category.share for category in self.categories) > 0, "categories", "shares must not all be zero")


def generate(spec: SyntheticSpec, generator: np.random.Generator) -> PurchasePlan:
    """Draws the purchases. The same spec and generator state give the same plan; ids do not depend on either.

    Cardholders are named `cardholder-000001` ..., merchants `grocery-0001` ... (1 is the most popular). What is
    asked at authorization (tips, pumps) is left to the merchants' habits, the network to the cards.
    """
    at_ns = _arrivals(spec, generator)
    count = len(at_ns)
    activity = generator.lognormal(0.0, spec.activity_sigma, spec.cardholders)
    cardholder = _draw(activity, count, generator)
    merchants, popularity, category_of = _merchants(spec)
    merchant = _draw(popularity, count, generator)
    amount_cents = _amounts(spec.categories, category_of[merchant], generator)
    width = max(6, len(str(spec.cardholders)))
    cardholders = [f"cardholder-{number:0{width}d}" for number in range(1, spec.cardholders + 1)]
    return PurchasePlan.of(at_ns, cardholder, merchant, amount_cents, cardholders, merchants)


def expected_swipes(spec: SyntheticSpec) -> float:
    """How many purchases a spec gives on average (exactly `swipes` where that is given)."""
    return float(spec.swipes) if spec.swipes is not None else float(_intensity(spec)[1][-1])


def _arrivals(spec: SyntheticSpec, generator: np.random.Generator) -> np.ndarray:
    edges_ns, expected = _intensity(spec)
    if spec.swipes is None:
        count = int(generator.poisson(expected[-1]))
    elif expected[-1] == 0 and spec.swipes > 0:
        raise ValueError("hour_weights and weekday_weights are zero all through the traffic, yet swipes are asked for")
    else:
        count = spec.swipes
    # Order statistics: sorted uniform draws, put through the inverse of the expected number until each instant.
    drawn = np.sort(generator.random(count)) * expected[-1]
    since_start = np.interp(drawn, expected, edges_ns).astype(np.int64)
    return spec.start_at_ns + np.minimum(since_start, spec.duration_ns - 1)


def _intensity(spec: SyntheticSpec) -> tuple[np.ndarray, np.ndarray]:
    """Edges (ns since start) between which the rate is constant, and the expected purchases up to each edge.

    With `swipes` given the expectation is only known up to a factor, which is all that placing them needs.
    """
    first_quarter = spec.start_at_ns // 10**9 // _QUARTER_S
    last_quarter = -(-(spec.start_at_ns + spec.duration_ns) // (10**9 * _QUARTER_S))
    quarters = range(first_quarter, last_quarter)
    zone = ZoneInfo(spec.zone)
    local = [datetime.datetime.fromtimestamp(quarter * _QUARTER_S, zone) for quarter in quarters]
    hours, weekdays = np.array(spec.hour_weights, dtype=float), np.array(spec.weekday_weights, dtype=float)
    weight = hours[[moment.hour for moment in local]] * weekdays[[moment.weekday() for moment in local]]
    edges_ns = np.arange(first_quarter, last_quarter + 1) * (_QUARTER_S * 10**9) - spec.start_at_ns
    edges_ns = np.clip(edges_ns, 0, spec.duration_ns)
    rate_per_s = (1.0 if spec.swipes_per_s is None else spec.swipes_per_s) / (hours.mean() * weekdays.mean())
    expected = np.concatenate([[0.0], np.cumsum(weight * rate_per_s * np.diff(edges_ns) / 10**9)])
    return edges_ns, expected


def _merchants(spec: SyntheticSpec) -> tuple[list[MerchantRow], np.ndarray, np.ndarray]:
    """All merchants, the relative popularity of each, and the category (index) of each."""
    rows, popularity, category_of = [], [], []
    for index, category in enumerate(spec.categories):
        rank = np.arange(1, category.merchants + 1)
        weight = rank**-spec.merchant_zipf
        popularity.append(category.share * weight / weight.sum())
        category_of.append(np.full(category.merchants, index))
        width = max(4, len(str(category.merchants)))
        rows += [MerchantRow(f"{category.name}-{k:0{width}d}", category.mcc, category.name) for k in rank.tolist()]
    return rows, np.concatenate(popularity), np.concatenate(category_of)


def _amounts(categories: tuple[CategorySpec, ...], of_row: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    def column(field: str) -> np.ndarray:
        return np.array([getattr(category, field) for category in categories])[of_row]

    spread = generator.standard_normal(len(of_row)) * column("sigma")
    cents = np.rint(column("median_cents") * np.exp(spread))
    return np.clip(cents, column("min_cents"), column("max_cents")).astype(np.int64)


def _draw(weights: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """`count` indices, each with a probability proportional to its weight."""
    cumulative = np.cumsum(weights)
    drawn = np.searchsorted(cumulative, generator.random(count) * cumulative[-1], side="right")
    return np.minimum(drawn, len(weights) - 1).astype(np.int32)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """Once a process: they are looked for in the file system."""
    return frozenset(available_timezones())


def _check_zone(zone: str) -> None:
    if zone not in _zones():
        near = nearest_word(zone, sorted(_zones()))
        raise ZoneInfoNotFoundError(f"zone: there is no zone {zone!r}{f'; did you mean {near}?' if near else ''}")


def _check_category(category: CategorySpec) -> None:
    where = f"categories[{category.name}]"
    _require(mcc_problem(category.mcc) is None, f"{where}.mcc", f"{category.mcc!r} {mcc_problem(category.mcc)}")
    _require(0 <= category.share < math.inf, f"{where}.share", "must not be negative")
    _require(category.merchants > 0, f"{where}.merchants", "must be positive")
    _require(0 <= category.sigma <= 5, f"{where}.sigma", "must be between 0 and 5")
    ordered = 1 <= category.min_cents <= category.median_cents <= category.max_cents <= MAX_CENTS
    _require(
        ordered, f"{where}.median_cents", "must hold 1 <= min_cents <= median_cents <= max_cents <= a billion dollars"
    )


def _require(holds: bool, field: str, rule: str) -> None:
    if not holds:
        raise ValueError(f"{field}: {rule}")
