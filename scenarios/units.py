"""Time as people write it in a scenario: `7d`, `1h30m`, `250ms`, "05:00", `2025-01-06T00:00:00Z`, and back.

Inside, all of it is integer nanoseconds. Parsers raise ValueError with a message that says what to write instead.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

NS = {
    "d": 86_400_000_000_000,
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}
_WORDS = {
    "day": "d", "days": "d", "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "min": "m", "mins": "m", "minute": "m",
    "minutes": "m", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "millis": "ms",
    "milliseconds": "ms", "µs": "us", "microseconds": "us", "nanoseconds": "ns",
}  # fmt: skip
LONGEST_NS = 4_000 * NS["d"]
"""About eleven years: far beyond any scenario, and far below what 64 bits hold."""

DURATION_PATTERN = r"^(\d+(\.\d+)?(d|h|ms|m|us|ns|s))+$"
TIME_OF_DAY_PATTERN = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"
INSTANT_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?Z$"

_PART = re.compile(r"(\d+(?:\.\d+)?)(d|h|ms|m|us|ns|s)", re.ASCII)
_DURATION = re.compile(DURATION_PATTERN, re.ASCII)
_LOOSE_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([^\W\d]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_duration(value: object) -> int:
    """`1h30m`, `90s`, `1.5h` or `0` as nanoseconds."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value == 0:
            return 0
        raise ValueError(f"{value} has no unit: a duration is written like {value}s, {value}ms or 1h30m")
    text = value.strip() if isinstance(value, str) else ""
    if not _DURATION.match(text):
        raise ValueError(f"{value!r} is no duration; {_duration_hint(text)}")
    parts = _PART.findall(text)
    units = [NS[unit] for _, unit in parts]
    if units != sorted(set(units), reverse=True):
        raise ValueError(f"{value!r} is no duration: units go from large to small, each once, like 1d2h30m")
    total = sum(Fraction(number) * NS[unit] for number, unit in parts)
    if total.denominator != 1:
        raise ValueError(f"{value!r} is finer than a nanosecond")
    if total > LONGEST_NS:
        raise ValueError(
            f"{value!r} is longer than {format_duration(LONGEST_NS)}, the longest that a scenario may name"
        )
    return int(total)


def _duration_hint(text: str) -> str:
    if text.startswith("-"):
        return "it can't be negative"
    loose = _LOOSE_PART.findall(text)
    guessed = "".join(_spelled(number, unit.lower()) for number, unit in loose)
    if loose and _LOOSE_PART.sub("", text).strip(" ,") == "" and _DURATION.match(guessed):
        return f"did you mean {guessed}?"
    return "write it like 7d, 1h30m, 90s or 250ms"


def _spelled(number: str, unit: str) -> str:
    if unit in ("w", "week", "weeks"):
        return f"{Fraction(number) * 7}d"
    return number + _WORDS.get(unit, unit)


def format_duration(ns: int) -> str:
    """The shortest exact way to write it: `1h30m`, `250ms`, `0s`."""
    parts = []
    rest = ns
    for unit, size in NS.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_time_of_day(value: object) -> int:
    """ "05:00" or "05:00:30" as nanoseconds since midnight."""
    match = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{value!r} is no time of day: write it like "05:00"')
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(f'{value!r} is no time of day: they go from "00:00" to "23:59:59"')
    return ((hours * 60 + minutes) * 60 + seconds) * NS["s"]


def format_time_of_day(ns: int) -> str:
    """ "05:00", or "05:00:30" where there are seconds."""
    minutes, seconds = divmod(ns // NS["s"], 60)
    text = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{text}:{seconds:02d}" if seconds else text


def parse_instant(value: object) -> int:
    """`2025-01-06T00:00:00Z` as nanoseconds since the Unix epoch, UTC."""
    example = "2025-01-06T00:00:00Z"
    text = value.strip() if isinstance(value, str) else ""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise ValueError(f"{value!r} has no time: did you mean {text}T00:00:00Z?")
    if not re.match(INSTANT_PATTERN, text, re.ASCII):
        bare = re.fullmatch(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)\s*(?:\+00:?00|UTC)?", text)
        hint = f"did you mean {bare[1]}T{bare[2]}Z?" if bare else f"write it in UTC, like {example}"
        raise ValueError(f"{value!r} is no instant: {hint}")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{value!r} is no instant: {error}") from error
    if not 1970 <= moment.year <= 2200:
        raise ValueError(f"{value!r} lies outside the years 1970 to 2200")
    delta = moment - _EPOCH
    return ((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds) * 1_000


def format_instant(ns: int) -> str:
    """ISO 8601 in UTC, with a fraction only where there is one (microseconds are the finest that is kept)."""
    moment = _EPOCH + timedelta(microseconds=ns // 1_000)
    return moment.replace(tzinfo=None).isoformat() + "Z"
