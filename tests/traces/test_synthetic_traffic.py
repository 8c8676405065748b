"""Synthetic traffic follows its spec: how many, when, who, where, how much; and it is the same each time."""

from __future__ import annotations

import dataclasses
import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pytest

from scenarios.traces.defaults import CATEGORIES, HOUR_WEIGHTS, WEEKDAY_WEIGHTS, CategorySpec
from scenarios.traces.synthetic import SyntheticSpec, expected_swipes, generate

SECOND = 10**9
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
NEW_YORK = ZoneInfo("America/New_York")
MONDAY = int(datetime.datetime(2026, 6, 1, tzinfo=NEW_YORK).timestamp()) * SECOND  # a week without a clock change
FLAT = {"hour_weights": (1,) * 24, "weekday_weights": (1,) * 7, "zone": "UTC"}
WEEK = SyntheticSpec(start_at_ns=MONDAY, duration_ns=7 * DAY, cardholders=2_000, swipes=100_000)


def drawn(spec: SyntheticSpec, seed: int = 1):
    return generate(spec, np.random.default_rng(seed))


def chi_square(counts: np.ndarray, expected: np.ndarray) -> float:
    assert counts.sum() == pytest.approx(expected.sum())
    return float(((counts - expected) ** 2 / expected).sum())


def local_hours(at_ns: np.ndarray, start_ns: int = MONDAY) -> np.ndarray:
    return (at_ns - start_ns) // HOUR % 24


# Bounds: the 99.99th percentile of chi-square with n - 1 degrees of freedom.
CHI_SQUARE_BOUND = {7: 27.9, 24: 59.0, 168: 243.8, len(CATEGORIES): 33.7}


