"""How long holds live: by network, presence, initiator, kind and merchant category."""

from __future__ import annotations

from dataclasses import replace

from engine.interface import AuthorizationKind, HoldTerms, Initiator, Presence, Terms
from scenarios.conformance.bench import DAY_NS, WIDE, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import same

ESTIMATE = AuthorizationKind.PREAUTHORIZATION
PRESENT, ABSENT = Presence.PRESENT, Presence.NOT_PRESENT
HOLDER, MERCHANT = Initiator.CARDHOLDER, Initiator.MERCHANT
ROWS = [
    ("visa", {}, 5),
    ("visa", {"presence": ABSENT}, 10),
    ("visa", {"initiator": MERCHANT}, 5),
    ("visa", {"presence": ABSENT, "initiator": MERCHANT}, 5),
    ("visa", {"kind": AuthorizationKind.CASH_WITHDRAWAL, "mcc": "6011"}, 5),
    ("visa", {"kind": ESTIMATE}, 30),
    ("visa", {"kind": ESTIMATE, "presence": ABSENT}, 30),
    ("visa", {"kind": ESTIMATE, "mcc": "7011"}, 31),
    ("visa", {"kind": ESTIMATE, "mcc": "3500"}, 30),
    ("visa", {"kind": ESTIMATE, "mcc": "3501"}, 31),
    ("visa", {"kind": ESTIMATE, "mcc": "3999"}, 31),
    ("visa", {"kind": ESTIMATE, "mcc": "4000"}, 30),
    ("visa", {"kind": ESTIMATE, "mcc": "4411"}, 31),
    ("visa", {"kind": ESTIMATE, "mcc": "3351"}, 31),
    ("visa", {"kind": ESTIMATE, "mcc": "3441"}, 31),
    ("visa", {"kind": ESTIMATE, "mcc": "3442"}, 30),
    ("visa", {"kind": ESTIMATE, "mcc": "7512"}, 31),
    ("visa", {"mcc": "7011"}, 5),
    ("mastercard", {}, 7),
    ("mastercard", {"presence": ABSENT}, 7),
    ("mastercard", {"kind": ESTIMATE}, 30),
    ("mastercard", {"kind": ESTIMATE, "mcc": "7011"}, 30),
    ("amex", {"initiator": MERCHANT}, 7),
    ("elsewhere", {"presence": ABSENT}, 7),
]


@case("Expiry", each("network,changes,days", ROWS))
async def the_table_of_validities_says_when_a_hold_ends(bench: Bench, network: str, changes: dict, days: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    answer = await bench.approve("a1", 100, network=network, **changes)
    end_ns = bench.start_ns + days * DAY_NS
    same(answer.hold_expires_at_ns, end_ns, "hold_expires_at_ns")
    bench.clock.at_ns = end_ns - 1
    same((await bench.expire()).expired, (), "what has ended a nanosecond early")
    bench.clock.at_ns = end_ns
    same((await bench.expire()).expired, ("a1",), "what has ended")
    same(await bench.funds(), {"available": 10_000}, "the funds")


@case("Expiry", each("network,changes,days", ROWS))
async def an_advice_opens_a_hold_of_the_same_validity(bench: Bench, network: str, changes: dict, days: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    receipt = await bench.advise("a1", 100, network=network, **changes)
    same(receipt.hold_expires_at_ns, bench.start_ns + days * DAY_NS, "hold_expires_at_ns")


SHORT = Terms(limits=WIDE, holds=replace(HoldTerms(), validity_ns={"visa": 60 * 10**9}, exceptions=()))


@case("Expiry", terms=SHORT)
async def the_terms_say_how_long_not_the_engine(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    answer = await bench.approve("a1", 100, presence=ABSENT)
    same(answer.hold_expires_at_ns, bench.start_ns + 60 * 10**9, "hold_expires_at_ns")


@case("Expiry")
async def only_what_is_still_held_expires(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 1_000)
    await bench.capture("a1", 300, final=False)
    await bench.reverse("a1", cents=200)
    await bench.settle()
    bench.clock.at_ns += 6 * DAY_NS
    same((await bench.expire()).expired, ("a1",))
    same(await bench.funds(), {"available": 9_700}, "the funds")
    same((await bench.capture("a1", 100, 2)).released_cents, 0)
    same(await bench.funds(), {"available": 9_600, "unsettled": 100}, "the funds after a late presentment")
