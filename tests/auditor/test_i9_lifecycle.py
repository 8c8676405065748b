"""I9: nothing is approved on what is out of order, and nothing in order is refused for its standing."""

from __future__ import annotations

from typing import Any

import pytest
from feed import MS, SECOND_NS, START_NS, Feed, declined

from engine.interface import (
    AccountStatus,
    CardOpening,
    CardStatus,
    DeclineReason,
    MandateOpening,
    MandateStatus,
)

END_NS = START_NS + 10**15


def card(**changes: Any) -> CardOpening:
    return CardOpening("ada-card", "visa", changes.pop("expires_at_ns", 2**62), **changes)


def mandate(**changes: Any) -> dict[str, Any]:
    return {"mandates": (MandateOpening("m", changes.pop("expires_at_ns", 2**62), **changes),)}


BARRED: dict[str, tuple[CardOpening, dict[str, Any], DeclineReason]] = {
    "frozen": (card(status=CardStatus.FROZEN), {}, DeclineReason.CARD_FROZEN),
    "cancelled": (card(status=CardStatus.CANCELLED), {}, DeclineReason.CARD_CANCELLED),
    "lost": (card(status=CardStatus.LOST), {}, DeclineReason.CARD_LOST),
    "stolen": (card(status=CardStatus.STOLEN), {}, DeclineReason.CARD_STOLEN),
    "pending": (card(status=CardStatus.PENDING), {}, DeclineReason.CARD_INACTIVE),
    "expired": (card(expires_at_ns=START_NS), {}, DeclineReason.CARD_EXPIRED),
    "suspended": (card(), {"status": AccountStatus.SUSPENDED}, DeclineReason.ACCOUNT_SUSPENDED),
    "unknown customer": (card(), {"kyc_level": 0}, DeclineReason.KYC_REQUIRED),
    "no mandate": (card(mandate_id="m"), {}, DeclineReason.MANDATE_INACTIVE),
    "mandate suspended": (
        card(mandate_id="m"), mandate(status=MandateStatus.SUSPENDED), DeclineReason.MANDATE_INACTIVE,
    ),
    "mandate revoked": (card(mandate_id="m"), mandate(status=MandateStatus.REVOKED), DeclineReason.MANDATE_INACTIVE),
    "mandate expired": (card(mandate_id="m"), mandate(expires_at_ns=START_NS), DeclineReason.MANDATE_EXPIRED),
}  # fmt: skip


@pytest.mark.parametrize("how", BARRED)
def test_i9_nothing_is_approved_on_what_is_out_of_order(how: str) -> None:
    opened, changes, reason = BARRED[how]
    feed = Feed(cents=10_000)
    feed.open(opened, **changes)
    feed.approve(100)
    assert feed.found == ["I9"]
    assert f"although {reason} held" in feed.message


@pytest.mark.parametrize("how", BARRED)
def test_i9_its_refusal_is_right_even_without_patience(how: str) -> None:
    opened, changes, reason = BARRED[how]
    feed = Feed(cents=10_000, patience_ns=0)
    feed.open(opened, **changes)
    feed.decline(100, reason=reason)
    assert feed.found == []


@pytest.mark.parametrize("reason", [DeclineReason.INSUFFICIENT_FUNDS, DeclineReason.DAILY_LIMIT])
def test_i9_what_is_out_of_order_is_refused_for_that_and_not_for_what_comes_after_it(reason: DeclineReason) -> None:
    feed = Feed(cents=10_000)
    feed.open(card(status=CardStatus.FROZEN))
    feed.decline(10_001, reason=reason)
    assert feed.found == ["I9"]


@pytest.mark.parametrize("reason", [DeclineReason.ISSUER_UNAVAILABLE, DeclineReason.CARD_LOST])
def test_i9_other_refusals_of_what_is_out_of_order_are_let_pass(reason: DeclineReason) -> None:
    """An engine that could not look is not wrong; of two cards' reasons nothing is said here."""
    feed = Feed(cents=10_000)
    feed.open(card(status=CardStatus.FROZEN))
    feed.decline(100, reason=reason)
    assert feed.found == []


