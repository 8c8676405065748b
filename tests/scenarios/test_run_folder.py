"""A run folder appears whole or not at all, and nothing of the user's is overwritten."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from scenarios.problems import BadInput
from scenarios.run_folder import check_writable, read_report, whole_or_not

REPORT = json.dumps({"schema": "swipelab.report/1", "run": {}})


def run_folder(place: Path) -> Path:
    place.mkdir(parents=True)
    (place / "report.json").write_text(REPORT)
    (place / "old.txt").write_text("old")
    return place


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "one"
    with whole_or_not(out) as fresh:
        (fresh / "report.json").write_text(REPORT)
        assert not out.exists()
    assert left_in(out) == ["report.json"]
    assert left_in(tmp_path / "runs") == ["one"]


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_of_a_run_that_did_not_end_well(tmp_path: Path, stop: type[BaseException]) -> None:
    def half() -> None:
        with whole_or_not(tmp_path / "one") as fresh:
            (fresh / "half").write_text("half")
            raise stop

    with pytest.raises(stop):
        half()
    assert left_in(tmp_path) == []


def test_a_run_that_did_not_end_well_leaves_the_one_before(tmp_path: Path) -> None:
    out = run_folder(tmp_path / "one")
    with pytest.raises(RuntimeError), whole_or_not(out):
        raise RuntimeError
    assert (out / "old.txt").read_text() == "old"


def test_a_run_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    out = run_folder(tmp_path / "one")
    with whole_or_not(out) as fresh:
        (fresh / "report.json").write_text(REPORT)
    assert left_in(out) == ["report.json"]
    assert left_in(tmp_path) == ["one"]


def test_an_empty_folder_may_be_taken(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with whole_or_not(tmp_path / "one") as fresh:
        (fresh / "report.json").write_text(REPORT)
    assert left_in(tmp_path / "one") == ["report.json"]


@pytest.mark.parametrize("report", [None, "not json", "[]", '{"schema": "other/1"}'])
def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path, report: str | None) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter1").write_text("years of work")
    if report is not None:
        (out / "report.json").write_text(report)
    with pytest.raises(BadInput, match="holds other files"), whole_or_not(out):
        pytest.fail("it must not be entered")
    assert (out / "chapter1").read_text() == "years of work"


def test_a_file_or_a_link_is_no_place_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run_folder(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name in ("file", "link", "file/below"):
        with pytest.raises(BadInput):
            check_writable(tmp_path / name)


def test_what_a_killed_run_left_is_swept_away_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    dead = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(dead, 0)
    for pid in (dead, os.getppid()):
        (tmp_path / f".one.{pid}.tmp").mkdir()
    with whole_or_not(tmp_path / "one"):
        pass
    assert left_in(tmp_path) == [f".one.{os.getppid()}.tmp", "one"]


def test_what_is_no_run_folder_names_the_nearest(tmp_path: Path) -> None:
    run_folder(tmp_path / "grocery_week-7")
    with pytest.raises(BadInput, match=r"no run folder .*grocery-week-7: did you mean .*grocery_week-7\?"):
        read_report(tmp_path / "grocery-week-7")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"is no run folder: it has no report\.json"):
        read_report(tmp_path / "empty")
    (tmp_path / "empty" / "report.json").write_text("{")
    with pytest.raises(BadInput, match="can't be read"):
        read_report(tmp_path / "empty")
