"""What follows on an authorization happens as the script or the habits say, and is answered."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from worlds import QUIET, START_NS, VISA, Run, results, run, scripted, swipe

from engine.interface import DisputeState, NotSupported
from engine.services.engine import ProductionEngine
from simulators.habits import Changes, Habits
from simulators.settings import DAY_NS, HOUR_NS, MS_NS, SECOND_NS, Latency, Network, Step

CENT = 10_000
DRAINED = {"drain_ns": 9 * DAY_NS}


class Shop:
    def __init__(self, mcc: str) -> None:
        self.id, self.mcc = f"shop-{mcc}", mcc


class Bought:
    """Ada's purchases, a minute apart, all at one kind of shop."""

    def __init__(self, *cents: int, mcc: str = "5411") -> None:
        count = len(cents)
        self.merchants = [Shop(mcc)]
        self.merchant = self.cardholder = np.zeros(count, dtype=int)
        self.amount_cents = np.array(cents)
        self.authorized_cents = self.network = np.full(count, -1)
        self.at_ns = START_NS + HOUR_NS + 60 * SECOND_NS * np.arange(count)
        self.cardholders = ["ada"]

    def __len__(self) -> int:
        return len(self.amount_cents)


def lived(habits: Habits, *cents: int, mcc: str = "5411", **changes: object) -> Run:
    settings = replace(QUIET, habits=habits, cardholders=(), **{**DRAINED, **changes})
    return run(settings, Bought(*cents, mcc=mcc))


def late(deadline_ms: int = 1_000) -> Network:
    leg = Latency(600 * MS_NS, 0.0)
    return replace(VISA, to_engine=leg, from_engine=leg, deadline_ns=deadline_ms * MS_NS)


def step(at_ns: int, do: str, cents: int = 0, **more: object) -> Step:
    return Step(at_ns, do, "ada", amount_cents=cents, **more)


def test_what_grew_by_an_increment_is_held_until_it_is_presented() -> None:
    done = scripted(
        swipe(HOUR_NS, 4_000, estimate=True, presents_cents=(6_000,), days=2),
        step(2 * HOUR_NS, "increment", 2_000),
        traffic_ns=DAY_NS,
    )
    assert results(done.of("increment")) == ["approved"]
    held = [row["amount_usdc6"] for row in done.of("funds") if row["ref"] == "held"]
    assert max(held) == 6_000 * CENT
    assert [row["amount_cents"] for row in done.of("capture")] == [6_000]
    assert done.last_funds()["held"] == 0
    assert done.result.findings == ()


@pytest.mark.parametrize(("more", "said"), [(5_999, "approved"), (6_000, "approved"), (6_001, "insufficient_funds")])
def test_an_increment_is_covered_by_what_is_left(more, said) -> None:
    done = scripted(swipe(HOUR_NS, 4_000, estimate=True, presents_cents=()), step(2 * HOUR_NS, "increment", more))
    assert results(done.of("increment")) == [said]
    assert done.result.findings == ()


def test_an_increment_approved_too_late_is_taken_back_by_the_amount_that_it_was() -> None:
    done = scripted(
        step(HOUR_NS, "stand_in", 4_000, presents_cents=()), step(2 * HOUR_NS, "increment", 2_000), networks=(late(),)
    )
    assert results(done.of("increment")) == ["approved"]
    assert done.of("increment")[0]["latency_ns"] > SECOND_NS
    assert [row["amount_cents"] for row in done.of("advise")] == [4_000, 4_000]
    assert [row["amount_usdc6"] for row in done.of("advise")] == [4_000 * CENT] * 2
    assert done.result.findings == ()


def test_a_partial_approval_is_presented_as_it_was_approved() -> None:
    done = scripted(swipe(HOUR_NS, 12_000, partial=True))
    assert [row["amount_cents"] for row in done.of("partial")] == [10_000]
    assert [row["amount_cents"] for row in done.of("capture")] == [10_000]
    assert done.result.findings == ()


