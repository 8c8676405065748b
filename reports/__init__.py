"""From events to figures, from figures to pages. What others may rely on is here."""

from __future__ import annotations

from reports.build import SCHEMA, build_report
from reports.compare import Change, Comparison, compare
from reports.compare_pages import render_comparison, render_comparison_html, render_comparison_markdown
from reports.facts import RunFacts
from reports.files import FILES, dump_report, write_run_files
from reports.frames import Events, EventsError, read_events
from reports.html import render_html
from reports.junit import render_junit
from reports.markdown import render_markdown
from reports.terminal import render_terminal

__all__ = [
    "FILES",
    "SCHEMA",
    "Change",
    "Comparison",
    "Events",
    "EventsError",
    "RunFacts",
    "build_report",
    "compare",
    "dump_report",
    "read_events",
    "render_comparison",
    "render_comparison_html",
    "render_comparison_markdown",
    "render_html",
    "render_junit",
    "render_markdown",
    "render_terminal",
    "write_run_files",
]
