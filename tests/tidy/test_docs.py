"""What the documents say can be followed: their links lead somewhere, and their examples run."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest

from scenarios.cli import main

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
EXAMPLE = re.compile(r"^`(?P<file>\w+\.py)`.*?^```python\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)

WORLD = """\
name: tiny
shows: A purchase.
seed: 3
world:
  duration: 10m
  drain: 2d
  warmup: 5m
  people: [ada]
  script: [{at: 1m, do: swipe, cardholder: ada, amount_cents: 500}]
chain: {node: revm}
budgets: {counts.approved.min: 1}
"""


def dead_links(document: Path) -> list[str]:
    """Relative links of a Markdown file that lead to no file or folder of the project."""
    text = FENCED.sub("", document.read_text())
    targets = [link for link in LINK.findall(text) if not ELSEWHERE.match(link) and not link.startswith("#")]
    return [link for link in targets if not (document.parent / link.partition("#")[0]).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    assert dead_links(document) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "[a](page.md#x) [b](gone.md) [c](https://x.invalid/y) ![d](no.png)\n```\n[e](code.md)\n```\n[f](#g)\n"
    )
    assert dead_links(page) == ["gone.md", "no.png"]


def examples() -> dict[str, str]:
    """File name to code, as docs/ENGINES.md shows them."""
    return dict(EXAMPLE.findall((ROOT / "docs" / "ENGINES.md").read_text()))


def test_the_examples_are_short() -> None:
    found = examples()
    assert list(found) == ["my_engine.py", "my_app.py"]
    assert all(code.count("\n") <= 33 for code in found.values())


@pytest.mark.parametrize("reference", ["my_engine:build", "asgi:my_app:app"])
def test_an_engine_written_as_the_page_says_passes_one_run_after_another(
    reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "tiny.yaml").write_text(WORLD)
    for file, code in examples().items():
        monkeypatch.delitem(sys.modules, file.removesuffix(".py"), raising=False)
        (tmp_path / file).write_text(code)
    before = signal.getsignal(signal.SIGTERM)
    try:
        ended = [main(["run", "tiny.yaml", "--seed", seed, "--engine", reference]) for seed in ("3", "4")]
    finally:
        signal.signal(signal.SIGTERM, before)
    out, err = capsys.readouterr()
    assert (ended, err) == ([0, 0], ""), out
    assert out.count(f"--engine {reference}") == 2