@pytest.mark.parametrize(("cents", "said"), [(2_999, "approved"), (3_000, "approved"), (3_001, "declined")])
def test_a_network_stands_in_up_to_its_limit_and_tells_it_instead_of_reversing(cents, said) -> None:
    habits = Habits(stand_in_share=1.0, stand_in_limit_cents=3_000)
    done = lived(habits, cents, networks=(late(),))
    assert results(done.of("stand_in")) == results(done.of("authorize.timeout")) == [said]
    assert (results(done.of("advise")), done.of("reverse")) == (["adopted"], [])
    burned = [row["amount_usdc6"] for row in done.of("chain.settlement")]
    assert burned == ([cents * CENT] if said == "approved" else [])
    assert done.last_funds()["held"] == 0
    assert done.result.findings == ()


def test_a_stand_in_is_adopted_beyond_what_there_is_and_owed_in_the_end() -> None:
    done = scripted(step(HOUR_NS, "stand_in", 15_000))
    assert results(done.of("advise")) == ["adopted"]
    assert done.last_funds()["receivable"] == 5_000 * CENT
    assert done.result.findings == ()


class Deaf(ProductionEngine):
    """An engine from before there were advices."""

    def __init__(self, kit) -> None:
        super().__init__(kit)
        self.advise = self._refuses

    async def _refuses(self, advice) -> None:
        raise NotSupported("no advices")


def test_what_an_engine_does_not_offer_is_told_once() -> None:
    settings = replace(QUIET, script=(step(HOUR_NS, "stand_in", 1_000, presents_cents=()),))
    done = run(settings, engine=Deaf)
    assert results(done.of("advise")) == ["NotSupported"]
    assert done.of("crash") == []


def test_what_is_voided_is_never_presented() -> None:
    done = lived(Habits(void_share=1.0), 1_000, 2_000)
    assert [row["detail"] for row in done.of("reverse")] == ["by=merchant part=no"] * 2
    assert done.of("capture") == []
    assert done.last_funds()["held"] == 0
    assert done.result.findings == ()


def test_what_is_out_of_stock_is_given_back_and_the_rest_presented() -> None:
    done = lived(Habits(part_reversed_share=1.0), 1_000)
    (back,), (sold,) = done.of("reverse"), done.of("capture")
    assert back["amount_cents"] + sold["amount_cents"] == 1_000
    assert back["amount_usdc6"] == back["amount_cents"] * CENT
    assert done.result.findings == ()


def test_a_pump_tells_the_true_amount_minutes_later() -> None:
    done = lived(Habits(fuel_authorize_cents=8_000, fuel_advice_share=1.0), 3_000, mcc="5542")
    (advice,) = done.of("advise")
    assert (advice["amount_cents"], advice["amount_usdc6"], advice["result"]) == (3_000, 3_000 * CENT, "adopted")
    assert [row["amount_cents"] for row in done.of("capture")] == [3_000]
    assert done.result.findings == ()


def test_a_stay_grows_night_by_night_to_its_bill() -> None:
    done = lived(Habits(stay_share=1.0), 9_000, mcc="7011")
    assert 1 <= len(done.of("increment")) <= 3
    assert done.of("authorize")[0]["amount_cents"] < 9_000
    assert [row["amount_cents"] for row in done.of("capture")] == [9_000]
    assert done.result.findings == ()


def test_a_sale_that_nobody_asked_for_is_posted_all_the_same() -> None:
    done = lived(Habits(force_share=1.0), 1_000)
    assert (len(done.of("force_post")), done.of("authorize")) == (1, [])
    assert results(done.of("capture")) == ["posted"]
    assert done.result.findings == ()


def test_a_refund_is_presented_back_and_less_is_burned() -> None:
    done = scripted(
        swipe(HOUR_NS, 5_000), step(2 * DAY_NS, "refund", 2_000, announced=True), swipe(4 * DAY_NS, 1_000),
        traffic_ns=5 * DAY_NS,
    )  # fmt: skip
    (refund,) = done.of("refund")
    assert (refund["amount_cents"], refund["amount_usdc6"], refund["result"]) == (-2_000, -2_000 * CENT, "posted")
    assert results(done.of("refund.authorize")) == ["approved"]
    assert sum(row["amount_usdc6"] for row in done.of("chain.settlement")) == 5_000 * CENT
    assert done.last_funds()["unsettled"] == -1_000 * CENT
    assert done.result.findings == ()


