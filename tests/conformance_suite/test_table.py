"""`swipelab conform`: the table, what is broken in words, exit codes, and engines that lack a verb."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scenarios.cli import main
from scenarios.conformance.registry import FEATURES, all_cases, chosen

LACKING = """\
from scenarios.engines import reference


class Engine:
    def __init__(self, kit):
        right = reference.build(kit)
        for verb in ("open_account", "authorize", "capture", "deposit", "expire", "settle", "balance", "statement"):
            setattr(self, verb, getattr(right, verb))


def build(kit):
    return Engine(kit)
"""


@pytest.fixture
def lacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An engine that has no reversals and no withdrawals, and none of the younger verbs."""
    (tmp_path / "lacking_engine.py").write_text(LACKING)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("lacking_engine", None)
    return "lacking_engine:build"


def test_a_verb_that_is_lacking_is_not_supported_and_fails_nothing(
    lacking: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["conform", "--engine", lacking, "--examples", "5", "--json"])
    report = json.loads(capsys.readouterr().out)
    rows = {row["feature"]: row for row in report["features"]}
    assert (code, report["verdict"]) == (0, "pass")
    assert rows["Withdrawals"]["not supported"] == 15
    assert rows["Reversals"]["pass"] == rows["Reversals"]["fail"] == 0
    assert rows["Captures"]["not supported"] == 1  # the one after a reversal
    assert rows["Approvals"]["not supported"] == 0
    assert rows["State machine"]["pass"] == 1


def test_the_table_says_why(lacking: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "--engine", lacking, "--only", "withdrawals", "--only", "deposits"]) == 0
    shown = capsys.readouterr().out
    assert "not supported: 15 checks: this engine offers no withdraw" in shown
    assert "PASSED  lacking_engine:build: 23 checks, 8 pass, 15 not supported" in shown


def test_an_engine_that_supports_nothing_of_it_has_not_passed(lacking: str) -> None:
    assert main(["conform", "--engine", lacking, "--only", "withdrawals"]) == 1


def test_a_broken_rule_is_told_in_words_with_the_way_to_see_it_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "--engine", "naive", "--only", "a_deposit_is_credited_once"]) == 1
    shown = capsys.readouterr().out
    assert "Deposits: A deposit is credited once\n" in shown
    assert "expected  NoticeReceipt(ref='0xd:1', applied=False)" in shown
    assert "got       NoticeReceipt(ref='0xd:1', applied=True)" in shown
    assert "swipelab conform --engine naive --only a_deposit_is_credited_once\n" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--engine", "referense"], "did you mean reference?"),
        (["--only", "reversal"], "did you mean reversals?"),
        (["--examples", "0"], "--examples"),
    ],
)
def test_what_cannot_be_meant_is_bad_input(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_one_case_can_be_chosen_and_a_row_in_any_spelling() -> None:
    assert [case.name for case in chosen(["a_final_capture_takes_the_true_amount.5"])] == [
        "a_final_capture_takes_the_true_amount.5"
    ]
    assert chosen(["State machine"]) == chosen(["state-machine"]) == chosen(["state_machine"])


def test_every_case_is_in_a_row() -> None:
    assert {case.feature for case in all_cases()} <= set(FEATURES)
