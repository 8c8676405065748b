"""The power goes at every await of the verbs that an authorization meets after its first answer, and of those that hold
nothing: advices, increments, parts, inquiries, refunds, disputes, mandates. Then callers ask again.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_authorize_when_stores_fail import REQUEST, run
from test_power_cut_at_every_await import (
    Cutter,
    Shop,
    approved,
    asked_until_answered,
    captured,
    evicted_and_captured,
    nothing,
    started,
    swept,
    uncached,
)

from engine.interface import (
    AccountOpening,
    AuthorizationAdvice,
    AuthorizationKind,
    CardOpening,
    CardStatus,
    ClearingBatch,
    DisputeNotice,
    DisputeState,
    MandateOpening,
    Presentment,
    PresentmentKind,
    ReversalRequest,
)
from engine.wire import to_bytes
from simulators.kernel.bridge import wait_for_event
from simulators.kernel.power import PowerCut

ADVICE = AuthorizationAdvice("a1", "auth-1", "card-1", True, 800, "visa", "shop", "5411", 0)
MORE = replace(REQUEST, idempotency_key="key-2", amount_cents=300, kind=AuthorizationKind.INCREMENTAL)
TOO_MUCH_MORE = replace(MORE, amount_cents=401)
PARTIAL = replace(REQUEST, amount_cents=1_200, partial_supported=True)
INQUIRY = replace(REQUEST, amount_cents=0, kind=AuthorizationKind.BALANCE_INQUIRY)
REFUND = replace(REQUEST, kind=AuthorizationKind.REFUND)
UNDER_A_MANDATE = AccountOpening(
    "ada",
    "0xada",
    (
        CardOpening("card-1", "visa", 10**19, CardStatus.CANCELLED),
        CardOpening("card-2", "visa", 10**19, mandate_id="m", replaces="card-1", pan="4000000000000002"),
    ),
    mandates=(MandateOpening("m", 10**19),),
)


def cleared(*presentments: Presentment) -> ClearingBatch:
    return ClearingBatch("file/1", "visa", "file-1", 0, presentments)


def sale(ref: str, cents: int, *, final: bool = True, of: str = "auth-1") -> Presentment:
    return Presentment(ref, of, "card-1", "visa", cents, final)


def refund(ref: str, cents: int, of: str = "auth-1") -> Presentment:
    return replace(sale(ref, cents, of=of), kind=PresentmentKind.REFUND)


def dispute(state: DisputeState) -> DisputeNotice:
    return DisputeNotice(f"dispute/{state}", "dispute", "p1", "card-1", "visa", state, 700, 0)


async def lost_and_approved(shop: Shop) -> None:
    await approved(shop)
    shop.holds.flush()


async def submitted(shop: Shop) -> None:
    await captured(shop)
    await shop.engine().dispute(dispute(DisputeState.SUBMITTED))


async def owing(shop: Shop) -> None:
    """1,000 cents, and a sale of 1,500."""
    await approved(shop)
    await shop.engine().capture(ClearingBatch("file/0", "visa", "file", 0, (sale("p1", 1_500),)))


MIXED = cleared(sale("p2", 200, final=False), sale("p2", 200), refund("r2", 50), sale("p3", 1_100), sale("p4", 0))
CASES: dict[str, tuple[Any, Any, int]] = {
    "advise the true amount": (approved, lambda e: e.advise(ADVICE), 3),
    "advise less after an eviction": (evicted_and_captured, lambda e: e.advise(replace(ADVICE, amount_cents=1)), 3),
    "advise what nobody asked": (nothing, lambda e: e.advise(ADVICE), 3),
    "advise more than there is": (nothing, lambda e: e.advise(replace(ADVICE, amount_cents=1_001)), 3),
    "advise a decline": (approved, lambda e: e.advise(replace(ADVICE, approved=False, amount_cents=0)), 3),
    "advise a decline of what nobody asked": (
        nothing,
        lambda e: e.advise(replace(ADVICE, approved=False, amount_cents=0)),
        1,
    ),
    "increase": (approved, lambda e: e.authorize(MORE), 4),
    "increase after a flush": (lost_and_approved, lambda e: e.authorize(MORE), 9),
    "increase what is not covered": (approved, lambda e: e.authorize(TOO_MUCH_MORE), 9),
    "increase what nobody knows": (nothing, lambda e: e.authorize(MORE), 2),
    "approve a part": (nothing, lambda e: e.authorize(PARTIAL), 4),
    "approve a part after the cache was lost": (uncached, lambda e: e.authorize(PARTIAL), 6),
    "inquire": (nothing, lambda e: e.authorize(INQUIRY), 3),
    "announce a refund": (nothing, lambda e: e.authorize(REFUND), 2),
    "reverse a part": (approved, lambda e: e.reverse(ReversalRequest("r1", "auth-1", "card-1", "visa", 0, 250)), 3),
    "reverse another's": (approved, lambda e: e.reverse(ReversalRequest("r1", "auth-1", "card-2", "visa", 0)), 1),
    "capture parts and refunds": (approved, lambda e: e.capture(MIXED), 3),
    "refund": (captured, lambda e: e.capture(cleared(refund("r1", 700))), 3),
    "refund what is owed": (owing, lambda e: e.capture(cleared(refund("r1", 500))), 3),
    "refund more than is owed": (owing, lambda e: e.capture(cleared(refund("r1", 501))), 3),
    "submit a dispute": (captured, lambda e: e.dispute(dispute(DisputeState.SUBMITTED)), 3),
    "lose a dispute": (submitted, lambda e: e.dispute(dispute(DisputeState.LOST)), 3),
    "win a dispute": (submitted, lambda e: e.dispute(dispute(DisputeState.WON)), 1),
    "open cards under a mandate": (approved, lambda e: e.open_account(UNDER_A_MANDATE), 2),
}


async def now_of(shop: Shop) -> tuple[Any, ...]:
    """All that the ledger can be asked about: funds, statement (without its instants), card, authorization's hold."""
    lines = tuple(line[:4] for line in await shop.ledger.statement(0, 99))
    cards = tuple([await shop.ledger.card(card_id) for card_id in ("card-1", "card-2")])
    cards = tuple(standing and standing[:2] for standing in cards)  # an opening may be repeated: its view counts on
    return await shop.ledger.funds("ada"), lines, cards, shop.ledger._authorizations.held_cents("auth-1")


