"""A step of a script that lacks something, or has what it has no use for, is told so at its place."""

from __future__ import annotations

import pytest

from scenarios.loader import load_text
from scenarios.problems import ScenarioError

HEAD = """\
name: small
shows: Something small.
world:
  duration: 1d
  people: [ada, ben]
  script:
    - {at: 1m, do: swipe, cardholder: ada, amount_cents: 500, called: tea}
"""


def said(*steps: str) -> list[str]:
    text = HEAD + "".join(f"    - {{at: 2m, {step}}}\n" for step in steps)
    try:
        load_text(text, "s.yaml")
    except ScenarioError as error:
        return [problem.what for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "step",
    [
        "do: increment, cardholder: ada, amount_cents: 1",
        "do: increment, cardholder: ada, amount_cents: 1, of: tea",
        "do: void, cardholder: ada",
        "do: advise, cardholder: ada, amount_cents: 0",
        "do: dispute, cardholder: ada, state: won",
        "do: refund, cardholder: ada, announced: true, matched: false",
        "do: withdraw_cash, cardholder: ben, amount_cents: 2000, partial: true",
        "do: inquire, cardholder: ben",
    ],
)
def test_what_fits_is_taken(step: str) -> None:
    assert said(step) == []


@pytest.mark.parametrize(
    ("step", "what"),
    [
        ("do: increment, cardholder: ada", "an increment needs amount_cents of 1 or more"),
        ("do: force_post, cardholder: ada", "a force_post needs amount_cents of 1 or more"),
        ("do: void, cardholder: ben", "ben has begun nothing that this could be of"),
        ("do: void, cardholder: ada, of: te", "nothing of ada is called 'te' by then; did you mean tea?"),
        ("do: void, cardholder: ada, state: won", "means nothing for `void`: it is for dispute"),
        ("do: void, cardholder: ada, matched: false", "means nothing for `void`: it is for refund"),
        ("do: inquire, cardholder: ada, days: 2",
         "means nothing for `inquire`: it is for force_post, stand_in, swipe, withdraw_cash"),
        ("do: swipe, cardholder: ada, amount_cents: 1, called: tea", "ada has begun another 'tea' before"),
        ("do: swipe, cardholder: ada, amount_cents: 3, presents_cents: [1, 1, 1]",
         "a swipe is presented in two parts at most"),
        ("do: refund, cardholder: ada, presents_cents: [1]", "only a swipe is presented, not `refund`"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(step: str, what: str) -> None:
    assert said(step) == [what]


@pytest.mark.parametrize(
    ("merchants", "sound"),
    [
        ("void_share: 0.5, late_share: 0.5", True),
        ("void_share: 0.5, late_share: 0.51", False),
        ("dispute_share: 0.6, refund_share: 0.4", True),
        ("dispute_share: 0.6, refund_share: 0.41", False),
    ],
)
def test_shares_of_which_one_befalls_a_purchase_are_at_most_1_together(merchants: str, sound: bool) -> None:
    text = HEAD.replace("  script:", f"  merchants: {{{merchants}}}\n  script:")
    if sound:
        assert load_text(text, "s.yaml")
    else:
        with pytest.raises(ScenarioError, match="one at most befalls a purchase"):
            load_text(text, "s.yaml")


def test_suspended_mandates_need_mandates() -> None:
    text = HEAD.replace("  script:", "  changes: {suspended_share: 0.1}\n  script:")
    with pytest.raises(ScenarioError, match="needs `mandates: true`"):
        load_text(text, "s.yaml")
