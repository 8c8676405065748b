"""What is over is over by the clock, whenever the tick comes that frees what is still held."""

from __future__ import annotations

import pytest

from engine.domain.accounts import Card, CardStatus, Funds
from engine.domain.authorization import Authorization, Status
from engine.domain.ledger import Rows
from engine.domain.terms import Terms
from engine.interface import AdviceOutcome, AuthorizationAdvice, AuthorizationKind, AuthorizationRequest
from engine.services.advise import adopted
from engine.services.engine import build
from engine.services.increase import may_grow
from scenarios.conformance.bench import Bench
from scenarios.conformance.chain import BenchChain, BenchClock
from scenarios.conformance.loop import QuickLoop
from scenarios.conformance.subject import kit

END_NS = 900
OPEN = Authorization("a", "ada", "visa", 100, 100, 0, Status.OPEN, 5, END_NS, "card", "5411")
AROUND = [(END_NS - 1, False), (END_NS, True), (END_NS + 1, True)]


@pytest.mark.parametrize("at_ns,is_over", AROUND)
def test_an_open_authorization_is_expired_from_its_end_on(at_ns: int, is_over: bool) -> None:
    assert OPEN.status_at(at_ns) is (Status.EXPIRED if is_over else Status.OPEN)


@pytest.mark.parametrize("status", [Status.CAPTURED, Status.REVERSED, Status.EXPIRED])
@pytest.mark.parametrize("at_ns", [END_NS - 1, END_NS, END_NS + 1])
def test_what_ended_otherwise_stays_so(status: Status, at_ns: int) -> None:
    assert OPEN._replace(status=status, held_cents=0).status_at(at_ns) is status


@pytest.mark.parametrize("at_ns,is_over", AROUND)
def test_nothing_grows_from_its_end_on(at_ns: int, is_over: bool) -> None:
    more = AuthorizationRequest("k", "a", "card", 1, "visa", "shop", "5411", 0, AuthorizationKind.INCREMENTAL)
    assert may_grow(OPEN, more, at_ns) is not is_over


@pytest.mark.parametrize("at_ns,is_over", AROUND)
@pytest.mark.parametrize("cents", [0, 99, 100, 101])
def test_no_advice_is_adopted_from_its_end_on(at_ns: int, is_over: bool, cents: int) -> None:
    card = Card("card", "ada", "visa", 10**19, CardStatus.ACTIVE)
    rows = Rows({"a": OPEN}, {"ada": Funds(10_000_000)}, {"card": card}, frozenset(), *({} for _ in range(9)))
    advice = AuthorizationAdvice("k", "a", "card", cents > 0, cents, "visa", "shop", "5411", 0)
    commit = adopted(advice, rows, at_ns, Terms())
    assert commit.result.outcome is (AdviceOutcome.NOT_OPEN if is_over else AdviceOutcome.ADOPTED)
    assert (commit.entries, commit.authorizations) == ((), ()) if is_over else commit.authorizations
    assert commit.result.held_cents == (100 if is_over else cents)


@pytest.mark.parametrize("late_ns,approved", [(-1, True), (0, False), (1, False)])
def test_an_increment_that_is_judged_before_the_end_and_recorded_after_it_is_declined(
    late_ns: int, approved: bool
) -> None:
    """The clock moves while the engine reads the card: between its look at the authorization and its commit."""
    clock = BenchClock()
    chain = BenchChain(clock)
    given = kit(Terms(), clock, chain)
    bench = Bench(build(given), clock, chain, Terms())
    end_ns: list[int] = []
    read = given.ports.ledger.card

    async def slowly(card_id: str) -> object:
        if end_ns:
            clock.at_ns = end_ns[0] + late_ns
        return await read(card_id)

    given.ports.ledger.card = slowly

    async def play() -> None:
        await bench.open()
        await bench.fund(10_000)
        end_ns.append((await bench.approve("a1", 1_000)).hold_expires_at_ns)
        clock.at_ns = end_ns[0] - 2
        assert (await bench.increment("a1", 500)).approved is approved
        assert (await bench.funds())["held"] == (1_500 if approved else 1_000)
        clock.at_ns = end_ns[0] + 1
        await bench.expire()
        await bench.approve("a2", 10_000)  # what was placed and not recorded refuses nothing

    loop = QuickLoop()
    try:
        loop.run_until_complete(play())
    finally:
        loop.close()
