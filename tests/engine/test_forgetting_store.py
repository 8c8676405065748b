"""Whatever is lost, cut or left waiting between any two port calls: funds and limits are never exceeded, and once
nothing is in flight the hold store's images are the ledger's books to the unit.

The kernel's tasks are real; a schedule drawn by Hypothesis decides after which port call each of them goes on.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_authorize_when_stores_fail import REQUEST, run
from test_power_cut_at_every_await import OPENING, Shop

from engine.domain.policies import PRESETS
from engine.domain.scopes import Tally
from engine.domain.terms import DAY_NS, NO_LIMITS, LimitTerms
from engine.interface import (
    ClearingBatch,
    DepositNotice,
    EngineError,
    EngineKit,
    Presentment,
    ReversalRequest,
    Terms,
    WithdrawalNotice,
    WithdrawalStage,
)
from engine.ports import Ports
from engine.services.engine import build

TERMS = Terms(
    LimitTerms(per_transaction_cents=1_000, daily_cents=1_500, monthly_cents=1_500), decision_budget_ns=10**12
)
OPENED_WITH = 2_000
OF_CARD = replace(NO_LIMITS, per_transaction_cents=1_000, weekly_cents=1_500, policy=PRESETS["stripe"])
LIMITED = replace(OPENING, cards=(replace(OPENING.cards[0], limits=OF_CARD),))
WHERE = {"account": (TERMS, OPENING), "card": (replace(TERMS, limits=NO_LIMITS), LIMITED)}
"""The limit of 1,500 is the account's, a day, or the card's, a week."""


class Gate:
    """Lets calls through one by one, each before its effect and again before its answer."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []
        self.open = False

    async def pass_through(self) -> None:
        if self.open:
            return
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        await turn

    def let(self, number: int) -> None:
        self.waiting = [turn for turn in self.waiting if not turn.done()]
        if self.waiting:
            self.waiting.pop(number % len(self.waiting)).set_result(None)

    def let_all(self) -> None:
        self.open = True
        for turn in self.waiting:
            if not turn.done():
                turn.set_result(None)


class Gated:
    def __init__(self, gate: Gate, port: Any) -> None:
        self._gate, self._port = gate, port

    def __getattr__(self, method: str) -> Any:
        async def call(*arguments: Any) -> Any:
            await self._gate.pass_through()
            answer = await getattr(self._port, method)(*arguments)
            await self._gate.pass_through()
            return answer

        return call


def authorization(number: int, cents: int) -> Any:
    return replace(
        REQUEST, idempotency_key=f"a{number}", authorization_id=f"a{number}", amount_cents=cents
    )  # fmt: skip


def capture(number: int, cents: int, final: bool) -> ClearingBatch:
    ref = f"p{number}-{cents}"
    return ClearingBatch(ref, "visa", ref, 0, (Presentment(ref, f"a{number}", "card-1", "visa", cents, final),))


NUMBERS, CENTS = st.integers(0, 4), st.sampled_from([1, 300, 700, 800, 1_000])
ASKS = st.one_of(
    st.builds(lambda n, c: lambda e: e.authorize(authorization(n, c)), NUMBERS, CENTS),
    st.builds(lambda n, a: lambda e: e.reverse(
        ReversalRequest(f"r{n}-{a}", f"a{n}", "card-1", "visa", 0, a)), NUMBERS, st.sampled_from([0, 200])),
    st.builds(lambda n, c, f: lambda e: e.capture(capture(n, c, f)), NUMBERS, CENTS, st.booleans()),
    st.builds(lambda n: lambda e: e.deposit(DepositNotice(f"d{n}", "ada", 1_000_000, 1)), NUMBERS),
    st.builds(lambda n: lambda e: e.withdraw(
        WithdrawalNotice(f"w{n}", "ada", WithdrawalStage.REQUESTED, 3_000_000, 1)), NUMBERS),
    st.just(lambda e: e.expire(e._ports.clock.now_ns())),
    st.just(lambda e: e.expire(e._ports.clock.now_ns() + 6 * DAY_NS)),
)  # fmt: skip
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), ASKS),
        st.tuples(st.just("go"), st.integers(0, 9)),
        st.tuples(st.just("go"), st.integers(0, 9)),
        st.tuples(st.just("go on"), st.integers(1, 12)),
        st.tuples(st.sampled_from(["flush", "evict", "checkpoint", "fail over", "uncache", "crash"]), st.none()),
    ),
    max_size=40,
)


