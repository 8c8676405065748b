"""From events to figures, from figures to pages. What others may rely on is here.

What needs pandas, templates or a terminal loads when it is first asked for: while a world runs, they would only take
memory from it.
"""

from __future__ import annotations

from importlib import import_module

from reports.compare import Change, Comparison, compare
from reports.facts import RunFacts

_MODULES = {
    "SCHEMA": "build",
    "build_report": "build",
    "render_comparison": "compare_pages",
    "render_comparison_html": "compare_pages",
    "render_comparison_markdown": "compare_pages",
    "FILES": "files",
    "dump_report": "files",
    "write_run_files": "files",
    "Events": "frames",
    "EventsError": "frames",
    "read_events": "frames",
    "render_html": "html",
    "render_junit": "junit",
    "render_markdown": "markdown",
    "render_terminal": "terminal",
}

__all__ = ["Change", "Comparison", "RunFacts", "compare", *_MODULES]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return found
