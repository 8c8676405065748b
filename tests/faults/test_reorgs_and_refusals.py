"""Blocks undone by the dozen, USDC that refuses, a cut line: nothing final is undone, nothing burns twice or never."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from storms import BUSY, stormy, tally
from worlds import Run

from contracts import loader
from simulators.backends.chain.anvil import HOW_TO_INSTALL, find_anvil
from simulators.backends.chain.local import LocalNode
from simulators.faults.chain import StormyChain
from simulators.faults.kinds import FaultKind
from simulators.faults.reorgs import ForkingChain
from simulators.settings import HOUR_NS, MINUTE_NS, SECOND_NS, Chain, Payday

SLOT_NS = BUSY.chain.slot_ns
ONE_BY_ONE = replace(BUSY.terms, batch_users=1)
"""A settlement for each user, so that several wait at once."""
SETTLES_NS = 29 * HOUR_NS
"""After the beginning of the traffic, when the first captures are settled."""
PAID_THEN = replace(BUSY.funding, paydays=(Payday(SETTLES_NS + SECOND_NS, 5_000),))
"""Deposits in the same blocks as settlements."""


def deep(seed: int, confirmations: int = 5, node: Any = "revm", **changes: Any) -> Run:
    chain = replace(BUSY.chain, confirmations=confirmations, node=node)
    world = {"chain": chain, "terms": ONE_BY_ONE, "funding": PAID_THEN} | changes
    return stormy("chain.deep_reorg", seed=seed, storms=3, **world)


@cache
def calm() -> Run:
    return stormy(terms=ONE_BY_ONE, chain=replace(BUSY.chain, confirmations=5), funding=PAID_THEN)


def undone(done: Run) -> Iterator[tuple[int, int, int]]:
    """When a deep reorg began, and the first and last block that it undid."""
    for row in done.of("fault"):
        if row["result"] == "injected":
            first, last = re.match(r"blocks (\d+) to (\d+): ", row["detail"]).groups()
            yield row["at_ns"], int(first), int(last)


def burned(done: Run) -> list[tuple[str, str, int]]:
    """Settlement, account and amount of each burn, in order."""
    return [(row["ref"], row["account"], row["amount_usdc6"]) for row in done.of("chain.settlement")]


def credited(done: Run) -> list[tuple[str, int]]:
    """Account and amount of each deposit."""
    return [(row["account"], row["amount_usdc6"]) for row in done.of("chain.deposit")]


@pytest.mark.parametrize("confirmations", [2, 3, 7])
def test_several_blocks_are_undone_and_none_of_them_was_told_or_final(
    confirmations: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = [0]
    went_back: list[tuple[int, int]] = []
    tell, rollback = StormyChain._tell_of_block, LocalNode.rollback

    def telling(self: StormyChain, executed: Any, seen: Any) -> None:
        told.append(self._node.head().number)
        tell(self, executed, seen)

    def going_back(self: LocalNode, block_number: int) -> tuple[str, ...]:
        assert block_number >= max(told), "a block that was told is undone"
        went_back.append((self.head().number, block_number))
        return rollback(self, block_number)

    monkeypatch.setattr(StormyChain, "_tell_of_block", telling)
    monkeypatch.setattr(LocalNode, "rollback", going_back)
    depths: set[int] = set()
    for seed in (1, 2, 3):
        told[:], went_back[:] = [0], []
        done = deep(seed, confirmations)
        found = list(undone(done))
        assert [(last, first - 1) for _, first, last in found] == went_back
        depths |= {last - first + 1 for _, first, last in found}
        for at_ns, first, last in found:
            until_ns = at_ns + (last - first + 1) * SLOT_NS
            assert not [tx for tx in done.of("chain.tx") if at_ns <= tx["at_ns"] < until_ns], "nobody hears of it"
        assert done.result.findings == ()
    assert depths <= set(range(2, confirmations + 1))
    assert len(depths) > 1 or confirmations == 2


def test_figures_of_supply_are_of_the_blocks_that_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, differed = ForkingChain._mine_in_vain, []

    def mining(self: ForkingChain, branch: Any, at_s: int) -> None:
        before = self.supply()
        mine(self, branch, at_s)
        assert self.supply() == before
        differed.append(loader.decode_uint(self._node.call(self.card_token, loader.encode_total_supply())) != before[0])

    monkeypatch.setattr(ForkingChain, "_mine_in_vain", mining)
    deep(1)
    assert any(differed), "what the node says of the branch is something else"


def test_what_was_undone_comes_again_whole_in_another_order_and_once() -> None:
    orders, blocks = set(), set()
    for seed in range(1, 7):
        done = deep(seed)
        assert sorted(burned(done)) == sorted(burned(calm()))
        assert sorted(credited(done)) == sorted(credited(calm()))
        assert len(done.of("deposit")) == len(done.of("chain.deposit")) == 2 * len(BUSY.cardholders)
        late = [tx for tx in done.of("chain.tx") if tx["at_ns"] > BUSY.warmup_ns + SETTLES_NS]
        went = [tx["ref"] for tx in late if tx["result"] == "ok"]
        assert len(went) == len(set(went))
        orders.add(tuple(re.search(r"to=(\w+)", tx["detail"])[1] for tx in late if tx["result"] == "ok"))
        blocks.add(len({tx["at_ns"] for tx in late}))
        assert done.result.findings == ()
    assert len(orders) > 1
    assert len(blocks) > 1


def test_a_settlement_that_a_reorg_made_the_mempool_forget_is_sent_again_by_the_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forgotten: list[str] = []
    sent_again: set[str] = set()
    forget, settle = StormyChain._forget, StormyChain.settle

    def forgetting(self: StormyChain, settlement_id: str) -> None:
        forgotten.append(settlement_id)
        forget(self, settlement_id)

    def settling(self: StormyChain, settlement: Any, addresses: dict[str, str]) -> None:
        if settlement.settlement_id in forgotten:
            sent_again.add(settlement.settlement_id)
        settle(self, settlement, addresses)

    monkeypatch.setattr(StormyChain, "_forget", forgetting)
    monkeypatch.setattr(StormyChain, "settle", settling)
    for seed in range(1, 7):
        assert sorted(burned(deep(seed))) == sorted(burned(calm()))
    assert forgotten
    assert sent_again == set(forgotten)


def told_rows(done: Run) -> list[tuple[Any, ...]]:
    """What happened on chain and between faults, but for hashes, gas and the engine's own timing."""
    kinds = ("fault", "chain.settlement", "chain.deposit", "funds")
    return [
        (row["at_ns"], row["kind"], row["account"], row["amount_usdc6"], row["result"], row["detail"])
        for row in done.of(*kinds)
    ]


