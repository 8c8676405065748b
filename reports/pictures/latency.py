"""Charts of latency: its distribution and its course."""

from __future__ import annotations

from itertools import pairwise

from markupsafe import Markup

from reports.charts import Chart, Mark, Scale, log_ticks, round_ticks
from reports.pictures.axes import Report, clock, network_class, percentile_marks, short_ms, time_axis
from reports.words import count, duration, milliseconds, plural


def latency_distribution(report: Report, size: tuple[float, float]) -> Markup:
    """How many swipes were answered within which time, stacked by network, on a logarithmic axis."""
    latency = report["latency"]
    histogram = latency["histogram"]
    edges, counts = histogram["edges_ms"], histogram["counts"]
    marks = latency_marks(report, short=size[0] < 600)
    places = [mark.at for mark in marks]
    x = Scale(min(edges[0], *places) * 0.9, max(edges[-1], *places) * 1.12, 58, size[0] - 12, log=True)
    chart = Chart(*size)
    chart.reserve(marks, x)
    top = max(map(sum, zip(*counts.values(), strict=True)))
    y = Scale(0, top * 1.04, chart.inner[3], chart.inner[2])
    chart.y_axis(y, round_ticks(0, top, 4 if top > 3 else top), lambda n: count(int(n)), "")
    base = [0] * (len(edges) - 1)
    for name, mine in counts.items():
        upper = [a + b for a, b in zip(base, mine, strict=True)]
        chart.bars(edges, base, upper, x, y, f"fill {network_class(name)}")
        base = upper
    chart.x_axis(x, log_ticks(x.low, x.high, 12 if size[0] > 600 else 6), short_ms)
    chart.marks(x)
    chart.hits(
        [(a, b, _bin_words(a, b, counts, n)) for n, (a, b) in enumerate(pairwise(edges)) if base[n]],
        x,
    )
    figures = latency["authorize"]
    return chart.svg(
        f"Distribution of authorization latency over {plural(figures['count'], 'swipe')}: half within "
        f"{milliseconds(figures['p50_ms'])}, 99 % within {milliseconds(figures['p99_ms'])}"
    )


def _bin_words(low: float, high: float, counts: dict[str, list[int]], n: int) -> str:
    shares = ", ".join(f"{name} {row[n]:,}" for name, row in counts.items() if row[n])
    return f"{milliseconds(low)} to {milliseconds(high)}: {shares}"


def latency_marks(report: Report, *, short: bool = False) -> list[Mark]:
    """The percentiles, the budgets on latencies of all authorizations, and the deadlines."""
    figures = report["latency"]["authorize"]
    marks = percentile_marks([("p50", figures["p50_ms"]), ("p99", figures["p99_ms"])], milliseconds)
    for name, limit, ok in latency_budgets(report):
        marks.append(Mark(limit, f"{name} budget {milliseconds(limit)}", "budget" if ok else "budget broken"))
    for ms, names in deadlines(report).items():
        whose = "" if short else f" {' and '.join(names)}" if len(names) < 3 else " of all"
        marks.append(Mark(ms, f"deadline{whose} {short_ms(ms)}", "deadline"))
    return [mark for mark in marks if mark.at > 0]


def latency_budgets(report: Report) -> list[tuple[str, float, bool]]:
    """Percentile, ceiling in ms and whether it held, for each budget on all authorizations."""
    start = "latency.authorize."
    return [
        (check["name"].removeprefix(start).removesuffix("_ms"), check["budget"], check["ok"])
        for check in report["checks"]
        if check["name"].startswith(start) and check["name"].endswith("_ms") and check["budget"] > 0
    ]


def deadlines(report: Report) -> dict[float, list[str]]:
    found: dict[float, list[str]] = {}
    for name, ms in report["run"]["deadlines_ms"].items():
        found.setdefault(ms, []).append(name)
    return dict(sorted(found.items()))


def latency_course(report: Report, size: tuple[float, float]) -> Markup:
    """p50 and p99 per bucket over the run, on a logarithmic axis; under it how many swipes there were."""
    line = report["timeline"]
    at = [start + line["bucket_s"] / 2 for start in line["at_s"]]
    values = [v for key in ("p50_ms", "p99_ms") for v in line[key] if v]
    limits = [limit for _, limit, _ in latency_budgets(report)] + list(deadlines(report))[:1]
    chart = Chart(*size, top=16)
    left, right, top, bottom = chart.inner
    x = Scale(line["at_s"][0], line["at_s"][-1] + line["bucket_s"], left, right)
    y = Scale(min(values + limits) * 0.7, max(values + limits) * 1.5, bottom - 62, top, log=True)
    volume = Scale(0, max(line["swipes"]), bottom, bottom - 44)
    chart.y_axis(y, log_ticks(y.low, y.high, 6), short_ms)
    edges = [*line["at_s"], x.high]
    for start, n in zip(line["at_s"], line["swipes"], strict=True):
        chart.bars([start, start + line["bucket_s"]], [0], [n], x, volume, "fill volume")
    chart.y_axis(volume, [max(line["swipes"])], lambda n: count(int(n)))
    for name in ("p99", "p50"):
        chart.line(*_with_gaps(at, line[f"{name}_ms"], line["bucket_s"]), x, y, f"stroke {name}")
    for name, limit, ok in latency_budgets(report):
        chart.horizontal(limit, f"{name} budget {milliseconds(limit)}", y, "budget" if ok else "budget broken")
    for ms in list(deadlines(report))[:1]:
        chart.horizontal(ms, f"earliest deadline {short_ms(ms)}", y, "deadline")
    time_axis(chart, x, report)
    chart.hits([(start, start + line["bucket_s"], _bucket_words(report, n)) for n, start in enumerate(edges[:-1])], x)
    worst = max((v, n) for n, v in enumerate(line["p99_ms"]) if v is not None) if any(line["p99_ms"]) else (0, 0)
    return chart.svg(
        f"Latency over time in steps of {duration(line['bucket_s'])}; the worst p99 was {milliseconds(worst[0])} "
        f"at {clock(report, line['at_s'][worst[1]])}"
    )


def _with_gaps(at: list[float], values: list[float | None], step: float) -> tuple[list[float], list[float | None]]:
    """The same points, with nothing between those that have empty buckets between them."""
    xs, ys = [], []
    for n, (when, value) in enumerate(zip(at, values, strict=True)):
        if n and when - at[n - 1] > step * 1.5:
            xs.append(when - step)
            ys.append(None)
        xs.append(when)
        ys.append(value)
    return xs, ys


def _bucket_words(report: Report, n: int) -> str:
    line = report["timeline"]
    missed = f", {line['over_deadline'][n]:,} over deadline" if line["over_deadline"][n] else ""
    return (
        f"{clock(report, line['at_s'][n])}: {plural(line['swipes'][n], 'swipe')}, "
        f"p50 {milliseconds(line['p50_ms'][n])}, p99 {milliseconds(line['p99_ms'][n])}{missed}"
    )
