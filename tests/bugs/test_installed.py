"""The benchmark where the package is installed: without the project's own tests beside it."""

from __future__ import annotations

from pathlib import Path

from scenarios.bugs.benchmark import run
from scenarios.bugs.catalogue import CATALOGUE
from scenarios.bugs.orders import Wanted


def test_without_the_unit_tests_it_runs_all_the_rest(tmp_path: Path) -> None:
    wanted = Wanted((CATALOGUE["limits-equal-is-over"],), 1, 1, 1, 1, unit_tests=tmp_path / "tests" / "engine")
    result = run(wanted)
    assert result.left_out == ()
    (one,) = result.figures
    assert one.unit_tests is None
    assert one.no_faults is not None
    assert one.fifo is not None
