"""An event in one line, as people read it."""

from __future__ import annotations

from scenarios.fuzz.trial import ACCOUNT, DETAIL, KIND, REF, RESULT, Row
from scenarios.units import format_duration

NETWORK, CENTS, USDC6, LATENCY = 4, 5, 6, 8


def event_words(row: Row, warmup_ns: int) -> str:
    """`+1h2m3.25s authorize auth-0000012 holder-3 visa $12.50 approved after 48.1ms`; time since the start."""
    words = [moment(row[0] - warmup_ns), row[KIND], row[REF], row[ACCOUNT], row[NETWORK]]
    if row[CENTS]:
        words.append(f"${row[CENTS] / 100:,.2f}")
    if row[USDC6]:
        words.append(f"{row[USDC6] / 1_000_000:,.6f} USDC")
    words.append(row[RESULT])
    if row[LATENCY] >= 0:
        words.append(f"after {row[LATENCY] / 1e6:,.3f}ms")
    words.append(row[DETAIL])
    return " ".join(word for word in words if word)


def moment(since_start_ns: int) -> str:
    """Time since the traffic began, with its sign."""
    sign = "-" if since_start_ns < 0 else "+"
    return sign + format_duration(abs(since_start_ns))
