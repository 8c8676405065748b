"""report.html: one file, no request to anywhere."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

_ENVIRONMENT = Environment(
    loader=PackageLoader("reports", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_html(report: dict[str, object]) -> str:
    """The report as one page that opens offline."""
    return _ENVIRONMENT.get_template("report.html.j2").render(report=report)
