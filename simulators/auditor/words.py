"""Amounts and instants as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime


def usd(cents: int) -> str:
    """1234567 as ``$12,345.67``."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def usdc(amount_usdc6: int) -> str:
    """1230000 as ``1.23 USDC``; never fewer than two decimals, never more than needed."""
    sign = "-" if amount_usdc6 < 0 else ""
    whole, part = divmod(abs(amount_usdc6), 1_000_000)
    decimals = f"{part:06d}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole:,}.{decimals} USDC"


def when(at_ns: int) -> str:
    """UTC to the millisecond, as ``2026-03-01T12:00:00.250Z``."""
    seconds, left_ns = divmod(at_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{left_ns // 1_000_000:03d}Z"


def span(duration_ns: int) -> str:
    """A duration in its largest sensible unit: ``5 d``, ``4 h``, ``12.5 s``, ``3 ms``."""
    for unit_ns, name in ((86_400_000_000_000, "d"), (3_600_000_000_000, "h"), (60_000_000_000, "min"), (10**9, "s")):
        if duration_ns >= unit_ns:
            return f"{duration_ns / unit_ns:.4g} {name}"
    return f"{duration_ns / 10**6:.4g} ms"
