"""`swipelab doctor`: what is installed, what is missing, what to do."""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from scenarios.cli import screen
from scenarios.cli.codes import FAILED, PASSED

LEAST_PYTHON = (3, 11)
LEAST_DISK_GIB = 1.0
NODE_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """``required`` and not ``ok`` means that Swipelab can't work; ``advice`` is what to do then."""

    what: str
    ok: bool
    found: str
    advice: str = ""
    required: bool = False


def doctor() -> int:
    """Exit 0 unless something required is missing."""
    findings = [*_python(), *_packages(), *_chains(), *_tools(), *_machine()]
    console = screen.out()
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for title in ("", "part", "found", "what to do"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        word = "ok" if finding.ok else "MISSING" if finding.required else "absent"
        style = None if finding.ok else "bold red" if finding.required else "yellow"
        cells = (finding.what, finding.found, "" if finding.ok else finding.advice)
        table.add_row(word, *map(escape, cells), style=style)
    console.print(table)
    missing = [finding.what for finding in findings if finding.required and not finding.ok]
    if missing:
        console.print(f"missing and required: {', '.join(missing)}", markup=False)
        return FAILED
    absent = sum(not finding.ok for finding in findings)
    console.print(
        f"ready{f'; {absent} optional part(s) absent' if absent else ''}. Try: swipelab run grocery_week", markup=False
    )
    return PASSED


def _python() -> Iterator[Finding]:
    found = f"{platform.python_version()} ({sys.executable})"
    yield Finding("Python", sys.version_info >= LEAST_PYTHON, found, "install Python 3.11 or newer", required=True)


def _packages() -> Iterator[Finding]:
    try:
        yield Finding("swipelab", True, version("swipelab"), required=True)
        wanted = requires("swipelab") or []
    except PackageNotFoundError:
        yield Finding("swipelab", False, "not installed", "run `make setup`, or `pip install -e .`", required=True)
        return
    for requirement in wanted:
        name, marker = re.split(r"[\s;=<>!~\[]", requirement, maxsplit=1)[0], requirement.partition(";")[2]
        extra = re.search(r"extra\s*==\s*['\"](\w+)", marker)
        try:
            yield Finding(name, True, version(name), required=not marker)
        except PackageNotFoundError:
            install = f"swipelab[{extra[1]}]" if extra else requirement.partition(";")[0].strip()
            yield Finding(name, False, "not installed", f"pip install '{install}'", required=not marker)


def _chains() -> Iterator[Finding]:
    from simulators.backends.chain.anvil import HOW_TO_INSTALL, find_anvil
    from simulators.backends.chain.node import NodeError

    for node, module, advice in (
        ("chain py-evm", "eth", "run `make setup`"),
        ("chain revm", "pyrevm", "there is no wheel for this Python; use Python 3.11 or 3.12 for million_day"),
    ):
        try:
            importlib.import_module(module)
            yield Finding(node, True, "imports", required=node == "chain py-evm")
        except ImportError as error:
            yield Finding(node, False, str(error), advice, required=node == "chain py-evm")
    try:
        anvil = find_anvil()
    except NodeError as error:
        yield Finding("anvil (chain rpc)", False, str(error), HOW_TO_INSTALL)
        return
    yield Finding("anvil (chain rpc)", anvil is not None, str(anvil or "not found"), HOW_TO_INSTALL)


def _tools() -> Iterator[Finding]:
    for name, why in (("node", "only to compile the contracts"), ("npm", "only to fetch anvil and the compiler")):
        path = shutil.which(name)
        yield Finding(name, path is not None, _version_of(path) if path else "not found", f"optional: {why}")
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    browser = next((path for path in map(shutil.which, names) if path), None)
    yield Finding("chromium", browser is not None, browser or "not found", "optional: any browser opens report.html")


def _version_of(path: str) -> str:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=NODE_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{path}: {error}"
    return done.stdout.strip() or f"{path}: exit {done.returncode}"


def _machine() -> Iterator[Finding]:
    here = Path.cwd()
    free_gib = shutil.disk_usage(here).free / 2**30
    yield Finding(
        "disk",
        free_gib >= LEAST_DISK_GIB,
        f"{free_gib:,.1f} GiB free",
        "make room: a run of a million swipes writes 100 MB",
    )
    yield Finding("folder", os.access(here, os.W_OK), str(here), "runs/ is written here: go to a folder of your own")
    yield Finding("processors", True, str(os.cpu_count()))
