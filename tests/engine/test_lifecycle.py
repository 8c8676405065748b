"""The table of transitions is whole, the amounts obey it, and the page that shows it is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.authorization import Authorization, Status, reversed_before_arrival
from engine.domain.decline import RESPONSE_CODES, STRIPE_REASONS, DeclineReason
from engine.domain.disputes import CREDITED, NEXT, Dispute, DisputeState
from engine.domain.lifecycle import TABLE, Event, Refusal, outcome
from engine.domain.policies import DEFAULT, PRESETS, Restores, WindowPolicy
from scenarios.lifecycle_page import page

PAGE = Path(__file__).parents[2] / "docs" / "LIFECYCLE.md"
STRIPE_VOCABULARY = frozenset(
    {
        "account_disabled", "card_canceled", "card_expired", "card_inactive", "cardholder_blocked",
        "cardholder_inactive", "insufficient_funds", "network_fallback", "not_allowed", "pin_blocked",
        "spending_controls", "suspected_fraud", "verification_failed", "webhook_approved", "webhook_declined",
        "webhook_error", "webhook_timeout",
    }
)  # fmt: skip
ISO_CODES = frozenset(
    [
        "05",
        "12",
        "13",
        "14",
        "30",
        "41",
        "43",
        "46",
        "51",
        "54",
        "55",
        "57",
        "58",
        "59",
        "61",
        "62",
        "63",
        "65",
        "91",
        "94",
        "96",
    ]
)


def opened(authorized_cents: int = 100) -> Authorization:
    return Authorization(
        "a",
        "ada",
        "visa",
        authorized_cents,
        authorized_cents,
        0,
        Status.OPEN,
        5,
        9,
        "card",
        "5411",
    )


def test_every_event_has_an_outcome_in_every_state() -> None:
    assert set(TABLE) == {None, *Status}
    for status, row in TABLE.items():
        assert set(row) == set(Event), f"{status} leaves an event open"


def test_what_has_ended_never_opens_again() -> None:
    for status in (Status.CAPTURED, Status.REVERSED, Status.EXPIRED):
        assert all(isinstance(result, Refusal) for result in TABLE[status].values())


STEPS = {
    Event.INCREASE: lambda a, cents: a.increased(cents),
    Event.ADVISE: lambda a, cents: a.advised(a.released_cents + a.captured_cents + cents),
    Event.ADVISE_NOTHING: lambda a, cents: a.advised(0),
    Event.REVERSE: lambda a, cents: a.reversed(),
    Event.CAPTURE: lambda a, cents: a.captured(cents, final=True),
    Event.EXPIRE: lambda a, cents: a.expired(),
}
amounts = st.integers(1, 1_000)
steps = st.lists(
    st.tuples(st.sampled_from(["increased", "advised", "reversed", "captured"]), amounts), max_size=8
)  # fmt: skip


def walked(walk: list[tuple[str, int]]) -> Authorization:
    known = opened()
    for step, cents in walk:
        if known.status is not Status.OPEN:
            break
        known = known.captured(cents, final=False) if step == "captured" else getattr(known, step)(cents)
    return known


@pytest.mark.parametrize("event", STEPS)
@given(walk=steps, cents=amounts)
def test_the_amounts_come_to_the_status_that_the_table_says(event: Event, walk: list, cents: int) -> None:
    known = walked(walk)
    if known.status is Status.OPEN:
        assert STEPS[event](known, cents).status is outcome(Status.OPEN, event)


@given(steps)
def test_an_open_authorization_holds_what_is_authorized_less_what_was_taken_back_or_captured(walk: list) -> None:
    known = walked(walk)
    assert known.held_cents >= 0
    assert (known.status is Status.OPEN) == (known.held_cents > 0)
    if known.status is Status.OPEN:
        left = known.authorized_cents - known.released_cents - known.captured_cents
        assert known.held_cents == max(left, 0)


@pytest.mark.parametrize(
    "taken,held,status", [(99, 1, Status.OPEN), (100, 0, Status.REVERSED), (101, 0, Status.REVERSED)]
)
def test_a_partial_reversal_takes_at_most_what_is_held(taken: int, held: int, status: Status) -> None:
    after = opened(100).reversed(taken)
    assert (after.held_cents, after.status, after.released_cents, after.counted_cents) == (
        held,
        status,
        100 - held,
        held,
    )


@pytest.mark.parametrize(
    "advised,held,status", [(41, 1, Status.OPEN), (40, 0, Status.REVERSED), (39, 0, Status.REVERSED)]
)
def test_an_advice_is_absolute_and_counts_what_was_captured_and_taken_back(
    advised: int, held: int, status: Status
) -> None:
    after = opened(100).captured(30, final=False).reversed(10).advised(advised)
    assert (after.authorized_cents, after.held_cents, after.status) == (advised, held, status)


@pytest.mark.parametrize(
    "cents,held,status", [(99, 1, Status.OPEN), (100, 0, Status.CAPTURED), (101, 0, Status.CAPTURED)]
)
def test_a_part_that_uses_the_hold_up_is_the_last_one(cents: int, held: int, status: Status) -> None:
    after = opened(100).captured(cents, final=False)
    assert (after.held_cents, after.status, after.captured_cents) == (held, status, cents)


@pytest.mark.parametrize(
    ("after", "by_default", "never", "marqeta"),
    [
        (opened(100).reversed(60), 40, 100, 40),
        (opened(100).captured(60, final=False).expired(), 60, 100, 60),
        (opened(100).captured(100, final=True).refunded(30), 100, 100, 70),
        (opened(100).captured(100, final=True).refunded(70).refunded(31), 100, 100, 0),
        (opened(100).captured(30, final=False).refunded(30).reversed(20).expired(), 30, 100, 0),
        (opened(100).refunded(80).advised(50).increased(7), 57, 57, 7),
        (opened(100).refunded(150).increased(30), 130, 130, 30),
        (opened(100).refunded(49).advised(50), 50, 50, 1),
        (opened(100).refunded(50).advised(50), 50, 50, 0),
        (opened(100).refunded(51).advised(50), 50, 50, 0),
        (opened(100).reversed(60).advised(61), 1, 61, 1),
        (opened(100).reversed(60).advised(60), 0, 60, 0),
        (opened(100).reversed(60).advised(59), 0, 59, 0),
    ],
)
def test_what_comes_back_counts_no_more_where_the_policy_says_so(after, by_default, never, marqeta) -> None:
    nothing = WindowPolicy(reversals=Restores.NOTHING, expiries=Restores.NOTHING)
    assert after.counted_cents == after.spend.counted(DEFAULT).cents == by_default
    assert after.spend.counted(nothing).cents == never
    assert after.spend.counted(PRESETS["marqeta"]).cents == marqeta


def test_a_reversal_that_comes_first_leaves_a_mark_that_holds_nothing() -> None:
    mark = reversed_before_arrival("a", "visa", 5, "card")
    assert (mark.status, mark.held_cents, mark.authorized_cents) == (Status.REVERSED, 0, 0)
    assert outcome(mark.status, Event.APPROVE) is Refusal.REVERSED_BEFORE_ARRIVAL


def test_a_dispute_ends_won_or_lost_and_never_goes_back() -> None:
    assert set(NEXT) == {None, *DisputeState}
    order = list(DisputeState)
    for state, following in NEXT.items():
        if state is not None:
            assert all(order.index(after) > order.index(state) for after in following)
    assert NEXT[DisputeState.WON] == NEXT[DisputeState.LOST] == frozenset()
    assert all({DisputeState.WON, DisputeState.LOST} <= NEXT[s] for s in order if s not in (order[-1], order[-2]))


def test_the_customer_has_the_amount_from_submission_until_the_dispute_is_lost() -> None:
    def credited(state: DisputeState) -> int:
        return Dispute("p", "d", "ada", "visa", 70, state).credited_cents

    assert [credited(state) for state in DisputeState] == [0, 70, 70, 70, 70, 70, 0]
    assert {*DisputeState} - CREDITED == {DisputeState.NEW, DisputeState.LOST}


def test_every_reason_has_a_code_and_a_word_that_others_know() -> None:
    assert set(RESPONSE_CODES) == set(STRIPE_REASONS) == set(DeclineReason)
    assert set(RESPONSE_CODES.values()) <= ISO_CODES
    assert set(STRIPE_REASONS.values()) <= STRIPE_VOCABULARY


def test_the_page_shows_the_tables_as_they_are() -> None:
    assert PAGE.read_text() == page(), "run: python -m scenarios.lifecycle_page > docs/LIFECYCLE.md"
