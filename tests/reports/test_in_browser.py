"""The pages in a real browser: nothing overflows on a phone, nothing is too small to read, nothing goes wrong."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reports import build_report, compare, render_comparison_html, render_html
from tests.reports import sample
from tests.reports.test_pages import SECTIONS

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--window-size=1400,900",
    "--enable-logging=stderr",
)
WIDTHS = (360, 390, 768, 1_280)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")

MEASURE = """
const nameOf = (one) => `${one.tagName} ${one.getAttribute("class")} ${one.textContent.slice(0, 40)}`;
const textSize = (chart) => 13 * chart.getBoundingClientRect().width / chart.viewBox.baseVal.width;
const seen = (one) => one.getBoundingClientRect().height > 40;
addEventListener("load", () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument, width = frame.clientWidth;
    const outside = (box) => box.width && box.height && (box.right > width + 1 || box.left < -1);
    const charts = [...page.querySelectorAll("svg.chart")].filter(seen);
    found[frame.title] = {
      scroll: page.documentElement.scrollWidth,
      wide: [...page.body.querySelectorAll("*")].filter((one) => outside(one.getBoundingClientRect())).map(nameOf),
      smallest: Math.min(...charts.map(textSize), 99),
      charts: charts.length,
      sections: [...page.querySelectorAll("section")].filter(seen).map((one) => one.id),
      script: Boolean(page.querySelector(".tip")),
      verdict: page.querySelector("h1").textContent,
    };
  }
  document.body.textContent = JSON.stringify(found);
});
"""
FRAME = '<iframe title="{}" style="width:{}px;height:800px;border:0" srcdoc="{}"></iframe>'


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, dict], str]:
    """What the browser says of each page at each width ("passing 360"), and what it logged."""
    folder = tmp_path_factory.mktemp("browser")
    reports = {name: build_report(getattr(sample, name)(), sample.FACTS) for name in ("passing", "empty", "huge")}
    reports["failing"] = build_report(*sample.failing())
    pages = {name: render_html(report) for name, report in reports.items()}
    pages["comparison"] = render_comparison_html(compare(reports["passing"], reports["failing"], 5))
    frames = "".join(
        FRAME.format(f"{name} {width}", width, html.escape(page)) for name, page in pages.items() for width in WIDTHS
    )
    wrapper = folder / "all.html"
    wrapper.write_text(f"<!doctype html><meta charset=utf-8><script>{MEASURE}</script>{frames}", encoding="utf-8")
    return _look(wrapper, folder / "profile")


def _look(page: Path, profile: Path) -> tuple[dict[str, dict], str]:
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    body = re.search(r"<body>(.*)</body>", done.stdout, re.DOTALL)
    assert body, done.stderr
    return json.loads(html.unescape(body[1])), done.stderr


def test_nothing_overflows_at_any_width(measured):
    pages, _ = measured
    assert len(pages) == 5 * len(WIDTHS)
    for name, page in pages.items():
        assert page["wide"] == [], name
        assert page["scroll"] <= int(name.split()[1]), name


def test_no_text_of_a_chart_is_smaller_than_ten_pixels(measured):
    pages, _ = measured
    assert {name: page["smallest"] for name, page in pages.items() if page["smallest"] < 10} == {}
    assert {pages[f"passing {width}"]["charts"] for width in WIDTHS} == {6}, "one of each pair of charts is shown"


def test_every_section_is_to_be_seen(measured):
    pages, _ = measured
    sections = [*SECTIONS[:5], "findings", "crashes", "faults", *SECTIONS[5:]]
    for width in WIDTHS:
        assert pages[f"failing {width}"]["sections"] == sections
        assert pages[f"failing {width}"]["verdict"] == "10 of 23 checks failed over 3,000 swipes."


def test_the_script_runs_and_the_console_stays_silent(measured):
    pages, log = measured
    assert all(page["script"] for name, page in pages.items() if not name.startswith("comparison"))
    assert re.findall(r".*CONSOLE.*", log) == []
