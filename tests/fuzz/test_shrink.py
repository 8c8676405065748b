"""`swipelab shrink`: the same invariant, in the least of the world, as an ordinary failure that replays."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from scenarios.cli import main
from scenarios.cli.codes import BAD_INPUT, FAILED, PASSED
from scenarios.fuzz.case import Ready, ready
from scenarios.fuzz.failure import Failure, read_failure, write_failure
from scenarios.fuzz.shrink import Shrinker, kept_steps, kept_swipes, size_of
from scenarios.fuzz.trial import attempt
from scenarios.model_shrunk import Shrunk
from tests.fuzz.small import SMALL, case, written

SCRIPTED = """\
name: scripted
shows: Two cards, one balance, and much else that does not matter.
seed: 1
world:
  duration: 1h
  drain: 30h
  cards: 2
  people: [ada, ben]
  funding: {opening_cents: 10_000}
  script:
    - {at: 5m, do: swipe, cardholder: ben, card: 1, amount_cents: 100}
    - {at: 10m, do: swipe, cardholder: ada, card: 1, amount_cents: 6_000}
    - {at: 10m, do: swipe, cardholder: ada, card: 2, amount_cents: 6_000}
    - {at: 20m, do: swipe, cardholder: ben, card: 1, amount_cents: 100}
    - {at: 30m, do: freeze, cardholder: ben}
