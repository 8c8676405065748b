"""Durations, times of day and instants: what is read, what is refused, and that both ways agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.units import (
    LONGEST_NS,
    NS,
    format_duration,
    format_instant,
    format_time_of_day,
    parse_duration,
    parse_instant,
    parse_time_of_day,
)

DAY_S = 86_400


@given(st.integers(0, LONGEST_NS))
def test_a_duration_is_written_so_that_it_reads_back_the_same(ns: int) -> None:
    assert parse_duration(format_duration(ns)) == ns


@given(st.integers(0, DAY_S - 1))
def test_a_time_of_day_is_written_so_that_it_reads_back_the_same(second: int) -> None:
    assert parse_time_of_day(format_time_of_day(second * NS["s"])) == second * NS["s"]


@given(st.integers(0, 230 * 365 * DAY_S * 1_000_000))
def test_an_instant_is_written_so_that_it_reads_back_the_same(microseconds: int) -> None:
    assert parse_instant(format_instant(microseconds * 1_000)) == microseconds * 1_000


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("7d", 7 * NS["d"]),
        ("90s", 90 * NS["s"]),
        ("250ms", 250 * NS["ms"]),
        ("1h30m", 90 * NS["m"]),
        ("1.5h", 90 * NS["m"]),
        ("1m1ms", 60_001 * NS["ms"]),
        ("3us", 3_000),
        ("0s", 0),
        (0, 0),
    ],
)
def test_a_duration_is_read_in_its_units(text: object, ns: int) -> None:
    assert parse_duration(text) == ns


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (90, "90 has no unit"),
        (1.5, "1.5 has no unit"),
        (True, "write it like 7d"),
        (None, "write it like 7d"),
        ("", "write it like 7d"),
        ("7 days", "did you mean 7d?"),
        ("2 weeks", "did you mean 14d?"),
        ("1 hour 30 min", "did you mean 1h30m?"),
        ("10 Sec", "did you mean 10s?"),
        ("-1h", "can't be negative"),
        ("1m1h", "from large to small"),
        ("1h1h", "each once"),
        ("0.1ns", "finer than a nanosecond"),
        ("9999d", "longer than 4000d"),
        ("soon", "write it like 7d"),
        ("٣s", "write it like 7d"),
    ],
)
def test_a_wrong_duration_is_told_what_to_write(value: object, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        parse_duration(value)
    assert said in str(error.value)


@pytest.mark.parametrize("value", ["5", "24:00", "05:60", "5pm", 300, None, "05:00:60"])
def test_a_wrong_time_of_day_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="no time of day"):
        parse_time_of_day(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2025-01-06", "did you mean 2025-01-06T00:00:00Z?"),
        ("2025-01-06T00:00:00", "did you mean 2025-01-06T00:00:00Z?"),
        ("2025-01-06 00:00:00+00:00", "did you mean 2025-01-06T00:00:00Z?"),
        ("2025-01-06T00:00:00+01:00", "write it in UTC"),
        ("2025-02-30T00:00:00Z", "day is out of range"),
        ("1969-12-31T00:00:00Z", "outside the years"),
        ("yesterday", "write it in UTC"),
        (1736121600, "write it in UTC"),
    ],
)
def test_a_wrong_instant_is_told_what_to_write(value: object, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        parse_instant(value)
    assert said in str(error.value)
