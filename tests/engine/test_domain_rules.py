"""The pure rules: windows, the life of an authorization, the journal, netting."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain import ledger as journal
from engine.domain.authorization import Authorization, Status, reversed_before_arrival
from engine.domain.ledger import Posting, unbalanced
from engine.domain.settlement import settlement_of
from engine.domain.terms import DAY_NS, HoldTerms, LimitTerms
from engine.domain.windows import day_of, month_of_day

MONEY = st.integers(0, 10**13)


def at_ns(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("instant", "day_changes", "month_changes"),
    [
        (at_ns(2017, 3, 7), True, False),
        (at_ns(2017, 3, 1), True, True),
        (at_ns(2016, 2, 29), True, False),
        (at_ns(2016, 3, 1), True, True),
        (at_ns(2018, 1, 1), True, True),
        (at_ns(2017, 3, 7, 12), False, False),
    ],
)
def test_windows_turn_at_midnight_utc_and_on_the_first(instant, day_changes, month_changes) -> None:
    before, after = day_of(instant - 1), day_of(instant)
    assert day_of(instant + 1) == after
    assert (before != after) is day_changes
    assert (month_of_day(before) != month_of_day(after)) is month_changes


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)))
def test_windows_agree_with_the_calendar(when) -> None:
    day = day_of(int(when.replace(tzinfo=UTC).timestamp()) * 10**9)
    assert month_of_day(day) == when.year * 12 + when.month - 1


def test_the_default_limits_are_those_of_the_product() -> None:
    assert LimitTerms() == LimitTerms(100_000, 500_000, 2_000_000)


def test_hold_lifetimes_are_by_network_and_longer_for_estimates() -> None:
    terms = HoldTerms()
    assert terms.lifetime_ns("visa", preauthorization=False) == 5 * DAY_NS
    assert terms.lifetime_ns("mastercard", preauthorization=False) == 7 * DAY_NS
    assert terms.lifetime_ns("somebody new", preauthorization=False) == 7 * DAY_NS
    assert terms.lifetime_ns("visa", preauthorization=True) == 30 * DAY_NS


def opened(authorized_cents: int) -> Authorization:
    return Authorization("a", "ada", "visa", authorized_cents, authorized_cents, 0, Status.OPEN, 0, 9)


@pytest.mark.parametrize(
    ("amount", "final", "held", "status"),
    [
        (999, True, 0, Status.CAPTURED),
        (1_000, True, 0, Status.CAPTURED),
        (1_001, True, 0, Status.CAPTURED),
        (999, False, 1, Status.OPEN),
        (1_000, False, 0, Status.CAPTURED),
        (1_001, False, 0, Status.CAPTURED),
    ],
)
def test_a_capture_reduces_the_hold_and_a_final_one_frees_the_rest(amount, final, held, status) -> None:
    after = opened(1_000).captured(amount, final=final)
    assert (after.held_cents, after.captured_cents, after.status) == (held, amount, status)


def test_a_late_capture_posts_and_leaves_the_authorization_ended_as_it_was() -> None:
    after = opened(1_000).expired().captured(700, final=True)
    assert (after.status, after.captured_cents, after.held_cents) == (Status.EXPIRED, 700, 0)


def test_a_reversal_that_came_first_leaves_a_mark_without_money() -> None:
    mark = reversed_before_arrival("a", "visa", 5)
    assert (mark.authorized_cents, mark.held_cents, mark.status) == (0, 0, Status.REVERSED)


@st.composite
def captures(draw):
    cents = draw(st.integers(1, 10**9))
    from_hold = draw(st.integers(0, cents)) * 10_000
    beyond = cents * 10_000 - from_hold
    return journal.capture(
        "p", "ada", "visa", 1, amount_cents=cents, from_hold_usdc6=from_hold, freed_usdc6=draw(MONEY),
        from_available_usdc6=draw(st.integers(0, beyond)),
    )  # fmt: skip


ENTRIES = st.one_of(
    st.builds(journal.hold, st.just("r"), st.just("ada"), st.just(1), MONEY),
    st.builds(journal.release, st.just("r"), st.just("ada"), st.just(1), MONEY),
    st.builds(journal.deposit, st.just("r"), st.just("ada"), st.just(1), MONEY),
    st.builds(journal.recovery, st.just("r"), st.just("ada"), st.just(1), MONEY),
    st.builds(journal.withdrawal_request, st.just("r"), st.just("ada"), st.just(1), MONEY),
    st.builds(journal.withdrawal_return, st.just("r"), st.just("ada"), st.just(1), MONEY),
    st.builds(
        journal.withdrawal, st.just("r"), st.just("ada"), st.just(1),
        from_withdrawing_usdc6=MONEY, from_available_usdc6=MONEY,
    ),
    st.builds(journal.settlement, st.just("r"), st.just("ada"), st.just(1), burned_usdc6=MONEY, missing_usdc6=MONEY),
    captures(),
)  # fmt: skip


@given(ENTRIES)
def test_every_journal_entry_sums_to_zero_in_each_asset(entry) -> None:
    assert unbalanced(entry) == {}


@given(ENTRIES, st.integers(-(10**6), 10**6).filter(bool))
def test_an_entry_that_is_off_by_anything_is_seen(entry, error) -> None:
    off = entry._replace(postings=(*entry.postings, Posting("available", "ada", "usdc6", error)))
    assert unbalanced(off) == {"usdc6": error}


QUEUE = st.lists(st.tuples(st.uuids().map(str), st.sampled_from("abc"), st.integers(1, 10**9)), min_size=1, max_size=20)


@given(QUEUE)
def test_netting_keeps_every_unit_and_names_each_account_once(queue) -> None:
    settlement = settlement_of(queue, 7)
    assert settlement.total_usdc6 == sum(amount for _, _, amount in queue)
    accounts = [account for account, _ in settlement.amounts_usdc6]
    assert len(accounts) == len(set(accounts)) == len({account for _, account, _ in queue})


@given(QUEUE, st.integers(0, 10**18), st.integers(0, 10**18))
def test_a_settlement_id_depends_on_its_captures_alone(queue, first_ns, second_ns) -> None:
    assert settlement_of(queue, first_ns).settlement_id == settlement_of(queue, second_ns).settlement_id


@given(QUEUE, st.data())
def test_another_capture_gives_another_settlement_id(queue, data) -> None:
    index = data.draw(st.integers(0, len(queue) - 1))
    ref, account, amount = queue[index]
    changed = [*queue[:index], (ref, account, amount + 1), *queue[index + 1 :]]
    assert settlement_of(queue, 0).settlement_id != settlement_of(changed, 0).settlement_id
