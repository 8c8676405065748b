"""Two messages that meet: a freeze and an authorization, a reversal and its original, at every point where one can pass
the other. Each call of one waits in turn for the whole of the other.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_authorize_when_stores_fail import REQUEST, run
from test_power_cut_at_every_await import FROZEN, HELD, OPENING, REVERSAL, Shop, approved, nothing, started, swept
from test_power_cut_in_a_whole_life import INQUIRY, MORE, PARTIAL, REFUND

from engine.domain.terms import DAY_NS
from engine.interface import (
    AccountStatus,
    DeclineReason,
    DepositNotice,
    EngineKit,
    LimitTerms,
    MandateOpening,
    MandateStatus,
    Terms,
)
from engine.ports import Ports
from engine.services.engine import build

Meeting = Callable[[Shop], Awaitable[Any]]
USUAL_TERMS = Terms()
MOST_CALLS = 16
"""More than any verb here makes; every number up to it is tried, and the test fails where it is not enough."""


class Interrupted:
    """An engine's port: around its call number ``at``, before or after it, all of ``meeting`` happens."""

    def __init__(self, name: str, port: Any, plan: Plan) -> None:
        self._name, self._port, self._plan = name, port, plan

    def __getattr__(self, method: str) -> Any:
        real, plan = getattr(self._port, method), self._plan

        async def call(*arguments: Any) -> Any:
            plan.calls += 1
            mine = plan.calls == plan.at
            if mine and not plan.after:
                await plan.meet()
            answer = await real(*arguments)
            if mine and plan.after:
                await plan.meet()
            return answer

        return call


class Plan:
    def __init__(self, shop: Shop, at: int, after: bool, meeting: Meeting, terms: Terms) -> None:
        self.shop, self.at, self.after, self.meeting = shop, at, after, meeting
        self.calls, self.met, self.terms = 0, None, terms

    async def meet(self) -> None:
        """Whole, with an engine of its own; the decision that is interrupted has not that much time, so none passes."""
        self.met = (await self.meeting(self.shop),)

    def engine(self) -> Any:
        """Its budget is long: how long a meeting takes is not the question here."""
        stores = {name: Interrupted(name, port, self) for name, port in self.shop.stores.items()}
        return build(EngineKit(replace(self.terms, decision_budget_ns=600 * 10**9), Ports(clock=self.shop, **stores)))


def at_every_point(before: Any, ask: Any, meeting: Meeting, judge: Any, terms: Terms = USUAL_TERMS) -> int:
    """Returns at how many points they met."""
    met = 0
    for at in range(1, MOST_CALLS + 1):
        for after in (False, True):

            async def scenario(kernel, at=at, after=after):
                shop = await started(kernel, before)
                plan = Plan(shop, at, after, meeting, terms)
                answer = await ask(plan.engine())
                if plan.met is None:
                    return 0
                await judge(shop, answer, plan.met[0])
                await swept(shop)
                await shop.agrees()
                return 1

            met += run(scenario)
    assert met < 2 * MOST_CALLS, "there are more calls than were tried"
    return met


async def lost_cache(shop: Shop) -> None:
    shop.cache.flush()


async def lost_all(shop: Shop) -> None:
    shop.cache.flush()
    shop.holds.flush()


async def approved_then_lost(shop: Shop) -> None:
    await approved(shop)
    await lost_all(shop)


async def failed_over(shop: Shop) -> None:
    """The replica has the account from before it was funded."""
    shop.holds.checkpoint()
    await shop.engine().deposit(DepositNotice("d9", "ada", 1_000_000, 9))
    shop.holds.fail_over()
    shop.cache.flush()