def test_a_dispute_credits_and_takes_back_by_its_states_and_refuses_what_cannot_follow() -> None:
    states = (DisputeState.ARBITRATION, DisputeState.SUBMITTED, DisputeState.LOST, DisputeState.WON)
    notices = tuple(step((2 + day) * DAY_NS, "dispute", state=state) for day, state in enumerate(states))
    done = scripted(swipe(HOUR_NS, 5_000), *notices, traffic_ns=7 * DAY_NS)
    assert results(done.of("dispute")) == ["not_allowed", "applied", "applied", "not_allowed"]
    assert [row["amount_usdc6"] for row in done.of("dispute")] == [0, 5_000 * CENT, 0, 0]
    assert done.result.findings == ()


def test_the_balance_is_told_to_whoever_asks() -> None:
    done = scripted(step(HOUR_NS, "inquire"))
    assert [(row["amount_cents"], row["result"]) for row in done.of("inquire")] == [(10_000, "approved")]
    assert done.result.findings == ()


def test_a_replaced_card_pays_and_what_was_bought_with_the_old_one_is_posted() -> None:
    done = scripted(
        swipe(HOUR_NS, 1_000), step(2 * HOUR_NS, "lose"), swipe(3 * HOUR_NS, 1_000),
        step(4 * HOUR_NS, "replace_card"), swipe(5 * HOUR_NS, 1_000),
    )  # fmt: skip
    assert results(done.of("authorize")) == ["approved", "card_lost", "approved"]
    assert results(done.of("capture")) == ["posted", "posted"]
    assert done.result.findings == ()


def test_a_mandate_that_is_suspended_lets_nothing_pass() -> None:
    done = scripted(
        step(HOUR_NS, "suspend_mandate"), swipe(2 * HOUR_NS, 100),
        step(3 * HOUR_NS, "reinstate_mandate"), swipe(4 * HOUR_NS, 100),
    )  # fmt: skip
    assert results(done.of("authorize")) == ["mandate_inactive", "approved"]
    assert done.result.findings == ()


def test_cards_are_frozen_lost_and_replaced_from_day_to_day() -> None:
    changes = Changes(frozen_share=0.5, lost_share=0.3, cancelled_share=0.2)
    done = scripted(swipe(19 * DAY_NS, 100), changes=changes, traffic_ns=20 * DAY_NS)
    told = set(results(done.of("card")))
    assert told == {"frozen", "active", "lost", "cancelled", "replaced"}
    assert done.result.findings == ()


class Stubborn(ProductionEngine):
    """Refuses the first telling that a card is frozen."""

    refused = 0

    def __init__(self, kit) -> None:
        super().__init__(kit)
        self._open, self.open_account = self.open_account, self._refuses_once

    async def _refuses_once(self, opening) -> None:
        if any(card.status == "frozen" for card in opening.cards) and not self.refused:
            self.refused = 1
            raise NotSupported("not now")
        await self._open(opening)


def test_an_old_state_is_never_told_after_a_newer_one() -> None:
    """Thawed half a minute after it was frozen, and the telling of that had failed: it stays thawed."""
    steps = (
        step(HOUR_NS, "freeze"), step(HOUR_NS + 30 * SECOND_NS, "unfreeze"), swipe(2 * HOUR_NS, 100)
    )  # fmt: skip
    done = run(replace(QUIET, script=steps), engine=Stubborn)
    assert results(done.of("authorize")) == ["approved"]


class Leaky(ProductionEngine):
    """Says of everybody that a cent more is held, until the last day."""

    async def balance(self, account_id: str):
        balance = await super().balance(account_id)
        ended = self._ports.clock.now_ns() >= START_NS + DAY_NS
        return balance if ended else replace(balance, held_usdc6=balance.held_usdc6 + CENT)


@pytest.mark.parametrize(("every_ns", "found"), [(0, 0), (HOUR_NS, 2)])
def test_balances_asked_for_on_the_way_are_judged_on_the_way(every_ns, found) -> None:
    done = run(replace(QUIET, balances_every_ns=every_ns, script=(swipe(HOUR_NS, 100),)), engine=Leaky)
    assert len({finding.account_id for finding in done.result.findings}) == found


def test_the_same_seed_lives_the_same_lives() -> None:
    habits = Habits(void_share=0.2, drift_share=0.2, refund_share=0.3, dispute_share=0.3, inquiry_share=0.5)
    cents = tuple(range(100, 130))
    assert lived(habits, *cents).result.trace_sha256 == lived(habits, *cents).result.trace_sha256
