"""From a scenario to settings: one source of defaults, the right units, the right slice of a trace."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from engine.domain.terms import HoldTerms, LimitTerms, Terms
from scenarios.loader import load_text
from scenarios.problems import BadInput, ScenarioError
from scenarios.resolve import Resolved, resolve
from scenarios.units import parse_instant
from simulators import settings

HEAD = "name: small\nshows: Something small.\n"
SCRIPTED = (
    HEAD + "world: {duration: 1d, people: [ada], script: [{at: 1m, do: swipe, cardholder: ada, amount_cents: 5}]}\n"
)
DRAWN = HEAD + "world: {duration: 1d, swipes: 50, cardholders: 7, traffic: {synthetic: {}}}\n"
DAY = settings.DAY_NS
TRACE = """\
at,cardholder,merchant,mcc,amount_cents
2025-03-01T22:00:00Z,ann,shop,5411,100
2025-03-02T10:00:00Z,bob,shop,5411,200
2025-03-02T23:00:00Z,ann,cafe,5812,300
2025-03-04T00:00:00Z,cat,cafe,5812,400
"""


def resolved(text: str, *overrides: str, folder: Path | None = None) -> Resolved:
    return resolve(load_text(text, "s.yaml", folder, overrides))


def replayed(tmp_path: Path, *overrides: str) -> Resolved:
    (tmp_path / "t.csv").write_text(TRACE)
    return resolved(HEAD + "world: {traffic: {trace: t.csv}}\n", *overrides, folder=tmp_path)


def test_a_scenario_that_says_nothing_gets_the_defaults_of_the_world() -> None:
    world = resolved(SCRIPTED).settings
    plain = settings.WorldSettings(name="small", seed=1, start_ns=parse_instant("2025-01-06T00:00:00Z"), traffic_ns=DAY)
    step = settings.Step(60 * settings.SECOND_NS, "swipe", "ada", amount_cents=5)
    assert world == dataclasses.replace(plain, script=(step,), cardholders=("ada",))


def test_every_setting_reaches_the_world_in_its_unit() -> None:
    world = resolved(
        SCRIPTED,
        "seed=5", "explore=true", "start=2025-02-01T12:00:00Z", "world.drain=3d", "world.warmup=1h", "world.cards=2",
        "engine.limits={per_transaction_cents: 1, daily_cents: 2, monthly_cents: 3}",
        "engine.holds={validity: {visa: 1d, mastercard: 2d, amex: 3d}, default_validity: 4d, preauthorization: 5d}",
        "engine.decision_budget=250ms", "engine.minimum_kyc_level=2", "engine.backends.workers=9",
        "engine.backends.chain={median: 7ms, sigma: 0.1, floor: 1ms, capacity: 3}",
        "settlement={interval: 2h, batch_users: 50, bound: 5h}",
        "world.networks.visa={share: 0.2, to_engine: {median: 1ms, sigma: 0.2, floor: 3us}, deadline: 1s, "
        "clearing_at: '01:02:03', reversal_retry: 9s, repeat_share: 0.3, repeat_after: 4ms}",
        "world.merchants={fuel_authorize_cents: 100, fuel_mccs: [5541], tip_share: 0.1, split_share: 0.2, "
        "abandoned_share: 0.4}",
        "world.funding={opening_cents: 11, opening_sigma: 0.3, paydays: [{at: 1h, amount_cents: 12}]}",
        "chain={node: rpc, rpc_url: 'http://127.0.0.1:1', slot: 2s, confirmations: 5, withdrawal_delay: 4d}",
    ).settings  # fmt: skip
    assert (world.seed, world.explore, world.start_ns) == (5, True, parse_instant("2025-02-01T12:00:00Z"))
    assert (world.drain_ns, world.warmup_ns, world.cards) == (3 * DAY, settings.HOUR_NS, 2)
    assert world.terms == Terms(
        LimitTerms(1, 2, 3),
        HoldTerms({"visa": DAY, "mastercard": 2 * DAY, "amex": 3 * DAY}, 4 * DAY, 5 * DAY),
        decision_budget_ns=250 * settings.MS_NS,
        settlement_interval_ns=2 * settings.HOUR_NS,
        settlement_bound_ns=5 * settings.HOUR_NS,
        batch_users=50,
        minimum_kyc_level=2,
    )
    assert world.backends.workers == 9
    assert world.backends.chain == settings.Backend(settings.Latency(7_000_000, 0.1, 1_000_000), 3)
    visa = world.networks[0]
    assert visa == settings.Network(
        "visa", 0.2, settings.Latency(1_000_000, 0.2, 3_000), settings.default_networks()[0].from_engine,
        settings.SECOND_NS, 3_723 * settings.SECOND_NS, 9 * settings.SECOND_NS,
        0.3, 4 * settings.MS_NS,
    )  # fmt: skip
    assert world.networks[1:] == settings.default_networks()[1:]
    assert world.habits == dataclasses.replace(
        settings.Habits(),
        fuel_authorize_cents=100,
        fuel_mccs=frozenset({"5541"}),
        tip_share=0.1,
        split_share=0.2,
        abandoned_share=0.4,
    )
    assert world.funding == settings.Funding(11, 0.3, (settings.Payday(settings.HOUR_NS, 12),))
    assert world.chain == settings.Chain("rpc", "http://127.0.0.1:1", 2 * settings.SECOND_NS, 5, 4 * 86_400)


def test_a_trace_starts_at_the_midnight_before_it_and_ends_at_the_one_after(tmp_path: Path) -> None:
    replay = replayed(tmp_path)
    assert replay.settings.start_ns == parse_instant("2025-03-01T00:00:00Z")
    assert replay.settings.traffic_ns == 4 * DAY
    assert replay.purchases.amount_cents.tolist() == [100, 200, 300, 400]
    assert replay.purchases.cardholders == ("ann", "bob", "cat")


def test_start_and_duration_choose_a_part_of_a_trace(tmp_path: Path) -> None:
    replay = replayed(tmp_path, "start=2025-03-02T10:00:00Z", "world.duration=13h")
    assert replay.purchases.amount_cents.tolist() == [200]
    assert replay.purchases.cardholders == ("bob",)
    assert replay.settings.traffic_ns == 13 * settings.HOUR_NS


def test_a_trace_is_cut_to_swipes_and_to_cardholders(tmp_path: Path) -> None:
    assert replayed(tmp_path, "world.swipes=3").purchases.amount_cents.tolist() == [100, 200, 300]
    assert replayed(tmp_path, "world.swipes=9").purchases.amount_cents.tolist() == [100, 200, 300, 400]
    assert replayed(tmp_path, "world.cardholders=1").purchases.amount_cents.tolist() == [100, 300]
    both = replayed(tmp_path, "world.cardholders=2", "world.swipes=2").purchases
    assert both.amount_cents.tolist() == [100, 200]


def test_a_trace_at_double_speed_takes_half_the_time(tmp_path: Path) -> None:
    at = replayed(tmp_path, "world.traffic.speed=2").purchases.at_ns
    assert at[1] - at[0] == 6 * settings.HOUR_NS


def test_a_window_without_a_purchase_says_what_the_trace_covers(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as error:
        replayed(tmp_path, "start=2025-04-01T00:00:00Z", "world.duration=1d")
    assert str(error.value) == (
        "s.yaml:3:26: world.traffic.trace: no purchase from 2025-04-01T00:00:00Z until 2025-04-02T00:00:00Z: "
        "the trace goes from 2025-03-01T22:00:00Z to 2025-03-04T00:00:00Z"
    )


def test_a_broken_trace_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TRACE.replace("5411,200", "5411,free"))
    with pytest.raises(BadInput, match=r"t\.csv, line 3, column amount_cents: 'free'"):
        resolved(HEAD + "world: {traffic: {trace: t.csv}}\n", folder=tmp_path)


def test_a_script_may_name_who_is_in_the_trace_and_nobody_else(tmp_path: Path) -> None:
    step = "world.script=[{at: 1h, do: swipe, cardholder: %s, amount_cents: 5}]"
    assert replayed(tmp_path, step % "bob").settings.script[0].cardholder == "bob"
    with pytest.raises(ScenarioError, match=r"--set world\.script: .*has a 'bobb': did you mean bob\?"):
        replayed(tmp_path, step % "bobb")
    with pytest.raises(ScenarioError, match=r"world\.people: the traffic has them too: ann"):
        replayed(tmp_path, "world.people=[ann, zoe]")


def test_drawn_traffic_depends_on_the_seed_alone() -> None:
    assert resolved(DRAWN).purchases == resolved(DRAWN, "engine.minimum_kyc_level=0").purchases
    assert resolved(DRAWN).purchases != resolved(DRAWN, "seed=2").purchases
    assert len(resolved(DRAWN).purchases) == 50


def test_drawn_traffic_starts_where_the_scenario_says() -> None:
    at_ns = resolved(DRAWN, "start=2025-06-01T00:00:00Z").purchases.at_ns
    start = parse_instant("2025-06-01T00:00:00Z")
    assert start <= at_ns[0] <= at_ns[-1] < start + DAY


def test_an_unknown_time_zone_names_the_nearest() -> None:
    with pytest.raises(ScenarioError, match=r"zone: 'Europe/Berlim' is no time zone: did you mean Europe/Berlin\?"):
        resolved(DRAWN, "world.traffic.synthetic.zone=Europe/Berlim")
