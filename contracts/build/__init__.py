"""Builds contracts/artifacts from the Solidity sources. Only who changes a contract needs it, and Node with it.

``python -m contracts.build`` installs the pinned compiler and base contracts into ``node_modules`` here, if they are
not there yet, and compiles. The output depends on the sources and the pinned versions alone.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

BUILD_DIR = Path(__file__).parent
_INSTALL = ("install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--fetch-retries=0")
_INSTALL_TIMEOUT_S = 120
_COMPILE_TIMEOUT_S = 120


class BuildUnavailable(Exception):
    """Node or the npm packages are not to be had here; the message says which, and what to do."""


def pinned_packages() -> dict[str, str]:
    """npm package name to exact version."""
    return json.loads((BUILD_DIR / "package.json").read_text(encoding="utf-8"))["devDependencies"]


def install_packages() -> None:
    """Put the pinned packages into ``node_modules``, unless exactly they are there.

    :raises BuildUnavailable: there is no Node or npm, or npm cannot obtain them.
    """
    if not shutil.which("node"):
        raise BuildUnavailable("Node is not installed; it is needed only to compile the contracts")
    if all(_installed_version(name) == version for name, version in pinned_packages().items()):
        return
    npm = shutil.which("npm")
    if not npm:
        raise BuildUnavailable("npm is not installed; it is needed only to compile the contracts")
    try:
        done = _run([npm, *_INSTALL], _INSTALL_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise BuildUnavailable(f"npm did not obtain {pinned_packages()} in {_INSTALL_TIMEOUT_S} s") from None
    if done.returncode != 0:
        complaint = next((line for line in done.stderr.splitlines() if "error" in line), "no reason given")
        raise BuildUnavailable(f"npm cannot obtain {pinned_packages()}: {complaint}")


def compile_contracts(out_dir: Path) -> str:
    """Compile every contract into `out_dir`; returns what the compiler reported. Packages must be installed.

    :raises subprocess.CalledProcessError: a contract does not compile, or compiles with a warning.
    """
    done = _run(["node", "compile.mjs", "--out", str(out_dir.resolve())], _COMPILE_TIMEOUT_S)
    if done.returncode != 0:
        raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
    return done.stdout


def _installed_version(package: str) -> str | None:
    manifest = BUILD_DIR / "node_modules" / package / "package.json"
    return json.loads(manifest.read_text(encoding="utf-8"))["version"] if manifest.is_file() else None


def _run(command: list[str], timeout_s: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=BUILD_DIR, capture_output=True, text=True, timeout=timeout_s, check=False)
