"""report.html: one file, no request to anywhere, and nothing in it that a scenario's words could start."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports import pictures, story, words
from reports.checks import INVARIANTS, LEG_TITLES
from reports.figures import key_figures

SHOWN_BREAKS = 20
LISTED_FINDINGS = 40
SENTENCES = ("latency", "declines", "funds", "settlement", "reconciliation", "checks")
ANCHORS = {"latency": "latency", "counts": "declines", "settlement": "settlement", "reconciliation": "reconciliation"}
"""Where a budget's figure is shown, by the first word of its path."""


def environment() -> Environment:
    """Templates with everything escaped and every missing name an error."""
    made = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        money=words.money,
        wrapped=wrapped,
        ms=words.milliseconds,
        duration=words.duration,
        count=words.count,
        percent=words.percent,
        when=words.virtual_time,
        plural=words.plural,
        plain=plain,
        short=words.short,
        figure=lambda value, path: words.figure(path, value),
    )
    made.globals.update(style=_asset("style.css"), script=_asset("script.js"))
    return made


def _asset(name: str) -> Markup:
    return Markup(files("reports").joinpath("templates", name).read_text(encoding="utf-8"))  # our own file


def plain(name: str) -> str:
    """``missing_in_ledger`` as ``missing in ledger``."""
    return name.replace("_", " ")


def wrapped(text: str, after: str = ",") -> Markup:
    """A figure or a name that may break after these characters, and nowhere else if it can."""
    return Markup("<wbr>").join(re.split(f"(?<=[{re.escape(after)}])", text))


def headline(report: dict[str, object]) -> str:
    """The verdict as one sentence that fits a headline."""
    failed = sum(not check["ok"] for check in report["checks"])
    swipes = report["counts"]["swipes"]
    over = f"over {words.plural(swipes, 'swipe')}" if swipes else "without a single swipe"
    if failed:
        return f"{failed} of {words.plural(len(report['checks']), 'check')} failed {over}."
    return f"All {words.plural(len(report['checks']), 'check')} hold {over}."


def render_html(report: dict[str, object]) -> str:
    """The report as one page that opens offline; well under 3 MB whatever the run."""
    return environment().get_template("report.html.j2").render(context(report))


def context(report: dict[str, object]) -> dict[str, object]:
    """What the template shows, so that it decides nothing."""
    books = report["reconciliation"]
    checks = [{**check, "anchor": anchor(check), "name": title(check)} for check in report["checks"]]
    return {
        "report": report,
        "headline": headline(report),
        "sentences": {name: getattr(story, name)(report) for name in SENTENCES},
        "checks": checks,
        "failed": [check for check in checks if not check["ok"]],
        "figures": key_figures(report),
        "charts": charts(report),
        "networks": list(report["latency"]["histogram"]["counts"]),
        "decline_bars": decline_bars(report),
        "funds_names": used(report, pictures.STACK),
        "moving_names": used(report, pictures.IN_MOTION),
        "legs": LEG_TITLES,
        "kinds": sorted(books["by_kind"], key=lambda row: row["explained_by"] is not None),
        "breaks": shown_breaks(books["breaks"]),
        "breaks_total": sum(books[leg]["breaks"] for leg in LEG_TITLES),
        "findings": report["findings"]["first"][:LISTED_FINDINGS],
        "invariants": INVARIANTS,
        "start": words.utc(report["run"]["start_utc_ns"]),
    }


def used(report: dict[str, object], names: Sequence[str]) -> list[str]:
    """Those components of the funds that ever held anything."""
    series = report["funds"]["series"]
    return [name for name in names if name in series and any(series[name]["usdc6"])]


def shown_breaks(breaks: list[dict[str, object]]) -> list[dict[str, object]]:
    """The first few of each leg, unexplained and explained."""
    found: dict[tuple[object, bool], list[dict[str, object]]] = {}
    for one in breaks:
        found.setdefault((one["leg"], one["explained_by"] is None), []).append(one)
    return [one for group in found.values() for one in group[:SHOWN_BREAKS]]


def title(check: dict[str, object]) -> str:
    """A check's name in words; a budget keeps the path that its scenario gives."""
    return LEG_TITLES.get(str(check["name"]).removeprefix("reconciliation."), str(check["name"]))


def anchor(check: dict[str, object]) -> str:
    """The section that shows more about a check."""
    if check["group"] == "invariant":
        return "checks" if check["ok"] else "findings"
    return ANCHORS.get(str(check["name"]).split(".", 1)[0], "checks")


def charts(report: dict[str, object]) -> dict[str, Markup]:
    """Those charts for which the run has data."""
    drawn: dict[str, Markup] = {}
    if report["latency"]["histogram"]["counts"]:
        drawn["latency"] = pictures.both(pictures.latency_distribution, report)
    if any(report["timeline"]["p99_ms"]):
        drawn["course"] = pictures.both(pictures.latency_course, report)
    series = report["funds"]["series"]
    if any(len(series.get(name, {"at_s": []})["at_s"]) > 1 for name in (*pictures.STACK, "supply")):
        drawn["funds"] = pictures.both(pictures.funds_stack, report)
        if used(report, pictures.IN_MOTION):
            drawn["moving"] = pictures.both(pictures.funds_in_motion, report)
    if report["settlement"]["lag_histogram"]["counts"]:
        drawn["lag"] = pictures.settlement_lag(report)
    if any(report["settlement"]["series"]["users"]):
        drawn["gas"] = pictures.gas_by_batch(report)
    return drawn


def decline_bars(report: dict[str, object]) -> list[dict[str, object]]:
    """Declines by reason, then what was not answered at all; ``width`` in percent of the longest bar."""
    counts = report["counts"]
    rows = [
        {"reason": plain(row["reason"]), "code": row["code"], "count": row["count"], "class": "answered"}
        for row in report["declines"]
    ]
    for name, key in (("no answer in time", "timeouts"), ("engine error", "errors")):
        if counts[key]:
            rows.append({"reason": name, "code": "", "count": counts[key], "class": "unanswered"})
    longest = max((row["count"] for row in rows), default=1)
    return [
        {**row, "width": round(row["count"] / longest * 100, 2), "share": row["count"] / counts["swipes"]}
        for row in rows
    ]
