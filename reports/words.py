"""Figures as a person reads them: money, durations, counts."""

from __future__ import annotations

from datetime import UTC, datetime

USDC6_PER_CENT = 10_000
USDC6_PER_DOLLAR = 1_000_000
NOT_MEASURED = "n/a"


def money(amount_usdc6: int | None) -> str:
    """``$1,234.56``; what is smaller than a cent is written out, never rounded away."""
    if amount_usdc6 is None:
        return NOT_MEASURED
    sign = "-" if amount_usdc6 < 0 else ""
    dollars, rest = divmod(abs(amount_usdc6), USDC6_PER_DOLLAR)
    cents, fraction = divmod(rest, USDC6_PER_CENT)
    return f"{sign}${dollars:,}.{cents:02d}" + (f"{fraction:04d}" if fraction else "")


def money_short(amount_usdc6: float) -> str:
    """``$1.2M`` for axes and tiles."""
    dollars = amount_usdc6 / USDC6_PER_DOLLAR
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(dollars) >= size:
            return f"${dollars / size:.3g}{letter}"
    return f"${dollars:.3g}" if dollars != int(dollars) else f"${int(dollars)}"


def count(n: float | None) -> str:
    """``12,345``."""
    if n is None:
        return NOT_MEASURED
    return f"{n:,}" if isinstance(n, int) else f"{n:,.6g}" if abs(n) < 1e6 else f"{n:,.0f}"


def milliseconds(ms: float | None) -> str:
    """``0.412 ms``, ``84.3 ms``, ``1.25 s``: three figures that matter."""
    if ms is None:
        return NOT_MEASURED
    if ms == 0:
        return "0 ms"
    if ms < 1:
        return f"{ms:.3f} ms"
    if ms < 1_000:
        return f"{ms:.3g} ms" if ms < 100 else f"{ms:.0f} ms"
    return duration(ms / 1_000)


def duration(seconds: float | None) -> str:
    """``340 ms``, ``4.2 s``, ``12 min 5 s``, ``3 h 20 min``, ``7 d 2 h``."""
    if seconds is None:
        return NOT_MEASURED
    if seconds < 0:
        return "-" + duration(-seconds)
    if seconds == 0:
        return "0 s"
    if seconds < 1:
        return f"{seconds * 1_000:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    for unit, size, lower, lower_size in (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            much, little = whole // size, whole % size // lower_size
            return f"{much:,} {unit} {little} {lower}" if little else f"{much:,} {unit}"
    raise AssertionError("a minute or more has a unit")


def virtual_time(at_ns: int) -> str:
    """Time since the start: ``+1 d 02:03:04.567``."""
    sign, rest = ("-", -at_ns) if at_ns < 0 else ("+", at_ns)
    seconds, ms = rest // 1_000_000_000, rest // 1_000_000 % 1_000
    days, clock = divmod(seconds, 86_400)
    text = f"{clock // 3_600:02d}:{clock // 60 % 60:02d}:{clock % 60:02d}.{ms:03d}"
    return f"{sign}{days} d {text}" if days else f"{sign}{text}"


def utc(at_ns: int) -> str:
    """``2026-03-02 08:00:00 UTC``."""
    return datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def percent(share: float | None) -> str:
    """``93.4 %``; never rounds a failure away to 100."""
    if share is None:
        return NOT_MEASURED
    text = f"{share * 100:.1f}"
    if share < 1 and text == "100.0":
        text = "99.9+"
    return f"{text} %" if not text.endswith(".0") else f"{text[:-2]} %"


def plural(n: int, one: str, many: str | None = None) -> str:
    """``1 check``, ``2 checks``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(items: list[str]) -> str:
    """``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def figure(path: str, value: float | int | None) -> str:
    """A figure of the report in the unit that its name ends with: ``latency.authorize.p99_ms`` 84.3 as ``84.3 ms``."""
    name = path.rsplit(".", 1)[-1]
    if value is None:
        return NOT_MEASURED
    if name.endswith("_ms"):
        return milliseconds(value)
    if name.endswith(("_per_s", "_per_wall_s")):
        return f"{count(value)}/s"
    if name.endswith(("_s", "_seconds")):
        return duration(value)
    if name.endswith("_usdc6"):
        return money(round(value))
    if name.endswith("_cents"):
        return money(round(value * USDC6_PER_CENT))
    if name.endswith("_mib"):
        return f"{count(value)} MiB"
    return count(value)


def times(ratio: float) -> str:
    """``9.5 times``, ``1.04 times``."""
    return f"{ratio:,.3g} times"


def short(ref: str) -> str:
    """A long hash by its two ends."""
    return ref if len(ref) <= 28 else f"{ref[:14]}…{ref[-8:]}"
