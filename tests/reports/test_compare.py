"""Two runs side by side: which way is worse, and how much worse is too much."""

from __future__ import annotations

import copy
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from reports import build_report, compare, render_comparison, render_comparison_html, render_comparison_markdown
from reports.compare import direction_of, figures
from tests.reports import sample

BASE = build_report(sample.passing(sample.Shape(swipes=300, accounts=5)), sample.FACTS)


def changed(path: str, value: float | None, base: dict = BASE) -> dict:
    new = copy.deepcopy(base)
    *above, name = path.split(".")
    section = new
    for key in above:
        section = section[key]
    section[name] = value
    return new


def worse(path: str, base_value: float, new_value: float | None, tolerance: object = 5.0) -> bool:
    comparison = compare(changed(path, base_value), changed(path, new_value), tolerance)
    return path in [change.path for change in comparison.worse]


def test_a_run_compared_with_itself_is_the_same_everywhere():
    comparison = compare(BASE, copy.deepcopy(BASE), 0)
    assert comparison.ok
    assert comparison.same_scenario
    assert all(change.base == change.new for change in comparison.changes)
    assert {"latency.authorize.p99_ms", "counts.approved", "settlement.gas_used"} < {c.path for c in comparison.changes}


@pytest.mark.parametrize(
    ("path", "direction"),
    [
        ("latency.authorize.p99_ms", "lower"),
        ("latency.by_network.visa.over_deadline", "lower"),
        ("latency.authorize.count", "neither"),
        ("settlement.lag_p99_s", "lower"),
        ("settlement.gas_per_swipe", "lower"),
        ("settlement.settled_usdc6", "neither"),
        ("reconciliation.ledger_chain.unexplained", "lower"),
        ("reconciliation.ledger_chain.matched", "neither"),
        ("counts.approved", "neither"),
        ("counts.swipes", "neither"),
        ("counts.timeouts", "lower"),
        ("throughput.simulated_per_wall_s", "higher"),
    ],
)
def test_each_figure_has_its_direction(path: str, direction: str):
    assert path in figures(BASE)
    assert direction_of(path) == direction


def test_higher_latency_is_worse_and_lower_is_not():
    assert worse("latency.authorize.p99_ms", 100.0, 120.0)
    assert not worse("latency.authorize.p99_ms", 100.0, 80.0)


def test_fewer_approvals_are_shown_and_not_judged():
    comparison = compare(BASE, changed("counts.approved", 1), 0)
    assert comparison.ok
    (moved,) = [change for change in comparison.changes if change.base != change.new]
    assert (moved.path, moved.new) == ("counts.approved", 1)


@pytest.mark.parametrize(("new", "regressed"), [(105.0, False), (105.001, True), (104.999, False)])
def test_exactly_the_tolerance_is_still_allowed(new: float, regressed: bool):
    assert worse("latency.authorize.p99_ms", 100.0, new, 5) is regressed


@given(st.floats(0.001, 1e9), st.floats(0, 500), st.floats(0.001, 1e9))
def test_a_figure_regresses_when_it_is_worse_by_more_than_the_tolerance(base: float, tolerance: float, new: float):
    assert worse("settlement.lag_p99_s", base, new, tolerance) == (new > base and (new - base) * 100 > tolerance * base)


def test_what_was_zero_may_not_become_more_at_any_tolerance():
    assert worse("latency.authorize.over_deadline", 0, 1, 1_000)


def test_what_was_measured_may_not_go_unmeasured():
    assert worse("latency.authorize.p99_ms", 100.0, None, 1_000)
    assert not worse("counts.approved", 100, None, 0)


def test_a_figure_that_is_gone_is_not_judged():
    base = build_report(*sample.failing())
    assert "findings.by_invariant.I2" in figures(base)
    fixed = copy.deepcopy(base)
    del fixed["findings"]["by_invariant"]["I2"]
    assert "findings.by_invariant.I2" not in [change.path for change in compare(base, fixed, 0).worse]


def test_tolerances_go_by_the_first_pattern_that_fits():
    by_pattern = {"latency.authorize.*": 50, "latency.*": 0}
    assert not worse("latency.authorize.p99_ms", 100.0, 140.0, by_pattern)
    assert worse("latency.engine.p99_ms", 100.0, 140.0, by_pattern)
    assert not worse("settlement.lag_p99_s", 100.0, 1_000.0, by_pattern)


def test_figures_of_the_machine_are_judged_only_where_they_are_named():
    assert not worse("run.wall_seconds", 1.0, 100.0, 5)
    assert not worse("run.wall_seconds", 1.0, 100.0, {"*": 5})
    assert worse("run.wall_seconds", 1.0, 100.0, {"run.wall_seconds": 5})
    assert worse("throughput.simulated_per_wall_s", 1_000.0, 100.0, {"throughput.simulated_per_wall_s": 5})


def test_a_check_that_newly_fails_is_a_regression_at_any_tolerance():
    new = copy.deepcopy(BASE)
    new["checks"][0].update(ok=False, detail="too slow")
    comparison = compare(BASE, new, 1e9)
    assert comparison.regressions == (f"{new['checks'][0]['name']} failed: too slow",)
    assert compare(new, new, 0).ok, "what failed before and still fails is no regression"
    assert compare(new, BASE, 0).ok


def test_runs_of_another_seed_are_said_to_be_so():
    assert not compare(BASE, changed("run.seed", 8), 5).same_scenario


def terminal(comparison) -> str:
    out = io.StringIO()
    render_comparison(comparison, Console(file=out, width=120, no_color=True))
    return out.getvalue()


def test_all_three_pages_say_what_became_worse():
    new = changed("latency.authorize.p99_ms", 5_000.0)
    new["checks"][0].update(ok=False, detail="too <slow>")
    comparison = compare(BASE, new, 5)
    pages = terminal(comparison), render_comparison_markdown(comparison), render_comparison_html(comparison)
    for page in pages:
        assert "1 more check fails and 1 figure is worse." in page
        assert "5 s" in page
    assert "too &lt;slow&gt;" in pages[2]
    assert "Nothing became worse." in terminal(compare(BASE, BASE, 0))
