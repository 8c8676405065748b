"""What the report's charts share: their sizes, the time axis, short labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from markupsafe import Markup

from reports.charts import Chart, Mark, Scale, round_ticks

WIDE, NARROW = (1000.0, 300.0), (380.0, 300.0)
MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0
TIME_STEPS_S = (
    1, 2, 5, 10, 15, 30, MINUTE_S, 2 * MINUTE_S, 5 * MINUTE_S, 10 * MINUTE_S, 15 * MINUTE_S, 30 * MINUTE_S, HOUR_S,
    2 * HOUR_S, 3 * HOUR_S, 6 * HOUR_S, 12 * HOUR_S, DAY_S, 2 * DAY_S, 7 * DAY_S, 14 * DAY_S, 28 * DAY_S,
)  # fmt: skip
Report = dict[str, object]
Draw = Callable[[Report, tuple[float, float]], Markup]


def both(draw: Draw, report: Report) -> Markup:
    """The chart for a wide screen and for a phone; the page shows one of them."""
    wide, narrow = draw(report, WIDE), draw(report, NARROW)
    return Markup('<div class="wide">{}</div><div class="narrow">{}</div>').format(wide, narrow)


def percentile_marks(named: Sequence[tuple[str, float]], words: Callable[[float], str]) -> list[Mark]:
    """Marks of percentiles; those that read the same share one."""
    found: dict[str, tuple[float, list[str]]] = {}
    for name, value in named:
        found.setdefault(words(value), (value, []))[1].append(name)
    return [Mark(value, f"{', '.join(names)} {text}", "measured") for text, (value, names) in found.items()]


def time_axis(chart: Chart, x: Scale, report: Report) -> None:
    zero = report["run"]["start_utc_ns"] // 1_000_000_000
    ticks = [at - zero for at in round_ticks(x.low + zero, x.high + zero, 10 if chart.width > 600 else 5, TIME_STEPS_S)]
    step = ticks[1] - ticks[0] if len(ticks) > 1 else DAY_S
    chart.x_axis(x, ticks, lambda at: tick_time(report, at, step))


def tick_time(report: Report, at_s: float, step_s: float) -> str:
    """A date at midnight, a time of day otherwise (UTC)."""
    moment = _moment(report, at_s)
    if step_s >= DAY_S or (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return f"{moment:%b} {moment.day}"
    return f"{moment:%H:%M:%S}" if step_s < MINUTE_S else f"{moment:%H:%M}"


def clock(report: Report, at_s: float) -> str:
    moment = _moment(report, at_s)
    return (
        f"{moment:%a} {moment.day} {moment:%b %H:%M} UTC"
        if moment.second == 0
        else f"{moment:%a} {moment.day} {moment:%b %H:%M:%S} UTC"
    )


def _moment(report: Report, at_s: float) -> datetime:
    return datetime.fromtimestamp(report["run"]["start_utc_ns"] // 1_000_000_000 + int(at_s // 1), UTC)


def short_ms(ms: float) -> str:
    return f"{ms / 1_000:g} s" if ms >= 1_000 else f"{ms:g} ms"


def short_count(n: float) -> str:
    return f"{n / 1e6:g}M" if n >= 1e6 else f"{n / 1e3:g}k" if n >= 1e3 else f"{n:g}"


def network_class(name: str) -> str:
    """The colour class of a network; what is not one of the three shares a fourth."""
    return f"net-{name}" if name in ("visa", "mastercard", "amex") else "net-other"
