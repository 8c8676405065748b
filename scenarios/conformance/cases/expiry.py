"""How long a hold lives."""

from __future__ import annotations

from engine.interface import AdviceOutcome, AuthorizationKind, DeclineReason
from scenarios.conformance.bench import DAY_NS, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, same


@case(
    "Expiry",
    each(
        "network,kind,days",
        [
            ("visa", AuthorizationKind.PURCHASE, 5),
            ("mastercard", AuthorizationKind.PURCHASE, 7),
            ("amex", AuthorizationKind.PURCHASE, 7),
            ("elsewhere", AuthorizationKind.PURCHASE, 7),
            ("visa", AuthorizationKind.PREAUTHORIZATION, 30),
        ],
    ),
)
async def a_hold_lives_as_long_as_its_network_and_kind_say(
    bench: Bench, network: str, kind: AuthorizationKind, days: int
) -> None:
    await bench.open()
    await bench.fund(10_000)
    answer = await bench.approve("a1", 100, network=network, kind=kind)
    same(answer.hold_expires_at_ns, bench.start_ns + days * DAY_NS)


@case("Expiry", each("step_ns,over", [(-1, False), (0, True), (1, True)]))
async def a_tick_ends_what_is_over_at_its_instant(bench: Bench, step_ns: int, over: bool) -> None:
    await bench.open()
    await bench.fund(10_000)
    bench.clock.at_ns = (await bench.approve("a1", 2_500)).hold_expires_at_ns + step_ns
    same((await bench.expire()).expired, ("a1",) if over else (), "what has ended")
    funds = {"available": 10_000} if over else {"available": 7_500, "held": 2_500}
    same(await bench.funds(), funds, "the funds")


@case("Expiry")
async def a_hold_ends_at_its_expiry_and_not_before(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    end_ns = (await bench.approve("a1", 2_500)).hold_expires_at_ns
    bench.clock.at_ns = end_ns - 1
    same((await bench.expire()).expired, ())
    bench.clock.at_ns = end_ns
    same((await bench.expire()).expired, ("a1",))
    same((await bench.expire()).expired, ())
    same((await bench.reverse("a1")).released_cents, 0)
    same(await bench.funds(), {"available": 10_000}, "the funds")


@case("Expiry", each("from_end_ns,approved", [(-1, True), (0, False), (1, False)]))
async def nothing_is_added_at_the_end_of_a_hold_whenever_the_tick_comes(
    bench: Bench, from_end_ns: int, approved: bool
) -> None:
    await bench.open()
    await bench.fund(10_000)
    end_ns = (await bench.approve("a1", 2_500)).hold_expires_at_ns
    bench.clock.at_ns = end_ns + from_end_ns
    answer = await bench.increment("a1", 500)
    same(declined(answer), None if approved else DeclineReason.INVALID_TRANSACTION, "the reason")
    held = 3_000 if approved else 2_500
    same(await bench.funds(), {"available": 10_000 - held, "held": held}, "the funds before the tick")
    bench.clock.at_ns = end_ns + 1
    same(await bench.increment("a1", 500), answer, "the answer to the repeat")
    same((await bench.expire()).expired, ("a1",))
    same(await bench.funds(), {"available": 10_000}, "the funds after the tick")


@case("Expiry", each("from_end_ns,adopted", [(-1, True), (0, False), (1, False)]), each("cents", [0, 1_000, 4_000]))
async def no_advice_changes_what_is_over_whenever_the_tick_comes(
    bench: Bench, from_end_ns: int, adopted: bool, cents: int
) -> None:
    await bench.open()
    await bench.fund(10_000)
    end_ns = (await bench.approve("a1", 2_500)).hold_expires_at_ns
    bench.clock.at_ns = end_ns + from_end_ns
    receipt = await bench.advise("a1", cents, approved=cents > 0)
    same(receipt.outcome, AdviceOutcome.ADOPTED if adopted else AdviceOutcome.NOT_OPEN)
    held = cents if adopted else 2_500
    same((receipt.held_cents, receipt.hold_expires_at_ns), (held, end_ns if held else 0), "what is held, until when")
    still = {"held": held} if held else {}
    same(await bench.funds(), {"available": 10_000 - held, **still}, "the funds before the tick")
    bench.clock.at_ns = end_ns + 1
    same((await bench.expire()).expired, ("a1",) if held else ())
    same(await bench.funds(), {"available": 10_000}, "the funds after the tick")


@case("Expiry", each("from_end_ns", [-1, 0, 1]))
async def until_the_tick_a_hold_backs_captures_and_can_be_taken_back(bench: Bench, from_end_ns: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    bench.clock.at_ns = (await bench.approve("a1", 9_000)).hold_expires_at_ns + from_end_ns
    same((await bench.reverse("a1", cents=2_000)).released_cents, 2_000)
    result = await bench.capture("a1", 6_000, final=False)
    same((result.posted_cents, result.receivable_cents), (6_000, 0))
    same(await bench.funds(), {"available": 3_000, "held": 1_000, "unsettled": 6_000}, "the funds before the tick")
    bench.clock.at_ns += 1
    same((await bench.expire()).expired, ("a1",))
    same(await bench.funds(), {"available": 4_000, "unsettled": 6_000}, "the funds after the tick")
