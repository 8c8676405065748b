"""Three-way reconciliation: a planted break is found where it is, and explained only on evidence."""

from __future__ import annotations

import pytest

from engine.interface import Terms
from tests.reports.rows import END_NS, book, breaks_of, burn, check_of, end, presented, report_of, swipe, unexplained
from tests.reports.sample import S, row

USDC6 = 1_000_000
BOUND_NS = Terms().settlement_bound_ns


def settled(ref: str, usdc6: int, *, account: str = "ann", at_ns: int = 3 * S) -> list:
    return [
        burn(ref, usdc6, account=account, at_ns=at_ns),
        book("settlement", ref, usdc6, account=account, at_ns=at_ns + S),
    ]


def sound() -> list:
    """10 dollars presented, captured, settled, burned."""
    return [*presented("p1", 1_000), *settled("0xs1", 10 * USDC6), end()]


def without(parts: list, kind: str, result: str = "") -> list:
    return [
        part for part in parts if not (part["kind"].iat[0] == kind and (not result or part["result"].iat[0] == result))
    ]


def test_a_sound_world_reconciles():
    report = report_of(*sound())
    assert breaks_of(report) == []
    assert all(check["ok"] for check in report["checks"])
    assert report["reconciliation"]["network_ledger"]["matched"] == 1
    assert report["reconciliation"]["ledger_chain"]["matched"] == 1


def test_a_presentment_that_the_ledger_forgot_is_missing_there():
    report = report_of(*without(sound(), "ledger", "capture"))
    assert ("network_ledger", "missing_in_ledger", "p1") in unexplained(report)
    assert not check_of(report, "reconciliation.network_ledger")["ok"]


def test_a_capture_that_no_network_presented_is_missing_there():
    report = report_of(
        *sound(), book("capture", "ghost", 5 * USDC6), book("settlement", "0xs2", 5 * USDC6), burn("0xs2", 5 * USDC6)
    )
    assert unexplained(report) == [("network_ledger", "missing_in_network", "ghost")]


def test_a_capture_of_another_amount_differs():
    parts = [*presented("p1", 1_000), *settled("0xs1", 11 * USDC6), end()]
    parts[2] = book("capture", "p1", 11 * USDC6)
    report = report_of(*parts)
    assert unexplained(report) == [("network_ledger", "amount_differs", "p1")]
    (found,) = report["reconciliation"]["breaks"]
    assert (found["expected"], found["actual"]) == (10 * USDC6, 11 * USDC6)


def test_one_usdc6_of_difference_is_a_break():
    parts = sound()
    parts[2] = book("capture", "p1", 10 * USDC6 + 1)
    assert ("network_ledger", "amount_differs", "p1") in unexplained(report_of(*parts))


def test_a_presentment_captured_twice_is_a_duplicate():
    report = report_of(*presented("p1", 1_000), book("capture", "p1", 10 * USDC6), *settled("0xs1", 20 * USDC6), end())
    assert unexplained(report) == [("network_ledger", "duplicate_in_ledger", "p1")]


def test_a_file_that_was_sent_twice_and_posted_once_is_no_break():
    again = presented("p1", 1_000, at_ns=5 * S, outcome="duplicate")
    assert breaks_of(report_of(*sound(), *again)) == []


def test_a_replayed_answer_is_no_second_capture():
    replayed = presented("p1", 1_000, at_ns=5 * S)[:2]
    assert breaks_of(report_of(*sound(), *replayed)) == []


def test_an_answer_that_says_another_amount_than_the_ledger_is_a_break():
    parts = sound()
    parts[1] = parts[1].assign(amount_usdc6=9 * USDC6)
    assert unexplained(report_of(*parts)) == [("network_ledger", "answer_differs", "p1")]


def test_a_capture_on_another_account_is_a_break():
    parts = sound()
    parts[2] = book("capture", "p1", 10 * USDC6, account="bob")
    report = report_of(*parts)
    assert ("network_ledger", "wrong_account", "p1") in unexplained(report)
    found = report["reconciliation"]["breaks"][0]
    assert (found["account"], found["booked_on"]) == ("ann", "bob")


def test_an_unknown_card_explains_what_was_not_posted():
    report = report_of(*presented("p1", 1_000, outcome="unknown_card"), end())
    assert breaks_of(report) == [("network_ledger", "missing_in_ledger", "p1")]
    assert unexplained(report) == []


def test_unknown_card_is_no_excuse_where_the_engine_had_approved_that_account():
    report = report_of(swipe("a1"), *presented("p1", 1_000, outcome="unknown_card"), end())
    assert unexplained(report) == [("network_ledger", "missing_in_ledger", "p1")]


@pytest.mark.parametrize(("before_end_ns", "explained"), [(300 * S, True), (300 * S + 1, False)])
def test_a_file_sent_just_before_the_end_explains_what_is_not_in_the_ledger(before_end_ns: int, explained: bool):
    sent = row("present", ref="p9", at_ns=END_NS - before_end_ns, amount_cents=500, network="visa")
    assert (unexplained(report_of(sent, end())) == []) is explained


