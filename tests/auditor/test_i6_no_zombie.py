"""I6: what was declined, taken back or never answered holds no funds once its time is over."""

from __future__ import annotations

import pytest
from feed import DAY_NS, HOUR_NS, Feed, declined

from engine.interface import DeclineReason, ReversalRequest, ReversalResponse


def test_i6_a_reversal_beside_its_original_ends_it_either_way() -> None:
    for approved in (True, False):
        feed = Feed(cents=10_000)
        request = feed.send(feed.request(100, "a1"))
        reversal = feed.send(ReversalRequest("r", "a1", "ada-card", "visa", feed.now_ns))
        feed.answer(reversal, ReversalResponse("a1", 100 if approved else 0))
        refusal = declined(request, DeclineReason.REVERSED_BEFORE_ARRIVAL)
        feed.answer(request, feed.approval(request) if approved else refusal)
        feed.balance(available=10_000)
        assert feed.found == []
        feed.balance(available=9_900, held=100)
        assert feed.found == ["I6"]


def test_i6_an_engine_that_gave_up_has_time_to_clean_up() -> None:
    feed = Feed(cents=10_000)
    feed.decline(100, reason=DeclineReason.ISSUER_UNAVAILABLE)
    feed.balance(available=9_900, held=100)
    feed.balance(available=10_000)
    feed.pass_(3 * HOUR_NS)
    assert feed.found == []
    feed.balance(available=9_900, held=100)
    assert feed.found == ["I6"]


@pytest.mark.parametrize("held,found", [(0, []), (1, ["I6"]), (100, ["I6"]), (101, ["I3"])])
def test_i6_what_was_declined_holds_nothing(held: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    feed.decline(100, reason=DeclineReason.DAILY_LIMIT)
    feed.balance(available=10_000 - held, held=held)
    assert feed.found == found


def test_i6_what_was_taken_back_holds_nothing() -> None:
    feed = Feed(cents=10_000)
    ref = feed.approve(100)
    feed.approve(50)
    feed.reverse(ref, 100)
    feed.balance(available=9_950, held=50)
    assert feed.found == []
    feed.balance(available=9_850, held=150)
    assert feed.found == ["I6"]
    assert "held is 1.50 USDC, open holds are 0.50 USDC" in feed.message


def test_i6_what_failed_ends_with_its_validity() -> None:
    """Visa in person: five days; two hours are left to a tick."""
    feed = Feed(cents=10_000)
    feed.fail(feed.send(feed.request(100)))
    feed.pass_(5 * DAY_NS)
    feed.balance(available=9_900, held=100)
    assert feed.found == []
    feed.pass_(4 * HOUR_NS)
    feed.balance(available=9_900, held=100)
    assert feed.found == ["I6"]


def test_i6_what_failed_and_was_approved_on_another_try_is_held_as_long_as_that_says() -> None:
    feed = Feed(cents=10_000)
    request = feed.send(feed.request(100))
    feed.fail(request)
    feed.pass_(5 * DAY_NS)
    feed.send(request)
    feed.answer(request, feed.approval(request))
    feed.pass_(3 * HOUR_NS)
    feed.balance(available=9_900, held=100)
    assert feed.found == []


def test_i6_an_excess_of_a_repeated_amount_is_a_repeat_executed_twice() -> None:
    feed = Feed(cents=10_000)
    feed.decline(500)
    request = feed.request(100)
    answer = feed.approval(request)
    feed.tell(request, answer)
    feed.tell(request, answer)
    feed.balance(available=9_800, held=200)
    assert feed.found == ["I3"]


def test_i6_the_same_fault_is_told_once() -> None:
    feed = Feed(cents=10_000)
    feed.decline(100)
    for _ in range(3):
        feed.balance(available=9_900, held=100)
    assert feed.found == ["I6"]
    feed.balance(available=9_901, held=99)
    assert feed.found == ["I6", "I6"]
