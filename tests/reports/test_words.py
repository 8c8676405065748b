"""Figures in words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import words


@pytest.mark.parametrize(
    ("usdc6", "text"),
    [
        (0, "$0.00"),
        (1_234_560_000, "$1,234.56"),
        (-41_070_000, "-$41.07"),
        (10_000, "$0.01"),
        (1, "$0.000001"),
        (1_000_001, "$1.000001"),
        (939_494_132_606_870_000, "$939,494,132,606.87"),
        (None, "n/a"),
    ],
)
def test_money_is_exact_to_the_last_millionth(usdc6: int | None, text: str):
    assert words.money(usdc6) == text


@given(st.integers(-(10**20), 10**20))
def test_money_can_be_read_back(usdc6: int):
    text = words.money(usdc6).replace("$", "").replace(",", "")
    whole, fraction = text.lstrip("-").split(".")
    back = int(whole) * 1_000_000 + int(fraction.ljust(6, "0"))
    assert (-back if text.startswith("-") else back) == usdc6


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (0.34, "340 ms"), (4.2, "4.2 s"), (59.9, "59.9 s"), (59.999, "60 s"), (60, "1 min"),
        (725, "12 min 5 s"),
        (3_600, "1 h"), (12_000, "3 h 20 min"), (86_400, "1 d"), (180_000, "2 d 2 h"), (-5, "-5 s"), (None, "n/a"),
    ],
)  # fmt: skip
def test_durations_are_humanised(seconds: float | None, text: str):
    assert words.duration(seconds) == text


@given(st.floats(0, 1e8))
def test_a_duration_never_names_a_unit_that_is_full(seconds: float):
    found = re.findall(r"([\d,.]+) (d|h|min|s|ms)\b", words.duration(seconds))
    full = {"h": 24, "min": 60}
    assert found
    for number, unit in found[1:]:
        assert float(number) < {"h": 24, "min": 60, "s": 60}[unit]
    assert float(found[0][0].replace(",", "")) <= full.get(found[0][1], 1e9)


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0 ms"), (0.412, "0.412 ms"), (8.25, "8.25 ms"), (84.31, "84.3 ms"), (412.4, "412 ms"), (1_250, "1.25 s")],
)
def test_milliseconds_show_three_figures(ms: float, text: str):
    assert words.milliseconds(ms) == text


def test_a_share_is_never_rounded_up_to_all():
    assert words.percent(1) == "100 %"
    assert words.percent(0.9999) == "99.9+ %"
    assert words.percent(0.934) == "93.4 %"
    assert words.percent(None) == "n/a"


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("latency.authorize.p99_ms", 84.3, "84.3 ms"),
        ("settlement.lag_p99_s", 3_725.0, "1 h 2 min"),
        ("run.wall_seconds", 4.218, "4.22 s"),
        ("settlement.settled_usdc6", 5_000_000, "$5.00"),
        ("counts.approved_cents", 1_234, "$12.34"),
        ("throughput.peak_per_s", 40, "40/s"),
        ("throughput.simulated_per_wall_s", 31_204.5, "31,204.5/s"),
        ("run.peak_rss_mib", 412.6, "412.6 MiB"),
        ("counts.swipes", 1_000_000, "1,000,000"),
        ("settlement.gas_per_swipe", None, "n/a"),
    ],
)
def test_a_figure_reads_in_the_unit_that_its_name_ends_with(path: str, value: float | None, text: str):
    assert words.figure(path, value) == text


def test_virtual_time_is_written_from_the_start():
    assert words.virtual_time(93_784_567_000_000) == "+1 d 02:03:04.567"
    assert words.virtual_time(-1_200_000_000_000) == "-00:20:00.000"


def test_lists_and_plurals_read_like_prose():
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed(["a"]) == "a"
    assert words.listed([]) == ""
    assert words.plural(1, "batch", "batches") == "1 batch"
    assert words.plural(1_200, "batch", "batches") == "1,200 batches"


def test_a_long_hash_keeps_both_ends():
    assert words.short("0x" + "ab" * 32) == "0xabababababab…abababab"
    assert words.short("pres-0000819") == "pres-0000819"
