"""A scenario written out in full loads again to the same scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.dump import portable_trace, resolved_yaml
from scenarios.library import LIBRARY
from scenarios.loader import load_scenario, load_text
from scenarios.model import Scenario
from scenarios.units import format_duration, format_instant, format_time_of_day

SECOND = 10**9
HOUR = 3_600 * SECOND

seconds = st.integers(1, 86_400 * 30).map(lambda s: format_duration(s * SECOND))
any_time = st.integers(0, 10**15).map(format_duration)
cents = st.integers(0, 10**9)
shares = st.floats(0.01, 1)
sigmas = st.floats(0, 5)
awkward = st.sampled_from(
    [
        "yes",
        "05:00",
        "0x1f",
        "1e3",
        "~",
        "null",
        "2025-01-06",
        "a: b",
        "# no",
        "- x",
        "é\u2028ü",
        "'",
        '"',
        "1_0",
        " x ",
        "=",
        "<<",
    ]
)
texts = st.one_of(
    awkward, st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
)
legs = st.fixed_dictionaries({}, optional={"median": any_time, "sigma": sigmas, "floor": any_time})
networks = st.fixed_dictionaries(
    {},
    optional={
        "share": shares,
        "to_engine": legs,
        "from_engine": legs,
        "deadline": seconds,
        "clearing_at": st.integers(0, 86_399).map(lambda s: format_time_of_day(s * SECOND)),
        "reversal_retry": seconds,
        "repeat_share": shares,
        "repeat_after": seconds,
    },
)
people = ["ada", "ben", "true", "12", "1e3"]
steps = st.one_of(
    st.fixed_dictionaries(
        {
            "at": st.integers(0, 86_400).map(lambda s: format_duration(s * SECOND)),
            "do": st.sampled_from(["swipe", "deposit"]),
            "cardholder": st.sampled_from([name for name in people if name.isalpha()]),
            "amount_cents": st.integers(1, 10**9),
        },
        optional={"mcc": st.sampled_from(["0742", "5411", 5542]), "card": st.integers(1, 2)},
    ),
    st.fixed_dictionaries(
        {"at": st.just("5m"), "do": st.just("freeze"), "cardholder": st.just("ben")}, optional={"card": st.just(2)}
    ),
)
categories = st.dictionaries(
    st.sampled_from(["grocery", "taxi", "no", "7"]),
    st.fixed_dictionaries(
        {
            "mcc": st.just("5411"),
            "share": shares,
            "merchants": st.integers(1, 9),
            "median_cents": st.integers(50, 900),
            "sigma": sigmas,
        }
    ),
    min_size=1,
)
synthetics = st.fixed_dictionaries(
    {},
    optional={
        "categories": categories,
        "zone": st.just("UTC"),
        "activity_sigma": sigmas,
        "weekday_weights": st.lists(st.floats(0.1, 10), min_size=7, max_size=7),
    },
)


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """Sound scenarios as a file would hold them."""
    world: dict[str, Any] = {
        "duration": "1d",
        "people": people,
        "cards": 2,
        "script": draw(st.lists(steps, max_size=4)),
    }
    if not world["script"] or draw(st.booleans()):
        world |= {"traffic": {"synthetic": draw(synthetics)}, "swipes": draw(st.integers(1, 10**9)), "cardholders": 5}
    world |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "networks": st.fixed_dictionaries({}, optional={"visa": networks, "amex": networks}),
                "warmup": any_time,
                "funding": st.fixed_dictionaries({}, optional={"opening_cents": cents, "opening_sigma": sigmas}),
                "merchants": st.fixed_dictionaries(
                    {}, optional={"fuel_mccs": st.just(["0742", 5542]), "tip_share": shares}
                ),
            },
        )
    )
    return {
        "name": draw(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)),
        "shows": draw(texts),
        "world": world,
        **draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "seed": st.integers(0, 2**63 - 1),
                    "explore": st.booleans(),
                    "start": st.integers(0, 10**15).map(lambda us: format_instant(us * 1_000)),
                    "engine": st.fixed_dictionaries(
                        {},
                        optional={"decision_budget": any_time, "limits": st.fixed_dictionaries({"daily_cents": cents})},
                    ),
                    "settlement": st.just({"interval": "2h", "bound": "5h"}),
                    "chain": st.just({"node": "rpc", "rpc_url": "http://127.0.0.1:8545"}),
                    "budgets": st.dictionaries(
                        st.from_regex(r"(counts|latency)(\.[a-z0-9_]{1,8}){1,3}", fullmatch=True),
                        st.one_of(st.integers(-(10**6), 10**6), st.floats(-1e9, 1e9)),
                        max_size=3,
                    ),
                },
            )
        ),
    }


@settings(deadline=None, max_examples=50)
@given(scenarios())
def test_a_scenario_written_out_in_full_loads_to_the_same_scenario(data: dict[str, Any]) -> None:
    scenario = Scenario.model_validate(data)
    text = resolved_yaml(scenario)
    again = load_text(text, "again.yaml").scenario
    assert again == scenario
    assert resolved_yaml(again) == text


@settings(deadline=None, max_examples=50)
@given(scenarios())
def test_another_yaml_reader_sees_the_same_words(data: dict[str, Any]) -> None:
    """Nothing that YAML 1.1 would take for a date, a truth or a sexagesimal is left unquoted."""
    scenario = Scenario.model_validate(data)
    assert yaml.safe_load(resolved_yaml(scenario)) == yaml.safe_load(yaml.safe_dump(scenario.model_dump(mode="json")))


def test_all_defaults_are_written_out() -> None:
    text = resolved_yaml(load_scenario("two_cards_one_balance").scenario)
    assert '      clearing_at: "05:00"\n' in text  # quoted, for readers that take it for 300
    data = yaml.safe_load(text)
    assert data["engine"]["backends"]["ledger"] == {"median": "3ms", "sigma": 0.5, "floor": "0s", "capacity": 32}
    assert data["world"]["networks"]["amex"]["clearing_at"] == "07:00"
    assert data["world"]["script"][0]["presents_cents"] is None
    assert data["settlement"] == {"interval": "1h", "batch_users": 200, "bound": "4h"}


def test_a_trace_of_the_library_is_found_from_any_folder(tmp_path: Path) -> None:
    scenario = load_scenario("grocery_week").scenario
    text = resolved_yaml(scenario)
    assert "trace: traces/grocery_week.csv\n" in text
    (tmp_path / "scenario.yaml").write_text(text)
    assert load_scenario(tmp_path / "scenario.yaml").scenario == scenario


def test_a_trace_of_ones_own_is_written_by_its_absolute_path(tmp_path: Path) -> None:
    trace = tmp_path / "week.csv"
    trace.write_bytes((LIBRARY / "traces" / "grocery_week.csv").read_bytes())
    (tmp_path / "mine.yaml").write_text("name: mine\nshows: Mine.\nworld: {traffic: {trace: week.csv}}\n")
    scenario = load_scenario(tmp_path / "mine.yaml").scenario
    assert scenario.world.traffic.trace == str(trace)
    assert f"trace: {trace}\n" in resolved_yaml(scenario)
    assert portable_trace(str(trace)) == str(trace)
