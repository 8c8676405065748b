"""A planted engine is the production engine with exactly its edits, and leaves the production engine alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.domain import counters
from engine.domain.limits import Spend
from engine.domain.money import usdc6_of
from engine.domain.terms import LimitTerms
from engine.services import authorize
from scenarios.bugs.catalogue import CATALOGUE, PLANNED
from scenarios.bugs.edits import PlantingError, edited, source_of
from scenarios.bugs.planting import Marks, Planted, _Copies, planted
from scenarios.bugs.record import Bug, Edit, Family
from scenarios.bugs.trial import attempt
from scenarios.bugs.worlds import Way, names, resolved
from scenarios.engines_ref import find_engine
from scenarios.problems import BadInput
from simulators.auditor.auditor import INVARIANTS
from simulators.world import World

BUGS = tuple(CATALOGUE.values())


def bug_of(*edits: Edit) -> Bug:
    return Bug("test", Family.MONEY, "", "", "I3", "storm", edits)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.id)
def test_every_bug_of_the_catalogue_can_be_planted(bug: Bug) -> None:
    assert {edit.module for edit in bug.edits} <= set(planted(bug).copied)
    assert bug.world in names()
    assert bug.invariant in INVARIANTS
    assert bug.what.endswith(".")
    assert bug.why.endswith(".")
    assert not bug.only_when.endswith(".")


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.id)
def test_a_bug_differs_from_the_engine_by_exactly_its_edits(bug: Bug) -> None:
    for module in {edit.module for edit in bug.edits}:
        edits = tuple(edit for edit in bug.edits if edit.module == module)
        text, ranges = edited(source_of(module), edits, bug.id)
        expected = source_of(module)
        for edit in edits:
            expected = expected.replace(edit.old, edit.new)
        assert text == expected != source_of(module)
        assert len(ranges) == len(edits)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.id)
def test_a_bug_names_nothing_that_is_not_there(bug: Bug) -> None:
    """Else it would crash where it was meant to be wrong."""
    for module in {edit.module for edit in bug.edits}:
        edits = tuple(edit for edit in bug.edits if edit.module == module)
        text, _ = edited(source_of(module), edits, bug.id)
        ruff = Path(sys.executable).with_name("ruff")
        words = [ruff, "check", "--isolated", "--no-cache", "--select", "F821,F823", "-q", "-"]
        said = subprocess.run(words, input=text, capture_output=True, text=True)
        assert said.returncode == 0, said.stdout


def test_a_bug_is_listed_once_and_under_its_family() -> None:
    assert len({bug.edits for bug in BUGS}) == len(BUGS)
    assert not {bug.id for bug in PLANNED} & CATALOGUE.keys()
    for bug in BUGS:
        module = next(name for name, value in _families().items() if bug in value)
        assert bug.id.startswith(f"{module}-")
        assert {other.family for other in _families()[module]} == {bug.family}


def _families() -> dict[str, tuple[Bug, ...]]:
    prefix = "scenarios.bugs.catalogue."
    modules = {name.removeprefix(prefix): module for name, module in sys.modules.items() if name.startswith(prefix)}
    return {name: module.BUGS for name, module in modules.items() if hasattr(module, "BUGS")}


def test_a_text_that_is_no_longer_there_is_named() -> None:
    with pytest.raises(PlantingError, match=r"test: in engine\.domain\.money this is no longer there.*\nreturn 7"):
        Planted(bug_of(Edit("engine.domain.money", "return 7", "return 8")))


def test_a_text_that_is_there_twice_is_refused() -> None:
    with pytest.raises(PlantingError, match="there 2 times"):
        edited("a = 1\na = 1\n", (Edit("m", "a = 1", "a = 2"),), "test")


def test_edits_that_overlap_or_change_nothing_are_refused() -> None:
    with pytest.raises(PlantingError, match="overlap"):
        edited("a = 1\n", (Edit("m", "a = 1", "a = 2"), Edit("m", "= 1", "= 3")), "test")
    with pytest.raises(PlantingError, match="changes nothing"):
        edited("a = 1\n", (Edit("m", "a = 1", "a = 1"),), "test")


def test_a_module_that_does_not_exist_is_named() -> None:
    with pytest.raises(PlantingError, match=r"no module to edit: engine\.domain\.moneys"):
        Planted(bug_of(Edit("engine.domain.moneys", "a", "b")))


def test_a_record_that_crosses_the_seam_is_not_edited() -> None:
    edit = Edit("engine.domain.authorization", 'EXPIRED = "expired"', 'EXPIRED = "over"')
    with pytest.raises(PlantingError, match="Status crosses the seam"):
        Planted(bug_of(edit))


def test_what_is_no_record_is_copied_with_what_it_uses() -> None:
    """Counters keep totals, and count in the windows that their own module imports."""
    bug = bug_of(Edit("engine.domain.windows", "    month = month_of_day(day)\n", "    month = 7\n"))
    copies = _Copies(planted(bug)._compiled, Marks())
    for module, expected in ((copies.load("engine.domain.counters"), {7}), (counters, {1970 * 12})):
        kept = module.Counters(LimitTerms())
        kept.take(Spend("a", "c", "5411", 0, 100))
        assert {number for kind, number in kept._calendar if kind == 2} == expected


def test_an_edit_that_is_no_python_is_refused() -> None:
    with pytest.raises(PlantingError, match="no Python any more"):
        Planted(bug_of(Edit("engine.domain.money", "return cents *", "return cents *)")))


def test_two_planted_engines_and_the_right_one_live_in_one_process() -> None:
    old = "return cents * USDC6_PER_CENT"
    attempt(None, "storm", 1)  # so that all is imported
    before = {name: module for name, module in sys.modules.items() if name.startswith(("engine.", "simulators."))}
    half, double = (planted(bug_of(Edit("engine.domain.money", old, f"return cents * {n}"))) for n in (5_000, 20_000))
    engines: list[Any] = []
    for one in (half, double):
        ready = resolved("storm", 1, Way.NO_FAULTS)
        World(ready.settings, ready.purchases, lambda kit, one=one: engines.append(one.build(kit)) or engines[-1])
    uses = [type(engine.authorize)._decide.__globals__["usdc6_of"] for engine in engines]
    assert [use(1) for use in uses] == [5_000, 20_000]
    assert usdc6_of(1) == authorize.usdc6_of(1) == 10_000
    assert before == {name: sys.modules[name] for name in before}


def test_a_backend_is_edited_for_one_world_only() -> None:
    old = "        reason = numeric("
    bug = bug_of(Edit("simulators.backends.holds", old, "        image.available_usdc6 = 0\n" + old))
    broken = attempt(bug, "storm", 1, Way.NO_FAULTS)
    right = attempt(None, "storm", 1, Way.NO_FAULTS)
    assert broken.reached > 0
    assert "I12" in broken.alarms  # everything is refused for want of money
    assert not right.alarms


def test_what_is_planted_keeps_the_right_engine_s_trace_where_nothing_changes() -> None:
    """The copies, the markers and the class given to a backend change nothing by themselves."""
    same = bug_of(
        Edit("engine.domain.money", "return cents * USDC6_PER_CENT", "return USDC6_PER_CENT * cents"),
        Edit("engine.domain.windows", "    when = date.", "    when = (date)."),
    )
    assert len(planted(same).copied) > 10
    for seed in (1, 2):
        planted_run, right_run = attempt(same, "rush", seed), attempt(None, "rush", seed)
        assert planted_run.trace_sha256 == right_run.trace_sha256
        assert planted_run.reached > right_run.reached == 0


def test_reached_counts_the_changed_statement_alone() -> None:
    marks = Marks()
    never = bug_of(
        Edit("engine.domain.accounts", "class CardStatus", "def unused() -> int:\n    return 1\n\n\nclass CardStatus")
    )
    ready = resolved("storm", 1, Way.NO_FAULTS)
    World(ready.settings, ready.purchases, lambda kit: planted(never).build(kit, marks)).run()
    assert marks.reached == 0


def test_a_bug_is_an_engine_that_can_be_named() -> None:
    assert callable(find_engine(f"bug:{BUGS[0].id}").factory)
    with pytest.raises(BadInput, match=rf"did you mean bug:{BUGS[0].id}"):
        find_engine(f"bug:{BUGS[0].id}x")
    with pytest.raises(BadInput, match=r"did you mean bug:messages-early-reversal-leaves-no-mark\?"):
        find_engine("bug:messages-early")
    with pytest.raises(BadInput, match=r"there are bug:money-\*, bug:races-\*"):
        find_engine("bug:?")
