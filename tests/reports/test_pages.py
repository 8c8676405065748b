"""The pages that a run leaves: HTML, Markdown, JUnit and the terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from reports import (
    build_report,
    compare,
    render_comparison_html,
    render_html,
    render_junit,
    render_markdown,
    render_terminal,
)
from tests.reports import sample
from tests.reports.rows import end, report_of, swipe
from tests.reports.sample import row

HOSTILE = '<script>alert("1")</script>{{ 7 * 7 }}"><img src=x onerror=alert(2)> \x07 `*_[x](http://evil.example)'
SECTIONS = ["latency", "declines", "funds", "settlement", "reconciliation", "checks", "again"]


@pytest.fixture(scope="module", params=["passing", "failing", "empty", "huge"])
def report(request: pytest.FixtureRequest) -> dict:
    if request.param == "failing":
        return build_report(*sample.failing())
    return build_report(getattr(sample, request.param)(), sample.FACTS)


def hostile_report() -> dict:
    events, facts = sample.failing()
    for column in ("result", "ref", "account", "detail"):
        chosen = events["kind"].isin(["finding", "fault", "crash", "ledger"]) & ~events["kind"].isin(["ledger"])
        events.loc[chosen, column] = HOSTILE
    captures = (events["kind"] == "ledger") & (events["result"] == "capture")
    events.loc[events.index[captures][:3], "account"] = HOSTILE
    declined = events.index[(events["kind"] == "authorize") & (events["result"] != "approved")]
    events.loc[declined, "result"] = HOSTILE
    events.loc[events["network"] == "amex", "network"] = HOSTILE
    names = dict.fromkeys(("scenario", "about", "engine", "command", "id", "version", "python"), HOSTILE)
    return build_report(events, replace(facts, **names, budgets={HOSTILE: 1}, deadlines_ns={HOSTILE: 1_000_000_000}))


class Page(HTMLParser):
    """What a page is made of: tags, attributes, ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "wbr", "br", "img", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def test_a_page_refers_to_nothing_outside_itself(report: dict):
    text = render_html(report)
    page = Page(text)
    assert page.open == []
    assert page.values("src") == []
    assert all(target.startswith("#") for target in page.values("href"))
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert re.findall(r"https?://|//[a-z]|@import|url\(", text) == []
    assert "default-src 'none'" in page.values("content")[1]


def test_a_page_stays_under_three_megabytes_whatever_the_run():
    shape = sample.Shape(swipes=4_000, accounts=2_500, days=40, timeouts=0.3)
    events = sample.passing(shape)
    events = events[~((events["kind"] == "ledger") & (events["result"] == "capture"))]
    report = build_report(events, sample.FACTS)
    assert report["reconciliation"]["network_ledger"]["unexplained"] > 1_000
    assert len(render_html(report).encode()) < 3_000_000


def test_every_section_is_there_and_every_link_leads_to_one(report: dict):
    page = Page(render_html(report))
    ids = page.values("id")
    assert [section for section in SECTIONS if section not in ids] == []
    assert {target[1:] for target in page.values("href")} <= set(ids)
    assert len(ids) == len(set(ids))


def test_the_verdict_comes_before_every_figure():
    text = render_html(build_report(*sample.failing()))
    assert (
        text.index("10 of 23 checks failed over 3,000 swipes.")
        < text.index('class="figures"')
        < text.index('id="latency"')
    )


def test_each_failed_check_is_said_in_words_before_the_figures():
    report = build_report(*sample.failing())
    top = render_html(report).split('class="figures"')[0]
    for check in report["checks"]:
        if check["group"] == "invariant":
            assert (check["name"] in top) is not check["ok"]
    assert "the chain burned more than once for one settlement and user" in top


def test_every_chart_says_what_it_shows_and_comes_wide_and_narrow():
    page = Page(render_html(build_report(sample.passing(), sample.FACTS)))
    charts = [value for tag, name, value in page.attributes if tag == "svg" and name == "aria-label"]
    assert len(charts) == 10
    assert all(len(words) > 20 for words in charts)
    assert page.values("class").count("wide") == page.values("class").count("narrow") == 4


def test_the_text_of_charts_is_never_set_small():
    text = render_html(build_report(sample.passing(), sample.FACTS))
    assert re.findall(r"font-size=", text) == []
    assert "font: 13px var(--sans)" in text


def test_words_of_others_can_start_nothing():
    report = hostile_report()
    pages = render_html(report), render_comparison_html(compare(build_report(sample.empty(), sample.FACTS), report, 0))
    for text, scripts in zip(pages, (1, 0), strict=True):
        page = Page(text)
        assert page.tags.count("script") == scripts
        assert "img" not in page.tags
        assert [name for _, name, _ in page.attributes if name.startswith("on")] == []
        assert "49" not in re.findall(r">\s*(\d+)\s*<", text)
        assert "&lt;script&gt;" in text


