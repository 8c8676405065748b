"""Limits as a scenario says them: every bound reaches the world, what makes no sense is told at its place."""

from __future__ import annotations

from typing import get_args

import pytest

from engine.domain.policies import PRESETS
from engine.domain.terms import NO_LIMITS, LimitTerms, Velocity
from scenarios.loader import load_text
from scenarios.model_limits import PolicyName
from scenarios.problems import ScenarioError
from scenarios.resolve import resolve
from simulators.settings import WorldSettings

SCRIPT = """\
name: small
shows: Something small.
world: {duration: 1d, people: [ada], script: [{at: 1m, do: swipe, cardholder: ada, amount_cents: 5}]}
"""
ALL = (
    "{policy: lithic, per_transaction_cents: 1, daily_cents: 2, weekly_cents: 3, monthly_cents: 4, yearly_cents: 5, "
    "lifetime_cents: 6, daily_count: 7, velocity: [{window: 10s, max_count: 8}, {window: 1h, max_cents: 9}], "
    'allowed_mccs: ["5411"], blocked_mccs: ["7995"]}'
)
EVERY_BOUND = LimitTerms(
    1, 2, 4, 3, 5, 6, 7, (Velocity(10, 8), Velocity(3_600, None, 9)), frozenset({"5411"}), frozenset({"7995"}),
    PRESETS["lithic"],
)  # fmt: skip


def settings_of(*overrides: str) -> WorldSettings:
    return resolve(load_text(SCRIPT, "s.yaml", None, overrides)).settings


def test_every_policy_can_be_named() -> None:
    assert set(get_args(PolicyName)) == set(PRESETS)


def test_every_bound_of_account_card_and_mandate_reaches_the_world() -> None:
    assert settings_of(f"engine.limits={ALL}").terms.limits == EVERY_BOUND
    assert settings_of(f"world.card_limits={ALL}").card_limits == EVERY_BOUND
    assert settings_of(f"world.mandate_limits={ALL}").mandate_limits == EVERY_BOUND


def test_what_is_left_out_is_the_default_of_an_account_and_no_limit_of_a_card() -> None:
    assert settings_of("engine.limits.daily_cents=null").terms.limits == LimitTerms(daily_cents=None)
    assert settings_of("world.card_limits={}").card_limits == NO_LIMITS
    assert settings_of().card_limits is settings_of().mandate_limits is None


@pytest.mark.parametrize(("overrides", "told"), [
    (["engine.limits.policy=litic"], "did you mean lithic?"),
    (["engine.limits.dayly_cents=1"], "did you mean engine.limits.daily_cents?"),
    (["world.card_limits={velocity: [{window: 9s, max_count: 1}]}"], "not 9 seconds"),
    (["world.card_limits={velocity: [{window: 10500ms, max_count: 1}]}"], "has to be whole seconds"),
    (["world.mandate_limits={velocity: [{window: 1m}]}"], "bounds a count"),
    (["world.mandate_limits={daily_cents: 4}", "world.card_limits={daily_cents: 5}"], "the mandate allows 4"),
])  # fmt: skip
def test_limits_that_make_no_sense_are_told(overrides, told) -> None:
    with pytest.raises(ScenarioError) as error:
        settings_of(*overrides)
    assert told in str(error.value)


def test_a_card_may_have_the_limits_of_its_mandate() -> None:
    same = ["world.mandate_limits={daily_cents: 5}", "world.card_limits={daily_cents: 5}"]
    assert settings_of(*same).card_limits.daily_cents == 5