def timeless(answer: Any) -> Any:
    """An answer without the instant at which its hold ends, which is later for one that comes later."""
    return replace(answer, hold_expires_at_ns=0) if hasattr(answer, "hold_expires_at_ns") else answer


def uncut(name: str) -> tuple[list[str], Any, Any, Any]:
    """Where nothing fails: the calls, the answer, and what there is before and after."""
    before, ask, _ = CASES[name]

    async def scenario(kernel):
        shop = await started(kernel, before)
        earlier, cutter = await now_of(shop), Cutter()
        answer = await ask(shop.engine(cutter))
        calls = list(cutter.calls)
        await swept(shop)
        return calls, answer, earlier, await now_of(shop)

    return run(scenario)


@pytest.mark.parametrize("name", CASES)
def test_whenever_the_power_goes_what_was_asked_happens_once_and_the_stores_agree(name) -> None:
    before, ask, count = CASES[name]
    calls, expected, earlier, later = uncut(name)
    assert len(calls) == count, f"the awaits of this verb have changed: {calls}"
    for at in range(1, count + 1):
        for after in (False, True):

            async def scenario(kernel, at=at, after=after):
                shop = await started(kernel, before)
                cutter, group = Cutter(at, after), kernel.power_group("engine")
                first = group.call(ask(shop.engine(cutter)))
                await cutter.reached.wait()
                group.cut()
                assert isinstance((await wait_for_event(first)).error, PowerCut)
                answer = await asked_until_answered(shop.engine(), ask)
                assert await asked_until_answered(shop.engine(), ask) == answer
                await swept(shop)
                assert await asked_until_answered(shop.engine(), ask) == answer
                given_up = timeless(answer) != timeless(expected)
                assert not given_up or answer.response_code == "91", (at, after, answer)
                assert await now_of(shop) == (earlier if given_up else later), (at, after, answer)
                if answer is not None:
                    assert to_bytes(await ask(shop.engine())) == to_bytes(answer)
                await shop.agrees()

            run(scenario)
