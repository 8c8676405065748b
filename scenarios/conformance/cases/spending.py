"""Limits of every kind: of accounts, cards and mandates, by the policies of issuing platforms."""

from __future__ import annotations

from dataclasses import replace

from engine.domain.policies import PRESETS
from engine.domain.terms import NO_LIMITS, Velocity
from engine.interface import (
    AuthorizationKind,
    CardOpening,
    DeclineReason,
    LimitTerms,
    MandateOpening,
    Terms,
)
from scenarios.conformance.bench import DAY_NS, Bench
from scenarios.conformance.chain import SECOND_NS, START_NS
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, same

HOUR_NS = 3_600 * SECOND_NS
NEVER_NS = 2**62
WHERE = each("where", ["account", "card", "mandate"])
KINDS = {
    "per_transaction_cents": DeclineReason.TRANSACTION_LIMIT,
    "daily_cents": DeclineReason.DAILY_LIMIT,
    "weekly_cents": DeclineReason.WEEKLY_LIMIT,
    "monthly_cents": DeclineReason.MONTHLY_LIMIT,
    "yearly_cents": DeclineReason.YEARLY_LIMIT,
    "lifetime_cents": DeclineReason.LIFETIME_LIMIT,
    "velocity": DeclineReason.VELOCITY_LIMIT,
}


def only(**bounds: object) -> LimitTerms:
    """These limits and no others."""
    return replace(NO_LIMITS, **bounds)


def by(policy: str, **bounds: object) -> LimitTerms:
    """These limits, counted by the rules of a platform."""
    return only(policy=PRESETS[policy], **bounds)


def bound_of(kind: str) -> LimitTerms:
    """One limit, with room for 600 cents where 400 have been spent."""
    cents = 600 if kind == "per_transaction_cents" else 1_000
    return only(velocity=(Velocity(60, max_cents=cents),)) if kind == "velocity" else only(**{kind: cents})


def agreed(where: str, limits: LimitTerms) -> Terms:
    """What the engine is told beforehand."""
    return Terms(limits=limits if where == "account" else NO_LIMITS)


async def limited(bench: Bench, where: str, limits: LimitTerms) -> None:
    """An account with funds, whose limits are at that place."""
    if where == "account":
        await bench.open()
    elif where == "card":
        await bench.open(card_limits=limits)
    else:
        await bench.open(mandates=(MandateOpening("m", NEVER_NS, limits=limits),), card_mandate_id="m")
    await bench.fund(100_000)


def is_reason(answer_reason: DeclineReason | None, allowed: bool, expected: DeclineReason) -> None:
    same(answer_reason, None if allowed else expected, "the reason")


@case("Limits", WHERE, each("kind", list(KINDS)), each("cents,approved", [(599, True), (600, True), (601, False)]),
      terms=lambda where, kind, cents, approved: agreed(where, bound_of(kind)))  # fmt: skip
async def every_limit_may_be_reached_and_not_passed(
    bench: Bench, where: str, kind: str, cents: int, approved: bool
) -> None:
    await limited(bench, where, bound_of(kind))
    await bench.approve("a1", 400)
    is_reason(declined(await bench.authorize("a2", cents)), approved, KINDS[kind])


COUNTS = {"day": only(daily_count=2), "minute": only(velocity=(Velocity(60, max_count=2),))}


@case("Limits", WHERE, each("window", list(COUNTS)), each("before,approved", [(0, True), (1, True), (2, False)]),
      terms=lambda where, window, before, approved: agreed(where, COUNTS[window]))  # fmt: skip
async def account_card_and_mandate_may_bound_the_count(
    bench: Bench, where: str, window: str, before: int, approved: bool
) -> None:
    await limited(bench, where, COUNTS[window])
    for number in range(before):
        await bench.approve(f"a{number}", 1)
    is_reason(declined(await bench.authorize("last", 1)), approved, DeclineReason.VELOCITY_LIMIT)