@pytest.mark.parametrize("how", ["freeze in flight", "thaw in flight", "asked before", "failed", "two at once"])
def test_i9_while_the_standing_may_be_another_anything_goes(how: str) -> None:
    feed = Feed(cents=10_000)
    frozen, sound = card(status=CardStatus.FROZEN), card()
    if how == "freeze in flight":
        feed.open(frozen, tell=False)
    elif how == "thaw in flight":
        feed.open(frozen)
        feed.open(sound, tell=False)
    elif how == "failed":
        feed.fail(feed.open(frozen, tell=False))
    elif how == "two at once":
        openings = [feed.open(frozen, tell=False), feed.open(sound, tell=False)]
        for opening in openings:
            feed.answer(opening, None)
    request = feed.send(feed.request(100))
    if how == "asked before":
        feed.open(frozen)
    feed.answer(request, feed.approval(request))
    assert feed.found == []


def test_i9_a_thaw_between_question_and_answer_may_be_what_counts() -> None:
    feed = Feed(cents=10_000)
    feed.open(card(status=CardStatus.FROZEN))
    request = feed.send(feed.request(100))
    feed.open(card())
    feed.answer(request, feed.approval(request))
    assert feed.found == []


@pytest.mark.parametrize("at_ns,found", [(END_NS - 1, []), (END_NS, ["I9"]), (END_NS + 1, ["I9"])])
def test_i9_a_card_ends_at_its_instant(at_ns: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    feed.open(card(expires_at_ns=END_NS))
    feed.now_ns = at_ns
    feed.approve(100)
    assert feed.found == found


@pytest.mark.parametrize("late_ns,found", [(SECOND_NS - 1, []), (SECOND_NS, ["I9"])])
def test_i9_an_end_is_given_the_slack_of_clocks(late_ns: int, found: list[str]) -> None:
    feed = Feed(cents=10_000, slack_ns=SECOND_NS)
    feed.open(card(expires_at_ns=END_NS))
    feed.now_ns = END_NS + late_ns
    feed.approve(100)
    assert feed.found == found


def test_i9_a_repeat_gets_its_old_approval_on_a_frozen_card() -> None:
    feed = Feed(cents=10_000)
    request = feed.request(100)
    answer = feed.approval(request)
    feed.tell(request, answer)
    feed.open(card(status=CardStatus.FROZEN))
    feed.tell(request, answer)
    assert feed.found == []


def test_i9_a_capture_posts_on_a_frozen_card() -> None:
    feed = Feed(cents=10_000)
    ref = feed.approve(100)
    feed.open(card(status=CardStatus.FROZEN))
    feed.capture(ref, 100)
    assert feed.found == []


@pytest.mark.parametrize("reason", sorted({reason for _, _, reason in BARRED.values()} | {"card_not_found"}))
def test_i9_what_is_in_order_is_not_refused_for_its_standing(reason: str) -> None:
    feed = Feed(cents=10_000, patience_ns=SECOND_NS)
    feed.open(card())
    feed.pass_(SECOND_NS - 11 * MS)
    feed.decline(100, reason=DeclineReason(reason))
    assert feed.found == []
    feed.pass_(SECOND_NS)
    feed.decline(100, reason=DeclineReason(reason))
    assert feed.found == ["I12"]


def test_i9_what_was_reversed_before_it_came_is_not_approved() -> None:
    feed = Feed(cents=10_000)
    feed.reverse("a1", 0)
    feed.approve(100, "a1")
    assert feed.found == ["I9"]
    assert "although the reversal of this authorization had been answered before" in feed.message


def test_i9_an_authorization_is_approved_under_one_key() -> None:
    feed = Feed(cents=10_000)
    feed.approve(100, "a1")
    other = feed.request(100, "a1", key="another")
    feed.tell(other, declined(other, DeclineReason.INVALID_TRANSACTION))
    assert feed.found == []
    third = feed.request(100, "a1", key="a third")
    feed.tell(third, feed.approval(third))
    assert feed.found == ["I9"]


@pytest.mark.parametrize("final", [CardStatus.CANCELLED, CardStatus.LOST, CardStatus.STOLEN])
def test_i9_what_is_cancelled_lost_or_stolen_stays_so_whatever_is_said_later(final: CardStatus) -> None:
    feed = Feed(cents=10_000)
    feed.open(card(status=final))
    feed.open(card())
    feed.approve(100)
    assert feed.found == ["I9"]


def test_i9_a_card_that_was_only_frozen_can_be_used_again() -> None:
    feed = Feed(cents=10_000)
    feed.open(card(status=CardStatus.FROZEN))
    feed.open(card())
    feed.approve(100)
    assert feed.found == []
