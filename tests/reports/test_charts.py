"""The drawing of charts: scales, ticks, labels that do not cover each other, text that is escaped."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reports.charts import Chart, Scale, el, log_ticks, place_labels, round_ticks
from reports.pictures.axes import TIME_STEPS_S, tick_time
from reports.pictures.latency import _with_gaps
from tests.reports.sample import FACTS

positive = st.floats(1e-3, 1e9)


@given(positive, positive, st.integers(2, 12))
def test_logarithmic_ticks_lie_in_range_and_are_not_too_many(low: float, high: float, at_most: int):
    assume(high > low * 1.01)
    ticks = log_ticks(low, high, at_most)
    assert len(ticks) <= at_most
    assert ticks == sorted(set(ticks))
    assert all(low * 0.999 <= tick <= high * 1.001 for tick in ticks)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e12), st.integers(1, 12), st.booleans())
def test_round_ticks_lie_in_range_and_are_not_too_many(low: float, span: float, at_most: int, of_time: bool):
    assume(low + span > low)
    ticks = round_ticks(low, low + span, at_most, TIME_STEPS_S if of_time else ())
    assert len(ticks) <= at_most + 1
    slack = span * 1e-6
    assert all(low - slack <= tick <= low + span + slack for tick in ticks)


@given(positive, positive, positive)
def test_a_logarithmic_scale_keeps_order_and_ends(low: float, high: float, value: float):
    assume(high > low * 1.001)
    scale = Scale(low, high, 10.0, 500.0, log=True)
    assert math.isclose(scale(low), 10.0, abs_tol=1e-6)
    assert math.isclose(scale(high), 500.0, abs_tol=1e-6)
    assert (scale(value) > scale(low)) == (value > low) or math.isclose(value, low, rel_tol=1e-9)


marks = st.lists(st.tuples(st.floats(60, 990), st.floats(40, 180)), max_size=6)


@given(marks)
def test_no_label_covers_another(found: list[tuple[float, float]]):
    placed = place_labels(found, 1_000.0)
    spans = [(start, start + wide, row) for (start, row), (_, wide) in zip(placed, found, strict=True)]
    for n, (start, end, row) in enumerate(spans):
        for other_start, other_end, other_row in spans[:n]:
            assert row != other_row or end <= other_start or other_end <= start


def test_a_line_does_not_run_through_the_words_of_its_neighbour():
    placed = place_labels([(300, 90), (330, 90), (345, 90)], 1_000)
    for (start, row), line in zip(placed, (300, 330, 345), strict=True):
        for (_, other_row), other in zip(placed, (300, 330, 345), strict=True):
            assert other == line or not start < other < start + 90 or row > other_row


def test_labels_far_apart_share_the_lowest_row():
    assert [row for _, row in place_labels([(100, 80), (400, 80), (700, 80)], 1_000)] == [0, 0, 0]


def test_a_label_at_the_right_edge_stands_left_of_its_mark():
    ((start, _),) = place_labels([(980, 90)], 1_000)
    assert start == 980 - 90 - 5


def test_a_course_has_gaps_where_nobody_swiped():
    assert _with_gaps([5, 15, 45], [1.0, 2.0, 3.0], 10) == ([5, 15, 35, 45], [1.0, 2.0, None, 3.0])


def test_text_and_attributes_are_escaped():
    drawn = el("text", "<b>&", class_='"x"', data_tip="a<b")
    assert drawn == '<text class="&#34;x&#34;" data-tip="a&lt;b">&lt;b&gt;&amp;</text>'


def test_a_chart_is_well_formed_and_says_what_it_shows():
    chart = Chart(400, 200)
    x, y = Scale(0, 10, 58, 388), Scale(0, 5, 166, 12)
    chart.line([0, 1, 2, 3], [1, None, 2, 3], x, y, "stroke p50")
    chart.bars([0, 1, 2], [0, 0], [3, 0], x, y, "fill")
    chart.hits([(0, 1, "a & b")], x)
    root = ET.fromstring(str(chart.svg("Three & a half")))
    assert (root.get("role"), root.get("aria-label")) == ("img", "Three & a half")
    assert root.find(".//title").text == "a & b"
    assert len(root.findall("circle")) == 1, "a value between gaps is a dot"


@pytest.mark.parametrize(
    ("at_s", "step_s", "text"),
    [(0, 3_600, "08:00"), (57_600, 43_200, "Mar 3"), (5, 5, "08:00:05"), (86_400, 86_400, "Mar 3")],
)
def test_time_ticks_are_dates_at_midnight_and_times_otherwise(at_s: float, step_s: float, text: str):
    assert tick_time({"run": {"start_utc_ns": FACTS.start_utc_ns}}, at_s, step_s) == text
