"""Every kind of fault is injected, met by the engine and survived; and each does on the wire what its name says."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from storms import BUSY, heard, stormy, struck, tally
from worlds import Run, run

from simulators.faults.kinds import FaultKind
from simulators.faults.plan import healed_at_ns
from simulators.settings import MS_NS, SECOND_NS

SEEDS = (1, 2, 3)


@cache
def worlds(kind: FaultKind) -> tuple[Run, ...]:
    storms = 4 if kind.group == "process" else 2  # they may come with the traffic or after it
    return tuple(stormy(kind.value, seed=seed, storms=storms) for seed in SEEDS)


@cache
def calm() -> Run:
    return run(BUSY)


@pytest.mark.parametrize("kind", FaultKind)
def test_it_is_injected_and_observed_and_survived(kind: FaultKind) -> None:
    counts = [tally(done)[kind] for done in worlds(kind)]
    assert all(count["planned"] and not count["skipped"] for count in counts)
    assert sum(count["injected"] for count in counts) > 0
    assert sum(count["observed"] for count in counts) > 0
    assert [finding for done in worlds(kind) for finding in done.result.findings] == []


@pytest.mark.parametrize("kind", FaultKind)
def test_nothing_is_injected_once_all_has_healed(kind: FaultKind) -> None:
    for done in worlds(kind):
        assert all(row["at_ns"] < healed_at_ns(BUSY) for row in done.of("fault") if row["result"] == "injected")


def test_in_fair_weather_there_is_no_fault_at_all() -> None:
    assert calm().of("fault") == []
    assert calm().of("authorize.timeout", "authorize.late", "authorize.error") == []


def by_ref(done: Run, kind: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in done.of(kind):
        found.setdefault(row["ref"], []).append(row)
    return found


def struck_ids(kind: FaultKind) -> list[tuple[Run, str]]:
    """Authorizations that were struck, each with its world."""
    pairs = [(done, what.rpartition(" ")[2]) for done in worlds(kind) for what in struck(done, kind)]
    found = [(done, ref) for done, ref in pairs if ref.startswith("auth-") and "reversal" not in ref]
    assert found
    return found


def slowest_ns(done: Run, *kinds: str) -> int:
    return max(row["latency_ns"] for row in done.of(*kinds))


@pytest.mark.parametrize("kind", [FaultKind.DROP_REQUEST, FaultKind.PARTITION_IN])
def test_a_lost_request_is_never_decided_and_times_out(kind: FaultKind) -> None:
    for done, ref in struck_ids(kind):
        assert ref in by_ref(done, "authorize.timeout")
        assert ref in by_ref(done, "reverse")
        assert not by_ref(done, "engine").get(ref) or ref in {r for _, r in struck_ids(FaultKind.DUPLICATE)}
        assert ref not in by_ref(done, "authorize")


@pytest.mark.parametrize("kind", [FaultKind.DROP_ANSWER, FaultKind.PARTITION_OUT])
def test_a_lost_answer_was_given_and_is_reversed(kind: FaultKind) -> None:
    for done, ref in struck_ids(kind):
        assert ref in by_ref(done, "engine")
        assert ref in by_ref(done, "authorize.timeout")
        assert ref in by_ref(done, "reverse")
        assert ref not in by_ref(done, "authorize")


def test_a_duplicate_is_answered_a_second_time() -> None:
    for done, ref in struck_ids(FaultKind.DUPLICATE):
        answers = [row["result"] for row in by_ref(done, "engine").get(ref, ())]
        assert len(answers) >= 2 or ref in by_ref(done, "reverse")
        assert len(set(answers)) == 1


def test_a_late_answer_comes_after_the_deadline() -> None:
    for done, ref in struck_ids(FaultKind.LATE_ANSWER):
        (late,) = by_ref(done, "authorize.late")[ref]
        assert late["latency_ns"] > BUSY.networks[0].deadline_ns


def test_a_reversal_that_comes_first_refuses_its_original() -> None:
    for done, ref in struck_ids(FaultKind.REVERSAL_FIRST):
        reversal, decision = by_ref(done, "reverse")[ref][0], by_ref(done, "engine")[ref][-1]
        assert reversal["at_ns"] < decision["at_ns"]
        assert (reversal["result"], decision["result"]) == ("nothing_held", "reversed_before_arrival")


def test_a_message_held_back_is_overtaken() -> None:
    overtaken = 0
    for done in worlds(FaultKind.REORDER):
        order = [row["ref"] for row in done.of("engine")]
        overtaken += order != sorted(order)
    assert overtaken == len(SEEDS)


@pytest.mark.parametrize("kind", [FaultKind.DELAY, FaultKind.CLOG])
def test_late_messages_make_late_answers(kind: FaultKind) -> None:
    for done, ref in struck_ids(kind):
        rows = [*by_ref(done, "authorize").get(ref, ()), *by_ref(done, "authorize.late").get(ref, ())]
        assert rows
        assert rows[0]["latency_ns"] > 0
    slow = max(slowest_ns(done, "authorize", "authorize.late") for done in worlds(kind))
    assert slow > 5 * slowest_ns(calm(), "authorize")


@pytest.mark.parametrize("kind", [FaultKind.PAUSE, FaultKind.SLOW, FaultKind.STORE_SLOW])
def test_what_slows_the_engine_shows_inside_it(kind: FaultKind) -> None:
    assert max(slowest_ns(done, "engine") for done in worlds(kind)) > max(2 * slowest_ns(calm(), "engine"), 80 * MS_NS)


@pytest.mark.parametrize("kind", [FaultKind.CRASH, FaultKind.POWER_CUT])
def test_when_the_process_dies_callers_lose_their_connection(kind: FaultKind) -> None:
    refused = [row for done in worlds(kind) for row in done.of("authorize.error", "authorize.timeout")]
    assert refused
    assert {row["result"] for done in worlds(kind) for row in done.of("authorize.error")} <= {"ConnectionLost"}


@pytest.mark.parametrize("kind", [FaultKind.STORE_FAILED, FaultKind.UNKNOWN_OUTCOME])
def test_where_a_store_fails_the_engine_cannot_always_decide(kind: FaultKind) -> None:
    unsure = [row for done in worlds(kind) for row in done.of("authorize") if row["result"] == "issuer_unavailable"]
    assert unsure


def test_the_edge_of_the_calendar_is_within_the_traffic() -> None:
    from simulators.faults.calendar import EDGES

    edges = {int(edge.timestamp()) * SECOND_NS for edge in EDGES.values()}
    for done in worlds(FaultKind.CALENDAR_EDGE):
        start_ns = done.result.start_ns
        assert any(start_ns < edge_ns < start_ns + BUSY.traffic_ns for edge_ns in edges)
        assert len(done.of("engine")) >= len(BUSY.script)


def test_a_reorg_undoes_a_block_and_what_was_in_it_comes_later() -> None:
    for done in worlds(FaultKind.REORG):
        for row in done.of("fault"):
            if row["result"] == "injected":
                number = row["detail"].split()[1].rstrip(":")
                mined = [tx["at_ns"] for tx in done.of("chain.tx") if f"block={number}" in tx["detail"].split()]
                assert mined
                assert min(mined) >= row["at_ns"] + BUSY.chain.slot_ns


@pytest.mark.parametrize(
    "kind", [FaultKind.STUCK_NONCE, FaultKind.SKIPPED_NONCE, FaultKind.DROPPED_TRANSACTION], ids=str
)
def test_a_settlement_whose_transaction_is_held_up_is_burned_later_and_once(kind: FaultKind) -> None:
    held = 0
    for done in worlds(kind):
        burned = by_ref(done, "chain.settlement")
        for row in done.of("fault"):
            if row["result"] == "injected":
                accounts = [one["account"] for one in burned[row["detail"]]]
                assert len(accounts) == len(set(accounts))
                held += min(one["at_ns"] for one in burned[row["detail"]]) > row["at_ns"] + 60 * SECOND_NS
    assert held
    if kind is FaultKind.SKIPPED_NONCE:
        assert any("to=filler" in tx["detail"] for done in worlds(kind) for tx in done.of("chain.tx"))


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        (FaultKind.PAUSED_CONTRACT, "settleBatch"),
        (FaultKind.SETTLEMENT_REFUSED, "settleBatch"),
        (FaultKind.TRANSFER_REFUSED, "depositBatch"),
    ],
)
def test_what_the_contract_refuses_is_reverted_and_sent_again(kind: FaultKind, call: str) -> None:
    found: set[str] = set()
    for done in worlds(kind):
        ends = [tx["result"] for tx in done.of("chain.tx") if f"to={call}" in tx["detail"]]
        assert ends[-1] == "ok"
        found |= set(ends)
    assert found == {"ok", "reverted"}


def test_while_fees_are_too_high_nothing_is_mined() -> None:
    for done in worlds(FaultKind.FEE_SPIKE):
        for row in done.of("fault"):
            if row["result"] == "injected":
                quiet_ns = range(row["at_ns"], row["at_ns"] + 30 * SECOND_NS)
                assert not [tx for tx in done.of("chain.tx") if tx["at_ns"] in quiet_ns]


@pytest.mark.parametrize("kind", [FaultKind.RPC_DOWN, FaultKind.RPC_UNKNOWN_OUTCOME])
def test_a_node_that_does_not_answer_delays_no_burn_beyond_its_bound(kind: FaultKind) -> None:
    total = sum(row["amount_usdc6"] for row in calm().of("chain.settlement"))
    for done in worlds(kind):
        assert sum(row["amount_usdc6"] for row in done.of("chain.settlement")) == total


def test_the_notices_that_are_struck_are_told_again_twice_late_or_in_another_order() -> None:
    def told(kind: FaultKind) -> list[list[str]]:
        return [heard("deposit", kind.value, seed=seed) for seed in SEEDS]

    deposits = len(calm().of("deposit"))
    for lists in (told(FaultKind.NOTICE_LOST), told(FaultKind.NOTICE_DUPLICATE)):
        assert any(len(ids) > deposits for ids in lists)
        assert all(len(set(ids)) == deposits for ids in lists)
    for done in worlds(FaultKind.NOTICE_REORDER):
        on_chain, answered = ([row["ref"] for row in done.of(kind)] for kind in ("chain.deposit", "deposit"))
        assert sorted(on_chain) == sorted(answered)
        assert (on_chain != answered) is bool(struck(done, FaultKind.NOTICE_REORDER))
    last = max(row["at_ns"] for row in calm().of("deposit"))
    assert max(row["at_ns"] for done in worlds(FaultKind.NOTICE_DELAY) for row in done.of("deposit")) > last


def test_clearing_files_are_struck_as_they_say() -> None:
    def presented(done: Run) -> dict[str, list[int]]:
        rows = by_ref(done, "capture")
        return {ref: [row["amount_cents"] for row in rows[ref]] for ref in rows}

    plain = presented(calm())
    days = {ref: rows[0]["at_ns"] for ref, rows in by_ref(calm(), "capture").items()}
    for done in worlds(FaultKind.CLEARING_MISSING):
        late = {
            ref for ref, rows in by_ref(done, "capture").items() if rows[0]["at_ns"] > days[ref] + 3_600 * SECOND_NS
        }
        assert late == set(struck(done, FaultKind.CLEARING_MISSING))
    for done in worlds(FaultKind.CLEARING_DUPLICATE):
        twice = {ref for ref, rows in by_ref(done, "capture").items() if len(rows) > 1}
        assert twice
        assert twice <= set(struck(done, FaultKind.CLEARING_DUPLICATE))
        assert all([row["result"] for row in by_ref(done, "capture")[ref]][1:] == ["duplicate"] for ref in twice)
    for done in worlds(FaultKind.CLEARING_UNMATCHED):
        assert {f"{ref}.1" for ref in struck(done, FaultKind.CLEARING_UNMATCHED)} == presented(
            done
        ).keys() - plain.keys()
    for kind in (FaultKind.CLEARING_AMOUNT_DRIFT, FaultKind.CLEARING_CURRENCY_DRIFT):
        assert any(presented(done) != plain for done in worlds(kind))
        assert all(presented(done).keys() == plain.keys() for done in worlds(kind))
