"""The committed artifacts belong to the committed sources."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from contracts.artifact import ARTIFACTS_DIR, load_artifact
from contracts.build import BUILD_DIR, BuildUnavailable, compile_contracts, install_packages, pinned_packages

ROOT = ARTIFACTS_DIR.parent.parent
SOURCES = sorted([*ARTIFACTS_DIR.parent.glob("*.sol"), *ARTIFACTS_DIR.parent.glob("test/*.sol")])
NAMES = [source.relative_to(ARTIFACTS_DIR.parent).with_suffix("").as_posix() for source in SOURCES]


def committed() -> dict[str, str]:
    return {
        path.relative_to(ARTIFACTS_DIR).as_posix(): path.read_text("utf-8") for path in ARTIFACTS_DIR.rglob("*.json")
    }


def test_there_is_one_artifact_for_each_source() -> None:
    assert set(committed()) == {f"{name}.json" for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_an_artifact_was_made_from_the_sources_as_they_are(name: str) -> None:
    recorded = load_artifact(name).source_sha256
    assert f"contracts/{name}.sol" in recorded
    found = {source: hashlib.sha256((ROOT / source).read_bytes()).hexdigest() for source in recorded}
    assert recorded == found, "a contract changed: run python -m contracts.build"


@pytest.mark.parametrize("name", NAMES)
def test_an_artifact_was_made_by_the_pinned_compiler_and_packages(name: str) -> None:
    raw = json.loads(committed()[f"{name}.json"])
    assert raw["packages"] == pinned_packages()
    assert raw["compiler"].startswith(f"solc {pinned_packages()['solc']}+")
    assert all(version[0].isdigit() for version in pinned_packages().values()), "pin exact versions"


def test_an_unknown_artifact_is_named_with_those_there_are() -> None:
    with pytest.raises(FileNotFoundError, match=r"CardTokn.*CardToken.*MockUSDC"):
        load_artifact("CardTokn")


def test_compiling_again_gives_the_committed_artifacts_byte_for_byte(tmp_path: Path) -> None:
    try:
        install_packages()
    except BuildUnavailable as missing:
        pytest.skip(str(missing))
    compile_contracts(tmp_path)
    fresh = {path.relative_to(tmp_path).as_posix(): path.read_text("utf-8") for path in tmp_path.rglob("*.json")}
    assert fresh == committed()


def test_the_build_names_no_package_server() -> None:
    assert not [path.name for path in BUILD_DIR.iterdir() if path.name in ("package-lock.json", ".npmrc")]