def test_a_world_with_deep_reorgs_is_the_same_on_a_whole_chain_and_on_the_fast_one() -> None:
    fast, whole = deep(2), deep(2, node="py-evm")
    assert tally(fast)[FaultKind.DEEP_REORG]["injected"]
    assert told_rows(fast) == told_rows(whole)


def test_a_world_with_deep_reorgs_is_the_same_on_a_real_node() -> None:
    if find_anvil() is None:
        pytest.skip(f"anvil is not installed: {HOW_TO_INSTALL}")
    from simulators.backends.chain.anvil import start_anvil

    genesis_s = (BUSY.start_ns - BUSY.warmup_ns) // SECOND_NS - 60
    with start_anvil(genesis_timestamp_s=genesis_s) as anvil:
        chain = Chain(node="rpc", rpc_url=anvil.url, confirmations=5)
        real = deep(2, chain=chain)
    assert told_rows(real) == told_rows(deep(2))


def test_where_there_are_too_few_confirmations_a_reorg_would_undo_what_is_final_and_is_skipped() -> None:
    for confirmations, skipped in ((0, {"chain.reorg", "chain.deep_reorg"}), (1, {"chain.deep_reorg"})):
        chain = replace(BUSY.chain, confirmations=confirmations)
        done = stormy("chain.*reorg", chain=chain)
        counts = tally(done)
        assert {kind for kind, count in counts.items() if count["skipped"]} == skipped
        assert {kind for kind, count in counts.items() if not count["injected"]} == skipped
        assert done.result.findings == ()