@case("Limits", WHERE, each("limits,mcc,reason", [
    (only(allowed_mccs=frozenset({"5411"})), "5411", None),
    (only(allowed_mccs=frozenset({"5411"})), "5812", DeclineReason.CATEGORY_NOT_ALLOWED),
    (only(blocked_mccs=frozenset({"7995"})), "5411", None),
    (only(blocked_mccs=frozenset({"7995"})), "7995", DeclineReason.CATEGORY_BLOCKED),
]), terms=lambda where, limits, mcc, reason: agreed(where, limits))  # fmt: skip
async def account_card_and_mandate_may_choose_merchants(
    bench: Bench, where: str, limits: LimitTerms, mcc: str, reason: DeclineReason | None
) -> None:
    await limited(bench, where, limits)
    same(declined(await bench.authorize("a1", 1, mcc=mcc)), reason, "the reason")


@case("Limits", terms=Terms(limits=only(daily_cents=1_000)))
async def a_card_counts_alone_and_a_mandate_over_its_cards(bench: Bench) -> None:
    """The other card has room of its own, until the mandate, and then the account, is full."""
    card = CardOpening("one", "visa", NEVER_NS, limits=only(daily_cents=300), mandate_id="m")
    await bench.open(
        cards=(card, replace(card, card_id="two"), replace(card, card_id="free", mandate_id="", limits=None)),
        mandates=(MandateOpening("m", NEVER_NS, limits=only(daily_cents=500)),),
    )
    await bench.fund(100_000)
    await bench.approve("a1", 300, card="one")
    same(declined(await bench.authorize("a2", 1, card="one")), DeclineReason.DAILY_LIMIT, "the reason")
    same(declined(await bench.authorize("a3", 201, card="two")), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a4", 200, card="two")
    same(declined(await bench.authorize("a5", 501, card="free")), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a6", 500, card="free")


@case("Limits", terms=Terms(limits=only(weekly_cents=100)))
async def of_all_that_speaks_against_it_the_shortest_window_is_told(bench: Bench) -> None:
    await bench.open(
        card_limits=only(daily_cents=100, blocked_mccs=frozenset({"7995"})), card_mandate_id="m",
        mandates=(MandateOpening("m", NEVER_NS, limits=only(per_transaction_cents=100)),),
    )  # fmt: skip
    await bench.fund(1_000)
    bench.clock.at_ns += DAY_NS  # a Monday
    same(declined(await bench.authorize("a1", 101, mcc="7995")), DeclineReason.TRANSACTION_LIMIT, "the reason")
    await bench.approve("a2", 50)
    same(declined(await bench.authorize("a3", 51, mcc="7995")), DeclineReason.DAILY_LIMIT, "the reason")
    same(declined(await bench.authorize("a4", 50, mcc="7995")), DeclineReason.CATEGORY_BLOCKED, "the reason")
    bench.clock.at_ns += DAY_NS
    same(declined(await bench.authorize("a5", 51, mcc="7995")), DeclineReason.WEEKLY_LIMIT, "the reason")


@case("Limits", each("policy,approved", [("default", False), ("marqeta", False), ("lithic", True)]),
      terms=lambda policy, approved: Terms(limits=by(policy, daily_cents=0)))  # fmt: skip
async def a_limit_of_zero_is_the_policy_s_to_read(bench: Bench, policy: str, approved: bool) -> None:
    await limited(bench, "account", NO_LIMITS)
    is_reason(declined(await bench.authorize("a1", 1)), approved, DeclineReason.DAILY_LIMIT)


@case("Limits", WHERE, each("cents,approved", [(399, True), (400, True), (401, False)]),
      terms=lambda where, cents, approved: agreed(where, only(per_transaction_cents=1_000)))  # fmt: skip
async def increments_belong_to_the_transaction(bench: Bench, where: str, cents: int, approved: bool) -> None:
    await limited(bench, where, only(per_transaction_cents=1_000))
    await bench.approve("a1", 600, kind=AuthorizationKind.PREAUTHORIZATION)
    is_reason(declined(await bench.increment("a1", cents)), approved, DeclineReason.TRANSACTION_LIMIT)


@case("Limits", WHERE, each("cents,approved", [(399, True), (400, True), (401, False)]),
      terms=lambda where, cents, approved: agreed(where, only(daily_cents=1_000, daily_count=1)))  # fmt: skip
async def an_increment_counts_on_the_day_of_its_original_and_is_no_transaction(
    bench: Bench, where: str, cents: int, approved: bool
) -> None:
    await limited(bench, where, only(daily_cents=1_000, daily_count=1))
    await bench.approve("a1", 600, kind=AuthorizationKind.PREAUTHORIZATION)
    bench.clock.at_ns += 2 * DAY_NS
    await bench.approve("a2", 1_000)
    is_reason(declined(await bench.increment("a1", cents)), approved, DeclineReason.DAILY_LIMIT)


@case("Limits", WHERE, terms=lambda where: agreed(where, only(daily_cents=1_000)))
async def an_advice_counts_and_is_never_refused(bench: Bench, where: str) -> None:
    await limited(bench, where, only(daily_cents=1_000))
    await bench.advise("a1", 900)
    same(declined(await bench.authorize("a2", 101)), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.advise("a3", 5_000)
    same(declined(await bench.authorize("a4", 1)), DeclineReason.DAILY_LIMIT, "the reason")


BACK = {
    ("default", "daily_cents"): 0, ("default", "lifetime_cents"): 0,
    ("lithic", "daily_cents"): 0, ("lithic", "lifetime_cents"): 300,
    ("marqeta", "daily_cents"): 300, ("marqeta", "lifetime_cents"): 300,
}  # fmt: skip


@case("Limits", WHERE, each("policy,kind", list(BACK)),
      terms=lambda where, policy, kind: agreed(where, by(policy, **{kind: 1_000})))  # fmt: skip
async def what_a_refund_gives_back_is_the_policy_s_to_say(bench: Bench, where: str, policy: str, kind: str) -> None:
    """One that does not say of which sale it is gives nothing back."""
    await limited(bench, where, by(policy, **{kind: 1_000}))
    await bench.approve("a1", 1_000)
    await bench.capture("a1", 1_000)
    await bench.refund("unmatched", 50)
    same(declined(await bench.authorize("a2", 1)), KINDS[kind], "the reason")
    await bench.refund("r1", 300, "a1")
    left = BACK[policy, kind]
    same(declined(await bench.authorize("a3", left + 1)), KINDS[kind], "the reason")
    if left:
        await bench.approve("a4", left)


@case("Limits", WHERE, each("policy,left", [("default", 1_000), ("lithic-velocity", 300)]),
      terms=lambda where, policy, left: agreed(where, by(policy, daily_cents=1_000)))  # fmt: skip
async def a_capture_without_an_authorization_counts_where_the_policy_says(
    bench: Bench, where: str, policy: str, left: int
) -> None:
    await limited(bench, where, by(policy, daily_cents=1_000))
    await bench.capture("unknown", 700)
    same(declined(await bench.authorize("a1", left + 1)), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a2", left)


@case("Limits", each("policy,follows", [("default", True), ("stripe", True), ("lithic", False), ("marqeta", False)]))
async def a_replaced_card_goes_on_counting_where_the_policy_says(bench: Bench, policy: str, follows: bool) -> None:
    card = CardOpening("old", "visa", NEVER_NS, limits=by(policy, lifetime_cents=1_000))
    await bench.open(cards=(card,))
    await bench.fund(100_000)
    await bench.approve("a1", 700, card="old")
    for _ in range(2):  # told again, it is the same card
        await bench.open(cards=(card, replace(card, card_id="new", replaces="old")))
    if follows:
        same(declined(await bench.authorize("a2", 301, card="new")), DeclineReason.LIFETIME_LIMIT, "the reason")
        await bench.approve("a3", 300, card="new")
    else:
        await bench.approve("a4", 1_000, card="new")


MINUTE = only(velocity=(Velocity(60, max_cents=100),))


@case("Calendar", WHERE, each("step_ns,approved", [(-1, False), (0, True), (1, True)]),
      terms=lambda where, step_ns, approved: agreed(where, MINUTE))  # fmt: skip
async def velocity_rolls(bench: Bench, where: str, step_ns: int, approved: bool) -> None:
    await limited(bench, where, MINUTE)
    bench.clock.at_ns += 30 * SECOND_NS
    await bench.approve("a1", 100)
    bench.clock.at_ns += 60 * SECOND_NS + step_ns
    is_reason(declined(await bench.authorize("a2", 1)), approved, DeclineReason.VELOCITY_LIMIT)


@case("Calendar", WHERE, each("kind,days", [("daily_cents", 1), ("weekly_cents", 7), ("monthly_cents", 30),
                                            ("yearly_cents", 365)]),
      each("step_ns,approved", [(-1, False), (0, True), (1, True)]),
      terms=lambda where, kind, days, step_ns, approved: agreed(where, by("lithic", **{kind: 100})))  # fmt: skip
async def windows_roll_where_the_policy_says(
    bench: Bench, where: str, kind: str, days: int, step_ns: int, approved: bool
) -> None:
    await limited(bench, where, by("lithic", **{kind: 100}))
    bench.clock.at_ns += 30 * SECOND_NS
    await bench.approve("a1", 100)
    at_ns = bench.clock.at_ns
    await bench.capture("a1", 100)
    await bench.settle()  # so that no hold ends meanwhile, and nothing is left to burn
    bench.clock.at_ns = at_ns + days * DAY_NS + step_ns
    is_reason(declined(await bench.authorize("a2", 1)), approved, KINDS[kind])


SUNDAY = START_NS + 7 * DAY_NS
"""2026-03-08: in New York it begins at 05:00 UTC, and has 23 hours."""
NEW_YEAR = START_NS + 306 * DAY_NS
TURNS = {
    "week from Monday": (by("default", weekly_cents=100), SUNDAY + DAY_NS, DeclineReason.WEEKLY_LIMIT),
    "week from Sunday": (by("stripe", weekly_cents=100), SUNDAY, DeclineReason.WEEKLY_LIMIT),
    "day in New York": (by("lithic-velocity", daily_cents=100), SUNDAY + 5 * HOUR_NS, DeclineReason.DAILY_LIMIT),
    "day of 23 hours": (by("lithic-velocity", daily_cents=100), SUNDAY + 28 * HOUR_NS, DeclineReason.DAILY_LIMIT),
    "day by UTC": (by("marqeta", daily_cents=100), SUNDAY, DeclineReason.DAILY_LIMIT),
    "year": (by("default", yearly_cents=100), NEW_YEAR, DeclineReason.YEARLY_LIMIT),
}


@case("Calendar", WHERE, each("turn", list(TURNS)), each("step_ns,approved", [(-1, False), (0, True), (1, True)]),
      terms=lambda where, turn, step_ns, approved: agreed(where, TURNS[turn][0]))  # fmt: skip
async def windows_begin_where_the_policy_says(
    bench: Bench, where: str, turn: str, step_ns: int, approved: bool
) -> None:
    limits, at_ns, reason = TURNS[turn]
    await limited(bench, where, limits)
    bench.clock.at_ns = at_ns - HOUR_NS
    await bench.approve("a1", 100)
    bench.clock.at_ns = at_ns + step_ns
    is_reason(declined(await bench.authorize("a2", 1)), approved, reason)


@case("Limits", WHERE, each("cents,more_usdc6,approved", [
    (99_999, 0, True), (100_000, 0, True), (100_001, 9_999, False), (100_001, 10_000, True), (100_001, 10_001, True),
]), terms=lambda where, cents, more_usdc6, approved: agreed(where, only(yearly_cents=10**9)))  # fmt: skip
async def under_limits_of_any_kind_all_that_is_available_can_be_spent(
    bench: Bench, where: str, cents: int, more_usdc6: int, approved: bool
) -> None:
    await limited(bench, where, only(yearly_cents=10**9))
    if more_usdc6:
        await bench.fund(0, usdc6=more_usdc6)
    is_reason(declined(await bench.authorize("a1", cents)), approved, DeclineReason.INSUFFICIENT_FUNDS)
