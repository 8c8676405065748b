"""How long a hold lives."""

from __future__ import annotations

from engine.interface import AuthorizationKind
from scenarios.conformance.bench import DAY_NS, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import same


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
