"""The files of docs/ci are ones that can be used as they are: they parse, and they name what there is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from scenarios.cli.app import app

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "ci"


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_a_workflow_parses_and_calls_the_gate(name) -> None:
    text = (FOLDER / name).read_text()
    assert isinstance(yaml.safe_load(text), dict)
    assert "bash docs/ci/gate.sh" in text


def test_the_gate_is_sound_shell() -> None:
    subprocess.run(["bash", "-n", str(FOLDER / "gate.sh")], check=True)


def test_the_gate_names_only_commands_and_options_that_exist() -> None:
    text = (FOLDER / "gate.sh").read_text().replace("\\\n", " ")
    calls = re.findall(r'"\$SWIPELAB" (\w+)([^\n]*)', text)
    assert {name for name, _ in calls} == {"serve", "suite", "conform", "load", "compare"}
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for name, rest in calls:
        options = {option for parameter in commands[name].params for option in parameter.opts}
        if name == "load":
            rest += text.split("BUDGETS=", 1)[1].split("\n", 1)[0]
        for option in re.findall(r"--[a-z][a-z-]*", rest):
            assert option in options, f"{name} has no {option}"
