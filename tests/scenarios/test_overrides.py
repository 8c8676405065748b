"""`--set path=value` changes one value, and is held to the same checks as the file."""

from __future__ import annotations

import pytest

from scenarios.loader import load_text
from scenarios.problems import ScenarioError
from scenarios.units import NS

TEXT = """\
name: small
shows: Something small.
world:
  duration: 1d
  swipes: 10
  cardholders: 3
  people: [ada]
  traffic: {synthetic: {}}
  script:
    - {at: 1m, do: swipe, cardholder: ada, amount_cents: 500}
"""


def load(*overrides: str, seed: int | None = None):
    return load_text(TEXT, "s.yaml", None, overrides, seed).scenario


def said(*overrides: str) -> list[str]:
    with pytest.raises(ScenarioError) as error:
        load(*overrides)
    return str(error.value).splitlines()


def test_a_value_is_changed() -> None:
    assert load("world.swipes=5000").world.swipes == 5000


def test_the_last_of_two_goes() -> None:
    assert load("world.swipes=5", "world.swipes=6").world.swipes == 6


def test_a_value_deep_down_leaves_its_neighbours_at_their_defaults() -> None:
    before, after = load().world.networks.visa, load("world.networks.visa.to_engine.median=80ms").world.networks.visa
    assert after.to_engine.median == 80 * NS["ms"]
    assert after.to_engine.sigma == before.to_engine.sigma != 0
    assert after.from_engine == before.from_engine


def test_a_budget_is_named_by_its_whole_path() -> None:
    assert load("budgets.latency.authorize.p99_ms=150").budgets == {"latency.authorize.p99_ms": 150}


def test_an_item_of_a_list_is_named_by_its_number() -> None:
    assert load("world.script.0.amount_cents=7").world.script[0].amount_cents == 7


def test_a_list_is_given_as_yaml() -> None:
    assert load('world.people=[ada, "ben"]').world.people == ("ada", "ben")


def test_null_takes_a_value_back() -> None:
    assert load("world.swipes=null", "world.traffic.synthetic.swipes_per_s=0.5").world.swipes is None


def test_a_value_may_hold_an_equals_sign() -> None:
    assert load("shows=a = b").shows == "a = b"


def test_the_seed_of_the_command_line_goes_first() -> None:
    assert load(seed=99).seed == 99


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("world.swipse=5", "--set world.swipse: unknown key; did you mean world.swipes?"),
        ("world.swipes=many", "--set world.swipes: 'many' is no whole number"),
        ("world.swipes", "--set world.swipes: is written path=value, like --set world.swipes=5000"),
        ("=5", "--set : is written path=value, like --set world.swipes=5000"),
        ("world..swipes=5", "--set world..swipes: is written path=value, like --set world.swipes=5000"),
        ("world.swipes.x=5", "--set world.swipes.x: world.swipes is 10: there is nothing under it"),
        ("world.script.1.at=5s",
         "--set world.script.1.at: world.script has 1 items: the next step is a number from 0 to 0"),
        ("world.script.first.at=5s",
         "--set world.script.first.at: world.script has 1 items: the next step is a number from 0 to 0"),
        ("world.people=[ada",
         "--set world.people: not YAML: expected ',' or ']', but got '<stream end>' (while parsing a flow sequence)"),
        ("chain.withdrawal_delay=1h",
         "--set chain.withdrawal_delay: 1h is not longer than settlement.interval (1h): "
         "spent money could be withdrawn before it is settled"),
    ],
)  # fmt: skip
def test_a_wrong_override_is_told_by_its_own_name(override: str, message: str) -> None:
    assert said(override) == [message]


def test_a_key_given_twice_is_forgiven_when_it_is_set() -> None:
    twice = TEXT.replace("  swipes: 10\n", "  swipes: 10\n  swipes: 20\n")
    with pytest.raises(ScenarioError, match=r"world\.swipes: given twice"):
        load_text(twice, "s.yaml")
    assert load_text(twice, "s.yaml", None, ["world.swipes=30"]).scenario.world.swipes == 30


def test_a_problem_inside_a_value_that_is_set_is_not_told_at_the_lines_it_replaced() -> None:
    text = TEXT + "  networks:\n    visa:\n      deadline: 2s\n"
    with pytest.raises(ScenarioError) as error:
        load_text(text, "s.yaml", None, ["world.networks={visa: {deadline: 5}}"])
    assert str(error.value).startswith("--set world.networks: world.networks.visa.deadline: 5 has no unit")


def test_a_problem_of_the_file_is_gone_when_its_value_is_set() -> None:
    broken = TEXT.replace("duration: 1d", "duration: soon")
    assert load_text(broken, "s.yaml", None, ["world.duration=2d"]).scenario.world.duration == 2 * NS["d"]