def test_purchases_follow_the_hours_and_weekdays_of_the_zone():
    at_ns = drawn(WEEK).at_ns
    by_hour_of_week = np.bincount((at_ns - MONDAY) // HOUR, minlength=168)
    weights = np.outer(WEEKDAY_WEIGHTS, HOUR_WEIGHTS).ravel()
    expected = weights / weights.sum() * len(at_ns)
    assert chi_square(by_hour_of_week, expected) < CHI_SQUARE_BOUND[168]
    # The bound has teeth: the same week read in UTC, four hours off, breaks it by far.
    assert chi_square(np.roll(by_hour_of_week, 4), expected) > 50 * CHI_SQUARE_BOUND[168]


@pytest.mark.parametrize("clock_change", [(2026, 3, 8), (2026, 11, 1)])
def test_the_hours_follow_the_clock_when_it_changes(clock_change):
    noon = tuple(float(hour == 12) for hour in range(24))
    start = int(datetime.datetime(*clock_change, tzinfo=NEW_YORK).timestamp()) * SECOND - 2 * DAY
    spec = dataclasses.replace(WEEK, start_at_ns=start, duration_ns=5 * DAY, swipes=500, hour_weights=noon)
    stamps = [datetime.datetime.fromtimestamp(at // SECOND, NEW_YORK) for at in drawn(spec).at_ns.tolist()]
    assert {stamp.hour for stamp in stamps} == {12}
    assert len({stamp.date() for stamp in stamps}) == 5
    assert len({stamp.utcoffset() for stamp in stamps}) == 2


def test_flat_traffic_is_uniform_within_any_window():
    spec = SyntheticSpec(MONDAY + 123_456_789, 60 * SECOND, 10, swipes=24_000, **FLAT)
    at_ns = drawn(spec).at_ns
    assert at_ns.min() >= spec.start_at_ns
    assert at_ns.max() < spec.start_at_ns + spec.duration_ns
    counts = np.bincount((at_ns - spec.start_at_ns) * 24 // spec.duration_ns, minlength=24)
    assert chi_square(counts, np.full(24, 1_000.0)) < CHI_SQUARE_BOUND[24]


def test_gaps_of_a_steady_rate_are_exponential():
    gaps = np.diff(drawn(SyntheticSpec(MONDAY, HOUR, 10, swipes_per_s=10.0, **FLAT)).at_ns) / SECOND
    assert np.mean(gaps) == pytest.approx(0.1, rel=0.03)
    assert np.std(gaps) == pytest.approx(np.mean(gaps), rel=0.03)
    assert np.mean(gaps > 0.1) == pytest.approx(np.exp(-1), abs=0.01)


@pytest.mark.parametrize("count", [0, 1, 2, 12_345])
def test_exactly_as_many_swipes_as_asked_for(count):
    spec = dataclasses.replace(WEEK, swipes=count)
    assert len(drawn(spec)) == count == expected_swipes(spec)


def test_the_rate_is_the_mean_over_a_full_week():
    spec = dataclasses.replace(WEEK, swipes=None, swipes_per_s=0.1)
    assert expected_swipes(spec) == pytest.approx(0.1 * 7 * 86_400)
    assert len(drawn(spec)) == pytest.approx(60_480, abs=5 * 60_480**0.5)


def test_the_count_of_a_rate_varies_as_a_poisson_count_does():
    spec = SyntheticSpec(MONDAY, 100 * SECOND, 1, swipes_per_s=1.0, **FLAT)
    counts = [len(drawn(spec, seed)) for seed in range(400)]
    assert np.mean(counts) == pytest.approx(100, abs=2.5)
    assert np.var(counts) == pytest.approx(100, rel=0.3)


def test_twice_the_rate_is_twice_the_purchases_hour_by_hour():
    slow, fast = (
        drawn(dataclasses.replace(WEEK, swipes=None, swipes_per_s=rate), seed) for rate, seed in ((0.2, 1), (0.4, 2))
    )
    assert len(fast) / len(slow) == pytest.approx(2, rel=0.02)
    by_hour, twice = np.bincount(local_hours(fast.at_ns)), 2 * np.bincount(local_hours(slow.at_ns))
    assert ((by_hour - twice) ** 2 / (by_hour + 2 * twice)).sum() < CHI_SQUARE_BOUND[24]


def test_a_night_is_quieter_than_an_evening():
    night, evening = (
        dataclasses.replace(WEEK, start_at_ns=MONDAY + hour * HOUR, duration_ns=HOUR, swipes=None, swipes_per_s=1.0)
        for hour in (4, 17)
    )
    ratio = expected_swipes(evening) / expected_swipes(night)
    assert ratio == pytest.approx(HOUR_WEIGHTS[17] / HOUR_WEIGHTS[4])


def test_hours_of_weight_zero_stay_empty():
    open_hours = tuple(float(9 <= hour < 17) for hour in range(24))
    plan = drawn(dataclasses.replace(WEEK, hour_weights=open_hours, swipes=5_000))
    assert set(local_hours(plan.at_ns).tolist()) == set(range(9, 17))
    closed = dataclasses.replace(WEEK, hour_weights=open_hours, duration_ns=HOUR)
    with pytest.raises(ValueError, match="zero all through the traffic"):
        drawn(closed)
    assert len(drawn(dataclasses.replace(closed, swipes=None, swipes_per_s=9.0))) == 0


def test_purchases_are_sorted_and_cost_whole_positive_cents_within_bounds():
    plan = drawn(WEEK)
    assert (np.diff(plan.at_ns) >= 0).all()
    assert plan.amount_cents.dtype == np.int64
    bounds = {category.name: (category.min_cents, category.max_cents) for category in CATEGORIES}
    for index, till in enumerate(plan.merchants):
        amounts = plan.amount_cents[plan.merchant == index]
        low, high = bounds[till.category]
        assert len(amounts) == 0 or (amounts.min() >= low and amounts.max() <= high)


def test_categories_come_in_their_shares_under_their_codes():
    plan = drawn(WEEK)
    names = [category.name for category in CATEGORIES]
    of_till = np.array([names.index(till.category) for till in plan.merchants])
    counts = np.bincount(of_till[plan.merchant], minlength=len(names))
    shares = np.array([category.share for category in CATEGORIES])
    assert chi_square(counts, shares / shares.sum() * len(plan)) < CHI_SQUARE_BOUND[len(CATEGORIES)]
    assert {(till.category, till.mcc) for till in plan.merchants} == {(c.name, c.mcc) for c in CATEGORIES}


def test_amounts_have_the_median_and_spread_of_their_category():
    category = CategorySpec("grocery", "5411", 1.0, 10, 1_721, 1.26, 1, 10**9)
    logs = np.log(drawn(dataclasses.replace(WEEK, categories=(category,))).amount_cents)
    assert np.median(np.exp(logs)) == pytest.approx(1_721, rel=0.02)
    assert np.std(logs) == pytest.approx(1.26, rel=0.02)


def test_merchants_are_popular_as_zipf_says():
    category = CategorySpec("cafe", "5814", 1.0, 50, 400, 0.5)
    plan = drawn(dataclasses.replace(WEEK, categories=(category,), merchant_zipf=1.0))
    counts = np.bincount(plan.merchant, minlength=50)
    rank = np.arange(1, 51)
    assert counts[0] / counts[9] == pytest.approx(10, rel=0.15)
    assert chi_square(counts, len(plan) / rank / (1 / rank).sum()) < 100
    assert [till.id for till in plan.merchants][:2] == ["cafe-0001", "cafe-0002"]


def test_a_few_cardholders_swipe_much_more_than_the_rest():
    counts = np.sort(np.bincount(drawn(WEEK).cardholder, minlength=2_000))[::-1]
    assert counts[:200].sum() > 0.35 * counts.sum()  # a lognormal of sigma 1.13 gives its top tenth 44 %
    alike = np.bincount(drawn(dataclasses.replace(WEEK, activity_sigma=0.0)).cardholder, minlength=2_000)
    assert alike.max() < 100


def test_tips_holds_and_networks_are_left_to_others():
    plan = drawn(WEEK)
    assert (plan.authorized_cents == -1).all()
    assert (plan.network == -1).all()


def test_the_same_seed_gives_the_same_traffic_and_another_seed_does_not():
    assert drawn(WEEK, 7) == drawn(WEEK, 7)
    assert drawn(WEEK, 7) != drawn(WEEK, 8)


def test_ids_depend_on_the_spec_alone():
    assert drawn(WEEK, 7).cardholders == drawn(WEEK, 8).cardholders
    assert drawn(WEEK, 7).cardholders[:2] == ("cardholder-000001", "cardholder-000002")
    assert len({till.id for till in drawn(WEEK).merchants}) == sum(category.merchants for category in CATEGORIES)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"duration_ns": 0}, "duration_ns: must be positive"),
        ({"start_at_ns": 0}, "start_at_ns: the traffic must lie between 1990"),
        ({"duration_ns": 400 * 366 * DAY}, "start_at_ns: the traffic must lie between 1990"),
        ({"cardholders": 0}, "cardholders: must be positive"),
        ({"swipes": None}, "swipes: give either swipes or swipes_per_s"),
        ({"swipes_per_s": 1.0}, "swipes: give either swipes or swipes_per_s"),
        ({"swipes": -1}, "swipes: must not be negative"),
        ({"swipes": None, "swipes_per_s": float("nan")}, "swipes_per_s: must be a number"),
        ({"hour_weights": (1.0,) * 23}, "hour_weights: must be 24 numbers"),
        ({"weekday_weights": (0.0,) * 7}, "weekday_weights: must not be negative, nor all zero"),
        ({"hour_weights": (-1.0,) + (1.0,) * 23}, "hour_weights: must not be negative"),
        ({"activity_sigma": -0.1}, "activity_sigma: must be between 0 and 5"),
        ({"merchant_zipf": 6.0}, "merchant_zipf: must be between 0 and 5"),
        ({"categories": ()}, "categories: must have different names, at least one"),
        ({"categories": CATEGORIES[:1] * 2}, "categories: must have different names"),
        ({"categories": (CategorySpec("a", "5410", 1, 1, 5, 1),)}, r"categories\[a\].mcc: '5410' is not a merchant"),
        ({"categories": (CategorySpec("a", "5411", 1, 0, 500, 1),)}, r"categories\[a\].merchants: must be positive"),
        ({"categories": (CategorySpec("a", "5411", 1, 1, 5, 1),)}, r"categories\[a\].median_cents: must hold 1 <= min"),
        ({"categories": (CategorySpec("a", "5411", 0, 1, 500, 1),)}, "categories: shares must not all be zero"),
    ],
)
def test_a_spec_that_makes_no_sense_names_the_field(change, says):
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(WEEK, **change)


@pytest.mark.parametrize("zone", ["America/New_Yrok", "America", "../etc", ""])
def test_a_zone_that_does_not_exist_is_refused_at_once(zone):
    with pytest.raises(ZoneInfoNotFoundError, match="there is no zone"):
        dataclasses.replace(WEEK, zone=zone)