ENDINGS = {
    "frozen card": FROZEN,
    "suspended account": replace(OPENING, status=AccountStatus.SUSPENDED),
    "account below its level": replace(OPENING, kyc_level=0),
    "revoked mandate": replace(
        OPENING,
        cards=(replace(OPENING.cards[0], mandate_id="m"),),
        mandates=(MandateOpening("m", 10**19, MandateStatus.REVOKED),),
    ),
    "expired card": replace(OPENING, cards=(replace(OPENING.cards[0], expires_at_ns=1),)),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("loss", [nothing, lost_cache, lost_all, failed_over])
def test_once_an_ending_is_answered_no_decision_that_comes_later_approves(loss, ending) -> None:
    """The decision may have begun long before; what counts is that it is recorded after the answer to the ending."""
    opening = ENDINGS[ending]

    async def end(shop: Shop) -> None:
        await shop.engine().open_account(opening)

    async def judge(shop: Shop, answer: Any, met: Any) -> None:
        known = (await shop.ledger.funds("ada")).held_usdc6
        assert answer.approved == bool(known)
        later = await shop.engine().authorize(replace(REQUEST, idempotency_key="later", authorization_id="later"))
        assert not later.approved
        shop.cache.flush()
        shop.holds.fail_over()
        again = await shop.engine().authorize(replace(REQUEST, idempotency_key="again", authorization_id="again"))
        assert not again.approved
        approvals.append(answer.approved)

    approvals: list[bool] = []
    met = at_every_point(loss, lambda e: e.authorize(REQUEST), end, judge)
    assert approvals == [False] * (met - 1) + [True], "only one that was recorded before the ending stands"


KINDS = {
    "partial approval": (nothing, PARTIAL),
    "increment": (approved, MORE),
    "increment after a loss": (approved_then_lost, MORE),
    "inquiry": (nothing, INQUIRY),
    "refund": (nothing, REFUND),
}


@pytest.mark.parametrize("kind", KINDS)
def test_once_a_freeze_is_answered_no_request_of_any_kind_is_approved(kind) -> None:
    before, request = KINDS[kind]

    async def freeze(shop: Shop) -> None:
        await shop.engine().open_account(FROZEN)

    approvals: list[bool] = []

    async def judge(shop: Shop, answer: Any, met: Any) -> None:
        approvals.append(answer.approved)

    met = at_every_point(before, lambda e: e.authorize(request), freeze, judge)
    assert approvals == [False] * (met - 1) + [True]


REVERSALS = {
    "all of it": REVERSAL,
    "a part": replace(REVERSAL, amount_cents=200),
    "another card's": replace(REVERSAL, card_id="card-2"),
    "another network's": replace(REVERSAL, network="amex"),
}


@pytest.mark.parametrize("name", REVERSALS)
def test_a_reversal_before_during_or_after_the_decision_leaves_nothing_that_it_may_free(name) -> None:
    """The network has given up waiting and takes back what it does not know to be approved."""
    reversal = REVERSALS[name]

    async def take_back(shop: Shop) -> Any:
        return await shop.engine().reverse(reversal)

    async def judge(shop: Shop, answer: Any, met: Any) -> None:
        held = (await shop.ledger.funds("ada")).held_usdc6
        early.append(not answer.approved)
        if not answer.approved:
            assert answer.reason is DeclineReason.REVERSED_BEFORE_ARRIVAL
            assert (held, met.released_cents) == (0, 0)
        elif name == "all of it":
            assert (held, met.released_cents) == (0, 600)
        elif name == "a part":
            assert (held, met.released_cents) == (4_000_000, 200)
        else:
            assert (held, met.released_cents) == (HELD, 0)
        assert await shop.engine().authorize(REQUEST) == answer
        assert await shop.engine().reverse(reversal) == met

    early: list[bool] = []
    met = at_every_point(nothing, lambda e: e.authorize(REQUEST), take_back, judge)
    assert early == [True] * (met - 1) + [False], "it came after the decision only once that was recorded"


def test_an_approval_that_nobody_heard_of_ends_by_itself_and_frees_its_hold() -> None:
    """The answer came after the network's deadline, and no reversal ever comes."""

    async def scenario(kernel):
        shop = await started(kernel, nothing)
        answer = await shop.engine().authorize(REQUEST)
        ends_ns = answer.hold_expires_at_ns
        for at_ns, left in ((ends_ns - 1, HELD), (ends_ns, 0), (ends_ns + 1, 0)):
            await shop.engine().expire(at_ns)
            assert (await shop.ledger.funds("ada")).held_usdc6 == left
        late = await shop.engine().reverse(REVERSAL)
        assert late.released_cents == 0
        await swept(shop)
        await shop.agrees()

    run(scenario)


def test_a_reversal_meets_the_end_of_its_hold_and_one_of_the_two_frees_it() -> None:
    async def take_back(shop: Shop) -> Any:
        return await shop.engine().reverse(REVERSAL)

    async def judge(shop: Shop, answer: Any, met: Any) -> None:
        assert (await shop.ledger.funds("ada")).held_usdc6 == 0
        assert (met.released_cents, answer.expired) in ((600, ()), (0, ("auth-1",)))
        seen.add(met.released_cents)

    seen: set[int] = set()
    at_every_point(approved, lambda e: e.expire(30 * DAY_NS), take_back, judge)
    assert seen == {0, 600}


@pytest.mark.parametrize("request_", [replace(MORE, amount_cents=100), replace(MORE, amount_cents=401)])
def test_a_reversal_meets_an_increment_and_nothing_is_held_in_the_end(request_) -> None:
    async def take_back(shop: Shop) -> Any:
        return await shop.engine().reverse(REVERSAL)

    async def judge(shop: Shop, answer: Any, met: Any) -> None:
        assert (await shop.ledger.funds("ada")).held_usdc6 == 0
        assert met.released_cents == 600 + answer.approved_cents

    at_every_point(approved, lambda e: e.authorize(request_), take_back, judge)


@pytest.mark.parametrize("name", ["another card's", "another network's"])
@pytest.mark.parametrize("amount_cents", [0, 200])
def test_a_reversal_of_anothers_frees_nothing_and_the_true_one_still_does(name, amount_cents) -> None:
    async def scenario(kernel):
        shop = await started(kernel, approved)
        wrong = replace(REVERSALS[name], amount_cents=amount_cents, idempotency_key="wrong")
        assert (await shop.engine().reverse(wrong)).released_cents == 0
        assert (await shop.ledger.funds("ada")).held_usdc6 == HELD
        assert (await shop.engine().reverse(REVERSAL)).released_cents == 600

    run(scenario)


@pytest.mark.parametrize("amount_cents", [100, 200])
def test_an_increment_meets_a_new_image_and_is_in_the_image_that_counts(amount_cents) -> None:
    async def renew(shop: Shop) -> None:
        await shop.engine().authorize._images.renew("ada")

    async def judge(shop: Shop, answer: Any, met: Any) -> None:
        assert answer.approved
        funds = await shop.ledger.funds("ada")
        assert funds.held_usdc6 == HELD + amount_cents * 10_000
        assert shop.holds.available_usdc6("ada") == funds.available_usdc6

    at_every_point(approved, lambda e: e.authorize(replace(MORE, amount_cents=amount_cents)), renew, judge)


@pytest.mark.parametrize("first_cents", [99, 100, 101])
def test_two_increments_that_meet_keep_to_the_limit_of_one_transaction_together(first_cents) -> None:
    """600 are held, 800 is the limit: 100 and 100 more are the most that both may have."""
    other = replace(MORE, idempotency_key="key-3", amount_cents=first_cents)
    terms = Terms(LimitTerms(per_transaction_cents=800))

    async def more(shop: Shop) -> Any:
        return await build(EngineKit(terms, Ports(clock=shop, **shop.stores))).authorize(other)

    async def judge(shop: Shop, answer: Any, met: Any) -> None:
        granted = answer.approved_cents + met.approved_cents
        assert (await shop.ledger.funds("ada")).held_usdc6 == HELD + granted * 10_000
        assert answer.approved + met.approved == (2 if first_cents <= 100 else 1)

    at_every_point(approved, lambda e: e.authorize(replace(MORE, amount_cents=100)), more, judge, terms)