def test_a_key_figure_is_the_same_on_every_page(report: dict):
    from reports.figures import key_figures

    console = io.StringIO()
    render_terminal(report, Console(file=console, width=200, no_color=True), "runs/x")
    plain = render_html(report).replace("<wbr>", "")
    for figure in key_figures(report):
        assert figure.value in plain
        assert figure.value in console.getvalue()
        assert figure.value in render_markdown(report)


def test_the_terminal_says_the_verdict_what_failed_and_where_the_report_is():
    console = io.StringIO()
    render_terminal(build_report(*sample.failing()), Console(file=console, width=200, no_color=True), "runs/x/")
    text = console.getvalue()
    assert text.startswith(" FAILED  grocery_week  10 of 23 checks failed over 3,000 swipes")
    assert "latency.authorise.p99_ms  the report has no such figure; the nearest is latency.authorize.p99_ms" in text
    assert "swipelab run grocery_week --seed 11 --engine scenarios.engines.naive:build" in text
    assert text.endswith("report  runs/x/report.html\n")


def test_the_terminal_takes_no_markup_from_names():
    console = io.StringIO()
    facts = replace(sample.FACTS, scenario="[bold red]x[/]", command="run [link=http://x]y[/link]", budgets={})
    render_terminal(build_report(sample.empty(), facts), Console(file=console, width=200, no_color=True))
    assert "[bold red]x[/]" in console.getvalue()
    assert "[link=http://x]y[/link]" in console.getvalue()


def test_markdown_takes_no_markup_from_names():
    text = render_markdown(hostile_report())
    prose = text.split("```")[0] + text.split("```")[2]
    assert "<script>" not in prose
    assert re.findall(r"(?<!\\)\]\(http", prose) == []
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} <= {4, 5, 6, 9}


def test_a_backslash_does_not_undo_the_escaping_of_markdown():
    text = render_markdown(build_report(sample.empty(), replace(sample.FACTS, scenario="\\*a\\*")))
    assert text.startswith("# Failed: \\\\\\*a\\\\\\*")


def test_junit_has_a_case_for_each_check_and_a_failure_for_each_failed_one(report: dict):
    root = ET.fromstring(render_junit(report))
    (suite,) = root.findall("testsuite")
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [check["name"] for check in report["checks"]]
    for case, check in zip(cases, report["checks"], strict=True):
        failure = case.find("failure")
        assert (failure is None) is check["ok"]
        if failure is not None:
            assert failure.get("message") == check["detail"]
            assert report["run"]["command"] in failure.text
    failures = sum(not check["ok"] for check in report["checks"])
    assert (root.get("tests"), root.get("failures")) == (str(len(cases)), str(failures))
    assert (suite.get("tests"), suite.get("failures")) == (str(len(cases)), str(failures))


def test_junit_of_several_runs_adds_them_up():
    first, second = build_report(sample.empty(), sample.FACTS), build_report(*sample.failing())
    root = ET.fromstring(render_junit(first, second))
    assert len(root.findall("testsuite")) == 2
    assert root.get("failures") == str(sum(not check["ok"] for check in first["checks"] + second["checks"]))


def test_junit_is_valid_xml_whatever_the_names():
    root = ET.fromstring(render_junit(hostile_report()))
    assert root.find("testsuite").get("name") == HOSTILE.replace("\x07", "\ufffd")


def test_funds_are_drawn_from_the_supply_alone_where_an_engine_shows_no_balances():
    supply = [
        sample.row("funds", at_ns=hour * sample.HOUR, ref="supply", amount_usdc6=10**8 - hour) for hour in range(4)
    ]
    page = render_html(report_of(*supply))
    assert 'aria-label="Customer funds over time; at the end supply $99.999997"' in page
    assert "Money in motion" not in page
    assert "nothing was held" not in page


def test_one_swipe_is_enough_for_every_chart_that_needs_one():
    page = render_html(report_of(swipe("a"), end()))
    assert "The one swipe was answered within 20 ms" in page


def test_gas_that_is_a_lower_bound_is_called_one() -> None:
    exact = build_report(sample.passing(), sample.FACTS)
    bound = build_report(sample.passing(), replace(sample.FACTS, gas_exact=False))
    assert "lower bound" not in render_html(exact)
    assert "every figure of gas is a lower bound" in render_html(bound)
    assert "lower bounds" in render_markdown(bound)


def test_both_pages_tell_planned_and_skipped_faults_from_those_that_came():
    rows = [
        row("fault", ref="process.crash", result="planned"),
        row("fault", ref="process.crash", result="skipped"),
        row("fault", ref="network.delay", result="planned"),
        *(row("fault", ref="network.delay", result="injected") for _ in range(3)),
        *(row("fault", ref="network.delay", result="observed") for _ in range(2)),
    ]
    report = report_of(*rows)
    lines = render_markdown(report).splitlines()
    assert "| process.crash | 1 | 0 | 0 | 1 |" in lines
    assert "| network.delay | 1 | 3 | 2 | 0 |" in lines
    html = render_html(report)
    assert html.count("skipped: not fair to this engine") == 1
    assert re.findall(
        r'network\.<wbr>delay</td><td class="n">(\d)</td><td class="n">(\d)</td><td class="n">(\d)<', html
    ) == [("1", "3", "2")]
