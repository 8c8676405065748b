"""I5: an approval that was answered survives whatever the engine loses."""

from __future__ import annotations

import pytest
from feed import SECOND_NS, Feed, declined

from engine.interface import DeclineReason


def died(feed: Feed) -> None:
    feed.auditor.engine_died(feed.now_ns)
    feed.pass_(SECOND_NS)
    feed.auditor.engine_back(feed.now_ns)


@pytest.mark.parametrize("held,found", [(100, []), (99, ["I5"]), (0, ["I5"])])
def test_i5_holds_outlive_a_death(held: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    feed.approve(100)
    died(feed)
    feed.balance(available=10_000 - held, held=held)
    assert feed.found == found


def test_i5_a_hold_that_vanishes_by_itself_is_another_fault() -> None:
    feed = Feed(cents=10_000)
    feed.approve(100)
    feed.balance(available=10_000)
    assert feed.found == ["I3"]


def test_i5_what_was_approved_after_the_death_is_not_what_it_lost() -> None:
    feed = Feed(cents=10_000)
    died(feed)
    feed.approve(100)
    feed.balance(available=10_000)
    assert feed.found == ["I3"]


def test_i5_what_was_in_flight_may_be_lost_or_not() -> None:
    for held in (0, 100):
        feed = Feed(cents=10_000)
        request = feed.send(feed.request(100))
        feed.auditor.engine_died(feed.now_ns)
        feed.fail(request)
        feed.balance(available=10_000 - held, held=held)
        assert feed.found == []


@pytest.mark.parametrize("before,found", [(True, ["I5"]), (False, ["I3"])])
def test_i5_a_repeat_after_the_death_gets_the_answer_from_before(before: bool, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    if not before:
        died(feed)
    request = feed.request(100)
    answer = feed.approval(request)
    feed.tell(request, answer)
    if before:
        died(feed)
    feed.tell(request, answer)
    assert feed.found == []
    feed.tell(request, declined(request, DeclineReason.CARD_NOT_FOUND))
    assert feed.found == found


def test_i5_what_was_captured_before_the_death_is_not_missed_among_the_holds() -> None:
    feed = Feed(cents=10_000)
    feed.capture(feed.approve(100), 100)
    died(feed)
    feed.balance(available=9_900, unsettled=100)
    assert feed.found == []
