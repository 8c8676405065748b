"""Streams: the same seed and name, the same numbers; no stream shifts another."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.kernel import Kernel, Stream

Draw = Callable[[Stream], Any]
DRAWS: dict[str, Draw] = {
    "uniform": lambda stream: stream.uniform(),
    "integers": lambda stream: stream.integers(-5, 17),
    "choice": lambda stream: stream.choice("abcdef"),
    "bernoulli": lambda stream: stream.bernoulli(0.3),
    "lognormal_ns": lambda stream: stream.lognormal_ns(80_000_000, 0.6),
    "exponential_ns": lambda stream: stream.exponential_ns(1_000_000),
    "bytes": lambda stream: stream.bytes(5),
    "generator": lambda stream: stream.generator.random(),
}
draws = st.lists(st.sampled_from(sorted(DRAWS)), max_size=60)


def drawn(stream: Stream, kinds: list[str]) -> list[Any]:
    return [DRAWS[kind](stream) for kind in kinds]


@given(st.integers(0, 2**64), st.text(st.characters(exclude_characters="\0")), draws)
def test_seed_and_name_determine_a_stream(seed: int, name: str, kinds: list[str]) -> None:
    assert drawn(Stream(seed, name), kinds) == drawn(Stream(seed, name), kinds)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(sorted(DRAWS))), max_size=80))
def test_streams_do_not_shift_each_other(calls: list[tuple[str, str]]) -> None:
    with Kernel(7) as kernel:
        mixed: dict[str, list[Any]] = {"a": [], "b": [], "c": []}
        for name, kind in calls:
            mixed[name].append(DRAWS[kind](kernel.stream(name)))
    for name in mixed:
        assert mixed[name] == drawn(Stream(7, name), [kind for at, kind in calls if at == name])


def test_seeds_and_names_give_different_numbers() -> None:
    starts = {Stream(seed, name).uniform() for seed in range(50) for name in ("", "a", "b", "ab", "1")}
    assert len(starts) == 250


def test_the_same_name_is_the_same_stream_further_along() -> None:
    with Kernel(7) as kernel:
        first = kernel.stream("actor").uniform()
        assert kernel.stream("actor").uniform() != first
        assert kernel.stream("actor") is kernel.stream("actor")


def test_samplers_have_sequences_of_their_own() -> None:
    plain, busy = Stream(1, "s"), Stream(1, "s")
    sampler = busy.lognormal_sampler(1000, 0.5)
    sampled = [sampler() for _ in range(2000)]
    assert drawn(plain, ["uniform"] * 50) == drawn(busy, ["uniform"] * 50)
    again = Stream(1, "s")
    again.uniform()
    assert sampled == [draw() for draw in [again.lognormal_sampler(1000, 0.5)] for _ in range(2000)]
    assert sampled[:20] != [draw() for draw in [again.lognormal_sampler(1000, 0.5)] for _ in range(20)]


@given(st.integers(-(2**40), 2**40), st.integers(1, 2**53))
def test_integers_stay_within_bounds(low: int, span: int) -> None:
    stream = Stream(1, "bounds")
    for _ in range(30):
        assert low <= stream.integers(low, low + span) < low + span


def test_integers_reach_every_value_about_as_often() -> None:
    stream = Stream(1, "die")
    counts = [0] * 6
    for _ in range(60_000):
        counts[stream.integers(0, 6)] += 1
    assert all(9_500 < count < 10_500 for count in counts)


def test_durations_follow_their_laws() -> None:
    stream = Stream(1, "law")
    for draw in (lambda: stream.lognormal_ns(80e6, 0.6), stream.lognormal_sampler(80e6, 0.6)):
        sample = sorted(draw() for _ in range(40_000))
        assert all(type(value) is int for value in sample[:5])
        assert statistics.median(sample) == pytest.approx(80e6, rel=0.02)
        assert sample[int(0.99 * len(sample))] == pytest.approx(323e6, rel=0.05)  # exp(2.326 * 0.6) medians
    for draw in (lambda: stream.exponential_ns(1e6), stream.exponential_sampler(1e6)):
        assert statistics.fmean(draw() for _ in range(40_000)) == pytest.approx(1e6, rel=0.02)


def test_bernoulli_is_one_draw_whatever_the_probability() -> None:
    streams = [Stream(1, "coin") for _ in range(3)]
    heads = [
        sum(stream.bernoulli(p) for _ in range(10_000)) for stream, p in zip(streams, (0.0, 0.25, 1.0), strict=True)
    ]
    assert heads[0] == 0
    assert 2_350 < heads[1] < 2_650
    assert heads[2] == 10_000
    assert len({stream.uniform() for stream in streams}) == 1


@given(st.lists(st.integers()))
def test_shuffle_keeps_what_it_shuffles(items: list[int]) -> None:
    shuffled = list(items)
    Stream(1, "deck").shuffle(shuffled)
    assert sorted(shuffled) == sorted(items)


def test_shuffle_reaches_every_order() -> None:
    stream = Stream(1, "deck")
    orders = set()
    for _ in range(500):
        deck = [1, 2, 3, 4]
        stream.shuffle(deck)
        orders.add(tuple(deck))
    assert len(orders) == 24


SENSELESS: list[Draw] = [
    lambda stream: stream.integers(5, 5),
    lambda stream: stream.integers(0, 2**53 + 1),
    lambda stream: stream.choice([]),
    lambda stream: stream.lognormal_sampler(0, 1),
    lambda stream: stream.lognormal_sampler(1, -1),
    lambda stream: stream.exponential_sampler(0),
]


@pytest.mark.parametrize("draw", SENSELESS)
def test_senseless_draws_are_refused_by_the_streams_name(draw: Draw) -> None:
    with pytest.raises(ValueError, match="'the stream'"):
        draw(Stream(1, "the stream"))


def test_names_hold_no_nul() -> None:
    with pytest.raises(ValueError, match="NUL"):
        Stream(1, "a\0b")


def test_the_numbers_are_fixed_for_good() -> None:
    """A change here changes every recorded seed: it is a new version of the format."""
    stream = Stream(20_240_229, "cardholder/17")
    assert [stream.integers(0, 1000) for _ in range(5)] == [457, 951, 413, 388, 550]
    assert stream.bytes(4).hex() == "ce030a2b"
