"""Every verb, every port call that it makes, failing before and after its effect: asked again, it has happened once.

And the hold store, which is only a cache, agrees with the ledger to the cent afterwards.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_authorize_when_stores_fail import FUNDS_USDC6, REQUEST, USUAL, Bench, Faulty, bench, run

from engine.domain.accounts import Funds
from engine.domain.ledger import Commit, Touch
from engine.domain.terms import DAY_NS
from engine.interface import (
    CaptureOutcome,
    ClearingBatch,
    DeclineReason,
    DepositNotice,
    EngineError,
    Presentment,
    ReversalRequest,
    WithdrawalNotice,
    WithdrawalStage,
)
from engine.ports import Hold
from engine.services.images import Images

HELD = 6_000_000
LATER_NS = 40 * DAY_NS
BATCH = ClearingBatch("file/0", "visa", "file", 0, (Presentment("p1", "auth-1", "card-1", "visa", 700),))
CALLS = {
    "deposit": lambda e: e.deposit(DepositNotice("d2", "ada", 5_000_000, 2)),
    "withdraw": lambda e: e.withdraw(WithdrawalNotice("w1", "ada", WithdrawalStage.REQUESTED, 3_000_000, 2)),
    "reverse": lambda e: e.reverse(ReversalRequest("r1", "auth-1", "card-1", "visa", 0)),
    "capture": lambda e: e.capture(BATCH),
    "expire": lambda e: e.expire(LATER_NS),
}
AFTERWARDS = {
    "deposit": Funds(FUNDS_USDC6 + 5_000_000 - HELD, HELD),
    "withdraw": Funds(FUNDS_USDC6 - 3_000_000 - HELD, HELD, 0, 3_000_000),
    "reverse": Funds(FUNDS_USDC6),
    "capture": Funds(FUNDS_USDC6 - 7_000_000, 0, 7_000_000),
    "expire": Funds(FUNDS_USDC6),
}
PORTS = {
    "deposit": ["ledger.update", "holds.apply", "ledger.followed"],
    "withdraw": ["ledger.update", "holds.apply", "ledger.followed"],
    "reverse": ["ledger.update", "holds.apply", "ledger.followed"],
    "capture": ["ledger.update", "holds.apply", "ledger.followed"],
    "expire": ["ledger.due", "ledger.update", "holds.apply", "ledger.followed"],
}
CASES = [(verb, call, fault) for verb in CALLS for call in PORTS[verb] for fault in ("fails before", "fails after")]


async def agrees(at: Bench, funds: Funds) -> None:
    """The hold store has what the ledger has, or an image that the ledger does not let anything rest on."""
    assert await at.ledger.funds("ada") == funds
    rows = (await at.ledger.update(Touch(accounts=("ada",)), lambda rows: Commit(result=rows))).result
    now_ns = at.ports.clock.now_ns()
    if (await at.holds.place(Hold("too much", "ada", 10**15, 1, now_ns), USUAL)).epoch != rows.epochs["ada"]:
        await Images(at.engine.reverse._ports).renew("ada")
    one_more = Hold("one more", "ada", funds.available_usdc6 + 1, 1, now_ns)
    everything = Hold("everything", "ada", funds.available_usdc6, 1, now_ns)
    assert (await at.holds.place(one_more, USUAL)).refusal is DeclineReason.INSUFFICIENT_FUNDS, (
        "the hold store has more than the ledger"
    )
    assert (await at.holds.place(everything, USUAL)).refusal is None, "the hold store has less than the ledger"


@pytest.mark.parametrize(("verb", "call", "fault"), CASES)
def test_asked_until_answered_it_happens_once_and_the_hold_store_agrees(verb, call, fault) -> None:
    async def scenario(kernel):
        at = await bench(kernel)
        assert (await at.engine.authorize(REQUEST)).approved
        port, method = call.split(".")
        faulty = Faulty(getattr(at, port), method, fault)
        service = getattr(at.engine, verb)
        service._ports = type(service._ports)(
            **{name: getattr(service._ports, name) for name in ("clock", "cache", "holds", "ledger", "chain")}
            | {port: faulty}
        )
        for _ in range(3):
            try:
                await CALLS[verb](at.engine)
                break
            except EngineError:
                await asyncio.sleep(1)
        else:
            raise AssertionError("never answered")
        await CALLS[verb](at.engine)  # and once more, as a caller may
        await asyncio.sleep(60)
        await agrees(at, AFTERWARDS[verb])

    run(scenario)


@pytest.mark.parametrize("cents", [0, -500])
def test_a_presentment_of_no_amount_posts_nothing(cents) -> None:
    async def scenario(kernel):
        at = await bench(kernel)
        await at.engine.authorize(REQUEST)
        batch = ClearingBatch("f/0", "visa", "f", 0, (Presentment("p", "auth-1", "card-1", "visa", cents),))
        (result,) = (await at.engine.capture(batch)).results
        assert (result.outcome, result.posted_cents) == (CaptureOutcome.INVALID_AMOUNT, 0)
        await agrees(at, Funds(FUNDS_USDC6 - HELD, HELD))

    run(scenario)


@pytest.mark.parametrize("amount", [0, -7])
def test_a_deposit_of_no_amount_is_refused(amount) -> None:
    async def scenario(kernel):
        at = await bench(kernel)
        with pytest.raises(EngineError, match="an amount is positive"):
            await at.engine.deposit(DepositNotice("d3", "ada", amount, 1))
        await agrees(at, Funds(FUNDS_USDC6))

    run(scenario)


def test_requests_that_differ_only_in_where_one_field_ends_are_not_the_same() -> None:
    from dataclasses import replace

    from engine.services.authorize import fingerprint_of

    first, second = (replace(REQUEST, merchant_id=m, mcc=c) for m, c in (("a|b", "c"), ("a", "b|c")))
    assert fingerprint_of(first) != fingerprint_of(second)
