"""`swipelab fuzz`: seeds run anywhere, alike; what fails is kept as a file that runs again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scenarios.cli import main
from scenarios.cli.codes import BAD_INPUT, FAILED, PASSED
from scenarios.cli.fuzzing import seed_range
from scenarios.fuzz.case import ready
from scenarios.fuzz.executors import workers
from scenarios.fuzz.failure import read_failure
from scenarios.fuzz.sweep import Tally, after, sweep
from scenarios.fuzz.trial import CRASH, attempt
from scenarios.problems import BadInput
from simulators.settings import MINUTE_NS
from tests.fuzz.small import SMALL, case, written


def fuzz(tmp_path: Path, *more: str, engine: str = "naive", seeds: str = "0:3", text: str = SMALL) -> int:
    out = ["--out", str(tmp_path / "kept")]
    return main(["fuzz", written(tmp_path, text), "--seeds", seeds, "--jobs", "1", "--engine", engine, *out, *more])


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "kept").glob("*"))


def test_a_right_engine_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz(tmp_path, engine="engine", seeds="0:6") == PASSED
    assert kept(tmp_path) == []
    said = capsys.readouterr()
    assert said.out.startswith("PASSED  6 seeds, 240 swipes (")
    assert said.out.endswith("nothing found\n")
    assert said.err == ""


def test_each_failure_is_kept_and_counted_by_its_invariant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz(tmp_path, engine="naive", seeds="0:3") == FAILED
    names = [file.name for file in kept(tmp_path)]
    assert names
    for name in names:
        data = yaml.safe_load((tmp_path / "kept" / name).read_text())
        assert data["schema"] == "swipelab.failure/1"
        assert name == f"small-{data['seed']}-{data['invariant']}.failure.yaml"
        assert data["scenario"]["seed"] == data["seed"]
        assert data["engine"] == "naive"
        assert 0 < len(data["events"]) <= 20
        assert data["replay"].startswith("swipelab replay ")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("FAILED  3 seeds")
    for invariant in {name.split("-")[2].split(".")[0] for name in names}:
        count = sum(f"-{invariant}." in name for name in names)
        assert f"{invariant} {count}" in last


def test_of_each_invariant_only_so_many_are_kept(tmp_path: Path) -> None:
    assert fuzz(tmp_path, "--keep", "1") == FAILED
    invariants = [read_failure(file).found.invariant for file in kept(tmp_path)]
    assert len(invariants) == len(set(invariants))


def test_a_failure_replays_to_the_same_trace_here_and_in_another_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fuzz(tmp_path) == FAILED
    capsys.readouterr()
    file = kept(tmp_path)[0]
    sha256 = read_failure(file).trace_sha256
    assert main(["replay", str(file)]) == PASSED
    assert capsys.readouterr().out.startswith(f"identical: trace_sha256 {sha256}\n")
    other = subprocess.run(
        [sys.executable, "-m", "scenarios.cli", "replay", str(file)], capture_output=True, text=True, timeout=60
    )
    assert (other.returncode, other.stdout.splitlines()[0]) == (PASSED, f"identical: trace_sha256 {sha256}")


@pytest.mark.parametrize("key", ["trace_sha256", "message", "engine"])
def test_a_replay_says_what_is_not_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str) -> None:
    assert fuzz(tmp_path) == FAILED
    file = kept(tmp_path)[0]
    data = yaml.safe_load(file.read_text())
    data[key] = {"trace_sha256": "0" * 64, "message": "another", "engine": "engine"}[key]
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    capsys.readouterr()
    assert main(["replay", str(file)]) == FAILED
    said = capsys.readouterr().out
    assert "was  I" in said
    assert ("different: trace_sha256" in said) == (key != "message")


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("schema: swipelab.other/1\n", "is no failure file"),
        ("schema: swipelab.failure/1\ninvariant: I2\n", "is no whole failure file: it has no message\n"),
        ("schema: [\n", "can't be read: while parsing a flow node expected"),
        ("- [\n", "can't be read"),
    ],
)
def test_what_is_no_failure_file_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, complaint: str
) -> None:
    file = tmp_path / "x.failure.yaml"
    file.write_text(text)
    assert main(["replay", str(file)]) == BAD_INPUT
    assert complaint in capsys.readouterr().err
    assert main(["replay", str(tmp_path / "y.failure.yaml")]) == BAD_INPUT
    assert "did you mean" in capsys.readouterr().err


def test_an_engine_that_falls_over_is_a_failure(tmp_path: Path) -> None:
    assert fuzz(tmp_path, engine="tests.fuzz.crashing:Raises", seeds="0:2") == FAILED
    crash = next(found for found in map(read_failure, kept(tmp_path)) if found.found.invariant == CRASH)
    assert "ZeroDivisionError on AuthorizationRequest at crashing.py" in crash.found.message
    assert crash.events[-1].split()[1] == "crash"


def test_an_engine_that_breaks_the_world_is_a_failure_and_replays(tmp_path: Path) -> None:
    assert fuzz(tmp_path, engine="tests.fuzz.crashing:ReadsTheClock", seeds="0:1") == FAILED
    (file,) = kept(tmp_path)
    failure = read_failure(file)
    assert failure.found.invariant == CRASH
    assert "FenceBreach" in failure.found.message
    assert failure.trace_sha256
    assert main(["replay", str(file)]) == PASSED


def test_the_same_seeds_end_alike_in_this_process_and_in_others() -> None:
    here, there = [], []
    for jobs, trials in ((1, here), (2, there)):
        with workers(jobs, "", case("naive")) as (executor, count):
            trials += sweep(case("naive"), range(12), executor, count)
    ends = [sorted((t.seed, t.trace_sha256, t.found, t.events) for t in trials) for trials in (here, there)]
    assert len(ends[0]) == 12
    assert ends[0] == ends[1]


def test_a_seed_ends_the_same_whatever_ran_before_it() -> None:
    prepared = ready(case())
    first = [attempt(prepared, seed).trace_sha256 for seed in (1, 2, 3)]
    assert [attempt(prepared, seed).trace_sha256 for seed in (3, 2, 1)] == first[::-1]
    assert len(set(first)) == 3


def test_a_fuzzed_seed_has_the_hash_of_a_run_of_that_seed(tmp_path: Path) -> None:
    import json

    assert main(["run", written(tmp_path), "--seed", "4", "--out", str(tmp_path / "run")]) == PASSED
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["run"]["trace_sha256"] == attempt(ready(case()), 4).trace_sha256


def test_no_more_seeds_are_begun_when_time_is_up(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert fuzz(tmp_path, "--time", "0", engine="engine", seeds="0:50") == PASSED
    assert capsys.readouterr().out.startswith("PASSED  0 of 50 seeds")
    assert after(None)() is False
    assert after(0)() is True
    assert after(100)() is False


def test_a_sweep_that_is_left_asks_for_no_more_seeds() -> None:
    asked = []

    def seeds() -> object:
        for seed in range(1_000_000):
            asked.append(seed)
            yield seed

    with workers(1, "", case()) as (executor, count):
        trials = sweep(case(), seeds(), executor, count)
        next(trials)
        trials.close()
    assert len(asked) <= 12


@pytest.mark.parametrize("text, seeds", [("0:3", range(3)), ("7", range(7, 8)), ("5:6", range(5, 6))])
def test_seeds_are_written_first_and_end(text: str, seeds: range) -> None:
    assert seed_range(text) == seeds


@pytest.mark.parametrize("text", ["3:3", "4:3", "a:b", "", "-1:3", "1:", f"0:{2**63 + 1}"])
def test_other_seeds_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        seed_range(text)


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["fuzz", "no_such_scenario"], "no scenario 'no_such_scenario'"),
        (["fuzz", "two_cards_one_balance", "--engine", "nave"], "did you mean naive?"),
        (["fuzz", "two_cards_one_balance", "--executor", "dusk"], "dask://HOST:PORT"),
        (["fuzz", "two_cards_one_balance", "--set", "world.swipse=3"], "swipes"),
    ],
)
def test_bad_input_is_one_message(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == BAD_INPUT
    said = capsys.readouterr()
    assert complaint in said.err
    assert said.out == ""


def test_the_verdict_counts_what_failed() -> None:
    tally = Tally()
    for seed in range(2):
        tally.add(attempt(ready(case("naive")), seed))
    assert tally.seeds == 2
    assert tally.swipes == 80
    assert tally.failed_seeds == 2
    assert tally.seeds_per_core_s > 0


def test_a_failure_says_when_it_happened(tmp_path: Path) -> None:
    assert fuzz(tmp_path) == FAILED
    for failure in map(read_failure, kept(tmp_path)):
        assert failure.found.at_ns >= 30 * MINUTE_NS  # after the warm-up


def test_a_world_that_a_fault_moves_to_another_date_counts_from_its_own_beginning(tmp_path: Path) -> None:
    text = SMALL + "faults: {kinds: [clock.calendar_edge], swarm: false}\n"
    assert fuzz(tmp_path, text=text) == FAILED
    for file in kept(tmp_path):
        assert 30 * MINUTE_NS <= read_failure(file).found.at_ns <= 40 * 60 * MINUTE_NS
        assert main(["replay", str(file)]) == PASSED
