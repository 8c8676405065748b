"""Limits, and the calendar of their windows."""

from __future__ import annotations

from engine.interface import DeclineReason, LimitTerms, Terms
from scenarios.conformance.bench import DAY_NS, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, same


@case(
    "Limits",
    each("cents,approved", [(999, True), (1_000, True), (1_001, False)]),
    terms=Terms(limits=LimitTerms(1_000, 10**9, 10**9)),
)
async def the_limit_per_transaction_is_still_allowed(bench: Bench, cents: int, approved: bool) -> None:
    await bench.open()
    await bench.fund(100_000)
    reason = declined(await bench.authorize("a1", cents))
    same(reason, None if approved else DeclineReason.TRANSACTION_LIMIT)


@case(
    "Limits",
    each("cents,approved", [(399, True), (400, True), (401, False)]),
    each("window", ["daily", "monthly"]),
    terms=lambda cents, approved, window: Terms(
        limits=LimitTerms(10**9, 1_000, 10**9) if window == "daily" else LimitTerms(10**9, 10**9, 1_000)
    ),
)
async def a_window_may_be_filled_to_its_limit(bench: Bench, window: str, cents: int, approved: bool) -> None:
    expected = DeclineReason.DAILY_LIMIT if window == "daily" else DeclineReason.MONTHLY_LIMIT
    await bench.open()
    await bench.fund(100_000)
    await bench.approve("a1", 600)
    same(declined(await bench.authorize("a2", cents)), None if approved else expected, "the reason")


@case("Limits", terms=Terms(limits=LimitTerms(10**9, 1_000, 10**9)))
async def a_reversal_gives_its_windows_back_and_a_capture_does_not(bench: Bench) -> None:
    await bench.open()
    await bench.fund(100_000)
    await bench.approve("a1", 600)
    await bench.approve("a2", 400)
    await bench.reverse("a2")
    await bench.capture("a1", 100)
    same(declined(await bench.authorize("a3", 401)), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a4", 400)


@case("Limits", terms=Terms(limits=LimitTerms(10**9, 10**9, 1_000)))
async def an_expiry_gives_back_to_the_month_what_was_still_held(bench: Bench) -> None:
    await bench.open()
    await bench.fund(100_000)
    await bench.approve("a1", 1_000)
    await bench.capture("a1", 300, final=False)
    await bench.settle()
    bench.clock.at_ns += 6 * DAY_NS
    same((await bench.expire()).expired, ("a1",))
    same(declined(await bench.authorize("a2", 701)), DeclineReason.MONTHLY_LIMIT, "the reason")
    await bench.approve("a3", 700)


@case("Calendar", terms=Terms(limits=LimitTerms(10**9, 1_000, 1_500)))
async def days_begin_at_midnight_utc_and_months_on_the_first(bench: Bench) -> None:
    """From 30 to 31 March a new day, to 1 April a new month as well; a nanosecond before is still the old one."""
    await bench.open()
    await bench.fund(100_000)
    bench.clock.at_ns = bench.start_ns + 30 * DAY_NS - 1
    await bench.approve("a1", 1_000)
    same(declined(await bench.authorize("a2", 1)), DeclineReason.DAILY_LIMIT, "the reason")
    bench.clock.at_ns = bench.start_ns + 30 * DAY_NS
    await bench.approve("a3", 500)
    same(declined(await bench.authorize("a4", 1)), DeclineReason.MONTHLY_LIMIT, "the reason")
    bench.clock.at_ns = bench.start_ns + 31 * DAY_NS - 1
    same(declined(await bench.authorize("a5", 1)), DeclineReason.MONTHLY_LIMIT, "the reason")
    bench.clock.at_ns = bench.start_ns + 31 * DAY_NS
    await bench.approve("a6", 1_000)


@case("Calendar", terms=Terms(limits=LimitTerms(10**9, 1_000, 10**9)))
async def a_reversal_on_the_next_day_gives_nothing_to_that_day(bench: Bench) -> None:
    await bench.open()
    await bench.fund(100_000)
    await bench.approve("a1", 900)
    bench.clock.at_ns += DAY_NS
    await bench.approve("a2", 900)
    await bench.reverse("a1")
    same(declined(await bench.authorize("a3", 101)), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a4", 100)