chain: {node: revm}
"""


def failures(tmp_path: Path, text: str = SMALL, more: tuple[str, ...] = ()) -> dict[str, Path]:
    """A failure file of each invariant that the naive engine breaks."""
    out = ["--seeds", "0:4", "--jobs", "1", "--engine", "naive", "--keep", "1", "--out", str(tmp_path / "kept")]
    assert main(["fuzz", written(tmp_path, text), *out, *more]) == FAILED
    return {read_failure(file).found.invariant: file for file in sorted((tmp_path / "kept").glob("*.failure.yaml"))}


def shrunk(file: Path) -> Failure:
    target = file.with_name("least.failure.yaml")
    assert main(["shrink", str(file), "--out", str(target)]) == PASSED
    return read_failure(target)


def test_a_shrunk_failure_breaks_the_same_invariant_and_replays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for invariant, file in failures(tmp_path).items():
        capsys.readouterr()
        least = shrunk(file)
        told = capsys.readouterr().out.splitlines()
        assert least.found.invariant == invariant
        assert told[0].startswith(f"{invariant}: ")
        assert any(line.endswith("nothing more can go") for line in told)
        assert len(told) <= 60
        assert main(["replay", str(file.with_name("least.failure.yaml"))]) == PASSED


def without_one(prepared: Ready) -> list[Ready]:
    """The shrunk case with one more swipe, step or person taken out, each in turn."""
    scenario = prepared.loaded.scenario
    left = []
    for part in ("swipes", "steps", "storms", "cardholders"):
        items = getattr(scenario.shrunk, part) or ()
        for index in range(len(items)):
            section = scenario.shrunk.model_copy(update={part: items[:index] + items[index + 1 :]})
            if section.cardholders != ():
                left.append(prepared.changed(scenario.model_copy(update={"shrunk": section})))
    return left


def test_nothing_more_can_go(tmp_path: Path) -> None:
    for invariant, file in failures(tmp_path).items():
        prepared = ready(shrunk(file).case)
        assert attempt(prepared).first(invariant) is not None
        for less in without_one(prepared):
            assert attempt(less).first(invariant) is None


def test_of_a_script_the_steps_that_matter_are_left(tmp_path: Path) -> None:
    scenario, resolved = ready(shrunk(failures(tmp_path, SCRIPTED)["I2"]).case).world()
    assert kept_steps(resolved.settings) == (1, 2)
    assert scenario.shrunk.cardholders == ("ada",)
    assert scenario.shrunk.traffic is not None


def test_a_part_taken_out_moves_nothing_of_the_rest() -> None:
    """Of the same people, the same swipes are left, at the same instants and of the same amounts."""
    prepared = ready(case())
    whole = attempted_rows(prepared)
    for keep in (
        Shrunk(swipes=(3, 4, 20)),
        Shrunk(cardholders=("cardholder-000002",)),
        Shrunk(traffic="10m"),
    ):
        scenario = prepared.loaded.scenario.model_copy(update={"shrunk": keep})
        left = attempted_rows(prepared.changed(scenario))
        assert left
        assert left < whole


def attempted_rows(prepared: Ready) -> set[tuple[object, ...]]:
    """What each authorization was, and how long its way was; its answer may depend on the others."""
    rows = world_rows(prepared)
    return {(row[2], row[3], row[4], row[5]) for row in rows if row[1] == "authorize"}


def test_the_ways_of_a_network_stay_in_step_when_a_swipe_is_taken_out() -> None:
    prepared = ready(case())
    scenario = prepared.loaded.scenario
    settings, purchases = (resolved := prepared.world()[1]).settings, resolved.purchases
    rows = kept_swipes(settings, purchases)
    fewer = scenario.model_copy(update={"shrunk": Shrunk(swipes=rows[1:])})
    whole, less = (arrivals(each) for each in (prepared, prepared.changed(fewer)))
    assert set(whole) - set(less) == {"auth-0000001"}
    assert all(less[swipe] == whole[swipe] for swipe in less)


def arrivals(prepared: Ready) -> dict[str, int]:
    """When each authorization reached the engine."""
    _, resolved = prepared.world()
    from simulators.world import World

    found: dict[str, int] = {}

    def factory(kit: object) -> object:
        engine = prepared.engine(kit)
        authorize = engine.authorize

        async def noting(request: object) -> object:
            found.setdefault(request.authorization_id, kit.ports.clock.now_ns())
            return await authorize(request)

        engine.authorize = noting
        return engine

    World(resolved.settings, resolved.purchases, factory, None).run()
    return found


def test_what_does_not_fail_cannot_be_shrunk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failure = read_failure(failures(tmp_path)["I2"])
    fixed = dataclasses.replace(failure, case=dataclasses.replace(failure.case, engine="engine"))
    file = write_failure(fixed, tmp_path / "fixed.failure.yaml")
    capsys.readouterr()
    assert main(["shrink", str(file)]) == FAILED
    assert "does not break any more" in capsys.readouterr().out
    assert list(tmp_path.glob("*.shrunk.*")) == []


def test_when_time_is_up_the_least_so_far_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = failures(tmp_path)["I2"]
    capsys.readouterr()
    assert main(["shrink", str(file), "--time", "0"]) == PASSED
    assert "time was up: more may go" in capsys.readouterr().out
    left = read_failure(file.with_name(file.name.replace(".failure", ".shrunk.failure")))
    assert left.found == read_failure(file).found


def test_a_file_that_is_not_there_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shrink", "gone.failure.yaml"]) == BAD_INPUT
    assert "no failure file gone.failure.yaml" in capsys.readouterr().err


def test_progress_hears_of_every_world(tmp_path: Path) -> None:
    prepared = ready(read_failure(failures(tmp_path)["I2"]).case)
    heard = []
    shrinker = Shrinker(prepared, "I2", tell=lambda runs, size: heard.append((runs, size)))
    scenario, trial = shrinker.shrink()
    assert [runs for runs, _ in heard] == list(range(1, shrinker.runs + 1))
    assert size_of(prepared.changed(scenario), trial).swipes < heard[0][1].swipes


def test_a_fault_that_a_swipe_meets_does_not_hang_on_the_swipes_before_it() -> None:
    """With half of the others taken out, most of what struck the rest still does, at the same instants."""
    text = SMALL + "faults: {kinds: [network.delay], swarm: false}\n"
    prepared = ready(case(text=text))
    resolved = prepared.world()[1]
    rows = kept_swipes(resolved.settings, resolved.purchases)
    half = prepared.loaded.scenario.model_copy(update={"shrunk": Shrunk(swipes=rows[len(rows) // 2 :])})
    whole, left = (struck(each) for each in (prepared, prepared.changed(half)))
    later = {what for what in whole if int(what.rpartition("-")[2]) > len(rows) // 2 + 1}
    assert len(later) > 3
    assert len(later & left) >= 0.9 * len(later)


def struck(prepared: Ready) -> set[str]:
    """The authorizations whose messages a fault was injected into."""
    rows = world_rows(prepared)
    found = (row[9].split()[-1] for row in rows if row[1] == "fault" and row[7] == "injected")
    return {word for word in found if word.startswith("auth-")}


def world_rows(prepared: Ready) -> list[tuple[object, ...]]:
    """Every event of the case's world."""
    from simulators.world import World

    rows: list[tuple[object, ...]] = []
    _, resolved = prepared.world()

    def sink(chunk: object) -> None:
        rows.extend(zip(*chunk.columns, strict=True))

    World(resolved.settings, resolved.purchases, prepared.engine, sink).run()
    return rows