@cache
def refusing(seed: int) -> Run:
    return stormy("chain.settlement_refused", seed=seed)


SEEDS = (1, 2, 3)


def test_usdc_stops_as_a_whole_or_blocks_the_treasury() -> None:
    ways = {row["detail"] for seed in SEEDS for row in refusing(seed).of("fault") if row["result"] == "injected"}
    assert ways == {"USDC is stopped", "the treasury is blocked"}


def test_a_settlement_that_usdc_refused_is_burned_later_under_the_same_id_and_once() -> None:
    fair = stormy()
    for seed in SEEDS:
        done = refusing(seed)
        assert sorted(burned(done)) == sorted(burned(fair)), "the same ids, accounts and amounts"
        refused = [tx for tx in done.of("chain.tx") if tx["result"] == "reverted" and "to=settleBatch" in tx["detail"]]
        assert len(refused) > 1, "the engine tried again while it lasted"
        assert min(row["at_ns"] for row in done.of("chain.settlement")) > refused[0]["at_ns"]
        assert done.result.findings == ()


def test_while_usdc_is_stopped_deposits_wait_and_are_paid_in_again() -> None:
    payday = Payday(SETTLES_NS + MINUTE_NS, 5_000)
    found: set[tuple[str, str]] = set()
    for seed in range(1, 6):
        done = stormy("chain.settlement_refused", seed=seed, storms=1, funding=replace(BUSY.funding, paydays=(payday,)))
        ways = [row["detail"] for row in done.of("fault") if row["result"] == "injected"]
        found |= {(way, tx["result"]) for way in ways for tx in done.of("chain.tx") if "to=mint" in tx["detail"]}
        assert sorted(credited(done)) == sorted(credited(stormy(seed=seed)))
        assert len(done.of("deposit")) == len(done.of("chain.deposit"))
        assert done.result.findings == ()
    assert ("USDC is stopped", "reverted") in found
    assert ("the treasury is blocked", "ok") in found
    assert ("the treasury is blocked", "reverted") not in found


def test_a_partition_loses_what_goes_in_and_what_goes_out_for_one_and_the_same_while() -> None:
    ways = set()
    for seed in SEEDS:
        done = stormy("network.partition", seed=seed)
        decided = {row["ref"] for row in done.of("engine")}
        answered = {row["ref"]: row["at_ns"] for row in done.of("authorize")}
        struck = [row for row in done.of("fault") if row["result"] == "injected"]
        for row in struck:
            ref = row["detail"].rpartition(" ")[2]
            if not ref.startswith("auth-") or "reversal" in row["detail"]:
                continue
            ways.add("out" if row["detail"].startswith("authorization ") else "in")
            assert (ref in decided) is row["detail"].startswith("authorization ")
            assert ref not in answered
        for spell in spells([row["at_ns"] for row in struck]):
            assert not [at_ns for at_ns in answered.values() if spell[0] <= at_ns < spell[1]]
    assert ways == {"in", "out"}


def spells(times_ns: list[int]) -> Iterator[tuple[int, int]]:
    """Runs of times, each less than half a minute after the one before."""
    first_ns = last_ns = times_ns[0]
    for at_ns in times_ns[1:]:
        if at_ns - last_ns > MINUTE_NS // 2:
            yield first_ns, last_ns
            first_ns = at_ns
        last_ns = at_ns
    yield first_ns, last_ns
