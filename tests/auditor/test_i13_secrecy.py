"""I13: no card number leaves the engine in clear, and no finding repeats it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from feed import Feed, posted
from hypothesis import given
from hypothesis import strategies as st

from engine.interface import AuthorizationResponse, EngineError, NoticeReceipt, StatementEntry, StatementKind
from simulators.auditor.secrecy import Secrets

PAN = "4111111111111111"


def feed_with_a_pan() -> Feed:
    return Feed(cents=10_000, pans={"ada": PAN})


def check(feed: Feed, where: str) -> None:
    assert set(feed.found) >= {"I13"}
    told = [finding for finding in feed.auditor.findings if finding.invariant == "I13"]
    assert [where in finding.message for finding in told] == [True]
    assert not any(PAN in f"{finding.message} {finding.ref}" for finding in told)
    assert "it ends in 1111" in told[0].message


def test_i13_not_in_an_exception_nor_in_its_cause() -> None:
    for deep in (False, True):
        feed = feed_with_a_pan()
        request = feed.send(feed.request(100))
        error = EngineError("no answer" if deep else f"card {PAN} is not there")
        if deep:
            error.__cause__ = ValueError(f"row {PAN}")
        feed.auditor.failed(feed.now_ns, request, error)
        check(feed, "the message of EngineError")


def test_i13_not_in_an_answer() -> None:
    feed = feed_with_a_pan()
    request = feed.request(100)
    feed.tell(request, AuthorizationResponse(request.authorization_id, True, 100, PAN, None, feed.now_ns))
    check(feed, "the answer to AuthorizationRequest")


def test_i13_not_in_a_receipt() -> None:
    feed = feed_with_a_pan()
    notice = feed.deposit(1)
    feed.tell(notice, NoticeReceipt(f"deposit for {PAN}", False))
    check(feed, "the answer to DepositNotice")


def test_i13_not_in_the_statement() -> None:
    feed = feed_with_a_pan()
    feed.auditor.statement([StatementEntry(StatementKind.CAPTURE, f"{PAN}.1", "ada", 1, feed.now_ns)])
    check(feed, "the statement")


def entry(ref: str, owner: str) -> SimpleNamespace:
    postings = (("available", "", "usdc6", -100), ("held", owner, "usdc6", 100))
    return SimpleNamespace(ref=ref, at_ns=0, postings=postings)


@pytest.mark.parametrize("ref,owner", [(PAN, "ada"), (f"auth-{PAN}", "ada"), ("auth-1", PAN), ("auth-1", f"of {PAN}")])
def test_i13_not_in_the_journal(ref: str, owner: str) -> None:
    feed = feed_with_a_pan()
    for _ in range(2):
        feed.auditor.journal(entry(ref, owner))
    check(feed, "the journal")


def test_i13_a_name_that_was_harmless_is_looked_at_again_when_it_has_become_a_secret() -> None:
    feed = feed_with_a_pan()
    feed.auditor.journal(entry("auth-1", "the-name-of-somebody"))
    assert feed.found == []
    feed.auditor.secret("the-name-of-somebody", "a name")
    feed.auditor.journal(entry("auth-2", "the-name-of-somebody"))
    assert feed.found == ["I13"]


def test_i13_not_in_a_log() -> None:
    feed = feed_with_a_pan()
    feed.auditor.overheard(feed.now_ns, "the log of engine.services", f"authorize card={PAN} amount=100")
    check(feed, "the log of engine.services")


def test_i13_one_leak_in_one_place_is_told_once() -> None:
    feed = feed_with_a_pan()
    for _ in range(3):
        feed.auditor.overheard(feed.now_ns, "the log", PAN)
    assert feed.found == ["I13"]
    feed.auditor.overheard(feed.now_ns, "the trace", PAN)
    assert feed.found == ["I13", "I13"]


@pytest.mark.parametrize(
    "text,found",
    [
        (PAN, True),
        ("4111 1111 1111 1111", True),
        ("4111-1111-1111-1111", True),
        (f"id{PAN}x", True),
        (f"0099{PAN}77", True),
        (PAN[:-1], False),
        (f"{PAN[:-1]}2", False),
        ("411111******1111", False),
        ("ends in 1111", False),
        ("1772323200000000000", False),
    ],
)
def test_i13_a_number_is_seen_in_whatever_it_stands_and_nothing_else_is(text: str, found: bool) -> None:
    feed = feed_with_a_pan()
    feed.auditor.overheard(feed.now_ns, "the log", f"before {text} after")
    assert feed.found == (["I13"] if found else [])


def test_i13_any_value_may_be_named_a_secret() -> None:
    feed = Feed()
    feed.auditor.secret("s3cr3t-k3y-of-visa", "the key of a network")
    feed.auditor.overheard(feed.now_ns, "the log", "signed with s3cr3t-k3y-of-visa")
    assert feed.message.startswith("the key of a network stands in clear in the log")
    with pytest.raises(ValueError, match="too short to be looked for"):
        feed.auditor.secret("123", "a CVV")


@given(
    before=st.text(alphabet="0123456789 -abc", max_size=30),
    after=st.text(alphabet="0123456789 -abc", max_size=30),
    gap=st.sampled_from(["", " ", "-"]),
)
def test_i13_whatever_stands_around_a_number_does_not_hide_it(before: str, after: str, gap: str) -> None:
    secrets = Secrets()
    secrets.add(PAN, "the number of a card")
    shown = gap.join(PAN[i : i + 4] for i in range(0, 16, 4))
    assert list(secrets.within(before + shown + after))


def test_i13_a_sound_run_has_no_alarm() -> None:
    feed = feed_with_a_pan()
    batch = feed.batch((feed.approve(100), 100, True))
    feed.tell(batch, posted(batch))
    assert feed.found == []
