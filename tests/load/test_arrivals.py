"""Arrivals are an open model: planned beforehand, of the asked rate, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.load import arrivals

SECOND_NS = arrivals.SECOND_NS
SEEDS = st.integers(0, 2**63 - 1)
RATES = st.floats(1, 2_000)
LENGTHS = st.floats(0.5, 20)


def courses(rate: float, seconds: float) -> list[arrivals.Course]:
    return [
        arrivals.steady(rate, seconds),
        arrivals.ramp(rate, seconds),
        arrivals.spike(rate, rate * 4, seconds, seconds / 4, seconds / 4),
        arrivals.soak(rate, seconds),
    ]


@settings(max_examples=40, deadline=None)
@given(RATES, LENGTHS, SEEDS)
def test_instants_are_sorted_and_lie_within_the_run(rate: float, seconds: float, seed: int) -> None:
    for course in courses(rate, seconds):
        at_ns = arrivals.poisson(course, seed)
        assert at_ns.dtype == np.int64
        assert (np.diff(at_ns) >= 0).all()
        assert not len(at_ns) or (at_ns[0] >= 0 and at_ns[-1] < seconds * SECOND_NS)


@settings(max_examples=40, deadline=None)
@given(RATES, LENGTHS, SEEDS)
def test_there_are_as_many_as_the_rate_says_within_six_sigma(rate: float, seconds: float, seed: int) -> None:
    for course in courses(rate, seconds):
        expected = sum(part.expected for part in course)
        assert abs(len(arrivals.poisson(course, seed)) - expected) <= 6 * expected**0.5 + 6


@settings(max_examples=20, deadline=None)
@given(RATES, LENGTHS, SEEDS)
def test_the_seed_decides_everything(rate: float, seconds: float, seed: int) -> None:
    for course in courses(rate, seconds):
        assert (arrivals.poisson(course, seed) == arrivals.poisson(course, seed)).all()
    one, other = (arrivals.poisson(arrivals.steady(500, 2), at) for at in (seed, (seed + 1) % 2**63))
    assert not np.array_equal(one, other)


@given(st.integers(0, 5_000), st.integers(1, 12))
def test_every_arrival_is_sent_by_exactly_one_worker(count: int, workers: int) -> None:
    shares = [arrivals.share(count, worker, workers) for worker in range(workers)]
    assert sorted(seq for mine in shares for seq in mine) == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_gaps_of_a_steady_course_are_exponential() -> None:
    gaps = np.diff(arrivals.poisson(arrivals.steady(1_000, 60), 7)) / SECOND_NS
    assert gaps.mean() == pytest.approx(0.001, rel=0.02)
    assert gaps.std() == pytest.approx(0.001, rel=0.03)


def test_a_ramp_grows_evenly_from_a_tenth() -> None:
    at_ns = arrivals.poisson(arrivals.ramp(1_000, 20), 3)
    early, late = (at_ns < SECOND_NS).sum(), (at_ns >= 19 * SECOND_NS).sum()
    assert early == pytest.approx(122, abs=60)
    assert late == pytest.approx(977, abs=160)


def test_a_spike_has_its_peak_where_it_is_meant_to_be() -> None:
    at_ns = arrivals.poisson(arrivals.spike(100, 1_000, 12, 4, 2), 5)
    per_second = np.bincount(at_ns // SECOND_NS, minlength=12)
    assert per_second[4:6].min() > 800
    assert per_second[:4].max() < 200
    assert per_second[6:].max() < 200


def test_a_spike_beyond_the_run_is_refused() -> None:
    with pytest.raises(ValueError, match="does not lie within 10 s"):
        arrivals.spike(10, 20, 10, 8, 3)


def test_more_arrivals_than_can_be_planned_are_refused() -> None:
    with pytest.raises(ValueError, match="are more than"):
        arrivals.poisson(arrivals.steady(1e6, 3_600), 1)


@given(st.lists(st.integers(10**18, 10**18 + 10**13), min_size=1, max_size=50), st.floats(0.5, 100))
def test_a_replay_keeps_the_gaps_divided_by_the_speed(at_ns: list[int], speed: float) -> None:
    recorded = np.array(sorted(at_ns), np.int64)
    replayed = arrivals.replayed(recorded, speed)
    assert replayed[0] == 0
    assert (np.diff(replayed) >= 0).all()
    assert np.abs(replayed * speed - (recorded - recorded[0])).max() <= speed + 16


def test_a_replay_is_cut_off_at_its_end() -> None:
    recorded = np.arange(10, dtype=np.int64) * SECOND_NS + 10**18
    assert len(arrivals.replayed(recorded, 2, 3)) == 6
