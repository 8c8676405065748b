"""Charts of money: where it was, how long it took to the chain, at what cost in gas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from markupsafe import Markup

from reports.charts import Chart, Mark, Scale, round_ticks
from reports.pictures.axes import TIME_STEPS_S, Report, clock, percentile_marks, short_count, time_axis
from reports.words import USDC6_PER_DOLLAR, count, duration, money, money_short, plural

HALF = (400.0, 270.0)

IN_MOTION = ("held", "unsettled", "withdrawing", "receivable")
STACK = ("available", "held", "unsettled", "withdrawing")


def funds_stack(report: Report, size: tuple[float, float]) -> Markup:
    """Customers' money by what it is set aside for, under the line of what the chain holds."""
    at, rows = _dollars(report, (*STACK, "supply"))
    chart = Chart(size[0], 260.0, left=66)
    base, layers = [0.0] * len(at), []
    for name in [name for name in STACK if name in rows]:
        upper = [a + b for a, b in zip(base, rows[name], strict=True)]
        layers.append((name, base, upper))
        base = upper
    x, y = _axes(chart, report, at, [*base, *rows.get("supply", ())])
    for name, lower, upper in layers:
        chart.area(at, lower, upper, x, y, f"fill fund-{name}")
    if "supply" in rows:
        chart.line(at, rows["supply"], x, y, "stroke supply")
    return _told(chart, x, report, at, list(rows), "Customer funds")


def funds_in_motion(report: Report, size: tuple[float, float]) -> Markup:
    """The smaller parts on their own scale."""
    at, rows = _dollars(report, IN_MOTION)
    rows = {name: row for name, row in rows.items() if any(row)}
    chart = Chart(size[0], 220.0, left=66)
    x, y = _axes(chart, report, at, [dollars for row in rows.values() for dollars in row])
    for name, row in rows.items():
        chart.line(at, row, x, y, f"stroke fund-{name}")
    return _told(chart, x, report, at, list(rows), "Money in motion")


def _dollars(report: Report, names: Sequence[str]) -> tuple[list[float], dict[str, list[float]]]:
    """When balances were taken, and those of the components that were taken at just these times."""
    series = report["funds"]["series"]
    at = next(series[name]["at_s"] for name in names if name in series)
    told = [name for name in names if name in series and series[name]["at_s"] == at]
    return at, {name: [amount / USDC6_PER_DOLLAR for amount in series[name]["usdc6"]] for name in told}


def _axes(chart: Chart, report: Report, at: Sequence[float], dollars: Sequence[float]) -> tuple[Scale, Scale]:
    left, right, top, bottom = chart.inner
    x = Scale(at[0], max(at[-1], at[0] + 1), left, right)
    y = Scale(min(0.0, *dollars), max(0.01, *dollars) * 1.05, bottom, top)
    chart.y_axis(y, round_ticks(y.low, y.high, 4), lambda amount: money_short(amount * USDC6_PER_DOLLAR))
    time_axis(chart, x, report)
    return x, y


def _told(
    chart: Chart, x: Scale, report: Report, at: Sequence[float], names: Sequence[str], title: str
) -> Markup:  # fmt: skip
    """The finished chart, with words for each point under the pointer and for the whole."""
    series = report["funds"]["series"]

    def amounts(n: int) -> str:
        return ", ".join(f"{name} {money(series[name]['usdc6'][n])}" for name in names)

    chart.hits(_columns(at, lambda n: f"{clock(report, at[n])}: {amounts(n)}"), x)
    return chart.svg(f"{title} over time; at the end {amounts(-1)}")


def _columns(at: Sequence[float], words: Callable[[int], str]) -> list[tuple[float, float, str]]:
    """A hit column around each point, from half way to the one before to half way to the one after."""
    middle = [(a + b) / 2 for a, b in pairwise(at)]
    bounds = [at[0], *middle, at[-1]]
    return [(bounds[n], bounds[n + 1], words(n)) for n in range(len(at))]


def settlement_lag(report: Report) -> Markup:
    """How long captures waited until they were burned."""
    settlement = report["settlement"]
    edges, counts = settlement["lag_histogram"]["edges_s"], settlement["lag_histogram"]["counts"]
    bound = report["run"]["settlement_bound_s"]
    marks = percentile_marks([("p50", settlement["lag_p50_s"]), ("p99", settlement["lag_p99_s"])], duration)
    near = bound <= edges[-1] * 2.5
    marks += [Mark(bound, f"agreed bound {duration(bound)}", "deadline")] if near else []
    chart = Chart(*HALF, bottom=50)
    x = Scale(0, max(edges[-1], bound if near else 0) * 1.04, chart.left, HALF[0] - chart.right)
    chart.reserve(marks, x)
    y = Scale(0, max(counts) * 1.04, chart.inner[3], chart.inner[2])
    chart.y_axis(y, round_ticks(0, max(counts), min(4, max(counts))), lambda n: count(int(n)))
    chart.bars(edges, [0] * len(counts), counts, x, y, "fill lag")
    chart.x_axis(x, round_ticks(0, x.high, 5, TIME_STEPS_S), duration, "after the capture")
    chart.marks(x)
    chart.hits(
        [
            (a, b, f"{duration(a)} to {duration(b)}: {plural(n, 'capture')}")
            for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
            if n
        ],
        x,
    )
    return chart.svg(
        f"Time from capture to burn: half within {duration(settlement['lag_p50_s'])}, "
        f"99 % within {duration(settlement['lag_p99_s'])}"
    )


def gas_by_batch(report: Report) -> Markup:
    """Gas of each settlement transaction over the users in it."""
    series = report["settlement"]["series"]
    users, gas = series["users"], series["gas"]
    chart = Chart(*HALF, top=16, bottom=50)
    left, right, top, bottom = chart.inner
    x, y = Scale(0, max(*users, 1) * 1.06, left, right), Scale(0, max(*gas, 1) * 1.08, bottom, top)
    chart.y_axis(y, round_ticks(0, y.high, 4), short_count)
    chart.x_axis(x, round_ticks(0, x.high, min(6, max(users))), lambda n: count(int(n)), "users in the batch")
    for n, spent in zip(users, gas, strict=True):
        chart.line([n], [spent], x, y, "stroke gas")
    half = x.high / 60
    words = {
        n: f"{plural(n, 'user')}: {spent:,} gas, {spent / max(n, 1):,.0f} a user"
        for n, spent in zip(users, gas, strict=True)
    }
    chart.hits([(n - half, n + half, text) for n, text in words.items()], x)
    return chart.svg(f"Gas of {plural(len(gas), 'settlement transaction')} by users in the batch")
