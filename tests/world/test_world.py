"""The world keeps its own rules: deadlines, reversals, clearing files, blocks, withdrawals."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from worlds import LEG, QUIET, START_NS, VISA, results, run, scripted, swipe

from engine.domain.terms import HoldTerms, Terms
from simulators.actors.merchants import demands_of
from simulators.settings import (
    DAY_NS,
    HOUR_NS,
    MS_NS,
    SECOND_NS,
    Backend,
    Chain,
    Funding,
    Habits,
    Latency,
    Network,
    Step,
)
from simulators.world import WorldError

CENT = 10_000


def test_a_purchase_is_held_cleared_the_next_day_and_burned_on_chain() -> None:
    done = scripted(swipe(HOUR_NS, 2_500))
    assert results(done.of("authorize")) == ["approved"]
    (presented,) = done.of("capture")
    sent_ns = presented["at_ns"] - presented["latency_ns"]
    assert sent_ns == QUIET.warmup_ns + DAY_NS + VISA.clearing_at_ns
    assert presented["result"] == "posted"
    (burned,) = done.of("chain.settlement")
    assert (burned["account"], burned["amount_usdc6"]) == ("ada", 2_500 * CENT)
    funds = done.last_funds()
    assert funds["supply"] == funds["usdc_held"] == (2 * 10_000 - 2_500) * CENT
    assert (funds["held"], funds["unsettled"], funds["available"]) == (0, 0, funds["supply"])
    assert done.result.findings == ()


def slow(leg_ms: int, deadline_ms: int) -> Network:
    leg = Latency(leg_ms * MS_NS, 0.0)
    return replace(VISA, to_engine=leg, from_engine=leg, deadline_ns=deadline_ms * MS_NS)


def test_an_answer_past_the_deadline_is_late_and_its_hold_is_reversed() -> None:
    done = scripted(swipe(HOUR_NS, 2_500), networks=(slow(600, 1_000),))
    (timeout,) = done.of("authorize.timeout")
    assert timeout["latency_ns"] == 1_000 * MS_NS
    (late,) = done.of("authorize.late")
    assert (late["result"], late["latency_ns"] > 1_200 * MS_NS) == ("approved", True)
    (reversal,) = done.of("reverse")
    assert (reversal["result"], reversal["amount_usdc6"]) == ("released", 2_500 * CENT)
    assert done.of("capture") == [], "the merchant was told no"
    assert done.last_funds()["held"] == 0


def test_an_answer_in_time_is_not_reversed() -> None:
    done = scripted(swipe(HOUR_NS, 2_500), networks=(slow(400, 1_000),))
    assert results(done.of("authorize")) == ["approved"]
    assert done.of("authorize.timeout", "authorize.late", "reverse") == []


def test_a_reversal_that_overtakes_its_original_leaves_nothing_held() -> None:
    outward = Latency(30 * SECOND_NS, 1.5)
    lost = replace(VISA, to_engine=outward, deadline_ns=SECOND_NS)
    done = run(replace(QUIET, networks=(lost,), script=tuple(swipe(HOUR_NS + n * SECOND_NS, 100) for n in range(40))))
    assert "reversed_before_arrival" in results(done.of("authorize.late"))
    assert "approved" in results(done.of("authorize.late"))
    assert len(done.of("reverse")) == len(done.of("authorize.timeout")) > 30
    assert done.last_funds()["held"] == 0
    assert done.result.findings == ()


def test_a_request_that_arrives_twice_has_one_effect() -> None:
    done = scripted(swipe(HOUR_NS, 2_500), networks=(replace(VISA, repeat_share=1.0),))
    assert results(done.of("engine")) == ["approved", "approved"]
    assert len(done.of("authorize")) == 1
    assert len(done.of("chain.settlement")) == 1
    assert done.result.findings == ()


def test_a_key_that_comes_again_with_another_amount_is_refused_and_changes_nothing() -> None:
    done = scripted(swipe(HOUR_NS, 2_500), networks=(replace(VISA, reused_key_share=1.0),))
    (reused,) = done.of("authorize.reused")
    assert (reused["result"], reused["amount_cents"]) == ("IdempotencyConflict", 2_501)
    assert len(done.of("authorize")) == 1
    assert [row["amount_usdc6"] for row in done.of("chain.settlement")] == [2_500 * CENT]
    assert done.result.findings == ()


def test_reused_keys_shift_nothing_of_a_network_that_uses_none() -> None:
    plain, told = (scripted(swipe(HOUR_NS, 2_500), networks=(replace(VISA, reused_key_share=s),)) for s in (0.0, 1e-9))
    assert plain.result.trace_sha256 == told.result.trace_sha256


def test_two_presentments_of_one_order_come_a_day_apart() -> None:
    done = scripted(swipe(HOUR_NS, 1_000, presents_cents=(400, 600)))
    first, second = done.of("capture")
    assert (first["ref"], second["ref"]) == ("auth-0000001.1", "auth-0000001.2")
    assert (first["amount_cents"], second["amount_cents"]) == (400, 600)
    assert (second["at_ns"] - second["latency_ns"]) - (first["at_ns"] - first["latency_ns"]) == DAY_NS
    assert [row["amount_usdc6"] for row in done.of("chain.settlement")] == [400 * CENT, 600 * CENT]


@pytest.mark.parametrize(("asked", "presented"), [(1_000, 999), (1_000, 1_000), (1_000, 1_001)])
def test_the_cleared_amount_is_what_is_burned_whatever_was_asked(asked, presented) -> None:
    done = scripted(swipe(HOUR_NS, asked, presents_cents=(presented,)))
    assert [row["amount_usdc6"] for row in done.of("chain.settlement")] == [presented * CENT]
    funds = done.last_funds()
    assert (funds["held"], funds["available"]) == (0, (20_000 - presented) * CENT)


def test_what_the_customers_funds_do_not_cover_is_owed_and_paid_by_the_next_deposit() -> None:
    steps = (
        swipe(HOUR_NS, 10_000, presents_cents=(12_000,)),
        Step(DAY_NS + 12 * HOUR_NS, "deposit", "ada", amount_cents=5_000),
    )
    done = scripted(*steps, traffic_ns=2 * DAY_NS)
    ledger = {(row["result"], row["amount_usdc6"]) for row in done.of("ledger") if row["account"] == "ada"}
    assert {("capture", 12_000 * CENT), ("receivable", 2_000 * CENT), ("recovery", 2_000 * CENT)} <= ledger
    assert sum(row["amount_usdc6"] for row in done.of("chain.settlement")) == 12_000 * CENT
    assert done.last_funds()["receivable"] == 0
    assert done.result.findings == ()


def test_an_abandoned_purchase_is_held_until_its_time_is_over() -> None:
    terms = Terms(holds=HoldTerms(validity_ns={"visa": 6 * HOUR_NS}))
    done = scripted(swipe(HOUR_NS, 2_500, presents_cents=()), terms=terms)
    (expired,) = done.of("expire")
    assert expired["ref"] == "auth-0000001"
    held = [row["amount_usdc6"] for row in done.of("funds") if row["ref"] == "held"]
    assert max(held) == 2_500 * CENT
    assert held[-1] == 0


def test_a_withdrawal_of_everything_shrinks_to_what_spending_leaves() -> None:
    steps = (
        swipe(HOUR_NS, 3_000),
        Step(HOUR_NS + 60 * SECOND_NS, "request_withdrawal", "ada"),
        swipe(2 * HOUR_NS, 1_000),
        Step(3 * DAY_NS + 2 * HOUR_NS, "complete_withdrawal", "ada"),
    )
    done = scripted(*steps, traffic_ns=4 * DAY_NS, chain=Chain(node="revm", withdrawal_delay_s=3 * 86_400))
    assert results(done.of("authorize")) == ["approved", "insufficient_funds"]
    stages = [(row["result"], row["amount_usdc6"]) for row in done.of("chain.withdrawal")]
    assert stages == [("requested", 10_000 * CENT), ("reduced", 7_000 * CENT), ("completed", 7_000 * CENT)]
    funds = done.last_funds()
    assert (funds["supply"], funds["available"], funds["withdrawing"]) == (10_000 * CENT,) * 2 + (0,)
    assert done.result.findings == ()


def test_a_frozen_card_pays_nothing_until_it_is_thawed() -> None:
    done = scripted(
        Step(HOUR_NS, "freeze", "ada"), swipe(2 * HOUR_NS, 100),
        Step(3 * HOUR_NS, "unfreeze", "ada"), swipe(4 * HOUR_NS, 100),
    )  # fmt: skip
    assert results(done.of("authorize")) == ["card_frozen", "approved"]


def test_two_cards_cannot_spend_one_balance_twice() -> None:
    at_ns = HOUR_NS
    done = scripted(swipe(at_ns, 8_000, card=1), swipe(at_ns, 8_000, card=2), cards=2)
    assert sorted(results(done.of("authorize"))) == ["approved", "insufficient_funds"]


def test_requests_beyond_the_workers_of_the_engine_queue_at_its_door() -> None:
    steps = tuple(swipe(HOUR_NS, 100) for _ in range(6))
    backends = replace(QUIET.backends, ledger=Backend(Latency(10 * MS_NS, 0.0), 100), workers=2)
    engine_ms = sorted(row["latency_ns"] // MS_NS for row in scripted(*steps, backends=backends).of("engine"))
    assert [one // 10 for one in engine_ms] == [1, 1, 2, 2, 3, 3]


def test_a_warm_up_too_short_to_fund_everybody_is_refused_in_words() -> None:
    with pytest.raises(WorldError, match=r"warmup of 0\.5 min is too short to open and fund 2 accounts"):
        scripted(warmup_ns=30 * SECOND_NS)


def test_a_script_that_names_nobody_is_refused() -> None:
    with pytest.raises(WorldError, match="cardholders that do not exist: eve"):
        scripted(swipe(HOUR_NS, 1, who="eve"))


@pytest.mark.parametrize("node", ["py-evm", "revm"])
def test_the_same_seed_gives_the_same_trace_and_another_seed_another(node) -> None:
    script = tuple(swipe(HOUR_NS + n * 7 * SECOND_NS, 100 + n) for n in range(20))
    jittery = replace(VISA, to_engine=Latency(20 * MS_NS, 0.5), from_engine=LEG)

    def sha(seed: int, explore: bool = False) -> str:
        settings = replace(
            QUIET, seed=seed, explore=explore, networks=(jittery,), script=script, chain=Chain(node=node)
        )
        return run(settings).result.trace_sha256

    assert sha(1) == sha(1)
    assert sha(1) != sha(2)
    assert sha(1, explore=True) == sha(1, explore=True)


class Shop:
    def __init__(self, mcc: str) -> None:
        self.id, self.mcc = f"shop-{mcc}", mcc


class Purchases:
    """A thousand purchases of $40 at each of three kinds of shop; the last hundred name what was authorized."""

    def __init__(self) -> None:
        import numpy as np

        self.merchants = [Shop("5542"), Shop("5812"), Shop("5411")]
        self.merchant = np.repeat([0, 1, 2], 1_000)
        self.amount_cents = np.full(3_000, 4_000)
        self.authorized_cents = np.full(3_000, -1)
        self.authorized_cents[-100:] = 5_000
        self.cardholder = self.network = np.zeros(3_000, dtype=int)
        self.at_ns = np.full(3_000, START_NS)
        self.cardholders = ["ada"]

    def __len__(self) -> int:
        return 3_000


def test_pumps_ask_for_an_estimate_tables_get_tips_and_given_amounts_win() -> None:
    import numpy as np

    demands = demands_of(Purchases(), Habits(), np.random.default_rng(1))
    assert set(demands.asked[:1_000].tolist()) == {12_500}
    assert set(demands.presented[:1_000].tolist()) == {4_000}
    assert demands.estimate[:1_000].all()
    assert not demands.estimate[1_000:].any()
    tips = demands.presented[1_000:2_000] / 4_000 - 1
    assert 0.87 < (tips > 0).mean() < 0.93, "nine of ten tip"
    assert 0.18 < np.median(tips[tips > 0]) < 0.22
    assert tips.max() <= 0.62 + 1e-9
    assert set(demands.asked[1_000:2_900].tolist()) == {4_000}
    assert set(demands.presented[2_000:].tolist()) == {4_000}
    assert set(demands.asked[2_900:].tolist()) == {5_000}


def test_opening_balances_are_what_was_deposited_on_chain() -> None:
    done = scripted(funding=Funding(opening_cents=5_000, opening_sigma=0.5))
    deposits = [row["amount_usdc6"] for row in done.of("chain.deposit")]
    assert len(set(deposits)) == 2
    assert done.last_funds()["available"] == sum(deposits)
