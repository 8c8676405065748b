"""Every window and list that limits know, at its edges, by policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from engine.domain.policies import Weekday, WindowPolicy
from engine.domain.terms import NO_LIMITS, Velocity
from engine.interface import AuthorizationKind, DeclineReason, LimitTerms, Terms
from scenarios.conformance.bench import DAY_NS, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, same

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
LONG_HOLDS_NS = 400 * DAY_NS
REASONS = {
    "per_transaction_cents": DeclineReason.TRANSACTION_LIMIT,
    "daily_cents": DeclineReason.DAILY_LIMIT,
    "weekly_cents": DeclineReason.WEEKLY_LIMIT,
    "monthly_cents": DeclineReason.MONTHLY_LIMIT,
    "yearly_cents": DeclineReason.YEARLY_LIMIT,
    "lifetime_cents": DeclineReason.LIFETIME_LIMIT,
}
WINDOWS = [name for name in REASONS if name != "per_transaction_cents"]


def instant(*when: int) -> int:
    """UTC: year, month, day, hour, minute."""
    return int(datetime(*when, tzinfo=UTC).timestamp()) * SECOND_NS


def only(policy: WindowPolicy | None = None, **limits: object) -> Terms:
    return Terms(limits=replace(NO_LIMITS, policy=policy or WindowPolicy(), **limits))


async def ready(bench: Bench, at_ns: int = 0) -> None:
    await bench.open()
    await bench.fund(1_000_000)
    if at_ns:
        bench.clock.at_ns = at_ns


async def spends_until(bench: Bench, edge_ns: int, reason: DeclineReason) -> None:
    """All of 1,000 is spent long before the edge; to its last nanosecond nothing more is, and then all of it again."""
    same(declined(await bench.authorize("before", 1)), reason, "the reason")
    bench.clock.at_ns = edge_ns - 1
    same(declined(await bench.authorize("last", 1)), reason, "the reason in the last nanosecond")
    bench.clock.at_ns = edge_ns
    await bench.approve("first", 1_000)
    bench.clock.at_ns = edge_ns + 1
    same(declined(await bench.authorize("after", 1)), reason, "the reason in the new window")


@case("Limits", each("name", WINDOWS), each("cents,approved", [(399, True), (400, True), (401, False)]),
      terms=lambda name, cents, approved: only(**{name: 1_000}))  # fmt: skip
async def every_window_may_be_filled_and_not_passed(bench: Bench, name: str, cents: int, approved: bool) -> None:
    await ready(bench)
    await bench.approve("a1", 600)
    same(declined(await bench.authorize("a2", cents)), None if approved else REASONS[name], "the reason")


@case("Limits", terms=only())
async def what_is_not_named_is_no_limit(bench: Bench) -> None:
    await ready(bench)
    await bench.approve("a1", 1_000_000)


@case("Limits", terms=only(
    per_transaction_cents=700, daily_cents=600, weekly_cents=500, monthly_cents=400, yearly_cents=300,
    lifetime_cents=200, daily_count=0, allowed_mccs=frozenset({"5411"}), blocked_mccs=frozenset({"7995", "5411"}),
))  # fmt: skip
async def windows_refuse_from_the_shortest_to_the_longest_then_velocity_then_categories(bench: Bench) -> None:
    await ready(bench)
    figures = (701, 601, 501, 401, 301, 201, 200)
    for cents, reason in zip(figures, [*REASONS.values(), DeclineReason.VELOCITY_LIMIT], strict=True):
        same(declined(await bench.authorize(f"a{cents}", cents, mcc="7995")), reason, f"the reason for {cents}")


@case("Calendar", each("name,edge", [
    ("daily_cents", (2028, 2, 29)), ("daily_cents", (2028, 3, 1)), ("daily_cents", (2027, 3, 1)),
    ("weekly_cents", (2026, 3, 9)), ("weekly_cents", (2027, 1, 4)),
    ("monthly_cents", (2028, 3, 1)), ("monthly_cents", (2027, 3, 1)), ("monthly_cents", (2026, 5, 1)),
    ("yearly_cents", (2027, 1, 1)), ("monthly_cents", (2027, 1, 1)),
]), terms=lambda name, edge: only(**{name: 1_000}))  # fmt: skip
async def a_window_ends_with_its_last_nanosecond(bench: Bench, name: str, edge: tuple[int, int, int]) -> None:
    edge_ns = instant(*edge)
    await ready(bench, edge_ns - 12 * HOUR_NS)
    await bench.approve("filled", 1_000)
    await spends_until(bench, edge_ns, REASONS[name])


@case("Calendar", each("starts,edge", [(Weekday.MONDAY, (2026, 3, 9)), (Weekday.SUNDAY, (2026, 3, 8))]),
      terms=lambda starts, edge: only(WindowPolicy(week_starts=starts), weekly_cents=1_000))  # fmt: skip
async def weeks_start_where_the_policy_says(bench: Bench, starts: Weekday, edge: tuple[int, int, int]) -> None:
    await ready(bench, instant(*edge) - 3 * DAY_NS)
    await bench.approve("filled", 1_000)
    await spends_until(bench, instant(*edge), DeclineReason.WEEKLY_LIMIT)


@case("Limits", each("bound", ["daily_count", "velocity"]), terms=lambda bound: only(
    **({"daily_count": 2} if bound == "daily_count" else {"velocity": (Velocity(86_400, max_count=2),)})))  # fmt: skip
async def so_many_approvals_and_no_more(bench: Bench, bound: str) -> None:
    await ready(bench)
    same(declined(await bench.authorize("too much", 10**9)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    await bench.approve("a1", 100)
    await bench.approve("a2", 100)
    same(declined(await bench.authorize("a3", 1)), DeclineReason.VELOCITY_LIMIT, "the reason")
    same(declined(await bench.increment("a1", 100)), None, "the reason against an increment, which is none of them")
    await bench.reverse("a2", cents=99)
    same(declined(await bench.authorize("a4", 1)), DeclineReason.VELOCITY_LIMIT, "the reason with a cent left")
    await bench.reverse("a2", key="the rest")
    await bench.approve("a5", 1)


@case("Limits", terms=only(daily_count=1))
async def the_count_of_a_day_begins_anew_at_midnight(bench: Bench) -> None:
    await ready(bench)
    await bench.approve("a1", 100)
    bench.clock.at_ns = bench.start_ns + DAY_NS - 1
    same(declined(await bench.authorize("a2", 1)), DeclineReason.VELOCITY_LIMIT, "the reason")
    bench.clock.at_ns = bench.start_ns + DAY_NS
    await bench.approve("a3", 1)


@case("Limits", each("cents,approved", [(399, True), (400, True), (401, False)]),
      terms=only(velocity=(Velocity(60, max_cents=1_000),)))  # fmt: skip
async def a_velocity_bounds_an_amount(bench: Bench, cents: int, approved: bool) -> None:
    await ready(bench)
    await bench.approve("a1", 600)
    bench.clock.at_ns += 30 * SECOND_NS
    same(declined(await bench.authorize("a2", cents)), None if approved else DeclineReason.VELOCITY_LIMIT, "the reason")


@case("Limits", each("aligned,edge_s", [(False, 70), (True, 60)]), terms=lambda aligned, edge_s: only(
    WindowPolicy(velocity_aligned=aligned), velocity=(Velocity(60, max_cents=1_000),)))  # fmt: skip
async def a_velocity_rolls_or_is_aligned_as_the_policy_says(bench: Bench, aligned: bool, edge_s: int) -> None:
    await ready(bench, bench.start_ns + 10 * SECOND_NS)
    await bench.approve("filled", 1_000)
    await spends_until(bench, bench.start_ns + edge_s * SECOND_NS, DeclineReason.VELOCITY_LIMIT)


@case("Limits", each("mcc,allowed,blocked,reason", [
    ("5411", None, (), None), ("5411", ("5411",), (), None), ("5812", ("5411",), (), "category_not_allowed"),
    ("5411", (), (), "category_not_allowed"), ("7995", None, ("7995",), "category_blocked"),
    ("5411", None, ("7995",), None), ("7995", ("5411",), ("7995",), "category_not_allowed"),
    ("5411", ("5411",), ("5411",), "category_blocked"),
]), terms=lambda mcc, allowed, blocked, reason: only(
    allowed_mccs=None if allowed is None else frozenset(allowed), blocked_mccs=frozenset(blocked)))  # fmt: skip
async def merchant_categories_may_be_allowed_or_blocked(
    bench: Bench, mcc: str, allowed: object, blocked: object, reason: str | None
) -> None:
    await ready(bench)
    same(declined(await bench.authorize("a1", 100, mcc=mcc)), reason, "the reason")


@case("Limits", each("counts", [True, False]), terms=lambda counts: only(
    WindowPolicy(forced_count=counts), daily_cents=1_000))  # fmt: skip
async def a_forced_capture_counts_where_the_policy_says(bench: Bench, counts: bool) -> None:
    await ready(bench)
    await bench.capture("nobody asked", 1_500)
    reason = DeclineReason.DAILY_LIMIT if counts else None
    same(declined(await bench.authorize("a1", 1)), reason, "the reason")


@case("Limits", each("name", WINDOWS), terms=lambda name: only(**{name: 1_000}))
async def a_capture_changes_nothing_in_any_window(bench: Bench, name: str) -> None:
    await ready(bench)
    await bench.approve("a1", 900)
    await bench.capture("a1", 100)
    same(declined(await bench.authorize("a2", 101)), REASONS[name], "the reason")
    await bench.approve("a3", 100)


@case("Incremental", each("cents,approved", [(399, True), (400, True), (401, False)]),
      terms=Terms(limits=LimitTerms(1_000, None, None)))  # fmt: skip
async def an_increment_is_a_part_of_its_transaction(bench: Bench, cents: int, approved: bool) -> None:
    await ready(bench)
    await bench.approve("a1", 600)
    answer = await bench.increment("a1", cents)
    same(declined(answer), None if approved else DeclineReason.TRANSACTION_LIMIT, "the reason")


MINUTE_NS = 60 * SECOND_NS


@case("Incremental", each("steps_ns,left", [
    ((0,), 100), ((1,), 100), ((MINUTE_NS - 1,), 100), ((MINUTE_NS,), 600), ((MINUTE_NS + 1,), 600),
    ((MINUTE_NS - 1, MINUTE_NS), 100),
]), terms=only(velocity=(Velocity(60, max_cents=1_000),)))  # fmt: skip
async def an_increment_fills_every_window_that_holds_its_original(
    bench: Bench, steps_ns: tuple[int, ...], left: int
) -> None:
    """Of those that end with later purchases, too; a window holds its last instant and not its first."""
    await ready(bench)
    await bench.approve("a1", 400, kind=AuthorizationKind.PREAUTHORIZATION)
    for step_ns in steps_ns:
        bench.clock.at_ns = bench.start_ns + step_ns
        await bench.approve(f"b{step_ns}", 500)
    same(declined(await bench.increment("a1", left + 1)), DeclineReason.VELOCITY_LIMIT, "the reason")
    same(declined(await bench.increment("a1", left, 2)), None, "the reason against what is left")