def test_a_file_that_was_answered_is_not_explained_by_the_end():
    sent = presented("p9", 500, at_ns=END_NS - S)[:2]
    assert unexplained(report_of(*sent, end())) == [("network_ledger", "missing_in_ledger", "p9")]


def test_a_settlement_that_the_chain_never_saw_is_missing_there():
    report = report_of(*without(sound(), "chain.settlement"))
    assert unexplained(report) == [("ledger_chain", "missing_on_chain", "0xs1")]


def test_a_burn_that_the_ledger_does_not_know_is_missing_in_it():
    report = report_of(*sound(), burn("0xs9", 3 * USDC6))
    assert unexplained(report) == [("ledger_chain", "missing_in_ledger", "0xs9")]


def test_a_burn_of_another_amount_differs():
    parts = sound()
    parts[3] = burn("0xs1", 9 * USDC6)
    assert unexplained(report_of(*parts)) == [("ledger_chain", "amount_differs", "0xs1")]


def test_a_shortfall_of_exactly_the_difference_explains_it():
    parts = sound()
    parts[3] = burn("0xs1", 9 * USDC6)
    short = burn("0xs1", USDC6, kind="chain.shortfall")
    report = report_of(*parts, short)
    assert breaks_of(report) == [("ledger_chain", "amount_differs", "0xs1")]
    assert unexplained(report) == []
    assert unexplained(report_of(*parts, short.assign(amount_usdc6=USDC6 - 1))) != []
    assert unexplained(report_of(*parts, short.assign(account="bob"))) != []


def test_a_burn_done_twice_is_a_break():
    report = report_of(*sound(), burn("0xs1", 10 * USDC6, at_ns=9 * S))
    assert unexplained(report) == [("ledger_chain", "burned_twice", "0xs1")]


def test_a_settlement_booked_twice_is_a_break():
    found = unexplained(report_of(*sound(), book("settlement", "0xs1", 10 * USDC6)))
    assert ("ledger_chain", "settled_twice_in_ledger", "0xs1") in found


def test_one_batch_of_two_users_is_matched_user_by_user():
    parts = [*presented("p1", 1_000), *presented("p2", 700, account="bob"), *settled("0xs1", 10 * USDC6), end()]
    report = report_of(*parts, *settled("0xs1", 7 * USDC6, account="bob"))
    assert (breaks_of(report), report["reconciliation"]["ledger_chain"]["matched"]) == ([], 2)


def test_what_was_captured_and_never_settled_is_a_break():
    assert unexplained(report_of(*presented("p1", 1_000), end())) == [("ledger_chain", "not_settled", "ann")]


@pytest.mark.parametrize(("before_end_ns", "explained"), [(BOUND_NS, True), (BOUND_NS + 1, False)])
def test_what_was_captured_within_the_settlement_bound_before_the_end_is_in_flight(before_end_ns: int, explained: bool):
    parts = [*presented("p1", 1_000, at_ns=END_NS - before_end_ns)[:2], end()]
    parts.append(book("capture", "p1", 10 * USDC6, at_ns=END_NS - before_end_ns))
    report = report_of(*parts)
    assert breaks_of(report) == [("ledger_chain", "not_settled", "ann")]
    assert (unexplained(report) == []) is explained
    assert report["reconciliation"]["totals"]["outstanding_usdc6"] == 10 * USDC6


def test_a_recent_capture_does_not_explain_an_older_one():
    old, recent = presented("p1", 1_000), presented("p2", 999, at_ns=END_NS - 60 * S)
    assert unexplained(report_of(*old, *recent, end())) == [("ledger_chain", "not_settled", "ann")]


def test_a_receivable_is_not_to_be_settled():
    parts = [*presented("p1", 1_000), book("receivable", "p1", 4 * USDC6), *settled("0xs1", 6 * USDC6), end()]
    report = report_of(*parts)
    totals = report["reconciliation"]["totals"]
    assert breaks_of(report) == []
    assert (
        totals["captured_usdc6"] - totals["receivable_usdc6"] == totals["settled_usdc6"] + totals["outstanding_usdc6"]
    )


def test_a_recovered_receivable_is_to_be_settled_after_all():
    parts = [*presented("p1", 1_000), book("receivable", "p1", 4 * USDC6), *settled("0xs1", 6 * USDC6), end()]
    recovered = book("recovery", "recovery:d2", 4 * USDC6, at_ns=5 * S)
    assert unexplained(report_of(*parts, recovered)) == [("ledger_chain", "not_settled", "ann")]
    assert breaks_of(report_of(*parts, recovered, *settled("0xs2", 4 * USDC6, at_ns=6 * S))) == []


