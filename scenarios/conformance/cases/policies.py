"""Limits by policy: zones, windows that roll, what comes back."""

from __future__ import annotations

from dataclasses import replace

from engine.domain.policies import Restores, WindowPolicy, preset
from engine.interface import DeclineReason, Terms
from scenarios.conformance.bench import DAY_NS, Bench
from scenarios.conformance.cases.windows import HOUR_NS, REASONS, instant, only, ready, spends_until
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, same

LONG_HOLDS_NS = 400 * DAY_NS


@case("Limits", each("zero_is_no_limit", [True, False]), each("name", list(REASONS)),
      terms=lambda name, zero_is_no_limit: only(
          WindowPolicy(zero_is_no_limit=zero_is_no_limit), **{name: 0}))  # fmt: skip
async def a_limit_of_zero_is_what_the_policy_says(bench: Bench, name: str, zero_is_no_limit: bool) -> None:
    await ready(bench)
    same(declined(await bench.authorize("a1", 1)), None if zero_is_no_limit else REASONS[name], "the reason")


@case("Calendar", each("zone,start,hours", [
    ("America/New_York", (2026, 3, 8, 5), 23), ("America/New_York", (2026, 11, 1, 4), 25),
    ("America/New_York", (2026, 7, 1, 4), 24), ("Europe/Berlin", (2026, 3, 28, 23), 23),
    ("Europe/Berlin", (2026, 10, 24, 22), 25),
]), terms=lambda zone, start, hours: only(WindowPolicy(zone=zone), daily_cents=1_000))  # fmt: skip
async def a_day_is_as_long_as_its_zone_has_it(bench: Bench, zone: str, start: tuple[int, ...], hours: int) -> None:
    await ready(bench, instant(*start) - 1)
    await bench.approve("the day before", 1_000)
    bench.clock.at_ns = instant(*start)
    await bench.approve("filled", 1_000)
    await spends_until(bench, instant(*start) + hours * HOUR_NS, DeclineReason.DAILY_LIMIT)


@case("Calendar", each("name,days", [("daily_cents", 1), ("weekly_cents", 7), ("monthly_cents", 30),
                                     ("yearly_cents", 365)]),
      terms=lambda name, days: replace(
          only(preset("lithic"), **{name: 1_000}),
          holds=replace(Terms().holds, validity_ns={"visa": LONG_HOLDS_NS}, exceptions=())))  # fmt: skip
async def a_rolling_window_forgets_a_spend_when_its_time_is_over(bench: Bench, name: str, days: int) -> None:
    await ready(bench, bench.start_ns + 7 * HOUR_NS)
    start_ns = bench.clock.at_ns
    await bench.approve("filled", 1_000)
    await spends_until(bench, start_ns + days * DAY_NS, REASONS[name])


@case("Limits", each("restores,daily,lifetime", [
    (Restores.NOTHING, False, False), (Restores.LIFETIME, False, True), (Restores.WINDOWS, True, True)]),
    each("cause", ["reversals", "expiries", "refunds"]),
    each("limit", ["daily_cents", "lifetime_cents"]),
    terms=lambda restores, daily, lifetime, cause, limit: replace(
        only(WindowPolicy(**{cause: restores}), **{limit: 1_000}),
        holds=replace(Terms().holds, validity_ns={"visa": HOUR_NS}, exceptions=())))  # fmt: skip
async def what_comes_back_counts_no_longer_where_the_policy_says(
    bench: Bench, restores: Restores, daily: bool, lifetime: bool, cause: str, limit: str
) -> None:
    await ready(bench)
    await bench.approve("a1", 1_000)
    if cause == "reversals":
        await bench.reverse("a1")
    elif cause == "expiries":
        bench.clock.at_ns += HOUR_NS
        await bench.expire()
    else:
        await bench.capture("a1", 1_000)
        await bench.refund("r1", 1_000, "a1")
    back = daily if limit == "daily_cents" else lifetime
    same(declined(await bench.authorize("a2", 1_000)), None if back else REASONS[limit], "the reason")


@case("Limits", each("name", ["daily_cents", "lifetime_cents"]), each("back", [399, 400, 401, 5_000]),
      terms=lambda name, back: only(preset("marqeta"), **{name: 1_000}))  # fmt: skip
async def a_refund_never_lets_a_limit_grow(bench: Bench, name: str, back: int) -> None:
    left = 600 + min(back, 400)
    await ready(bench)
    await bench.approve("a1", 400)
    await bench.capture("a1", 400)
    await bench.refund("r1", back, "a1")
    same(declined(await bench.authorize("a2", left + 1)), REASONS[name], "the reason")
    await bench.approve("a3", left)
