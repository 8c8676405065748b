"""Every problem of a scenario is told at its line and column, with the nearest right thing, all in one go."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.loader import load_scenario, load_text
from scenarios.problems import BadInput, ScenarioError

SOUND = """\
name: small
shows: Something small.
world:
  duration: 1d
  people: [ada]
  script:
    - {at: 1m, do: swipe, cardholder: ada, amount_cents: 500}
"""


def said(text: str, *overrides: str, folder: Path | None = None) -> list[str]:
    """The messages of a scenario, one a problem."""
    with pytest.raises(ScenarioError) as error:
        load_text(text, "s.yaml", folder, overrides)
    assert str(error.value).splitlines() == [str(problem) for problem in error.value.problems]
    return [str(problem) for problem in error.value.problems]


def with_line(line: str, at: int = 3) -> str:
    """The sound scenario with one more line after line ``at``."""
    lines = SOUND.splitlines()
    return "\n".join([*lines[:at], line, *lines[at:]]) + "\n"


def test_the_sound_scenario_is_sound() -> None:
    assert load_text(SOUND, "s.yaml").scenario.name == "small"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            with_line("  swipse: 5"),
            "s.yaml:4:3: world.swipse: unknown key; did you mean world.swipes?",
            id="a misspelt key",
        ),
        pytest.param(
            with_line("swipes: 5", 2),
            "s.yaml:3:1: swipes: unknown key here; did you mean world.swipes?",
            id="a key of another section",
        ),
        pytest.param(
            with_line("  cards: two"),
            "s.yaml:4:10: world.cards: 'two' is no whole number",
            id="a word for a number",
        ),
        pytest.param(
            with_line("  cards: 0123"),
            "s.yaml:4:10: world.cards: '0123' is no whole number: write 123",
            id="a leading zero is not octal",
        ),
        pytest.param(
            with_line("  cards: yes"),
            "s.yaml:4:10: world.cards: 'yes' is no whole number",
            id="yes is a word",
        ),
        pytest.param(
            with_line("  cards: true"),
            "s.yaml:4:10: world.cards: True is no whole number",
            id="true is not one",
        ),
        pytest.param(
            with_line("  cards: 2.0"),
            "s.yaml:4:10: world.cards: 2.0 is no whole number: write 2",
            id="a fraction for a whole number",
        ),
        pytest.param(
            with_line("  cards: 0"), "s.yaml:4:10: world.cards: 0 is too small: 1 or more", id="below the range"
        ),
        pytest.param(
            with_line("  cards: 101"), "s.yaml:4:10: world.cards: 101 is too large: 100 or less", id="above the range"
        ),
        pytest.param(
            with_line("  funding: {opening_cents: $50.00}"),
            "s.yaml:4:28: world.funding.opening_cents: '$50.00' is no whole number: write 50",
            id="money is whole cents",
        ),
        pytest.param(
            with_line("  drain: 2 days"),
            "s.yaml:4:10: world.drain: '2 days' is no duration; did you mean 2d?",
            id="a duration in words",
        ),
        pytest.param(
            with_line("  drain: 600"),
            "s.yaml:4:10: world.drain: 600 has no unit: a duration is written like 600s, 600ms or 1h30m",
            id="a duration without unit",
        ),
        pytest.param(
            with_line("  networks: {visa: {clearing_at: 300}}"),
            's.yaml:4:34: world.networks.visa.clearing_at: 300 is no time of day: write it like "05:00"',
            id="a number for a time of day",
        ),
        pytest.param(
            with_line("  networks: {visaa: {share: 1}}"),
            "s.yaml:4:14: world.networks.visaa: unknown key; did you mean world.networks.visa?",
            id="a misspelt network",
        ),
        pytest.param(
            with_line("  networks: {visa: 5}"),
            "s.yaml:4:20: world.networks.visa: 5 where keys belong",
            id="a number for a section",
        ),
        pytest.param(
            with_line("  merchants:"),
            "s.yaml:4:13: world.merchants: is empty: give a value, or drop the line",
            id="an empty section",
        ),
        pytest.param(
            SOUND.replace("do: swipe", "do: swip"),
            "s.yaml:7:20: world.script.0.do: 'swip' is not known; did you mean swipe?",
            id="a misspelt action",
        ),
        pytest.param(
            SOUND.replace("at: 1m, ", ""), "s.yaml:7:7: world.script.0.at: is missing", id="a missing key in a list"
        ),
        pytest.param(SOUND.replace("name: small\n", ""), "s.yaml:1:1: name: is missing", id="a missing key at the top"),
        pytest.param(
            SOUND.replace("small", "Small One", 1),
            "s.yaml:1:7: name: 'Small One' is no name: small letters, digits, `_` and `-`, like grocery_week",
            id="a name that is no name",
        ),
        pytest.param(
            with_line("engine: naive", 2),
            "s.yaml:3:9: engine: 'naive' where keys belong: "
            "which engine runs is said on the command line, --engine naive",
            id="the engine is not the scenario's to choose",
        ),
        pytest.param(with_line("seed: -1", 2), "s.yaml:3:7: seed: -1 is too small: 0 or more", id="a negative seed"),
        pytest.param(
            with_line("budgets: {latency.authorize.p99_ms: fast}", 2),
            "s.yaml:3:37: budgets.latency.authorize.p99_ms: 'fast' is no number",
            id="a budget that is no number",
        ),
        pytest.param(
            with_line("budgets: {latancy.authorize.p99_ms: 5}", 2),
            "s.yaml:3:37: budgets.latancy.authorize.p99_ms: report.json has no 'latancy'; did you mean latency?",
            id="a budget of an unknown section",
        ),
        pytest.param(
            with_line("  merchants: {fuel_mccs: [55x2]}"),
            "s.yaml:4:27: world.merchants.fuel_mccs.0: '55x2' is no merchant category: four digits, like \"5411\"",
            id="a merchant category that is none",
        ),
        pytest.param(
            with_line("  merchants: {fuel_mccs: 5542}"),
            "s.yaml:4:26: world.merchants.fuel_mccs: 5542 where a list belongs: one `- ...` for each item",
            id="one thing for a list",
        ),
        pytest.param(
            with_line("  traffic: {synthetic: {categories: {grocery: {mcc: 5411, shar: 1}}}}"),
            "s.yaml:4:59: world.traffic.synthetic.categories.grocery.shar: "
            "unknown key; did you mean world.traffic.synthetic.categories.grocery.share?",
            id="a misspelt key under a name",
        ),
    ],
)
def test_a_problem_is_told_at_its_place(text: str, message: str) -> None:
    assert message in said(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("name: [a\n", "s.yaml:2:1: not YAML: expected ',' or ']', but got '<stream end>'", id="unclosed"),
        pytest.param("a: b: c\n", "s.yaml:1:5: not YAML: a second `:` in one line", id="two colons"),
        pytest.param("world:\n\tduration: 1d\n", "s.yaml:2:1: not YAML: a tab: indent with spaces", id="a tab"),
        pytest.param("a: 1\n---\nb: 2\n", "s.yaml:2:1: not YAML: a second document begins", id="two documents"),
        pytest.param("", "s.yaml:1:1: is empty", id="nothing"),
        pytest.param("# only words\n", "s.yaml:1:1: is empty", id="only a comment"),
        pytest.param("- a\n", "s.yaml:1:1: a scenario is made of keys", id="a list"),
        pytest.param("a: &x [*x]\n", "s.yaml:1:4: a.0: an alias that contains itself", id="a loop"),
        pytest.param("name: !!python/name:os.system ''\n", "s.yaml:1:7: name: the tag", id="a tag"),
        pytest.param("name: a\x07b\n", "s.yaml:1:8: a character that text files don't hold: U+0007", id="a bell"),
        pytest.param("? [a]\n: b\n", "s.yaml:1:3: a key has to be a word", id="a key that is a list"),
        pytest.param("<<: {a: 1}\n", "s.yaml:1:1: the merge key", id="a merge key"),
    ],
)
def test_what_is_no_yaml_is_told_at_its_place(text: str, message: str) -> None:
    assert any(one.startswith(message) for one in said(text)), said(text)


def test_a_key_given_twice_is_a_problem_that_names_the_first() -> None:
    assert said(with_line("  duration: 2d", 4)) == ["s.yaml:5:3: world.duration: given twice; the first is in line 4"]


def test_a_lot_of_aliases_is_stopped() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "more than 100,000 values" in said("\n".join(lines))[0]


def test_all_problems_are_told_in_one_go_in_the_order_of_the_file() -> None:
    text = """\
