"""What has to fit together across a scenario."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from scenarios.loader import load_text
from scenarios.model import Scenario
from scenarios.problems import ScenarioError

SCRIPTED = {
    "name": "small",
    "shows": "Something small.",
    "world": {
        "duration": "1d",
        "people": ["ada"],
        "script": [{"at": "1m", "do": "swipe", "cardholder": "ada", "amount_cents": 500}],
    },
}
DRAWN = {
    "name": "drawn",
    "shows": "Something drawn.",
    "world": {"duration": "1d", "swipes": 10, "cardholders": 3, "traffic": {"synthetic": {}}},
}


def changed(base: dict, *paths_and_values: tuple[str, object]) -> str:
    """The scenario with values set at dotted paths (None drops the key), as text; JSON is YAML."""
    import copy
    import json

    data = copy.deepcopy(base)
    for path, value in paths_and_values:
        *above, last = path.split(".")
        place = data
        for step in above:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        key = int(last) if isinstance(place, list) else last
        if value is None:
            del place[key]
        else:
            place[key] = value
    return json.dumps(data, indent=1)


@pytest.mark.parametrize("base", [SCRIPTED, DRAWN])
def test_the_bases_are_sound(base: dict) -> None:
    assert load_text(changed(base), "s").scenario == Scenario.model_validate(base)


@pytest.mark.parametrize(
    ("base", "changes", "path", "what"),
    [
        (SCRIPTED, [("chain.withdrawal_delay", "1h")], "chain.withdrawal_delay", "1h is not longer than"),
        (SCRIPTED, [("settlement.interval", "3d"), ("settlement.bound", "4d")],
         "chain.withdrawal_delay", "3d is not longer than"),
        (SCRIPTED, [("settlement.bound", "1h")], "settlement.bound", "what waits for the next tick would break it"),
        (SCRIPTED, [("settlement.interval", "0s")], "settlement.interval", "longer than 0s"),
        (SCRIPTED, [("world.networks", {n: {"share": 0} for n in ("visa", "mastercard", "amex")})],
         "world.networks", "all shares are 0"),
        (SCRIPTED, [("world.script.0.cardholder", "adda")], "world.script.0.cardholder", "did you mean ada?"),
        (SCRIPTED, [("world.script.0.card", 2)], "world.script.0.card", "card 2 of 1"),
        (SCRIPTED, [("world.script.0.at", "4d")], "world.script.0.at", "after the end: duration and drain make 3d"),
        (SCRIPTED, [("world.script.0.amount_cents", None)], "world.script.0.amount_cents", "1 or more"),
        (SCRIPTED, [("world.script.0.do", "freeze"), ("world.script.0.presents_cents", [5])],
         "world.script.0.presents_cents", "only a swipe is presented"),
        (SCRIPTED, [("world.people", ["ada", "ada"])], "world.people", "twice"),
        (SCRIPTED, [("world.funding.paydays", [{"at": "9d", "amount_cents": 5}])],
         "world.funding.paydays.0.at", "after the end"),
        (SCRIPTED, [("world.script", None)], "world", "needs `traffic` or a `script`"),
        (SCRIPTED, [("world.swipes", 5)], "world.swipes", "counts traffic, and there is none"),
        (SCRIPTED, [("world.duration", "0s")], "world.duration", "longer than 0s"),
        (SCRIPTED, [("world.duration", None)], "world.duration", "is missing"),
        (SCRIPTED, [("chain.node", "rpc")], "chain.rpc_url", "needs the URL"),
        (SCRIPTED, [("chain.rpc_url", "http://127.0.0.1:8545")], "chain.rpc_url", "not for py-evm"),
        (SCRIPTED, [("chain.slot", "1500ms")], "chain.slot", "whole seconds"),
        (SCRIPTED, [("chain.withdrawal_delay", "3d1ms")], "chain.withdrawal_delay", "whole seconds"),
        (SCRIPTED, [("world.merchants.tip_max_pct", 10)], "world.merchants.tip_median_pct", "above tip_max_pct"),
        (SCRIPTED, [("budgets", {"latency": 5})], "budgets.latency", "no path into report.json"),
        (DRAWN, [("world.swipes", None)], "world.traffic.synthetic", "either world.swipes"),
        (DRAWN, [("world.traffic.synthetic.swipes_per_s", 2.5)], "world.traffic.synthetic", "and not both"),
        (DRAWN, [("world.cardholders", None)], "world.traffic.synthetic", "needs world.cardholders"),
        (DRAWN, [("world.traffic.speed", 2)], "world.traffic.speed", "for a trace alone"),
        (DRAWN, [("world.traffic.synthetic", None)], "world.traffic", "either `trace` or `synthetic`"),
        (DRAWN, [("world.traffic.synthetic.weekday_weights", [0] * 7)],
         "world.traffic.synthetic.weekday_weights", "nobody would ever swipe"),
        (DRAWN, [("world.traffic.synthetic.categories",
                  {"x": {"mcc": "5411", "share": 1, "merchants": 1, "median_cents": 10, "sigma": 0}})],
         "world.traffic.synthetic.categories.x", "min_cents <= median_cents"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused_at_its_place(
    base: dict, changes: list[tuple[str, object]], path: str, what: str
) -> None:
    with pytest.raises(ScenarioError) as error:
        load_text(changed(base, *changes), "s")
    found = [(".".join(map(str, problem.path)), problem.what) for problem in error.value.problems]
    assert len(found) == 1
    assert found[0][0] == path
    assert what in found[0][1]


@pytest.mark.parametrize(
    "changes",
    [
        [("chain.withdrawal_delay", "3601s")],
        [("settlement.bound", "3601s")],
        [("world.script.0.at", "3d")],
        [("world.networks", {"visa": {"share": 0}, "amex": {"share": 0}})],
        [("world.script.0.amount_cents", 1)],
    ],
)
def test_the_edge_that_still_fits_is_allowed(changes: list[tuple[str, object]]) -> None:
    assert load_text(changed(SCRIPTED, *changes), "s").scenario.name == "small"


def test_a_model_made_in_python_is_held_to_the_same_rules() -> None:
    with pytest.raises(ValidationError, match=r"chain\.withdrawal_delay: 1h is not longer than settlement.interval"):
        Scenario.model_validate(SCRIPTED | {"chain": {"withdrawal_delay": "1h"}})
