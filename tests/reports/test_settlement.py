"""Settlement: how long captures waited for their burn, what is outstanding, what it cost in gas."""

from __future__ import annotations

from tests.reports.rows import book, burn, end, presented, report_of
from tests.reports.sample import S, row

USDC6 = 1_000_000


def lags(*parts) -> tuple[int, float | None, float | None]:
    """How many captures were burned, and the smallest and largest lag in seconds (answers come 1 ms after sending)."""
    figures = report_of(*parts, end())["settlement"]
    return figures["lag_count"], figures["lag_p50_s"], figures["lag_max_s"]


def test_the_lag_of_a_capture_is_from_its_answer_to_the_burn_that_covers_it():
    captures = [
        *presented("p1", 100, at_ns=10 * S),
        *presented("p2", 100, at_ns=20 * S),
        *presented("p3", 100, at_ns=30 * S),
    ]
    burns = [burn("0x1", 1_500_000, at_ns=100 * S), burn("0x2", 500_000, at_ns=220 * S)]
    assert lags(*captures, *burns) == (2, 89.999, 199.999)


def test_what_was_burned_before_it_was_presented_is_counted_and_waited_for_nothing():
    figures = report_of(*presented("p1", 100, at_ns=50 * S), burn("0x1", USDC6, at_ns=10 * S), end())["settlement"]
    assert (figures["burned_early"], figures["lag_count"], figures["lag_max_s"]) == (1, 1, 0.0)


def test_what_no_burn_has_covered_is_outstanding_and_no_sample():
    figures = report_of(*presented("p1", 500), burn("0x1", 5 * USDC6 - 1), end())["settlement"]
    assert (figures["lag_count"], figures["outstanding_usdc6"]) == (0, 1)


def test_burns_of_one_account_cover_no_other():
    captures = [*presented("p1", 100, at_ns=10 * S), *presented("p2", 100, at_ns=10 * S, account="bob")]
    assert lags(*captures, burn("0x1", 2 * USDC6, at_ns=70 * S)) == (1, 59.999, 59.999)


def test_a_replayed_answer_delays_nobody():
    captures = [
        *presented("p1", 100, at_ns=10 * S),
        *presented("p1", 100, at_ns=12 * S)[:2],
        *presented("p2", 100, at_ns=20 * S),
    ]
    burns = [burn("0x1", USDC6, at_ns=70 * S), burn("0x2", USDC6, at_ns=90 * S)]
    assert lags(*captures, *burns) == (2, 59.999, 69.999)


def test_a_capture_that_is_all_receivable_waits_for_no_burn():
    captures = [*presented("p1", 100, at_ns=10 * S), *presented("p2", 100, at_ns=20 * S)]
    assert lags(*captures, book("receivable", "p2", USDC6), burn("0x1", USDC6, at_ns=70 * S)) == (1, 59.999, 59.999)


def test_a_shortfall_closes_the_part_that_it_names():
    captures = [*presented("p1", 100, at_ns=10 * S), *presented("p2", 100, at_ns=20 * S)]
    burns = [
        burn("0x1", 400_000, at_ns=70 * S),
        burn("0x1", 600_000, at_ns=70 * S, kind="chain.shortfall"),
        burn("0x2", USDC6, at_ns=90 * S),
    ]
    assert lags(*captures, *burns) == (2, 59.999, 69.999)


def test_a_recovered_receivable_is_burned_in_its_turn():
    captures = [*presented("p1", 100, at_ns=10 * S), *presented("p2", 100, at_ns=40 * S)]
    owed = [book("receivable", "p1", USDC6), book("recovery", "recovery:d1", USDC6, at_ns=30 * S)]
    burns = [burn("0x1", USDC6, at_ns=70 * S), burn("0x2", USDC6, at_ns=140 * S)]
    assert lags(*captures, *owed, *burns) == (1, 99.999, 99.999)


def test_outstanding_is_captured_less_receivable_plus_recovered_less_burned():
    books = [book("receivable", "p1", 4 * USDC6), book("recovery", "recovery:d1", 3 * USDC6)]
    figures = report_of(*presented("p1", 1_000), *books, burn("0x1", 2 * USDC6), end())["settlement"]
    assert figures["outstanding_usdc6"] == (10 - 4 + 3 - 2) * USDC6
    assert figures["receivable_usdc6"] == 4 * USDC6


def test_gas_per_swipe_is_all_settlement_gas_over_presentments_posted():
    spent = row("chain.tx", at_ns=1, ref="0x1", result="ok", detail="gas=52500 to=settleBatch users=1")
    figures = report_of(*presented("p1", 100), *presented("p2", 100), burn("0x1", 2 * USDC6), spent, end())[
        "settlement"
    ]
    assert (figures["gas_per_swipe"], figures["gas_per_user"], figures["batches"]) == (26_250.0, 52_500.0, 1)


def test_the_lag_histogram_holds_every_burned_capture():
    captures = [part for n in range(5) for part in presented(f"p{n}", 100, at_ns=n * 20 * S)]
    histogram = report_of(*captures, burn("0x1", 5 * USDC6, at_ns=100 * S), end())["settlement"]["lag_histogram"]
    assert sum(histogram["counts"]) == 5
    assert histogram["edges_s"][-1] == 99.999
