"""A run, from its scenario to its folder: whole, judged, repeatable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reports.frames import SCHEMA
from scenarios.loader import load_scenario
from scenarios.problems import BadInput
from scenarios.replay import first_difference, replay
from scenarios.rerender import rerender
from scenarios.runner import Order, default_folder, run_scenario
from scenarios.suite import Outcome, chosen, run_suite, unfired
from simulators.events import COLUMNS
from simulators.settings import WorldSettings

TINY = """\
name: tiny
shows: One purchase that is covered and one that is too dear.
seed: 3
world:
  duration: 10m
  drain: 10m
  warmup: 5m
  people: [ada]
  script:
    - {at: 1m, do: swipe, cardholder: ada, amount_cents: 500}
    - {at: 2m, do: swipe, cardholder: ada, amount_cents: 60_000}
chain: {node: revm}
budgets: {counts.approved.min: 1, counts.approved: 1}
"""
FILES = {"report.html", "report.json", "summary.md", "junit.xml", "events.parquet", "scenario.yaml"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / "tiny.yaml").write_text(TINY)
    return folder


@pytest.fixture(scope="module")
def done(home: Path) -> Path:
    """The folder of one run, not to be changed."""
    return run_scenario(Order(str(home / "tiny.yaml")), home / "runs" / "done").folder


def report_of(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text())


def test_a_run_folder_is_whole_and_alone(done: Path) -> None:
    assert {path.name for path in done.iterdir()} == FILES
    assert [path.name for path in done.parent.iterdir()] == ["done"]


def test_the_report_is_of_the_run(done: Path) -> None:
    report = report_of(done)
    run = report["run"]
    assert (run["scenario"], run["seed"], run["engine"]) == ("tiny", 3, "engine")
    assert run["command"].startswith("swipelab run ")
    assert run["command"].endswith("tiny.yaml --seed 3")
    assert run["virtual_seconds"] == pytest.approx(25 * 60, abs=60)
    assert run["start_utc_ns"] == 1_736_121_600 * 10**9 - 5 * 60 * 10**9
    assert (report["counts"]["swipes"], report["counts"]["approved"]) == (2, 1)
    assert [check["ok"] for check in report["checks"] if check["group"] == "budget"] == [True, True]
    assert report["verdict"] == "pass"


def test_events_are_the_table_that_the_world_wrote(done: Path) -> None:
    file = pq.ParquetFile(done / "events.parquet")
    assert file.schema_arrow.names == [column.name for column in COLUMNS]
    assert file.schema_arrow.types == SCHEMA.types
    kinds = set(file.read(["kind"])["kind"].to_pylist())
    assert {"authorize", "engine", "chain.deposit", "funds"} <= kinds
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_the_scenario_in_the_folder_is_the_one_that_ran(home: Path, done: Path) -> None:
    assert load_scenario(done / "scenario.yaml").scenario == load_scenario(home / "tiny.yaml").scenario


def test_a_run_is_repeated_bit_for_bit(done: Path) -> None:
    again = replay(done)
    assert again.identical
    assert again.was == report_of(done)["run"]["trace_sha256"]
    assert again.difference == ""


def test_a_replay_needs_nothing_but_the_folder(home: Path, done: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(done, tmp_path / "elsewhere")
    assert replay(moved).identical


def test_a_replay_that_differs_says_where(done: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(done, tmp_path / "changed")
    text = (changed / "scenario.yaml").read_text()
    (changed / "scenario.yaml").write_text(text.replace("amount_cents: 500\n", "amount_cents: 501\n"))
    found = replay(changed)
    assert not found.identical
    assert "amount_cents=500" in found.difference.split("\n")[1]
    assert "amount_cents=501" in found.difference.split("\n")[2]


def test_a_replay_whose_trace_is_gone_says_which(done: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(done, tmp_path / "changed")
    text = (changed / "scenario.yaml").read_text()
    gone = "  traffic:\n    trace: /gone/week.csv\n"
    assert "  traffic: null\n" in text
    (changed / "scenario.yaml").write_text(text.replace("  traffic: null\n", gone))
    with pytest.raises(BadInput, match=r"world\.traffic\.trace: no trace file '/gone/week\.csv'"):
        replay(changed)


def test_a_seed_and_an_engine_make_another_run(home: Path, done: Path, tmp_path: Path) -> None:
    other = run_scenario(Order(str(home / "tiny.yaml"), engine="reference", seed=4), tmp_path / "other")
    run = other.report["run"]
    assert (run["seed"], run["engine"]) == (4, "reference")
    assert run["trace_sha256"] != report_of(done)["run"]["trace_sha256"]
    assert other.ok


def test_a_budget_that_is_broken_fails_the_run_and_says_so(home: Path, tmp_path: Path) -> None:
    order = Order(str(home / "tiny.yaml"), overrides=("budgets.counts.declined=0",))
    result = run_scenario(order, tmp_path / "failed")
    assert not result.ok
    assert [check["name"] for check in result.report["checks"] if not check["ok"]] == ["counts.declined"]
    assert "--set budgets.counts.declined=0" in result.report["run"]["command"]


def test_progress_grows_to_the_end(home: Path, tmp_path: Path) -> None:
    told: list[tuple[float, int]] = []

    def watch(world: WorldSettings):
        assert world.name == "tiny"
        return lambda share, swipes: told.append((share, swipes))

    run_scenario(Order(str(home / "tiny.yaml")), tmp_path / "watched", watch)
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert told[-1] == (1.0, 2)


def test_rendering_again_gives_the_same_pages(done: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(done, tmp_path / "copy")
    for name in ("report.html", "summary.md", "junit.xml"):
        (copy / name).write_text("")
    assert rerender(copy) == report_of(done)
    for name in FILES:
        assert (copy / name).read_bytes() == (done / name).read_bytes(), name
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_pages_are_rendered_without_events_too(done: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(done, tmp_path / "copy")
    (copy / "events.parquet").unlink()
    assert rerender(copy) == report_of(done)


@pytest.mark.parametrize(
    ("order", "name"),
    [
        (Order("tiny.yaml"), "tiny-3"),
        (Order("tiny.yaml", seed=9), "tiny-9"),
        (Order("tiny.yaml", engine="naive"), "tiny-3-naive"),
        (Order("tiny.yaml", engine="asgi:my.app:app"), "tiny-3-asgi_my.app_app"),
    ],
)
def test_a_folder_is_named_by_what_makes_the_run(home: Path, order: Order, name: str) -> None:
    order = Order(str(home / order.scenario), order.engine, order.seed)
    assert default_folder(order, order.load()) == Path("runs") / name


def test_a_changed_scenario_gets_a_folder_of_its_own(home: Path) -> None:
    orders = [
        Order(str(home / "tiny.yaml")),
        Order(str(home / "tiny.yaml"), overrides=("world.drain=20m",)),
        Order(str(home / "tiny.yaml"), overrides=("world.drain=30m",)),
        Order(str(home / "tiny.yaml"), explore=True),
    ]
    folders = [default_folder(order, order.load()).name for order in orders]
    assert len(set(folders)) == 4
    assert all(name.startswith("tiny-3-") for name in folders[1:])


def rows(*amounts: int) -> pa.Table:
    return pa.table({"at_ns": list(range(len(amounts))), "amount_cents": list(amounts)})


@pytest.mark.parametrize(("length", "where"), [(n, at) for n in (1, 2, 3, 7, 64) for at in {0, n // 2, n - 1}])
def test_the_first_difference_is_the_first(tmp_path: Path, length: int, where: int) -> None:
    was = [100] * length
    now = [100] * where + [200] * (length - where)
    pq.write_table(rows(*was), tmp_path / "was")
    pq.write_table(rows(*now), tmp_path / "now")
    assert first_difference(tmp_path / "was", tmp_path / "now").startswith(f"row {where + 1}\n")
    assert first_difference(tmp_path / "was", tmp_path / "was") == ""


def test_a_table_that_ends_early_differs_where_it_ends(tmp_path: Path) -> None:
    pq.write_table(rows(1, 2), tmp_path / "was")
    pq.write_table(rows(1), tmp_path / "now")
    assert first_difference(tmp_path / "was", tmp_path / "now").splitlines() == [
        "row 2",
        "  was  at_ns=1 amount_cents=2",
        "  is   nothing: the table ends before",
    ]


def test_a_suite_of_the_library_leaves_out_what_takes_an_hour() -> None:
    assert "million_day" not in chosen(None)
    assert "grocery_week" in chosen(None)
    assert list(chosen("million_day")) == ["million_day"]
    assert sorted(chosen("*_week")) == ["grocery_week", "hotel_week"]
    assert "million_day" not in chosen("*")


def test_a_suite_of_files_is_chosen_by_pattern_or_folder(home: Path) -> None:
    assert chosen(str(home / "t*.yaml")) == {"tiny": home / "tiny.yaml"}
    assert chosen(str(home)) == {"tiny": home / "tiny.yaml"}
    with pytest.raises(BadInput, match=r"no scenario fits 'grocery_wek': did you mean grocery_week\?"):
        chosen("grocery_wek")


def test_a_suite_gives_one_verdict_one_junit_and_a_folder_with_each_run(home: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(TINY.replace("duration: 10m", "duration: soon"))
    (tmp_path / "strict.yaml").write_text(TINY.replace("counts.approved.min: 1", "counts.approved.min: 2"))
    heard: list[Outcome] = []
    scenarios = {"tiny": home / "tiny.yaml", **{n: tmp_path / f"{n}.yaml" for n in ("broken", "strict")}}
    result = run_suite(scenarios, "engine", tmp_path / "suite", ends=heard.append)
    assert [(one.name, one.code) for one in heard] == [("tiny", 0), ("broken", 2), ("strict", 1)]
    assert result.code == 2
    assert "world.duration: 'soon' is no duration" in heard[1].said
    assert {path.name for path in result.folder.iterdir()} == {"tiny", "strict", "junit.xml", "suite.json"}
    assert {path.name for path in (result.folder / "tiny").iterdir()} == FILES
    junit = ET.parse(result.folder / "junit.xml").getroot()
    assert [suite.get("name") for suite in junit] == ["tiny", "tiny", "broken"]
    assert (junit.get("errors"), junit.get("failures")) == ("1", "1")
    summary = json.loads((result.folder / "suite.json").read_text())
    assert summary["verdict"] == "fail"
    assert [run["verdict"] for run in summary["runs"]] == ["pass", "error", "fail"]
    assert summary["runs"][2]["failed"] == ["counts.approved.min"]


def test_a_fault_that_was_planned_and_never_came_is_named() -> None:
    came = {
        "network.delay": {"planned": 1, "injected": 3, "observed": 2},
        "process.crash": {"planned": 1, "skipped": 1},
    }
    idle = {"network.delay": {"planned": 1, "injected": 0}, "chain.reorg": {"planned": 2, "injected": 0, "observed": 0}}
    assert unfired([came]) == ()
    assert unfired([idle]) == ("chain.reorg", "network.delay")
    assert unfired([idle, came]) == ("chain.reorg",)
    assert unfired([]) == ()


def test_a_suite_fails_for_a_fault_that_never_came(tmp_path: Path) -> None:
    faults = "faults: {kinds: [chain.transfer_refused], swarm: false, heal_before_end: 1m}\n"
    (tmp_path / "idle.yaml").write_text(TINY + faults)  # nobody is paid after the start, so nothing is refused
    result = run_suite({"idle": tmp_path / "idle.yaml"}, "engine", tmp_path / "suite")
    assert ([one.code for one in result.outcomes], result.code) == ([0], 1)
    assert result.unfired == ("chain.transfer_refused",)
    summary = json.loads((result.folder / "suite.json").read_text())
    assert (summary["verdict"], summary["faults_never_injected"]) == ("fail", ["chain.transfer_refused"])
    junit = ET.parse(result.folder / "junit.xml").getroot()
    assert (junit.get("failures"), junit[-1].get("name")) == ("1", "faults")
