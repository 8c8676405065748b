"""The rules of the house that a machine can hold."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_imports_point_one_way() -> None:
    done = run(str(Path(sys.executable).parent / "lint-imports"), "--no-cache")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_the_linter_has_nothing_to_say() -> None:
    done = run(sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", ".")
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_code_is_formatted() -> None:
    done = run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", ".")
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_core_of_the_engine_may_not_read_a_clock(tmp_path: Path) -> None:
    """The ban is really in force: a module that breaks it is refused."""
    culprit = ROOT / "engine" / "domain" / "money.py"
    source = "import time\nimport random\n" + culprit.read_text() + "\n_ = time.time(), random.random()\n"
    check = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251"]
    check += ["--stdin-filename", str(culprit), "-"]
    done = subprocess.run(check, input=source, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.count("TID251") == 2, done.stdout


def test_the_lock_pins_everything_and_names_no_index() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert all("==" in line for line in pins)
    assert not any("://" in line for line in lines)
    allowed = {"eth-tester", "py-evm"}
    pre_releases = {
        line.split("==")[0]
        for line in pins
        if any(mark in line.split("==")[1].split()[0] for mark in ("a", "b", "rc", "dev"))
    }
    assert pre_releases <= allowed


def test_every_data_file_of_a_package_is_installed_with_it() -> None:
    """Scenarios, templates, contracts: what is read at run time is in the wheel too."""
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    globs = setuptools["package-data"]["*"]
    packages = [glob.rstrip("*") for glob in setuptools["packages"]["find"]["include"]]
    needs_node = ROOT / "contracts" / "build" / "compile.mjs"  # compiles contracts, from a checkout alone
    files = [
        file
        for package in packages
        for file in (ROOT / package).rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc", "") and file != needs_node
    ]
    files = [file for file in files if "node_modules" not in file.parts and not file.name.startswith(".")]
    assert len(files) > 40
    assert [str(file) for file in files if not any(fnmatch(file.name, glob) for glob in globs)] == []
