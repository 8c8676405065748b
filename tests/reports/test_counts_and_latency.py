"""What the report counts and how it measures latency."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reports.latency import MAX_BUCKETS, bucket_ns, nearest_rank, summary
from tests.reports.rows import error, late, presented, report_of, swipe, timeout
from tests.reports.sample import MS, row


def test_every_swipe_ends_exactly_once():
    report = report_of(
        swipe("a"), swipe("b", result="insufficient_funds"), timeout("c"), late("c", ms=2_100), timeout("d"), error("e")
    )  # fmt: skip
    counts = report["counts"]
    assert (counts["swipes"], counts["approved"], counts["declined"]) == (5, 1, 1)
    assert (counts["timeouts"], counts["errors"], counts["late"], counts["stand_in"]) == (2, 1, 1, 3)
    assert counts["approved_cents"] == 1_234


def test_a_late_approval_is_no_approval():
    counts = report_of(timeout("a"), late("a", ms=2_500))["counts"]
    assert (counts["approved"], counts["declined"], counts["swipes"]) == (0, 0, 1)


def test_declines_are_counted_by_reason_with_their_iso_code_the_most_frequent_first():
    report = report_of(
        swipe("a", result="card_frozen"), swipe("b", result="insufficient_funds"),
        swipe("c", result="insufficient_funds"), swipe("d"),
    )  # fmt: skip
    assert list(report["counts"]["declines"].items()) == [("insufficient_funds", 2), ("card_frozen", 1)]
    assert report["declines"][0] == {"reason": "insufficient_funds", "code": "51", "count": 2, "share": 0.5}
    assert report["declines"][1]["code"] == "62"


def test_a_key_used_again_is_counted_and_is_no_swipe():
    again = [row("authorize.reused", ref="a", result=result) for result in ("IdempotencyConflict", "approved")]
    counts = report_of(swipe("a"), *again)["counts"]
    assert (counts["swipes"], counts["keys_reused"], counts["key_conflicts"]) == (1, 2, 1)


def test_a_reason_that_no_engine_may_give_is_shown_without_a_code():
    assert report_of(swipe("a", result="bad_weather"))["declines"][0]["code"] == ""


def test_captures_count_what_was_posted_and_not_what_was_answered_otherwise():
    counts = report_of(
        *presented("p1", 100), *presented("p2", 100, outcome="duplicate"), *presented("p3", 100, outcome="unknown_card")
    )["counts"]
    assert (counts["presentments"], counts["captures"]) == (3, 1)
    assert (counts["capture_duplicates"], counts["captures_unknown_card"]) == (1, 1)


def test_faults_are_counted_as_injected_and_as_observed():
    faults = [row("fault", ref="delay", result=result) for result in ("injected", "injected", "observed")]
    assert report_of(*faults)["faults"] == {"delay": {"injected": 2, "observed": 1}}


def test_crashes_are_gathered_by_message_error_and_place():
    crashes = [row("crash", at_ns=at, ref="Tick", result="KeyError", detail="at settle.py:3: 'x'") for at in (5, 3)]
    assert report_of(*crashes)["crashes"] == [
        {"message": "Tick", "error": "KeyError", "detail": "at settle.py:3: 'x'", "count": 2, "first_at_ns": 3}
    ]


def test_an_answer_after_the_deadline_is_counted_over_deadline():
    report = report_of(swipe("a"), timeout("b"), late("b", ms=2_050))
    assert report["latency"]["authorize"]["over_deadline"] == 1
    assert report["latency"]["by_network"]["visa"]["over_deadline"] == 1
    assert report["latency"]["by_network"]["amex"]["over_deadline"] == 0


def test_an_answer_at_the_deadline_is_in_time_and_one_nanosecond_later_is_not():
    at_limit = swipe("a", ms=2_000)
    assert report_of(at_limit)["latency"]["authorize"]["over_deadline"] == 0
    assert report_of(at_limit.assign(latency_ns=2_000 * MS + 1))["latency"]["authorize"]["over_deadline"] == 1


def test_each_network_is_held_to_its_own_deadline():
    report = report_of(swipe("a", network="visa", ms=2_500), swipe("b", network="mastercard", ms=2_500))
    assert report["latency"]["by_network"]["visa"]["over_deadline"] == 1
    assert report["latency"]["by_network"]["mastercard"]["over_deadline"] == 0


def test_a_timed_out_swipe_counts_with_the_true_round_trip_of_its_late_answer():
    latency = report_of(timeout("a"), late("a", ms=7_000))["latency"]["authorize"]
    assert (latency["count"], latency["max_ms"]) == (1, 7_000.0)


def test_a_swipe_that_was_never_answered_counts_with_its_deadline():
    assert report_of(timeout("a"))["latency"]["authorize"]["max_ms"] == 2_000.0


def test_an_error_is_no_latency():
    latency = report_of(swipe("a", ms=10), error("b"))["latency"]["authorize"]
    assert (latency["count"], latency["max_ms"]) == (1, 10.0)


def test_a_network_that_nobody_used_is_there_with_nothing_measured():
    amex = report_of(swipe("a"))["latency"]["by_network"]["amex"]
    assert (amex["count"], amex["p99_ms"]) == (0, None)


def test_latency_inside_the_engine_is_apart_from_what_the_network_saw():
    report = report_of(swipe("a", ms=50), row("engine", ref="a", latency_ns=7 * MS, result="approved"))
    assert report["latency"]["engine"]["p50_ms"] == 7.0
    assert report["latency"]["authorize"]["p50_ms"] == 50.0


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=300), st.integers(1, 1_000))
def test_a_percentile_is_the_smallest_sample_that_so_many_do_not_exceed(samples: list[int], per_mille: int):
    ordered = np.sort(np.array(samples))
    found = nearest_rank(ordered, per_mille)
    need = math.ceil(per_mille * len(samples) / 1_000)
    assert found in samples
    assert sum(sample <= found for sample in samples) >= need
    assert sum(sample < found for sample in samples) < need


def test_percentiles_of_a_hundred_samples_are_the_fiftieth_and_the_ninetyninth():
    figures = summary(np.arange(1, 101) * MS)
    assert (figures["p50_ms"], figures["p99_ms"], figures["p999_ms"], figures["max_ms"]) == (50.0, 99.0, 100.0, 100.0)


def test_milliseconds_keep_three_decimals():
    assert summary(np.array([1_234_567]))["p50_ms"] == 1.235


def test_the_histogram_holds_every_sample_once():
    report = report_of(*(swipe(f"s{n}", ms=3**n, network="visa" if n % 2 else "amex") for n in range(7)))
    histogram = report["latency"]["histogram"]
    assert list(histogram["counts"]) == ["visa", "amex"]
    assert sum(map(sum, histogram["counts"].values())) == 7
    assert histogram["edges_ms"][0] < 1
    assert histogram["edges_ms"][-1] > 729


def test_the_timeline_has_a_bucket_for_each_stretch_with_swipes_by_when_they_were_sent():
    report = report_of(swipe("a", at_ms=500, ms=900), swipe("b", at_ms=1_500), timeout("c", at_ms=1_600))
    line = report["timeline"]
    assert (line["bucket_s"], line["at_s"], line["swipes"]) == (1.0, [0.0, 1.0], [1, 2])
    assert (line["approved"], line["declined"], line["over_deadline"]) == ([1, 1], [0, 1], [0, 1])
    assert line["p50_ms"] == [900.0, 20.0]


@given(st.integers(1, 10**18))
def test_the_timeline_never_has_more_buckets_than_fit_a_chart(span_ns: int):
    assert span_ns <= bucket_ns(span_ns) * MAX_BUCKETS


def test_the_busiest_second_and_minute_are_found():
    report = report_of(*(swipe(f"s{at}", at_ms=at, ms=5) for at in (100, 200, 61_000, 62_000, 63_500)))
    assert (report["throughput"]["peak_per_s"], report["throughput"]["peak_per_min"]) == (2, 3)