def test_a_shortfall_that_the_ledger_booked_as_receivable_reconciles():
    parts = [*presented("p1", 1_000), *settled("0xs1", 9 * USDC6), book("receivable", "0xs1", USDC6), end()]
    assert breaks_of(report_of(*parts, burn("0xs1", USDC6, kind="chain.shortfall"))) == []


def test_a_settlement_of_nothing_agrees_with_a_burn_that_found_nothing():
    booked = book("settlement", "0xs1", 0)
    owed = book("receivable", "0xs1", 10 * USDC6)
    parts = [*presented("p1", 1_000), booked, owed, end()]
    assert breaks_of(report_of(*parts, burn("0xs1", 10 * USDC6, kind="chain.shortfall"))) == []
    assert unexplained(report_of(*parts)) == [("ledger_chain", "missing_on_chain", "0xs1")]


def test_settling_more_than_was_captured_is_a_break():
    report = report_of(*presented("p1", 1_000), *settled("0xs1", 10 * USDC6 + 1), end())
    assert unexplained(report) == [("ledger_chain", "settled_too_much", "ann")]


def funded(kind: str = "deposit", ref: str = "0xd1:0", *, at_ns: int = S) -> list:
    on_chain = row(f"chain.{kind}", ref=ref, at_ns=at_ns, account="ann", amount_usdc6=50 * USDC6, result="completed")
    return [on_chain, book(kind, ref, 50 * USDC6)]


@pytest.mark.parametrize("kind", ["deposit", "withdrawal"])
def test_funding_reconciles_by_id_amount_and_account(kind: str):
    chain, ledger = funded(kind)
    assert breaks_of(report_of(chain, ledger, end())) == []

    def kinds(*parts):
        return [found[1] for found in unexplained(report_of(*parts, end()))]

    assert kinds(chain) == [f"{kind}_missing_in_ledger"]
    assert kinds(ledger) == [f"{kind}_missing_on_chain"]
    assert kinds(chain, ledger, ledger) == [f"{kind}_twice_in_ledger"]
    assert kinds(chain, ledger.assign(amount_usdc6=1)) == [f"{kind}_amount_differs"]
    assert kinds(chain, ledger.assign(account="bob")) == [f"{kind}_wrong_account"]


def test_a_withdrawal_counts_once_it_is_completed():
    requested = row("chain.withdrawal", ref="0xw:0", at_ns=S, account="ann", amount_usdc6=USDC6, result="requested")
    assert breaks_of(report_of(requested, end())) == []


@pytest.mark.parametrize(("before_end_ns", "explained"), [(300 * S, True), (300 * S + 1, False)])
def test_a_deposit_just_before_the_end_is_explained_by_its_confirmations(before_end_ns: int, explained: bool):
    chain = funded(at_ns=END_NS - before_end_ns)[0]
    assert (unexplained(report_of(chain, end())) == []) is explained


def test_a_deposit_that_the_engine_was_told_of_is_not_explained_by_the_end():
    chain = funded(at_ns=END_NS - 60 * S)[0]
    told = row("deposit", ref="0xd1:0", at_ns=END_NS - 30 * S, account="ann", result="applied", latency_ns=1)
    assert unexplained(report_of(chain, told, end())) == [("funding_ledger", "deposit_missing_in_ledger", "0xd1:0")]


def test_breaks_are_listed_up_to_a_limit_and_counted_beyond_it():
    lost = [row("present", ref=f"p{n:04d}", at_ns=S, amount_cents=100, network="visa") for n in range(250)]
    section = report_of(*lost, end())["reconciliation"]
    assert (len(section["breaks"]), section["breaks_left_out"]) == (200, 50)
    assert section["network_ledger"]["unexplained"] == 250
    assert section["by_kind"][0]["count"] == 250
    assert section["by_kind"][0]["difference_usdc6"] == -250 * USDC6


def test_many_breaks_of_one_leg_never_crowd_out_those_of_another():
    lost = [row("present", ref=f"p{n:04d}", at_ns=S, amount_cents=100, network="visa") for n in range(250)]
    report = report_of(*lost, burn("0xs9", 3 * USDC6), end())
    assert ("ledger_chain", "missing_in_ledger", "0xs9") in unexplained(report)
    assert "0xs9, expected $3.00, found $0.00" in check_of(report, "reconciliation.ledger_chain")["detail"]


def test_a_leg_whose_breaks_are_all_explained_holds():
    check = check_of(report_of(*presented("a", 100, outcome="unknown_card"), end()), "reconciliation.network_ledger")
    assert check["ok"]
    assert check["detail"] == "0 matched, 1 break explained"


def test_unexplained_breaks_come_before_explained_ones():
    report = report_of(*presented("a", 100, outcome="unknown_card"), *sound(), burn("0xs9", USDC6))
    assert [found["explained_by"] is None for found in report["reconciliation"]["breaks"]] == [True, False]
