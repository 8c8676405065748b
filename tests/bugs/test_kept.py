"""What is done of a benchmark is not lost with the rest, and not done again, as long as the code is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.bugs import benchmark, kept
from scenarios.bugs.benchmark import run
from scenarios.bugs.catalogue import CATALOGUE
from scenarios.bugs.kept import Kept
from scenarios.bugs.orders import Order, Wanted, orders
from scenarios.bugs.page import page
from scenarios.bugs.trial import Trial
from scenarios.bugs.worlds import Way
from scenarios.problems import BadInput

BUG = CATALOGUE["limits-equal-is-over"]
WHOLE = Order(BUG.id, BUG.world, Way.WHOLE, 1, 2)
UNIT = Order(BUG.id, BUG.world, None)
TRIALS = (Trial(1, 200, 3, "x", {"I12": 40}, said="I12: no", crashes=1), Trial(2, 200, 0, "", {}, "KeyError: 1"))


def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    file = tmp_path / "results"
    with Kept(file) as first:
        first.add(WHOLE, TRIALS)
        first.add(UNIT, TRIALS[:1])
    with Kept(file) as again:
        assert again.results == {WHOLE: TRIALS, UNIT: TRIALS[:1]}
        assert again.took_s >= again.earlier_s >= 0


def test_a_line_that_was_not_written_to_its_end_is_left_out_and_written_again(tmp_path: Path) -> None:
    file = tmp_path / "results"
    with Kept(file) as first:
        first.add(UNIT, TRIALS)
        whole = file.read_bytes()
        first.add(WHOLE, TRIALS)
    file.write_bytes(file.read_bytes()[:-7])
    with Kept(file) as again:
        assert again.results == {UNIT: TRIALS}
        assert file.read_bytes() == whole
        again.add(WHOLE, TRIALS)
    with Kept(file) as third:
        assert third.results == {UNIT: TRIALS, WHOLE: TRIALS}


def test_results_of_other_code_and_other_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, other = tmp_path / "results", tmp_path / "other"
    other.write_text("name: storm\n")
    with pytest.raises(BadInput, match="other holds no results"):
        Kept(other)
    Kept(file).__exit__(None, None, None)
    monkeypatch.setattr(kept, "fingerprint", lambda: "another")
    with pytest.raises(BadInput, match="those of another state of the code"):
        Kept(file)


def test_the_state_of_the_code_is_what_a_result_may_depend_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    seen = [kept.fingerprint()]
    for name in ("engine/a.py", "tests/engine/test_a.py", "scenarios/bugs/worlds/a.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
        seen.append(kept.fingerprint())
    (tmp_path / "engine/a.py").write_text("2")
    seen.append(kept.fingerprint())
    assert len(set(seen)) == len(seen)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/BUGS.md").write_text("1")
    assert kept.fingerprint() == seen[-1]


def test_a_run_that_was_cut_short_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "results"
    wanted = Wanted((BUG,), 2, 3, 1, 1, unit_tests=tmp_path / "none")
    todo = tuple(orders(wanted))
    assert len(todo) == 5
    whole = run(wanted, keep=file)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:3]))  # the right engine's first seeds and the bug's
    short = run(Wanted((BUG,), 2, 3, 1, 1, 0.0, tmp_path / "none"), keep=file)
    assert (short.parts, short.undone, short.ok) == (5, 3, False)
    assert short.figures[0].caught == whole.figures[0].caught
    assert "- **Not complete**: 3 of 5 parts were not done in the time given." in page(short)
    begun: list[Order] = []
    monkeypatch.setattr(benchmark, "_do_all", _noting(benchmark._do_all, begun))
    again = run(wanted, keep=file)
    assert begun == [order for order in todo if order.bug_id != BUG.id or order.way is not Way.WHOLE][1:]
    assert (again.figures, again.false_alarms, again.ok) == (whole.figures, whole.false_alarms, whole.ok)
    assert again.wall_s >= short.wall_s


def _noting(do_all, begun):
    def noted(wanted, todo, *others):
        begun.extend(todo)
        do_all(wanted, todo, *others)

    return noted
