"""I12: nothing is left hanging. And I14, which takes two runs."""

from __future__ import annotations

from typing import Any

import pytest
from feed import DAY_NS, HOUR_NS, MS, SECOND_NS, Feed

from engine.interface import (
    AccountOpening,
    AuthorizationKind,
    DepositNotice,
    ReversalRequest,
    WithdrawalNotice,
    WithdrawalStage,
)
from simulators.auditor import Tick, determinism_finding


def messages(feed: Feed) -> list[Any]:
    return [
        AccountOpening("ada", "0x", ()),
        feed.request(100, "a1"),
        ReversalRequest("r1", "a0", "ada-card", "visa", 1),
        feed.batch(("a0", 100, True), key="b1"),
        DepositNotice("0xd:7", "ada", 1, 1),
        WithdrawalNotice("0xw:7", "ada", WithdrawalStage.REQUESTED, 1, 1),
        Tick("expire", 5),
        Tick("settle", 5),
    ]


@pytest.mark.parametrize("index", range(8))
@pytest.mark.parametrize("how", ["hangs", "fails", "hangs the second time"])
def test_i12_every_request_is_answered_or_fails(index: int, how: str) -> None:
    feed = Feed()
    message = messages(feed)[index]
    if how != "hangs":
        feed.send(message)
        feed.fail(message)
    if how != "fails":
        feed.send(message)
    feed.auditor.finish(feed.now_ns)
    assert feed.found == ([] if how == "fails" else ["I12"])
    if how == "hangs":
        assert "never answered" in feed.message


def test_i12_an_unanswered_request_is_named() -> None:
    feed = Feed()
    feed.send(feed.batch(("a0", 100, True), key="visa-20260301/0"))
    feed.auditor.finish(feed.now_ns)
    assert feed.message == "clearing batch visa-20260301/0 was sent and never answered"


@pytest.mark.parametrize("how,found", [("ended by a tick", []), ("left", ["I12"]), ("not held any more", [])])
def test_i12_a_hold_is_ended_after_its_validity(how: str, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    ref = feed.approve(4_000)
    feed.pass_(5 * DAY_NS + 3 * HOUR_NS)
    if how == "ended by a tick":
        feed.expire(ref)
    elif how == "not held any more":
        feed.balance(available=10_000)
    else:
        feed.balance(available=6_000, held=4_000)
    feed.auditor.finish(feed.now_ns)
    assert feed.found == found


@pytest.mark.parametrize("after_ns,found", [(-SECOND_NS, []), (SECOND_NS, ["I12"])])
def test_i12_a_tick_has_its_time(after_ns: int, found: list[str]) -> None:
    feed = Feed(cents=10_000, grace_ns=HOUR_NS)
    feed.approve(4_000)
    feed.pass_(5 * DAY_NS + HOUR_NS + after_ns)
    feed.decline(1)
    feed.auditor.finish(feed.now_ns)
    assert feed.found == found


@pytest.mark.parametrize("early_ns,found", [(-1, []), (0, []), (1, ["I12"])])
def test_i12_a_hold_lasts_until_the_promised_instant(early_ns: int, found: list[str]) -> None:
    feed = Feed(cents=10_000)
    request = feed.send(feed.request(4_000, "a1"))
    end_ns = feed.now_ns + 5 * DAY_NS
    feed.answer(request, feed.approval(request, until_ns=end_ns))
    feed.now_ns = end_ns
    feed.expire("a1", now_ns=end_ns - early_ns)
    assert feed.found == found


@pytest.mark.parametrize("off_ns,found", [(-1, ["I12"]), (0, []), (30 * MS, []), (30 * MS + 1, ["I12"])])
def test_i12_the_promised_instant_is_a_validity_after_the_decision(off_ns: int, found: list[str]) -> None:
    """Sent by the network 20 ms before it arrived, answered 10 ms after: anywhere in these 30 ms."""
    for kind, network, days in (
        (AuthorizationKind.PURCHASE, "visa", 5),
        (AuthorizationKind.PURCHASE, "amex", 7),
        (AuthorizationKind.PREAUTHORIZATION, "visa", 30),
    ):
        feed = Feed(cents=10_000)
        sent_ns = feed.now_ns - 20 * MS
        request = feed.send(feed.request(100, sent_at_ns=sent_ns, kind=kind, network=network))
        feed.answer(request, feed.approval(request, until_ns=sent_ns + days * DAY_NS + off_ns))
        assert feed.found == found


def test_i12_the_slow_answer_of_a_slow_engine_is_not_wrong() -> None:
    """An hour between sending and answering: the hold may have begun anywhere in it, and is not counted on."""
    feed = Feed(cents=10_000)
    request = feed.send(feed.request(10_000))
    until_ns = feed.now_ns + 5 * DAY_NS
    feed.pass_(HOUR_NS)
    feed.answer(request, feed.approval(request, until_ns=until_ns))
    feed.approve(10_000)
    assert feed.found == []


def test_i12_what_is_not_burned_at_the_end_is_told_again() -> None:
    feed = Feed(cents=10_000)
    feed.capture(feed.approve(4_000), 4_000)
    feed.auditor.finish(feed.now_ns + 5 * HOUR_NS)
    assert feed.found == ["I7", "I12"]


def test_i12_what_is_within_its_bound_at_the_end_is_let_be() -> None:
    feed = Feed(cents=10_000)
    feed.capture(feed.approve(4_000), 4_000)
    feed.approve(1_000)
    feed.auditor.finish(feed.now_ns + 3 * HOUR_NS)
    assert feed.found == []


def test_i14_two_runs_of_one_scenario_have_one_trace() -> None:
    assert determinism_finding("ab" * 32, "ab" * 32) is None
    finding = determinism_finding("ab" * 32, "ac" * 32, at_ns=7, ref="grocery_week")
    assert finding is not None
    assert (finding.invariant, finding.at_ns, finding.ref) == ("I14", 7, "grocery_week")
    assert "ab" * 32 in finding.message
    assert "ac" * 32 in finding.message


def test_findings_beyond_a_thousand_are_counted_and_not_kept() -> None:
    feed = Feed(cents=0)
    for n in range(1_200):
        feed.approve(1, f"x{n}")
    assert len(feed.auditor.findings) == 1_000
    assert feed.auditor.counts == {"I2": 1_200}
