"""The plan of faults: drawn from the seed alone, and stable under removal."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storms import BUSY, run, stormy

from simulators.faults.kinds import FaultKind, chosen
from simulators.faults.plan import Storm, healed_at_ns, plan_of
from simulators.keep import Keep
from simulators.settings import HOUR_NS, Faults
from simulators.world import WorldError

ALL = replace(BUSY, faults=Faults(("all",), 2, swarm=False))
SWARM = replace(BUSY, faults=Faults(("all",)))


def test_globs_name_kinds() -> None:
    assert chosen(("process.crash", "cache.*")) == tuple(
        kind for kind in FaultKind if kind is FaultKind.CRASH or kind.group == "cache"
    )
    assert chosen(("all",)) == tuple(FaultKind)
    assert chosen(()) == ()


@pytest.mark.parametrize(
    ("glob", "meant"), [("proces.crash", "process.crash"), ("netwrk.*", "network.*"), ("al", "all"), ("All", "all")]
)
def test_a_misspelt_glob_gets_the_nearest_kind_or_group(glob: str, meant: str) -> None:
    with pytest.raises(
        ValueError, match=rf"^no fault is called '{re.escape(glob)}': did you mean {re.escape(meant)}\?$"
    ):
        chosen((glob,))


def test_every_kind_is_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "FAULTS.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`([a-z_.]+)`", " ".join(cells))) == sorted(FaultKind)


def test_no_kinds_or_no_storms_is_fair_weather() -> None:
    assert plan_of(BUSY) == ()
    assert plan_of(replace(BUSY, faults=Faults(("all",), 0))) == ()


def test_without_swarm_every_kind_is_there() -> None:
    assert {storm.kind for storm in plan_of(ALL)} == set(FaultKind)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_a_swarm_leaves_out_some_kinds_and_every_storm_heals_in_time(seed: int) -> None:
    world = replace(SWARM, seed=seed)
    storms = plan_of(world)
    assert storms == plan_of(world)
    assert 0 < len({storm.kind for storm in storms}) < len(FaultKind)
    assert [storm.index for storm in storms] == list(range(len(storms)))
    for storm in storms:
        assert 0 <= storm.start_ns <= storm.end_ns <= healed_at_ns(world)
        assert 0 < storm.probability <= 1
        assert storm.kind is FaultKind.CALENDAR_EDGE or storm.start_ns >= world.warmup_ns


@given(seed=st.integers(0, 10_000), gone=st.sets(st.integers(0, 40)))
@settings(max_examples=30, deadline=None)
def test_taking_storms_out_leaves_the_others_as_they_were(seed: int, gone: set[int]) -> None:
    world = replace(SWARM, seed=seed)
    whole, rest = plan_of(world), plan_of(replace(world, without_faults=frozenset(gone)))
    assert rest == tuple(storm for storm in whole if storm.index not in gone)


def test_a_kind_more_moves_no_storm_of_another() -> None:
    def bare(kinds: tuple[str, ...]) -> list[object]:
        storms = plan_of(replace(ALL, faults=Faults(kinds, 2, swarm=False)))
        return [replace(storm, index=0) for storm in storms if storm.kind is FaultKind.DELAY]

    assert bare(("network.delay",)) == bare(("all",))


@given(seed=st.integers(0, 10_000), swarm=st.booleans())
@settings(max_examples=30, deadline=None)
def test_kinds_that_came_later_leave_the_storms_of_the_first_ones_their_places(seed: int, swarm: bool) -> None:
    """A storm's place names its random stream: what was found before such a kind was there is found again."""
    later = {FaultKind.DEEP_REORG, FaultKind.SETTLEMENT_REFUSED, FaultKind.PARTITION}
    first = tuple(kind.value for kind in FaultKind if kind not in later)

    def storms(kinds: tuple[str, ...]) -> tuple[Storm, ...]:
        return plan_of(replace(BUSY, seed=seed, faults=Faults(kinds, 2, swarm=swarm)))

    whole = storms(("all",))
    assert tuple(storm for storm in whole if storm.kind not in later) == storms(first)
    assert {storm.kind for storm in whole[len(storms(first)) :]} <= later


def test_a_shrunk_world_keeps_its_storms_and_heals_before_its_own_end() -> None:
    shrunk = replace(SWARM, keep=Keep(traffic_ns=HOUR_NS // 4))
    whole, rest = plan_of(SWARM), plan_of(shrunk)
    assert [(s.index, s.kind, s.start_ns, s.probability) for s in rest] == [
        (s.index, s.kind, s.start_ns, s.probability) for s in whole
    ]
    assert all(storm.end_ns <= healed_at_ns(shrunk, HOUR_NS // 4) for storm in rest)


def test_what_could_never_strike_is_refused() -> None:
    long = Faults(("all",), heal_before_end_ns=BUSY.traffic_ns + BUSY.drain_ns)
    with pytest.raises(WorldError, match="longer drain"):
        run(replace(BUSY, faults=long))
    assert plan_of(replace(BUSY, faults=replace(long, heal_before_end_ns=long.heal_before_end_ns - 1)))


def test_the_same_seed_gives_the_same_trace_and_another_seed_another() -> None:
    once, again, other = (stormy("all", seed=seed).result.trace_sha256 for seed in (5, 5, 6))
    assert once == again != other


@pytest.mark.parametrize(
    ("others", "kind"),
    [
        ("notice.*", "clearing.amount_drift"),
        ("chain.reorg", "network.partition"),
        ("network.delay", "chain.deep_reorg"),
        ("network.delay", "chain.settlement_refused"),
    ],
)
def test_taking_one_kind_out_leaves_what_the_others_draw(others: str, kind: str) -> None:
    """The others strike alike, whether this one is there or not: neither sees the other's draws."""
    kinds = (others, kind)
    with_it = stormy(*kinds)
    plan = plan_of(replace(BUSY, faults=Faults(kinds, 2, swarm=False)))
    without = stormy(*kinds, without_faults=frozenset(storm.index for storm in plan if storm.kind == kind))

    def rest(done: object) -> list[tuple[object, ...]]:
        rows = [row for row in done.of("fault") if row["ref"] != kind]
        return [(row["at_ns"], row["ref"], row["result"], row["detail"]) for row in rows]

    assert rest(with_it) == rest(without) != []
    assert [row for row in with_it.of("fault") if (row["ref"], row["result"]) == (kind, "injected")]
    assert not [row for row in without.of("fault") if row["ref"] == kind]
