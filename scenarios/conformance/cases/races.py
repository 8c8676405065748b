"""Messages that overtake each other or come at once."""

from __future__ import annotations

import asyncio

from scenarios.conformance.bench import Bench
from scenarios.conformance.registry import case
from scenarios.conformance.verdicts import same


@case("Races")
async def many_swipes_at_once_never_spend_the_same_money(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    answers = await asyncio.gather(*(bench.authorize(f"a{n}", 1_500) for n in range(20)))
    same(sum(answer.approved for answer in answers), 6)
    same(await bench.funds(), {"available": 1_000, "held": 9_000}, "the funds")


@case("Races")
async def twins_in_flight_get_one_answer_and_one_hold(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    request = bench.request("a1", 2_500)
    answers = await asyncio.gather(*(bench.tell(request, bench.engine.authorize) for _ in range(5)))
    same(len(set(answers)), 1)
    same(await bench.funds(), {"available": 7_500, "held": 2_500}, "the funds")


@case("Races")
async def a_reversal_beside_its_original_leaves_nothing_held(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    for n in range(10):
        await asyncio.gather(bench.authorize(f"a{n}", 2_500), bench.reverse(f"a{n}"))
    same(await bench.funds(), {"available": 10_000}, "the funds")