name: small
sed: 5
world:
  duration: 1 day
  cards: 2
  people: [ada]
  people: [ben]
  script:
    - {at: 1m, do: swipe, cardholder: ada, amount_cents: 500}
    - {at: 1m, do: fly, cardholder: ada}
    - {at: 1m, do: swipe, cardholder: adda, amount_cents: 500, card: 3}
chain: {withdrawal_delay: 30m}
"""
    assert said(text, "engine.limits.daly_cents=4") == [
        "--set engine.limits.daly_cents: unknown key; did you mean engine.limits.daily_cents?",
        "s.yaml:1:1: shows: is missing",
        "s.yaml:2:1: sed: unknown key; did you mean seed?",
        "s.yaml:4:13: world.duration: '1 day' is no duration; did you mean 1d?",
        "s.yaml:7:3: world.people: given twice; the first is in line 6",
        "s.yaml:10:20: world.script.1.do: 'fly' is not known; it can be swipe, withdraw_cash, inquire, force_post, "
        "stand_in, increment, advise, reverse_part, void, refund, dispute, deposit, request_withdrawal, "
        "cancel_withdrawal, complete_withdrawal, freeze, unfreeze, lose, cancel, replace_card, suspend, reinstate, "
        "suspend_mandate, reinstate_mandate, revoke_mandate",
        "s.yaml:11:70: world.script.2.card: card 3 of 2: world.cards says how many each has",
        "s.yaml:12:27: chain.withdrawal_delay: 30m is not longer than settlement.interval (1h): "
        "spent money could be withdrawn before it is settled",
    ]


def test_what_a_section_misses_does_not_hide_what_does_not_fit_together() -> None:
    text = SOUND + "  traffic: {synthetic: {categories: {x: {mcc: 5411}}}}\nchain: {withdrawal_delay: 1h}\n"
    found = [one.split(" is ")[0] for one in said(text)]
    assert found[0] == "s.yaml:8:38: world.traffic.synthetic.categories.x.share:"
    assert found[-1] == "s.yaml:9:27: chain.withdrawal_delay: 1h"


def test_a_place_in_a_list_is_right_although_an_item_before_it_is_broken() -> None:
    step = "    - {at: 1m, do: swipe, cardholder: nobody, amount_cents: 500}\n"
    broken = "    - {at: soon, do: swipe, cardholder: ada, amount_cents: 500}\n"
    found = said(SOUND + broken + step)
    assert [one.split(" is ")[0] for one in found] == [
        "s.yaml:8:12: world.script.1.at: 'soon'",
        "s.yaml:9:39: world.script.2.cardholder: nobody",
    ]


def test_a_scenario_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"no scenario 'grocery_wek\.yaml': did you mean .*library/grocery_week\.yaml\?"):
        load_scenario("grocery_wek.yaml")
    with pytest.raises(BadInput, match=r"the library has .*two_cards_one_balance"):
        load_scenario("zzzzzz")


def test_a_folder_is_no_scenario_and_names_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(SOUND)
    with pytest.raises(BadInput, match=r"is a folder, not a scenario \(in it: mine\.yaml\)"):
        load_scenario(tmp_path)


def test_a_scenario_beside_is_found_when_misspelt(tmp_path: Path) -> None:
    (tmp_path / "quiet_day.yaml").write_text(SOUND)
    with pytest.raises(BadInput, match=r"did you mean .*quiet_day\.yaml\?"):
        load_scenario(tmp_path / "quiet_dya.yaml")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(ScenarioError, match=r"a\.yaml: not UTF-8 text \(byte 6\)"):
        load_scenario(tmp_path / "a.yaml")


def test_a_trace_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "week.csv").write_text("")
    text = SOUND.replace("  people", "  traffic: {trace: weak.csv}\n  people")
    assert said(text, folder=tmp_path) == [
        "s.yaml:5:20: world.traffic.trace: no trace file 'weak.csv': did you mean 'week.csv'?"
    ]
