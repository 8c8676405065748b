"""An event in one line, as people read it."""

from __future__ import annotations

import re

from scenarios.fuzz.trial import ACCOUNT, DETAIL, KIND, REF, RESULT, Row
from simulators.settings import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

NETWORK, CENTS, USDC6, LATENCY = 4, 5, 6, 8
_HASH = re.compile(r"0x([0-9a-f]{8})[0-9a-f]{56}")


def event_words(row: Row, warmup_ns: int) -> str:
    """`+01:02:03.250000 authorize auth-0000012 holder-3 visa $12.50 approved after 48.1 ms`; time since the start."""
    words = [moment(row[0] - warmup_ns), row[KIND], _HASH.sub(r"0x\1..", row[REF]), row[ACCOUNT], row[NETWORK]]
    if row[CENTS]:
        words.append(f"${row[CENTS] / 100:,.2f}")
    if row[USDC6]:
        words.append(f"{row[USDC6] / 1_000_000:,.6f} USDC")
    words.append(row[RESULT])
    if row[LATENCY] >= 0:
        words.append(f"after {row[LATENCY] / 1e6:,.3f} ms")
    words.append(row[DETAIL])
    return " ".join(word for word in words if word)


def moment(since_start_ns: int) -> str:
    """Time since the traffic began, with its sign: `+1d 02:03:04.567890`, in whole microseconds."""
    days, rest = divmod(abs(since_start_ns), DAY_NS)
    hours, rest = divmod(rest, HOUR_NS)
    minutes, rest = divmod(rest, MINUTE_NS)
    seconds, rest = divmod(rest, SECOND_NS)
    clock = f"{hours:02}:{minutes:02}:{seconds:02}.{rest // 1_000:06}"
    return f"{'-' if since_start_ns < 0 else '+'}{f'{days}d ' if days else ''}{clock}"