async def settled(kernel: Any) -> None:
    await asyncio.sleep(0.01)


def long_history(seed: int) -> list[tuple[str, Any]]:
    """Denser than Hypothesis draws them: mostly authorizations, half-way through when the store forgets."""
    random, steps = Random(seed), []
    for number in range(60):
        cents = random.choice([1, 300, 700, 800, 1_000])
        which = random.randrange(number + 1)
        asks = [
            lambda e, n=number, c=cents: e.authorize(authorization(n, c)),
            lambda e, n=which: e.reverse(ReversalRequest(f"r{n}", f"a{n}", "card-1", "visa", 0)),
            lambda e, n=which, c=cents: e.capture(capture(n, c, True)),
        ]
        steps.append(("ask", asks[random.choice([0, 0, 0, 0, 1, 1, 2])]))
        steps += [("go", random.randrange(9)) for _ in range(random.randrange(14))]
        if random.random() < 0.4:
            steps.append((random.choice(["flush", "evict", "evict", "checkpoint", "fail over", "crash"]), None))
    return steps


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("seed", range(12))
def test_in_long_histories_nothing_is_exceeded_and_nothing_is_lost(seed, where) -> None:
    live_through(long_history(seed), where)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.sampled_from(sorted(WHERE)))
def test_nothing_is_exceeded_and_nothing_is_lost(steps, where) -> None:
    live_through(steps, where)


def live_through(steps: list[tuple[str, Any]], where: str) -> None:
    terms, opening = WHERE[where]

    async def scenario(kernel):
        shop, generation = Shop(kernel), 0

        def powered():
            gate = Gate()
            stores = {name: Gated(gate, port) for name, port in shop.stores.items()}
            return gate, kernel.power_group(f"engine {generation}"), build(EngineKit(terms, Ports(shop, **stores)))

        plain = build(EngineKit(terms, Ports(shop, **shop.stores)))
        await plain.open_account(opening)
        await plain.deposit(DepositNotice("opening", "ada", OPENED_WITH * 10_000, 1))
        gate, group, engine = powered()
        for verb, what in steps:
            if verb == "ask":

                async def asked(ask=what, engine=engine):
                    try:
                        return await ask(engine)
                    except EngineError:
                        return None

                group.call(asked())
            elif verb == "go":
                gate.let(what)
            elif verb == "go on":
                for _ in range(what):
                    gate.let(0)
                    await settled(kernel)
            elif verb == "crash":
                group.cut()
                generation += 1
                gate, group, engine = powered()
            elif verb == "uncache":
                shop.cache.flush()
            elif verb == "evict":
                shop.holds.evict("ada")
            else:
                getattr(shop.holds, verb.replace(" ", "_"))()
            await settled(kernel)
            check_ledger(shop)
        gate.let_all()
        await asyncio.sleep(20_000)  # longer than any budget here, and than ten of them
        check_ledger(shop)
        await plain.expire(shop.now_ns())
        await check_images(shop)

    run(scenario)


def check_ledger(shop: Shop) -> None:
    """Read from outside: what counts never exceeds the limit, and what is held was covered."""
    known = list(shop.ledger._authorizations.of("ada"))
    assert sum(a.counted_cents for a in known) <= TERMS.limits.daily_cents
    assert shop.ledger._funds["ada"][1] == sum(a.held_cents for a in known) * 10_000


async def check_images(shop: Shop) -> None:
    assert not await shop.ledger.unfollowed(99)
    assert not await shop.holds.unswept(shop.now_ns(), 99)
    image = shop.holds._images.get("ada")
    if image is None or image.incarnation != shop.holds._incarnation or image.epoch != shop.ledger._funds["ada"][5]:
        return  # nothing can rest on it
    known = list(shop.ledger._authorizations.of("ada"))
    assert image.available_usdc6 == shop.ledger._funds["ada"][0]
    assert image.month_cents == sum(a.counted_cents for a in known)
    if image.tally is not None:
        wanted = shop.holds._wanted["ada"].values()
        anew = Tally(wanted, [a.spend for a in known])
        assert totals_of(image.tally, shop.now_ns()) == totals_of(anew, shop.now_ns())
    held = {a.authorization_id: a.held_cents * 10_000 for a in known if a.held_cents}
    assert {key: left for key, (owner, left) in shop.holds._holds.items() if owner is image} == held


def totals_of(tally: Tally, at_ns: int) -> dict[str, Any]:
    """What counts, by scope."""
    return {key: counters.totals(at_ns) for key, counters in tally._counters.items()}
