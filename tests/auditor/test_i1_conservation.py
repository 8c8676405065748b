"""I1: money is neither made nor lost."""

from __future__ import annotations

import pytest
from feed import Feed

from engine.domain import ledger
from engine.domain.ledger import Entry, EntryKind, Posting


def entry(*postings: tuple[str, str, str, int]) -> Entry:
    return Entry(EntryKind.CAPTURE, "p1", "ada", 5, 0, 0, tuple(Posting(*posting) for posting in postings))


@pytest.mark.parametrize("more,found", [(-1, ["I1"]), (0, []), (1, ["I1"])])
def test_i1_an_entry_of_two_postings_sums_to_zero(more: int, found: list[str]) -> None:
    feed = Feed()
    feed.auditor.journal(entry(("available", "ada", "usdc6", -100), ("held", "ada", "usdc6", 100 + more)))
    assert feed.found == found


@pytest.mark.parametrize("more,found", [(-1, ["I1"]), (0, []), (1, ["I1"])])
def test_i1_each_asset_sums_to_zero_by_itself(more: int, found: list[str]) -> None:
    feed = Feed()
    feed.auditor.journal(
        entry(
            ("held", "ada", "usdc6", -100), ("unsettled", "ada", "usdc6", 100),
            ("owed", "visa", "cents", 7), ("clearing", "visa", "cents", -7 + more),
        )
    )  # fmt: skip
    assert feed.found == found


def test_i1_two_assets_do_not_make_up_for_each_other() -> None:
    feed = Feed()
    feed.auditor.journal(entry(("held", "ada", "usdc6", -100), ("owed", "visa", "cents", 100)))
    assert feed.found == ["I1", "I1"]
    assert "-100 usdc6 left over" in feed.auditor.findings[0].message


def test_i1_the_entries_of_the_production_engine_are_sound() -> None:
    feed = Feed()
    for sound in (
        ledger.hold("a1", "ada", 1, 100),
        ledger.release("a1", "ada", 1, 100),
        ledger.capture(
            "p", "ada", "visa", 1, amount_cents=5, from_hold_usdc6=20_000, freed_usdc6=7, from_available_usdc6=10_000
        ),
        ledger.deposit("d", "ada", 1, 5),
        ledger.recovery("d", "ada", 1, 5),
        ledger.settlement("s", "ada", 1, burned_usdc6=3, missing_usdc6=2),
        ledger.withdrawal("w", "ada", 1, from_withdrawing_usdc6=3, from_available_usdc6=2),
    ):
        feed.auditor.journal(sound)
    assert feed.found == []


@pytest.mark.parametrize("held,found", [(999, ["I1"]), (1_000, []), (1_001, ["I1"])])
def test_i1_the_supply_equals_what_is_held(held: int, found: list[str]) -> None:
    feed = Feed()
    feed.auditor.supply(feed.now_ns, 1_000, held)
    assert feed.found == found


def test_i1_a_difference_is_told_once_while_it_stays_the_same() -> None:
    feed = Feed()
    for held in (999, 999, 998):
        feed.auditor.supply(feed.now_ns, 1_000, held)
    assert feed.found == ["I1", "I1"]
    assert feed.auditor.findings[0].message == (
        "at 2026-03-01T01:00:00.010Z 0.001 USDC of CardToken are out and 0.000999 USDC are held: a difference of "
        "-0.000001 USDC"
    )
